"""An edition in a terminal: everything is there and nothing in it acts."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from digest.editions import LeftOut, Reason
from digest.render.settings import MailSettings
from digest.render.terminal import terminal
from tests.support.builders import a_paper, a_pick, a_quiet_edition, an_edition

SETTINGS = MailSettings()
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def test_a_pick_has_number_title_authors_reason_and_link():
    paper = a_paper("Deep", link="https://example.org/1", authors=("A B", "C D"))
    shown = terminal(an_edition(a_pick(paper)), SETTINGS)
    assert shown.startswith("Daily Papers\nMonday, 3 June 2024, for Ada Lovelace\n")
    assert "\nDistributed training\n\n 1  Deep\n    A B and C D\n    Matches modular\n" in shown
    assert "\n    https://example.org/1\n" in shown


def test_colour_adds_styles_and_changes_no_word():
    edition = an_edition()
    coloured = terminal(edition, SETTINGS, color=True)
    assert "\x1b[" in coloured
    assert ANSI.sub("", coloured) == terminal(edition, SETTINGS)


def test_markup_and_escapes_in_titles_are_text():
    title = "[bold red]x[/] [link=http://x]y[/link] :smile: \x1b[31mred\x1b]8;;http://x\x07"
    shown = terminal(an_edition(a_pick(title)), SETTINGS, 200)
    assert "[bold red]x[/] [link=http://x]y[/link] :smile: [31mred]8;;http://x" in shown
    assert "\x1b" not in shown


def test_evidence_shows_each_share_and_what_was_left_out():
    pick = a_pick(
        "Deep", score=4.5, reasons=(Reason("term", "modular", 3), Reason("author", "A", 1.5))
    )
    missed = LeftOut(a_paper("Wide"), 4.25, "Distributed training", "too close to Deep")
    shown = terminal(an_edition(pick), SETTINGS, evidence=True, left_out=[missed])
    assert "score 4.500" in shown
    assert "+3.000  term    modular" in shown
    assert "+1.500  author  A" in shown
    assert (
        "Left out\n\n -  Wide\n    score 4.250, for Distributed training: too close to Deep\n"
        in shown
    )


def test_a_quiet_day_says_why():
    shown = terminal(a_quiet_edition(note="The source was silent."), SETTINGS)
    assert "\nA quiet Monday\nThe source was silent.\n" in shown


@settings(deadline=None)  # the first example loads what the others use
@given(st.text(max_size=200), st.integers(20, 120))
def test_no_line_is_wider_than_the_terminal_but_a_link_or_a_long_word(title, width):
    shown = terminal(an_edition(a_pick(title)), SETTINGS, width)
    for line in shown.splitlines():
        assert len(line) <= width or len(line.split()) <= 2
