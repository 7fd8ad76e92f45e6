"""Intervals hold what they promise: readers are drawn, not episodes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from digest.evaluate.intervals import interval

figures = some.lists(some.floats(-1, 1), min_size=1, max_size=40)


@settings(deadline=None)
@given(figures, some.integers(1, 8))
def test_an_interval_lies_within_the_values_and_around_their_mean(
    values: list[float], readers: int
) -> None:
    low, high = interval(values, [f"r{n % readers}" for n in range(len(values))])
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@settings(deadline=None)
@given(some.floats(-1, 1), some.integers(1, 30))
def test_equal_values_leave_no_doubt(value: float, count: int) -> None:
    users = [f"r{n}" for n in range(count)]
    assert interval([value] * count, users) == pytest.approx((value, value))


def test_the_same_values_give_the_same_interval() -> None:
    values, users = list(np.linspace(0, 1, 30)), [f"r{n % 7}" for n in range(30)]
    assert interval(values, users) == interval(values, users)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(0.4, 0.2, 400)
    low, high = interval(values, [f"r{n}" for n in range(400)])
    assert high - low == pytest.approx(2 * 1.96 * 0.2 / 20, rel=0.12)
    assert low < values.mean() < high


def test_many_episodes_of_few_readers_promise_no_more_than_the_readers_do() -> None:
    values = np.repeat(np.random.default_rng(2).normal(0.4, 0.2, 20), 20)
    alone = interval(values, [f"r{n}" for n in range(400)])
    together = interval(values, [f"r{n // 20}" for n in range(400)])
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


def test_a_reader_with_more_episodes_weighs_more_as_in_the_mean() -> None:
    low, high = interval([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [*["a"] * 9, "b"])
    assert (low, high) == (0, 1)  # one of the two drawn twice
    assert interval([0.5, 0.5, 1.0], ["a", "a", "b"]) == pytest.approx((0.5, 1.0))


def test_of_a_single_reader_the_episodes_are_drawn() -> None:
    low, high = interval([0.1, 0.5, 0.9, 0.5], ["a"] * 4)
    assert 0.1 < low < 0.5 < high < 0.9


def test_of_nothing_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one"):
        interval([], [])
