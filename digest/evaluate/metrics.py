"""How good one ranking is: nDCG@10, average precision, reciprocal rank and recall.

All are 1 for a perfect ranking of enough places, and worse is lower. A paper is relevant when its
grade is above 0; only nDCG tells one grade from another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Grades = NDArray[np.float64]

CUT = 10
"""Where nDCG stops looking: the length of an edition."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good one ranking is, or the mean of some."""

    ndcg10: float
    map: float
    mrr: float
    r10: float
    r50: float


def tie_key(id: str) -> int:
    """A number that orders papers of equal score, the same in every run and for every ranker.

    By the order of the file or of the ids, a ranker that gives everything 0 would be praised where
    the wanted papers happen to stand first. A hash knows nothing of either.
    """
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest(), "big")


def order(scores: ArrayLike, keys: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Places in ``scores``, the best first; equal scores by ``keys``."""
    return np.lexsort((keys, -np.asarray(scores, dtype=np.float64)))


def quality(ranked: Grades) -> Quality:
    """How good a ranking is whose papers have these grades, the best-ranked first.

    ``ranked`` holds every candidate and at least one grade above 0.
    """
    return Quality(
        ndcg10=ndcg(ranked, CUT),
        map=average_precision(ranked),
        mrr=reciprocal_rank(ranked),
        r10=recall(ranked, 10),
        r50=recall(ranked, 50),
    )


def ndcg(ranked: Grades, cut: int) -> float:
    """Discounted gain of the first ``cut`` places, as a share of the best that was possible.

    The gain is the grade itself, the discount log2 of the rank plus one (Järvelin and Kekäläinen,
    "Cumulated gain-based evaluation of IR techniques", 2002).
    """
    ideal = np.sort(ranked)[::-1]
    return float(_gain(ranked[:cut]) / _gain(ideal[:cut]))


def _gain(grades: Grades) -> np.float64:
    return np.float64((grades / np.log2(np.arange(2, len(grades) + 2))).sum())


def average_precision(ranked: Grades) -> float:
    """The mean, over all relevant papers, of the precision at the rank of each."""
    ranks = np.flatnonzero(ranked > 0) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def reciprocal_rank(ranked: Grades) -> float:
    """1 divided by the rank of the first relevant paper, however late."""
    return 1.0 / (int(np.argmax(ranked > 0)) + 1)


def recall(ranked: Grades, cut: int) -> float:
    """The share of all relevant papers among the first ``cut``."""
    relevant = ranked > 0
    return float(relevant[:cut].sum() / relevant.sum())
