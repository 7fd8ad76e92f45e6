"""Templates: the owner's come first, and what they do wrong is said in one sentence."""

from __future__ import annotations

import pytest

from digest.errors import RenderError
from digest.render import mail
from digest.render.intro import intro_html, intro_text
from digest.render.settings import MailSettings
from digest.render.templates import PLACES, environment
from tests.support.builders import a_pick, an_edition


def test_an_owners_template_replaces_the_packaged_one_of_that_name_only(tmp_path):
    mine = "mine: {{ title }}\n{{ cards }}{{ leave_url }}\n"
    (tmp_path / "mail.txt.j2").write_text(mine, encoding="utf-8")
    (tmp_path / "card.txt.j2").write_text("{{ number }} {{ card.title }}\n", encoding="utf-8")
    env = environment(tmp_path)
    assert mail.text(an_edition(a_pick("Deep")), MailSettings(), env) == (
        "mine: Daily Papers\n\nDISTRIBUTED TRAINING\n\n 1. Deep\n"
        "mailto:digest@localhost?subject=unsubscribe\n"
    )
    assert "<h1" in mail.html(an_edition(), MailSettings(), env)


@pytest.mark.parametrize("name", ["cards", "leave_url"])
def test_a_template_without_the_cards_or_the_way_out_is_refused(tmp_path, name):
    shown = [hole for hole in ("cards", "leave_url") if hole != name]
    (tmp_path / "mail.html.j2").write_text(f"{{{{ {shown[0]} }}}}", encoding="utf-8")
    with pytest.raises(RenderError, match=f"mail.html.j2 does not show {name}; add it"):
        mail.html(an_edition(), MailSettings(), environment(tmp_path))


def test_the_owner_may_change_colours_and_sizes_alone(tmp_path):
    packaged = (PLACES[1] / "styles.html.j2").read_text(encoding="utf-8")
    mine = packaged.replace("#1c1e22", "#332211")
    (tmp_path / "styles.html.j2").write_text(mine, encoding="utf-8")
    page = mail.html(an_edition(), MailSettings(accent="#7a1f3d"), environment(tmp_path))
    assert "#332211" in page
    assert "#7a1f3d" in page
    assert "#1c1e22" not in page


def test_a_changed_template_is_seen_at_once(tmp_path):
    path = tmp_path / "mail.txt.j2"
    env = environment(tmp_path)
    for words in ("first\n", "the second\n"):
        path.write_text(words + "{{ cards }}{{ leave_url }}\n", encoding="utf-8")
        assert mail.text(an_edition(), MailSettings(), env).startswith(words)


@pytest.mark.parametrize(
    "wrong",
    [
        "{% if %}",
        "{{ titel }}",
        "{{ 1 / 0 }}",
        "{{ title + 1 }}",
        "{% include 'missing' %}",
        "{{ title.__class__.__mro__ }}",
        "{{ cards | nothing }}",
        b"\xff\xfe",
    ],
)
def test_a_template_that_cannot_be_filled_names_the_edition_and_itself(tmp_path, wrong):
    data = wrong if isinstance(wrong, bytes) else wrong.encode()
    (tmp_path / "mail.txt.j2").write_bytes(b"\n" + data)
    with pytest.raises(RenderError) as caught:
        mail.text(an_edition(), MailSettings(), environment(tmp_path))
    said = str(caught.value)
    assert said.startswith("ada/2024-06-03: the template mail.txt.j2")
    assert "\n" not in said


def test_the_line_at_fault_is_named(tmp_path):
    (tmp_path / "mail.txt.j2").write_text("one\ntwo {{ titel }}", encoding="utf-8")
    with pytest.raises(RenderError, match=r"mail\.txt\.j2, line 2, .*titel"):
        mail.text(an_edition(), MailSettings(), environment(tmp_path))


def test_the_owners_words_keep_their_form_and_lose_what_acts():
    words = "Read *this* <script>alert(1)</script> [a](https://x.org/) [b](javascript:alert(1))"
    shown = intro_html(words, "#000000")
    assert "<em>this</em>" in shown
    assert 'href="https://x.org/"' in shown
    assert "script" not in shown


def test_the_owners_words_read_well_as_plain_text():
    words = "Hello & *welcome*.\n\n- one\n- [two](https://x.org/2)\n\n<https://x.org/>"
    assert intro_text(words) == (
        "Hello & welcome.\n\n- one\n\n- two (https://x.org/2)\n\nhttps://x.org/"
    )
    assert intro_text("") == ""
