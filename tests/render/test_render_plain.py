"""Text from outside becomes plain, is cut between sentences and wrapped at columns."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.plain import EXCERPT, EXCERPT_LONG, excerpt, plain, sentences, shorten, wrap

anything = st.text(st.characters(codec=None), max_size=300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nBcc: x", "a Bcc: x"),
        ("a\x00b\x1b[31mc\x7f\x9bd", "ab[31mcd"),
        ("a\u2028b\u2029c\x85d\xa0e", "a b c d e"),
        ("\u202eevil\u2066 \u2069", "evil"),
        ("lone \ud800 half\ufffe", "lone half"),
        ("  Sandstr\u00f6m \u65e5\u672c  \U0001f600 ", "Sandstr\u00f6m \u65e5\u672c \U0001f600"),
    ],
)
def test_controls_and_bidi_overrides_go_and_white_space_is_one_space(text, expected):
    assert plain(text) == expected


@settings(deadline=None)  # the first example loads what the others use
@given(anything)
def test_plain_text_holds_nothing_that_xml_or_a_header_forbids(text):
    cleaned = plain(text)
    assert plain(cleaned) == cleaned
    assert not any(unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") for mark in cleaned)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "It beats e.g. GPT-4 by 3.5 points. We win.",
            ["It beats e.g. GPT-4 by 3.5 points.", "We win."],
        ),
        (
            "Vaswani et al. Showed it. So did D. Silver.",
            ["Vaswani et al. Showed it.", "So did D. Silver."],
        ),
        ('He said "stop." Then left.', ['He said "stop."', "Then left."]),
        ("See Fig. 3 for it. (We did.)", ["See Fig. 3 for it.", "(We did.)"]),
        ("我们提出方法。它很快。", ["我们提出方法。", "它很快。"]),
        ("No end", ["No end"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_pauses(text, expected):
    assert list(sentences(text)) == expected


def test_an_excerpt_takes_whole_sentences_up_to_its_length():
    text = " ".join(f"Sentence number {n} has a little to say about papers." for n in range(20))
    shown = excerpt(text)
    assert text.startswith(shown)
    assert shown.endswith(".")
    assert 200 < len(shown) <= EXCERPT


def test_a_short_opening_is_followed_by_a_longer_sentence():
    text = "Models are big. " + "word " * 60 + "end. Next."
    assert excerpt(text).endswith("end.")


def test_a_first_sentence_within_bounds_is_never_cut():
    sentence = "word " * 85 + "end."
    assert EXCERPT < len(sentence) <= EXCERPT_LONG
    assert excerpt(sentence + " More.") == sentence


def test_sentences_of_a_script_without_spaces_stay_joined():
    assert excerpt("我们提出方法。它很快。") == "我们提出方法。它很快。"


def test_only_an_endless_first_sentence_is_cut_and_after_a_word():
    shown = excerpt("alpha beta " * 60)
    assert shown.endswith(("alpha…", "beta…"))
    assert len(shown) <= EXCERPT


def test_shortening_leaves_short_text_alone():
    assert shorten("short", 5) == "short"
    assert shorten("some longer words", 12) == "some longer…"
    assert shorten("x" * 50, 10) == "x" * 9 + "…"


@settings(deadline=None)  # the first example loads what the others use
@given(anything, st.integers(2, 60))
def test_shortened_text_is_never_longer_than_its_limit(text, limit):
    assert len(shorten(plain(text), limit)) <= limit


@settings(deadline=None)  # the first example loads what the others use
@given(
    st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40))
)
def test_wrapping_keeps_every_word_and_the_width(words):
    wrapped = wrap(" ".join(words), "  ", "- ", 50)
    assert wrapped[2:].split() == words
    assert all(len(line) <= 50 for line in wrapped.splitlines())


def test_a_link_is_never_broken_and_wide_scripts_are():
    link = "https://example.org/" + "a" * 100
    assert link in wrap(f"see {link} there").splitlines()
    lines = wrap("日本語の論文" * 20).splitlines()
    assert max(len(line) for line in lines) == 36
    assert "".join(lines) == "日本語の論文" * 20
