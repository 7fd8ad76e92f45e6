"""Rankers are run on a collection, timed and compared, episode by episode."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digest.evaluate import metrics
from digest.evaluate.episodes import Collection, Episode, Split
from digest.evaluate.intervals import interval
from digest.evaluate.results import Row

Floats = NDArray[np.float32] | NDArray[np.float64]


class Ranker(Protocol):
    """Whatever can rank: it reads profiles and papers, never grades.

    ``ranker(collection, episodes)`` gives one array of scores an episode, higher is better, aligned
    with its ``candidates``. Before the clock starts it is called once without episodes, for what it
    keeps of a collection from one call to the next.
    """

    def __call__(
        self, collection: Collection, episodes: Sequence[Episode], /
    ) -> Iterable[Floats]: ...


@dataclass(frozen=True, slots=True)
class Run:
    """What one ranker did on the episodes of one row."""

    qualities: tuple[metrics.Quality, ...]
    seconds: float

    def values(self, measure: str) -> NDArray[np.float64]:
        """One figure an episode."""
        return np.array([getattr(each, measure) for each in self.qualities], dtype=np.float64)


def evaluate(
    collection: Collection,
    rankers: Mapping[str, Ranker],
    split: Split = "test",
    baseline: str | None = None,
) -> list[Row]:
    """Rows by task, history and ranker, in the order of the collection and of ``rankers``.

    ``baseline`` is the name of the ranker that the others are compared with, episode by episode.
    Episodes without a relevant candidate are left out: no ranking of theirs is better than another.

    Raises:
        ValueError: scores are missing, too many, or not numbers; the text names the episode.
    """
    groups: dict[tuple[str, int], list[Episode]] = {}
    for episode in collection.of(split):
        if episode.grades.any():
            groups.setdefault((episode.task, episode.history), []).append(episode)
    for ranker in rankers.values():
        list(ranker(collection, ()))
    return [row for group in groups.values() for row in _rows(collection, group, rankers, baseline)]


def _rows(
    collection: Collection,
    episodes: Sequence[Episode],
    rankers: Mapping[str, Ranker],
    baseline: str | None,
) -> Iterable[Row]:
    runs = {name: run(collection, episodes, ranker) for name, ranker in rankers.items()}
    for name, each in runs.items():
        against = baseline if baseline not in (None, name) else None
        yield row(collection.name, name, episodes, each, against, runs)


def run(collection: Collection, episodes: Sequence[Episode], ranker: Ranker) -> Run:
    """How well and how fast ``ranker`` does on ``episodes``, one after the other in one call."""
    started = time.perf_counter()
    scores = list(ranker(collection, episodes))
    seconds = time.perf_counter() - started
    if len(scores) != len(episodes):
        raise ValueError(f"a ranker gave {len(scores)} arrays for {len(episodes)} episodes")
    return Run(
        tuple(
            metrics.quality(_ranked(collection, *pair))
            for pair in zip(episodes, scores, strict=True)
        ),
        seconds,
    )


def _ranked(collection: Collection, episode: Episode, scores: Floats) -> NDArray[np.float64]:
    if np.shape(scores) != (len(episode.candidates),) or np.isnan(scores).any():
        raise ValueError(
            f"episode {episode.id!r} needs {len(episode.candidates)} scores, all numbers"
        )
    keys = collection.keys[episode.candidates]
    return episode.grades[metrics.order(scores, keys)]


def row(
    dataset: str,
    name: str,
    episodes: Sequence[Episode],
    own: Run,
    baseline: str | None,
    runs: Mapping[str, Run],
) -> Row:
    """The row of the ranker of this name, with its ``own`` run on the episodes of one kind."""
    users = [episode.user for episode in episodes]
    ndcg10 = own.values("ndcg10")
    gained = ndcg10 - runs[baseline].values("ndcg10") if baseline is not None else None
    return Row(
        dataset=dataset,
        ranker=name,
        task=episodes[0].task,
        history=episodes[0].history,
        n=len(episodes),
        users=len(set(users)),
        ndcg10=float(ndcg10.mean()),
        ci=interval(ndcg10, users),
        map=float(own.values("map").mean()),
        mrr=float(own.values("mrr").mean()),
        r10=float(own.values("r10").mean()),
        r50=float(own.values("r50").mean()),
        ms=own.seconds * 1000 / len(episodes),
        baseline=baseline,
        delta=None if gained is None else float(gained.mean()),
        delta_ci=None if gained is None else interval(gained, users),
    )
