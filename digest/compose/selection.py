"""Scores become a short list for each reader: the best, with something for every interest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SelectionSettings:
    """``min_score``: papers that score less are never shown; 1 is an interest met well."""

    min_score: float = 0.35

    def __post_init__(self) -> None:
        if not self.min_score > 0:
            raise ValueError("min_score has to be more than 0")


@dataclass(frozen=True, slots=True)
class Choice:
    """A paper (its column), the taste (its row) that wanted it most, and the score there."""

    paper: int
    taste: int
    score: float


def select(
    scores: Floats,
    owners: Sequence[int],
    allowed: Mask,
    *,
    sizes: Sequence[int],
    least: Sequence[float],
) -> list[list[Choice]]:
    """Each reader's choices, best first, at most ``sizes[reader]`` of them.

    ``scores``: (tastes, papers); ``owners``: (tastes,) the reader of each taste, ascending;
    ``allowed``: (readers, papers); ``least``: (tastes,) what a score has to reach, and exceed 0.
    A paper counts by its best taste. Every taste with a paper that is good enough has one in the
    list while there is room. Ties go to the lower column.
    """
    rows = np.asarray(owners, dtype=np.intp)
    bar = np.asarray(least, dtype=np.float32)[:, None]
    chosen = []
    for reader, size in enumerate(sizes):
        tastes = np.arange(*np.searchsorted(rows, [reader, reader + 1]))
        own = scores[tastes]
        good = allowed[reader] & (own >= bar[tastes]) & (own > 0)
        chosen.append(_choose(np.where(good, own, np.float32(0)), tastes, size))
    return chosen


def _choose(own: Floats, tastes: NDArray[np.intp], size: int) -> list[Choice]:
    """The choices of one reader. ``own``: (tastes, papers), 0 where a paper is out."""
    if not own.size:
        return []
    best, by = own.max(axis=0), own.argmax(axis=0)
    quota = sorted({paper for row in own for paper in _top(row, 1)}, key=lambda n: (-best[n], n))
    first = quota[:size]
    rest = [paper for paper in _top(best, size) if paper not in first][: size - len(first)]
    papers = sorted([*first, *rest], key=lambda n: (-best[n], n))
    return [Choice(n, int(tastes[by[n]]), float(best[n])) for n in papers]


def _top(values: Floats, size: int) -> list[int]:
    """Columns of the ``size`` highest values above 0, highest first.

    A partition finds the size-th value; only columns that reach it are sorted.
    """
    least = float(np.partition(values, -size)[-size]) if size < len(values) else 0.0
    near = np.flatnonzero((values >= least) & (values > 0))
    return [int(n) for n in near[np.argsort(-values[near], kind="stable")][:size]]
