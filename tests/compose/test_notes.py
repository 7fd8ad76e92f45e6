"""The sentence for a silent or thin day."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.compose.notes import Day, note
from digest.subscribers import Schedule
from tests.support.builders import a_subscriber
from tests.support.tastes import NOW

YESTERDAY = NOW - dt.timedelta(days=1)


def said(picks=5, considered=9, latest=NOW, last=YESTERDAY, late=(), quiet=False, **known):
    day = Day(last, latest, late, considered, quiet=quiet)
    return note(a_subscriber(**known), day, picks)


def test_a_full_day_needs_no_note():
    assert said(picks=3) is None


def test_a_short_edition_that_is_as_long_as_its_reader_wants_needs_no_note():
    assert said(picks=2, size=2) is None


@pytest.mark.parametrize(
    ("picks", "considered", "words"),
    [
        (0, 0, "No new papers today."),
        (1, 1, "Only one new paper today."),
        (2, 2, "Only two new papers today."),
        (0, 1, "The one new paper did not match your interests."),
        (0, 2, "None of 2 new papers matched your interests."),
        (1, 2, "Only one of 2 new papers matched your interests."),
        (2, 5, "Only two of 5 new papers matched your interests."),
    ],
)
def test_a_thin_day_says_why(picks, considered, words):
    assert said(picks, considered) == words


@pytest.mark.parametrize("latest", [None, YESTERDAY])
def test_a_silent_source_is_named_with_the_day_it_fell_silent(latest):
    assert said(0, 0, latest) == "Nothing new has arrived since Tuesday, 19 May."
    assert said(0, 0, latest, quiet=True) == (
        "A quiet day: nothing new has arrived since Tuesday, 19 May."
    )


def test_older_papers_on_a_silent_day_are_called_so():
    assert said(3, 9, YESTERDAY) == (
        "Nothing new has arrived since Tuesday, 19 May: "
        "these are recent papers that had no room before."
    )


def test_one_paper_since_the_last_edition_breaks_the_silence():
    assert said(latest=YESTERDAY + dt.timedelta(microseconds=1)) is None


def test_the_silent_day_is_the_readers_own():
    assert "Monday, 18 May" in said(latest=None, schedule=Schedule("Pacific/Pago_Pago"))


def test_a_first_edition_knows_of_no_silence():
    assert said(0, 0, latest=None, last=None) == "No new papers today."


def test_the_public_edition_is_not_called_thin():
    assert said(1, 1, interests=()) is None


def test_sources_that_are_late_are_named_last():
    assert said(late=("A is late.", "B is late.")) == "A is late. B is late."
    assert said(0, 0, late=("A is late.",)) == "No new papers today. A is late."
