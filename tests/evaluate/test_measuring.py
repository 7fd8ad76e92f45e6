"""Rankers are measured alike: aligned, timed, compared by episode, and shown as rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from digest.evaluate.baselines import BASELINES
from digest.evaluate.episodes import Collection, Episode
from digest.evaluate.measuring import evaluate
from digest.evaluate.results import as_json, table
from tests.evaluate.conftest import an_episode

Made = Callable[..., Collection]


def knowing(collection: Collection, episodes: Sequence[Episode]) -> Iterator[NDArray[np.float64]]:
    """The ranker that cheats."""
    return (episode.grades for episode in episodes)


def perverse(collection: Collection, episodes: Sequence[Episode]) -> Iterator[NDArray[np.float64]]:
    return (-episode.grades for episode in episodes)


def test_the_ranker_that_knows_is_perfect_and_its_opposite_is_last(made: Made) -> None:
    best, worst = evaluate(made(), {"best": knowing, "worst": perverse}, "all")
    assert (best.ndcg10, best.map, best.mrr) == (1, 1, 1)
    assert (worst.ndcg10, worst.mrr) == (pytest.approx(1 / 2), pytest.approx(1 / 3))


def test_a_row_for_each_task_and_history_in_the_order_of_the_collection(made: Made) -> None:
    collection = made(
        an_episode("a", task="likes", H=3),
        an_episode("b", task="description", H=0, liked=[], description="owls"),
        an_episode("c", task="likes", H=1),
        an_episode("d", task="likes", H=3, user="grace"),
    )
    rows = evaluate(collection, {"best": knowing}, "all")
    assert [(row.task, row.history, row.n, row.users) for row in rows] == [
        ("likes", 3, 2, 2),
        ("description", 0, 1, 1),
        ("likes", 1, 1, 1),
    ]


def test_only_the_readers_of_the_split_count(made: Made) -> None:
    collection = made(an_episode("a"), an_episode("b", user="grace"), an_episode("c"))
    assert [row.n for row in evaluate(collection, {"best": knowing}, "test")] == [1]
    assert [row.n for row in evaluate(collection, {"best": knowing}, "dev")] == [2]


def test_an_episode_that_no_ranking_can_meet_is_left_out(made: Made) -> None:
    collection = made(an_episode("a"), an_episode("b", rel={"rust": 0}), an_episode("c", rel={}))
    assert [row.n for row in evaluate(collection, {"best": knowing}, "all")] == [1]


def test_a_difference_is_taken_by_episode_and_has_its_own_interval(made: Made) -> None:
    collection = made(an_episode("a"), an_episode("b", user="grace"))
    base, other = evaluate(collection, {"base": perverse, "best": knowing}, "all", "base")
    assert (base.delta, base.delta_ci, base.baseline) == (None, None, None)
    assert other.baseline == "base"
    assert other.delta == pytest.approx(other.ndcg10 - base.ndcg10)
    assert other.delta_ci == pytest.approx((0.5, 0.5))


def test_a_ranker_prepares_before_the_clock_starts(made: Made) -> None:
    asked = []

    def ranker(_: Collection, episodes: Sequence[Episode]) -> list[NDArray[np.float64]]:
        asked.append(len(episodes))
        return [np.zeros(len(episode.candidates)) for episode in episodes]

    [row] = evaluate(made(an_episode("a"), an_episode("b")), {"own": ranker}, "all")
    assert asked == [0, 2]
    assert row.ms > 0


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ([np.zeros(2)], "episode 'e1' needs 3 scores"),
        ([np.zeros((3, 1))], "episode 'e1' needs 3 scores"),
        ([np.array([0, np.nan, 1])], "episode 'e1' needs 3 scores, all numbers"),
        ([], "0 arrays for 1 episodes"),
    ],
    ids=["too few", "wrong shape", "no number", "none"],
)
def test_scores_that_do_not_fit_are_refused(
    made: Made, scores: list[NDArray[np.float64]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        evaluate(made(), {"odd": lambda _, episodes: scores if episodes else []}, "all")


def test_minus_infinity_is_a_score(made: Made) -> None:
    def ranker(_: Collection, episodes: Sequence[Episode]) -> list[NDArray[np.float64]]:
        return [np.where(e.grades > 0, 0.0, -np.inf) for e in episodes]

    assert evaluate(made(), {"muting": ranker}, "all")[0].ndcg10 == 1


def test_the_same_run_gives_the_same_figures(made: Made) -> None:
    collection = made(*(an_episode(f"e{n}", user=f"u{n}") for n in range(5)))
    first, again = (
        [
            {name: value for name, value in row.items() if name != "ms"}
            for row in as_json(evaluate(collection, BASELINES, "all", "bm25"))["rows"]
        ]
        for _ in range(2)
    )
    assert first == again


def test_rows_as_json(made: Made) -> None:
    rows = evaluate(made(an_episode()), {"base": perverse, "best": knowing}, "all", "base")
    base, best = json.loads(json.dumps(as_json(rows)))["rows"]
    assert base.pop("ms") >= 0 and best.pop("ms") >= 0
    shared = {"dataset": "small", "task": "likes", "H": 1, "n": 1, "users": 1, "r10": 1, "r50": 1}
    assert base == shared | {
        "ranker": "base",
        "ndcg10": 0.5,
        "ci": [0.5, 0.5],
        "map": 0.3333,
        "mrr": 0.3333,
    }
    assert best == shared | {
        "ranker": "best",
        "ndcg10": 1.0,
        "ci": [1.0, 1.0],
        "map": 1.0,
        "mrr": 1.0,
        "baseline": "base",
        "delta": 0.5,
        "delta_ci": [0.5, 0.5],
    }


def shown(rows: object) -> str:
    out = io.StringIO()
    Console(file=out, width=200).print(rows)
    return out.getvalue()


def test_rows_as_a_table(made: Made) -> None:
    rows = evaluate(made(), {"base": perverse, "best": knowing}, "all", "base")
    head, base, best, *rest = shown(table(rows)).splitlines()
    assert head.split()[:6] == ["dataset", "ranker", "task", "H", "n", "nDCG@10"]
    assert base.split()[:8] == ["small", "base", "likes", "1", "1", "0.500", "0.500", "0.500"]
    assert best.split()[-4:] == ["base", "+0.500", "+0.500", "+0.500"]
    assert not rest


def test_a_table_without_a_baseline_has_no_columns_for_it(made: Made) -> None:
    assert "against" not in shown(table(evaluate(made(), {"best": knowing}, "all")))
