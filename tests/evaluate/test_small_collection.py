"""The collection kept for these tests: invented papers in twelve fields, and readers of them.

A grade of 2 is what the reader came for, 1 what lies beside it. Fields touch on purpose: diffusion
serves pictures, proteins and weather, and a reader may want it in all but one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from digest.evaluate.baselines import BASELINES
from digest.evaluate.episodes import Collection, Episode
from digest.evaluate.loading import load
from digest.evaluate.measuring import Ranker, run

SMALL = Path(__file__).parents[1] / "cases" / "ranking"


@pytest.fixture(scope="module")
def small() -> Collection:
    return load(SMALL)


def ndcg10(collection: Collection, ranker: Ranker) -> float:
    return float(run(collection, collection.episodes, ranker).values("ndcg10").mean())


def flat(_: Collection, episodes: Sequence[Episode]) -> Iterator[NDArray[np.float64]]:
    return (np.zeros(len(episode.candidates)) for episode in episodes)


def test_it_has_every_kind_of_task(small: Collection) -> None:
    assert len(small.papers) == 144
    tasks = {(episode.task, episode.history) for episode in small.episodes}
    assert tasks == {
        ("keywords", 0),
        ("description", 0),
        *(("likes", history) for history in (1, 3, 10)),
        *(("likes+description", history) for history in (1, 3)),
        ("likes+dislikes", 3),
    }
    assert min(len(small.of("dev")), len(small.of("test"))) > 20


def test_no_two_papers_are_alike(small: Collection) -> None:
    assert len({paper.title for paper in small.papers}) == len(small.papers)
    assert len({paper.abstract for paper in small.papers}) == len(small.papers)


def test_a_ranker_that_knows_nothing_gets_nearly_nothing(small: Collection) -> None:
    assert ndcg10(small, flat) < 0.12


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_are_far_from_nothing_and_from_perfect(small: Collection, name: str) -> None:
    assert 0.35 < ndcg10(small, BASELINES[name]) < 0.6


@pytest.mark.parametrize("place", ["first", "last"])
def test_the_order_of_the_file_tells_nothing(small: Collection, place: str) -> None:
    sign = -1.0 if place == "first" else 1.0

    def by_place(_: Collection, episodes: Sequence[Episode]) -> Iterator[NDArray[np.float64]]:
        return (sign * episode.candidates for episode in episodes)

    assert ndcg10(small, by_place) < 0.16
