"""When an address gets nothing more: at once, after some editions, or never."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.bounces import Bounce
from digest.returns.settings import ReturnsSettings
from digest.returns.verdict import suppresses

TODAY = dt.date(2026, 5, 20)
NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
SETTINGS = ReturnsSettings()


def some(kind, *days_ago: int):
    """Reports of that kind, on the editions of so many days ago."""
    return [
        Bounce(f"{n}", "<m@x>", "ada", "ada@x", TODAY - dt.timedelta(days=ago), kind, NOW)
        for n, ago in enumerate(days_ago)
    ]


def verdict(*history: Bounce, **settings: int):
    return suppresses(history, ReturnsSettings(**settings), NOW)


def test_one_answer_that_there_is_no_such_address_is_enough():
    assert verdict(*some("hard", 0)) == "bounce"


def test_one_complaint_is_enough_and_is_named_first():
    assert verdict(*some("hard", 1), *some("complaint", 0)) == "complaint"


def test_four_editions_over_three_days_are_too_many():
    assert verdict(*some("soft", 3, 2, 1, 0)) == "bounce"


def test_three_editions_are_not():
    assert verdict(*some("soft", 9, 5, 0)) is None


def test_four_reports_on_one_edition_count_once():
    assert verdict(*some("soft", 3, 3, 3, 0)) is None


def test_four_editions_within_three_days_are_one_bad_time_of_a_server():
    assert verdict(*some("soft", 2, 1, 1, 0), soft_editions=3) is None
    assert verdict(*some("soft", 3, 1, 0), soft_editions=3) == "bounce"


def test_an_edition_of_thirty_days_ago_counts_and_an_older_one_does_not():
    assert verdict(*some("soft", 30, 20, 10, 0)) == "bounce"
    assert verdict(*some("soft", 31, 20, 10, 0)) is None


@pytest.mark.parametrize("kind", ["full", "policy", "delayed", "auto-reply", "delivered"])
def test_these_never_suppress_however_many_there_are(kind):
    assert verdict(*some(kind, *range(30))) is None


def test_who_asked_for_something_by_mail_is_not_suppressed_for_it():
    assert verdict(*some("request", *range(30))) is None


@given(st.lists(st.sampled_from(["soft", "full", "policy", "delayed"]), max_size=3))
def test_a_few_reports_that_are_not_final_never_suppress(kinds):
    history = [bounce for n, kind in enumerate(kinds) for bounce in some(kind, n)]
    assert suppresses(history, SETTINGS, NOW) is None


def test_a_single_failure_cannot_be_made_enough():
    with pytest.raises(ValueError, match="soft_editions has to be at least 2"):
        ReturnsSettings(soft_editions=1)
    with pytest.raises(ValueError, match="soft_days has to be between 1 and soft_window_days"):
        ReturnsSettings(soft_days=31)
