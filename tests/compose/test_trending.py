"""The public ranking: reported most often, highest and most recently."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose.trending import TrendSettings, trend, trend_reason
from digest.papers import Candidate, Mention
from tests.support.builders import a_paper

NOW = dt.datetime(2026, 5, 20, 6, tzinfo=dt.UTC)
HALF_LIFE = 3.0


def mentioned(*mentions: tuple[int, int]) -> Candidate:
    """A paper reported at these places, so many days ago."""
    found = tuple(
        Mention("page", place, 100, NOW.date() - dt.timedelta(days=days))
        for place, days in mentions
    )
    return Candidate(1, a_paper(), (), NOW, found)


def score(*mentions: tuple[int, int]) -> float:
    return float(trend([mentioned(*mentions)], NOW, HALF_LIFE)[0])


@pytest.mark.parametrize(
    ("mentions", "expected"),
    [
        ([(1, 0)], 1.0),
        ([(3, 0)], 0.5),  # 1 / log2(4)
        ([(7, 0)], 1 / 3),  # 1 / log2(8)
        ([(1, 3)], 0.5),  # one half-life
        ([(1, 6)], 0.25),
        ([(3, 3)], 0.25),
        ([(1, 0), (3, 3), (7, 0)], 1 + 0.25 + 1 / 3),
        ([], 0.0),
    ],
)
def test_the_score_is_that_of_the_formula(mentions, expected):
    assert score(*mentions) == pytest.approx(expected)


def test_a_date_after_today_counts_as_today():
    assert score((1, -5)) == score((1, 0))


mention = st.tuples(st.integers(1, 300), st.integers(0, 60))


@given(st.lists(mention, max_size=5), mention)
def test_one_report_more_raises_a_paper(mentions, more):
    assert score(*mentions, more) > score(*mentions) or more[1] > 40


@given(st.lists(mention, max_size=3), st.integers(2, 300), st.integers(0, 20))
def test_a_higher_place_raises_a_paper(mentions, place, days):
    assert score(*mentions, (1, days)) > score(*mentions, (place, days))


@given(st.lists(mention, max_size=3), st.integers(1, 300), st.integers(1, 20))
def test_a_more_recent_report_raises_a_paper(mentions, place, days):
    assert score(*mentions, (place, days - 1)) > score(*mentions, (place, days))


def test_scores_stand_in_the_papers_order():
    scores = trend([mentioned((3, 0)), mentioned((1, 0)), mentioned()], NOW, HALF_LIFE)
    assert scores.tolist() == [0.5, 1.0, 0.0]
    assert trend([], NOW, HALF_LIFE).shape == (0,)


@pytest.mark.parametrize(
    ("mentions", "words"),
    [
        ([(4, 0)], "reported once, highest place 4"),
        ([(4, 0), (2, 1)], "reported twice, highest place 2"),
        ([(4, 0), (2, 1), (9, 2)], "reported 3 times, highest place 2"),
    ],
)
def test_the_reason_says_how_often_and_how_high(mentions, words):
    reason = trend_reason(mentioned(*mentions), 1.5)
    assert (reason.kind, reason.text, reason.share) == ("trend", words, 1.5)


@pytest.mark.parametrize("days", [0, -1, float("nan")])
def test_a_half_life_has_to_be_more_than_nothing(days):
    with pytest.raises(ValueError, match="half_life_days has to be more than 0"):
        TrendSettings(half_life_days=days)
