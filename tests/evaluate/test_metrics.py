"""The metrics agree with figures worked out by hand, and with what any metric must do."""

from __future__ import annotations

import dataclasses
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from digest.evaluate import metrics


def grades(*found: float) -> metrics.Grades:
    return np.array(found, dtype=np.float64)


some_grades = some.lists(some.integers(0, 3), min_size=1, max_size=60).filter(any)


def test_ndcg_by_hand() -> None:
    # gain 3/log2(3) + 1/log2(5) of the possible 3/log2(2) + 1/log2(3)
    assert metrics.ndcg(grades(0, 3, 0, 1), 10) == pytest.approx(
        (3 / log2(3) + 1 / log2(5)) / (3 + 1 / log2(3))
    )


def test_ndcg_sees_nothing_after_the_cut_but_knows_what_was_possible() -> None:
    assert metrics.ndcg(grades(1, 0, 1), 2) == pytest.approx(1 / (1 + 1 / log2(3)))
    assert metrics.ndcg(grades(0, 0, 1), 2) == 0


def test_the_ideal_of_ndcg_takes_no_more_papers_than_the_cut() -> None:
    assert metrics.ndcg(grades(*[1] * 40), 10) == 1


def test_average_precision_by_hand() -> None:
    assert metrics.average_precision(grades(1, 0, 2, 0, 0, 1)) == pytest.approx(
        (1 / 1 + 2 / 3 + 3 / 6) / 3
    )


def test_the_reciprocal_rank_is_of_the_first_relevant_paper_however_late() -> None:
    assert metrics.reciprocal_rank(grades(0, 0, 0, 1, 3)) == 1 / 4
    assert metrics.reciprocal_rank(grades(*[0] * 199, 1)) == 1 / 200


def test_recall_is_a_share_of_all_relevant_papers() -> None:
    assert metrics.recall(grades(1, 0, 1, 0, 1, 1), 3) == 2 / 4
    assert metrics.recall(grades(1, 1), 50) == 1


@settings(deadline=None)
@given(some_grades)
def test_a_perfect_ranking_has_everything_but_the_recall_of_what_does_not_fit(
    found: list[int],
) -> None:
    ranked = grades(*sorted(found, reverse=True))
    quality = metrics.quality(ranked)
    relevant = np.count_nonzero(ranked)
    assert quality.ndcg10 == quality.map == quality.mrr == 1
    assert quality.r10 == min(10, relevant) / relevant
    assert quality.r50 == min(50, relevant) / relevant


@settings(deadline=None)
@given(some_grades)
def test_every_figure_is_a_share(found: list[int]) -> None:
    quality = metrics.quality(grades(*found))
    for name in ("ndcg10", "map", "mrr", "r10", "r50"):
        assert 0 <= getattr(quality, name) <= 1 + 1e-12
    assert quality.r10 <= quality.r50
    assert quality.map > 0 and quality.mrr > 0


@settings(deadline=None)
@given(some_grades, some.data())
def test_moving_a_better_paper_up_never_lowers_a_figure(
    found: list[int], data: some.DataObject
) -> None:
    high, low = sorted(data.draw(some.integers(0, len(found) - 1)) for _ in "ab")
    worse, better = found.copy(), found.copy()
    worse[high], worse[low] = sorted((found[high], found[low]))
    better[high], better[low] = worse[low], worse[high]
    before, after = metrics.quality(grades(*worse)), metrics.quality(grades(*better))
    for name in ("ndcg10", "map", "mrr", "r10", "r50"):
        assert getattr(after, name) >= getattr(before, name) - 1e-12


@settings(deadline=None)
@given(some_grades, some.integers(1, 100))
def test_only_the_proportion_of_grades_matters(found: list[int], factor: int) -> None:
    assert metrics.ndcg(grades(*found) * factor, 10) == pytest.approx(
        metrics.ndcg(grades(*found), 10)
    )


@settings(deadline=None)
@given(some_grades)
def test_papers_of_no_interest_at_the_end_change_nothing(found: list[int]) -> None:
    longer, own = metrics.quality(grades(*found, 0, 0, 0)), metrics.quality(grades(*found))
    assert dataclasses.astuple(longer) == pytest.approx(dataclasses.astuple(own))


@settings(deadline=None)
@given(some.lists(some.sampled_from([-1.0, 0.0, 0.5, 2.0]), max_size=30), some.randoms())
def test_the_order_is_by_score_and_does_not_depend_on_the_order_of_the_pool(
    scores: list[float], chance: object
) -> None:
    keys = np.array([metrics.tie_key(f"p{n}") for n in range(len(scores))], dtype=np.uint64)
    ranked = metrics.order(scores, keys)
    assert [scores[n] for n in ranked] == sorted(scores, reverse=True)
    shuffled = np.random.default_rng(len(scores)).permutation(len(scores))
    again = shuffled[metrics.order(np.array(scores)[shuffled], keys[shuffled])]
    assert again.tolist() == ranked.tolist()


def test_a_ranker_that_knows_nothing_is_not_praised_for_the_order_of_the_file() -> None:
    ids = [f"p{n:04}" for n in range(1000)]
    keys = np.array([metrics.tie_key(id) for id in ids], dtype=np.uint64)
    places = np.empty(1000)
    places[metrics.order(np.zeros(1000), keys)] = np.arange(1000)
    assert places[:100].mean() == pytest.approx(500, abs=90)


def test_tie_keys_are_the_same_on_every_machine() -> None:
    assert metrics.tie_key("p1") == 16723666182272765585
