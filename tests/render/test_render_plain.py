"""Text from outside becomes plain, is shortened and wrapped at columns."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.plain import plain, shorten, wrap

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
