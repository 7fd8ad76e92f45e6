"""What is proposed is what made-up readers were made of, and nothing where they were not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from digest.evaluate.calibration import chance_of, fitted, log_odds
from digest.evaluate.episodes import Episode
from digest.evaluate.measuring import Run
from digest.evaluate.metrics import Quality
from digest.evaluate.pooling import Measured
from digest.evaluate.tuning import HALF_LIVES, Shown, half_life, name, threshold, trend_weight

AT = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)


def papers(
    readers: int, *, level: float = 0.0, slope: float = 1.0, weight: float = 0.0, each: int = 200
) -> list[Shown]:
    """What readers were shown, who keep it as the chances say, moved by ``level`` and so on."""
    chance = np.random.default_rng(7)
    odds = chance.normal(-2, 1, (readers, each))
    trend = chance.random((readers, each))
    kept = chance.random(odds.shape) < chance_of(level + slope * odds + weight * trend)
    return [
        Shown(f"reader {row}", AT + (n % 8) * WEEK, float(chance_of(odds[row, n])),
              float(trend[row, n]), bool(kept[row, n]))
        for row in range(readers)
        for n in range(each)
    ]  # fmt: skip


def episodes(gains: dict[float, float], count: int = 60, noise: float = 0.05) -> list[Measured]:
    """Episodes in which half-lives rank so much better than others."""
    chance = np.random.default_rng(3)
    none = np.zeros(0)
    found = []
    for n in range(count):
        base = 0.5 + noise * chance.standard_normal()
        runs = {}
        for days in HALF_LIVES:
            ndcg = base + gains.get(days, 0.0) + noise * chance.standard_normal()
            runs[name(days)] = Run((Quality(ndcg, 0, 0, 0, 0),), 0.0)
        episode = Episode(str(n), f"reader {n % 15}", "votes", 1, none.astype(int), none)
        found.append(Measured(episode, AT + (n // 15) * WEEK, runs))
    return found


@pytest.mark.parametrize("readers", [1, 30])
def test_a_threshold_is_proposed_where_chances_promise_too_much(readers: int) -> None:
    found = threshold(papers(readers, level=-1.0, each=6000 // readers), 0.05)
    # One in twenty are kept where the log-odds are those of one in twenty, plus 1.
    right = float(chance_of(log_odds(np.array(0.05)) + 1.0))
    assert found.then is not None and found.figure is not None
    assert found.then == pytest.approx(right, rel=0.3)
    low, high = found.figure.interval
    assert 0.05 < low <= found.then <= high
    assert found.figure.now < found.figure.then == pytest.approx(0.05, abs=0.005)
    again = threshold(papers(readers, level=-1.0, each=6000 // readers), found.then)
    assert again.then is None


def test_no_threshold_is_proposed_where_chances_hold() -> None:
    found = threshold(papers(30), 0.05)
    assert found.then is None and "the chances hold" in found.why


def test_no_threshold_is_proposed_beyond_what_was_shown() -> None:
    found = threshold(papers(30, level=6.0), 0.3)
    lowest = np.quantile([one.chance for one in papers(30, level=6.0)], 0.05)
    assert found.then == pytest.approx(lowest, rel=0.06)


def test_a_weight_of_the_trend_is_found_again() -> None:
    found = trend_weight(papers(30, weight=1.2), 0.2)
    assert found.then == pytest.approx(1.2, abs=0.35)
    assert trend_weight(papers(30, weight=0.2), 0.2).then is None
    assert trend_weight(papers(30, weight=-1.0), 0.2).then == 0


@pytest.mark.parametrize("seen", [threshold, trend_weight])
def test_few_papers_propose_nothing_and_say_how_many_are_needed(seen) -> None:
    found = seen(papers(1, each=150), 0.05)
    assert found.then is None and found.figure is None
    assert "showed 150 papers" in found.why and "200 and 20 are needed" in found.why


def test_a_trend_that_hardly_varies_cannot_be_judged() -> None:
    flat = [Shown(one.user, one.at, one.chance, 0.1, one.kept) for one in papers(30)]
    assert trend_weight(flat, 0.2).then is None


def test_a_half_life_that_ranks_better_for_sure_is_proposed() -> None:
    found = half_life(episodes({30.0: 0.1}), 365.0)
    assert found.then == 30 and found.figure is not None
    assert found.figure.interval[0] > 0 and found.figure.then > found.figure.now


def test_a_half_life_that_was_better_by_luck_is_not() -> None:
    found = half_life(episodes({}, noise=0.1), 365.0)
    assert found.then is None


def test_few_episodes_propose_no_half_life() -> None:
    found = half_life(episodes({30.0: 0.1}, count=12), 365.0)
    assert found.then is None and "20 are needed" in found.why
    assert half_life([], 365.0).then is None


def test_a_regression_finds_what_the_data_were_made_with() -> None:
    found = papers(50, level=-0.5, slope=0.7)
    odds = log_odds(np.array([one.chance for one in found]))
    kept = np.array([one.kept for one in found], dtype=np.float64)
    level, slope = fitted(odds[:, None], kept, np.ones(len(kept)))
    assert (level, slope) == pytest.approx((-0.5, 0.7), abs=0.15)


def test_a_regression_without_data_believes_the_chances() -> None:
    found = fitted(np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    assert found.tolist() == [0, 1, 0]


def test_a_regression_of_what_is_perfectly_told_apart_stays_bounded() -> None:
    odds = np.linspace(-3, 3, 100)
    found = fitted(odds[:, None], (odds > 0).astype(np.float64), np.ones(100))
    assert np.isfinite(found).all() and 1 < found[1] < 20
