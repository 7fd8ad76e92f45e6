"""Replies are made plain and bounded; the delay they name is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.replies import MAX_REPLY_CHARS, Reply, delay_named_s, plain


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4.7.1 try again in 300 seconds", 300),
        ("Please retry in 5 minutes", 300),
        ("4.2.0 Greylisted for 60 seconds (see http://example.org/x.html)", 60),
        ("Graylisted, wait at least 10 min", 600),
        ("try again in 1 hour and 30 minutes", 5400),
        ("Try again in 2h", 7200),
        ("Greylisting in action, please come back in 00:04:59", 299),
        ("4.3.2 Retry-After: 120", 120),
        ("delayed 45s, sorry", 45),
        ("4.7.1 try again later", None),
        ("4.7.1 again", None),
        ("quota of 100 messages in 1 hour reached", None),
        ("try again later. Your limit: 100 in 1 hour", None),
        ("retry 4.7.1 s", None),
        ("", None),
    ],
)
def test_the_delay_named_in_a_reply(text, seconds):
    assert delay_named_s(text) == seconds


@settings(deadline=None)
@given(st.text())
def test_any_reply_names_a_delay_or_none(text):
    assert (delay_named_s(text) or 0) >= 0


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_become_one_printable_bounded_line(raw):
    text = plain(raw)
    assert text.isprintable()
    assert len(text) <= MAX_REPLY_CHARS


def test_control_characters_and_line_ends_become_spaces():
    assert plain(b"no\x1b[31m such\r\nuser\x00\xe2\x80\xaehere") == "no [31m such user here"


def test_bytes_that_are_not_utf_8_are_shown_as_unreadable():
    assert plain(b"bo\xeete pleine") == "bo\ufffdte pleine"


def test_a_long_reply_ends_in_an_ellipsis():
    assert plain(b"x" * 10_000) == "x" * 499 + "…"


@pytest.mark.parametrize(
    ("text", "status"), [("5.1.1 unknown", "5.1.1"), ("unknown 5.1.1", ""), ("5.1 what", "")]
)
def test_the_enhanced_status_stands_at_the_front(text, status):
    assert Reply(550, text).status == status
