"""Papers and tastes become chances that the reader keeps the paper.

What was judged and what was written are two rankings. Each is a weighted sum of signals, every one
standardised by what is usual for that taste: its mean and deviation over the background's
reference papers, so that today's papers are measured by the archive's and not by each other. A
logistic curve makes a chance of each sum, and the two are joined as independent grounds to keep a
paper: 1 - (1 - a)(1 - b). What is preferred beyond that adds to the log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.compose import leanings, signals, wishing
from digest.compose.background import Background
from digest.compose.profiles import Taste
from digest.compose.signals import Desk, Encoded
from digest.compose.spaces import Floats
from digest.papers import Candidate

Weights = Mapping[str, float]

LIKED: Weights = {
    "mean": 0.8,
    "nearest": 0.8,
    "general centred": 0.45,
    "general evened": 0.6,
    "own centred": 0.3,
    "own evened": 0.6,
}
LIKED_ENCODED: Weights = {
    "mean": 0.8,
    "nearest": 0.8,
    "encoder centred": 0.8,
    "encoder evened": 1.1,
    "general evened": 0.3,
    "own centred": 0.25,
    "own evened": 0.45,
}
WRITTEN: Weights = {"terms": 1.0, "general centred": 0.35, "own centred": 0.6}
WRITTEN_ENCODED: Weights = {"terms": 1.0, "encoder centred": 1.2, "own centred": 0.2}
"""What each signal weighs in its sum; those of spaces that are not there drop out. Found on
benchmark collections of readers' libraries, reviews and queries; one default for all."""

TOLD = 25
"""Terms of a paper from which what it is about can be compared."""

WORDS_OUTLAST = 3.0
"""Liked papers beside which what was written counts half: deeds come to say more than words."""

REGRET = np.float32(0.5)
"""Log-odds for each e-fold of likeness to what was disliked."""

ASSUMED = 50.0
"""Papers that what is typical counts for beside the reference, of which a young archive has few."""

TYPICAL: Mapping[str, tuple[float, float]] = {
    "mean": (0.02, 0.018),
    "nearest": (0.03, 0.027),
    "terms": (0.1, 0.12),
    "general centred": (0.0, 0.13),
    "general evened": (0.0, 0.085),
    "own centred": (0.0, 0.11),
    "own evened": (0.0, 0.1),
    "encoder centred": (0.0, 0.12),
    "encoder evened": (0.0, 0.075),
}
"""The mean and the deviation of each signal over a field's papers: medians of the same
collections. That of terms is in units of a paper that meets the taste well."""


@dataclass(frozen=True)
class Curve:
    """A sum's chance: 1 / (1 + exp(-(level + slope * height))), where height is log(1 + sum / 4).

    The logarithm because sums have long tails, and what is twice as near is not kept twice as
    surely; below 0 the height is sum / 4.
    """

    level: float
    slope: float

    def odds(self, sums: Floats) -> Floats:
        """The log-odds of sums, of any shape."""
        quarter = sums / np.float32(4)
        height = np.where(quarter > 0, np.log(np.maximum(quarter, 0) + 1), quarter)
        return (np.float32(self.level) + np.float32(self.slope) * height).astype(np.float32)


LIKED_CURVE = Curve(-6.4, 2.6)
WRITTEN_CURVE = Curve(-5.3, 3.4)
"""Fitted by logistic regression on the development halves of the same collections, of whose
papers a reader keeps about one in a hundred."""


@dataclass(frozen=True)
class Sum:
    """One of the two rankings: ``total`` (tastes, papers), of ``parts`` that were standardised.

    ``mean``, ``scale``: of each signal (tastes, 1); a raw value adds (raw - mean) * scale.
    ``stated``: (tastes,) whether the taste says anything of this kind.
    """

    total: Floats
    mean: Mapping[str, Floats]
    scale: Mapping[str, Floats]
    stated: NDArray[np.bool_]

    def times(self, factor: Floats) -> Sum:
        """The sum and the scales of its signals times a factor for each taste: (tastes, 1)."""
        scale = {name: each * factor for name, each in self.scale.items()}
        return Sum(self.total * factor, self.mean, scale, self.stated)


@dataclass(frozen=True)
class Ranking:
    """Chances of papers by taste, and what ``evidence`` works with.

    ``relevance``: (tastes, papers) float32 from 0 to 1; ``must``: (tastes, papers) bool, papers
    that have to be in the edition; ``vectors``: (papers, d) float32 unit rows, where they stand.
    """

    relevance: Floats
    must: NDArray[np.bool_]
    vectors: Floats
    tastes: Sequence[Taste]
    papers: Sequence[Candidate]
    desk: Desk
    found: wishing.Found
    liked: Sum
    written: Sum
    disliked: Sum
    leaning: leanings.Leaning


