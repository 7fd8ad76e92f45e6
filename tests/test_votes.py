"""What readers said of a paper comes to one opinion, or none."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.votes import VALUES, Opinion, opinion

NOON = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)


def said(*values: str, interests=()):
    """These values, an hour apart; interests as far as they are given."""
    named = [*interests, *[None] * len(values)]
    return [(value, NOON + n * dt.timedelta(hours=1), named[n]) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "liked", "saved"),
    [
        ("more", True, False),
        ("less", False, False),
        ("save", True, True),
        ("more less", False, False),
        ("less more", True, False),
        ("save less", False, True),
        ("less save", True, True),
        ("save more", True, True),
        ("clear less", False, False),
        ("save clear more", True, False),
        ("less clear save less more", True, True),
    ],
)
def test_the_latest_word_decides_and_what_was_saved_stays_saved(values, liked, saved):
    formed = opinion("ada", 1, said(*values.split()))
    assert (formed.liked, formed.saved) == (liked, saved)


@pytest.mark.parametrize("values", ["", "clear", "more clear", "save less clear", "clear clear"])
def test_what_was_taken_back_is_no_opinion(values):
    assert opinion("ada", 1, said(*values.split())) is None


def test_an_opinion_is_as_old_as_the_latest_vote_that_counts():
    assert opinion("ada", 1, said("more", "save")).at == NOON + dt.timedelta(hours=1)


def test_the_interest_named_last_counts_and_one_of_before_a_clear_does_not():
    votes = said("more", "more", "save", interests=["Vision", "Agents"])
    assert opinion("ada", 1, votes).interest == "Agents"
    assert opinion("ada", 1, said("more", "clear", "more", interests=["Vision"])).interest is None


@given(st.lists(st.sampled_from(VALUES)), st.lists(st.sampled_from(VALUES)))
def test_nothing_said_before_a_clear_matters(before, after):
    start = dt.timedelta(hours=len(before) + 1)
    cleared = opinion("ada", 1, said(*before, "clear", *after))
    alone = opinion("ada", 1, [(value, at + start, None) for value, at, _ in said(*after)])
    assert cleared == alone


@given(st.lists(st.sampled_from(VALUES)))
def test_an_opinion_is_what_was_said_since_the_last_clear(values):
    since = values[::-1][: values[::-1].index("clear")] if "clear" in values else values[::-1]
    formed = opinion("ada", 7, said(*values))
    if not since:
        assert formed is None
        return
    at = NOON + dt.timedelta(hours=len(values) - 1)
    assert formed == Opinion("ada", 7, since[0] != "less", "save" in since, at)
