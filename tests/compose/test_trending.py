"""How much the sources speak of a paper: how often, how highly, how recently, how many."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.compose.trending import TrendSettings, home_sources, reported, trend
from digest.papers import Candidate, Mention
from tests.support.builders import a_paper

NOW = dt.datetime(2026, 5, 20, 6, tzinfo=dt.UTC)
HALF_LIFE = 3.0


def mentioned(*mentions: tuple[int, int] | tuple[int, int, int] | tuple[int, int, int, str]):
    """A paper reported at these places, so many days ago, in lists so long, by these sources."""
    found = []
    for place, days, *known in mentions:
        of, source = [*known, *(300, "page")[len(known) :]]
        found.append(Mention(source, place, of, NOW.date() - dt.timedelta(days=days)))
    return Candidate(1, a_paper(), (), NOW, tuple(found))


def score(*mentions) -> float:
    return float(trend([mentioned(*mentions)], NOW, HALF_LIFE)[0])


@pytest.mark.parametrize(
    ("mentions", "expected"),
    [
        ([(1, 0, 1)], 1 / 2),
        ([(1, 0, 3)], 5 / 6 / 2),  # log2(4)
        ([(3, 0, 3)], 1 / 6 / 2),
        ([(1, 0, 7)], 13 / 14 / 3),  # log2(8)
        ([(1, 3, 3)], 5 / 6 / 4),  # one half-life
        ([(1, 6, 3)], 5 / 6 / 8),
        ([(1, 0, 3, "a"), (1, 0, 3, "b")], 5 / 6),
        ([(1, 0, 3, "a"), (1, 0, 3, "a")], 5 / 12 * math.sqrt(2)),
        ([], 0.0),
    ],
)
def test_the_score_is_that_of_the_formula(mentions, expected):
    assert score(*mentions) == pytest.approx(expected)


def test_a_date_after_today_counts_as_today():
    assert score((1, -5)) == score((1, 0))


def test_a_place_below_the_end_of_its_list_counts_as_the_end():
    assert score((9, 0, 5)) == score((9, 0, 9))


def test_the_same_share_of_a_longer_list_says_less():
    assert score((1, 0, 10)) > score((10, 0, 100)) > score((100, 0, 1000))


def test_a_source_of_a_thousand_papers_does_not_fill_the_head_of_the_list():
    long = [mentioned((place, 0, 1000, "long")) for place in range(1, 1001)]
    short = [mentioned((place, 0, 20, "short")) for place in range(1, 21)]
    scores = trend([*long, *short], NOW, HALF_LIFE)
    best = sorted(range(1020), key=lambda n: -scores[n])[:10]
    assert all(n >= 1000 for n in best)


def test_two_sources_say_more_than_one_that_repeats_itself():
    assert score((5, 0, 30, "a"), (5, 0, 30, "b")) > score((5, 0, 30, "a"), (5, 0, 30, "a"))


mention = st.tuples(st.integers(1, 300), st.integers(0, 20), st.just(300), st.sampled_from("ab"))


@settings(deadline=None)
@given(st.lists(mention, max_size=5), mention)
def test_one_report_more_never_lowers_a_paper(mentions, more):
    assert score(*mentions, more) >= score(*mentions)


@settings(deadline=None)
@given(st.lists(mention, max_size=3), st.integers(30, 300), st.integers(0, 9))
def test_a_higher_place_raises_a_paper(mentions, place, days):
    assert score(*mentions, (1, days)) > score(*mentions, (place, days))


@settings(deadline=None)
@given(st.lists(mention, max_size=3), st.integers(1, 200), st.integers(1, 9))
def test_a_more_recent_report_raises_a_paper(mentions, place, days):
    assert score(*mentions, (place, days - 1)) > score(*mentions, (place, days))


@settings(deadline=None)
@given(st.lists(mention, max_size=6), st.randoms())
def test_the_order_of_the_reports_does_not_matter(mentions, chance):
    shuffled = chance.sample(mentions, len(mentions))
    assert score(*shuffled) == pytest.approx(score(*mentions), rel=1e-6)


def test_scores_stand_in_the_papers_order():
    scores = trend([mentioned((3, 0)), mentioned((1, 0)), mentioned()], NOW, HALF_LIFE)
    assert scores[1] > scores[0] > scores[2] == 0
    assert trend([], NOW, HALF_LIFE).shape == (0,)


def test_a_papers_home_is_the_source_that_had_it_first_and_highest():
    a, b = mentioned((1, 0, 9, "a")), mentioned((1, 0, 9, "b"))
    later = mentioned((1, 0, 9, "a"), (9, 1, 9, "b"))
    higher = mentioned((1, 0, 9, "b"), (2, 0, 9, "a"))
    level = mentioned((1, 0, 9, "b"), (1, 0, 9, "a"))
    assert home_sources([a, b, later, higher, level]).tolist() == [0, 1, 1, 1, 0]


def test_papers_that_no_source_reported_have_one_home():
    assert home_sources([mentioned(), mentioned((1, 0)), mentioned()]).tolist() == [0, 1, 0]
    assert home_sources([]).shape == (0,)


@pytest.mark.parametrize(
    ("mentions", "words"),
    [
        ([(4, 0)], "reported once, highest place 4"),
        ([(4, 0), (2, 1)], "reported twice, highest place 2"),
        ([(4, 0), (2, 1), (9, 2)], "reported 3 times, highest place 2"),
    ],
)
def test_the_reason_says_how_often_and_how_high(mentions, words):
    assert reported(mentioned(*mentions)) == words


@pytest.mark.parametrize("days", [0, -1, float("nan")])
def test_a_half_life_has_to_be_more_than_nothing(days):
    with pytest.raises(ValueError, match="half_life_days has to be more than 0"):
        TrendSettings(half_life_days=days)