def rank(
    tastes: Sequence[Taste],
    papers: Sequence[Candidate],
    background: Background,
    encoded: Encoded | None = None,
) -> Ranking:
    """Every paper ranked for every taste; the order of either, or of votes, changes nothing."""
    desk = Desk(tastes, [(paper.id, paper.terms) for paper in papers], background, encoded)
    found = wishing.look(desk, tastes)
    near = signals.likeness(desk, [taste.liked for taste in tastes])
    against = signals.likeness(desk, [taste.disliked for taste in tastes])
    weights = LIKED_ENCODED if encoded else LIKED
    liked = _sum(
        signals.contrast(tastes, near, against),
        weights,
        len(papers),
        np.array([bool(taste.liked) for taste in tastes], dtype=np.bool_),
    )
    disliked = _sum(
        against,
        weights,
        len(papers),
        np.array([bool(taste.disliked) for taste in tastes], dtype=np.bool_),
    )
    met = wishing.met(desk, tastes, found)
    written = _sum(
        met,
        WRITTEN_ENCODED if encoded else WRITTEN,
        len(papers),
        np.array([bool(taste.wishes) for taste in tastes], dtype=np.bool_),
    )
    leaning = leanings.lean(tastes, papers)
    many = np.array([len(taste.liked) for taste in tastes], dtype=np.float32)[:, None]
    written = written.times(WORDS_OUTLAST / (WORDS_OUTLAST + many))
    relevance = chance(liked, written, disliked, leaning.odds, leaning.alone)
    relevance[~leaning.fits] = 0
    return Ranking(
        relevance, leaning.must, _vectors(desk, papers),
        tastes, papers, desk, found, liked, written, disliked, leaning,
    )  # fmt: skip


def _vectors(desk: Desk, papers: Sequence[Candidate]) -> Floats:
    """Where papers stand, (papers, d) unit rows; 0 for those of which little more than the title
    is known: "part 1" and "part 2" of a title are no repeats.
    """
    places = desk.papers.dense["general"][: len(papers)]
    told = np.array([len(paper.terms) >= TOLD for paper in papers], dtype=np.bool_)
    vectors: Floats = places[:, : places.shape[1] // 2] * told.reshape(-1, 1)
    return vectors


def chance(liked: Sum, written: Sum, disliked: Sum, odds: Floats, alone: Floats) -> Floats:
    """The chances that sums and leanings come to: (tastes, papers)."""
    by_liked = np.where(liked.stated[:, None], sigmoid(LIKED_CURVE.odds(liked.total)), 0)
    met = WRITTEN_CURVE.odds(written.total)
    if disliked.stated.any():
        met -= regret(disliked.total)
    by_written = np.where(written.stated[:, None], sigmoid(met), 0)
    return joined(by_liked, by_written, alone, odds)


def regret(disliked: Floats) -> Floats:
    """The log-odds that meeting a wish loses to being like what was disliked."""
    lost: Floats = REGRET * np.log(np.maximum(disliked, np.float32(0)) / np.float32(4) + 1)
    return lost


def joined(liked: Floats, written: Floats, alone: Floats, odds: Floats) -> Floats:
    """The chance that independent chances come to, moved by log-odds."""
    without = np.maximum((1 - liked) * (1 - written) * (1 - alone), 1e-6)
    found: Floats = sigmoid(np.log((1 - without) / without) + odds)
    return found


def sigmoid(odds: Floats) -> Floats:
    chance: Floats = (1 / (1 + np.exp(-np.clip(odds, -30, 30)))).astype(np.float32)
    return chance


def _sum(
    raw: Mapping[str, Floats], weights: Weights, papers: int, stated: NDArray[np.bool_]
) -> Sum:
    """The signals that have a weight, each standardised over the columns after ``papers``.

    Where a space is missing, the other signals make up for its weight.
    """
    total = np.zeros((len(stated), papers), dtype=np.float32)
    means: dict[str, Floats] = {}
    scales: dict[str, Floats] = {}
    if not stated.any():
        return Sum(total, means, scales, stated)
    known = sorted(raw.keys() & weights.keys())
    whole = sum(weights.values()) / sum((weights[name] for name in known), start=1e-9)
    for name in known:
        mean, deviation = _usual(raw[name][:, papers:], *TYPICAL[name])
        means[name] = mean
        scales[name] = np.float32(weights[name] * whole) / deviation
        part = raw[name][:, :papers] - mean
        part *= scales[name]
        total += part
    total[~stated] = 0
    return Sum(total, means, scales, stated)


def _usual(reference: Floats, mean: float, deviation: float) -> tuple[Floats, Floats]:
    """The mean and deviation of reference papers, together with typical ones: (tastes, 1) each."""
    many = reference.shape[1]
    share = np.float32(many / (many + ASSUMED))
    middle = reference.mean(axis=1, keepdims=True) if many else np.float32(mean)
    spread = reference.var(axis=1, keepdims=True) if many else np.float32(deviation**2)
    usual = share * middle + (1 - share) * np.float32(mean)
    variance = share * spread + (1 - share) * np.float32(deviation**2)
    rows = np.ones((len(reference), 1), dtype=np.float32)
    return (rows * usual).astype(np.float32), (rows * np.sqrt(variance)).astype(np.float32)
