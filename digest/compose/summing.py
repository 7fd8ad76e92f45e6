"""Signals become sums: each weighed, and measured by what is usual for the taste."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.compose import signals, wishing
from digest.compose.placing import Placed
from digest.compose.signals import Desk
from digest.compose.spaces import Floats, Wide, wide

Rows = NDArray[np.intp]
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

WORDS_OUTLAST = 3.0
"""Liked papers beside which what was written counts half: deeds come to say more than words."""

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

TOGETHER = 64
"""Tastes whose words are looked at together: few enough to stay in a processor's cache."""

MULTIPLIED = 512
"""Tastes whose places are multiplied with papers' at a time: so many that it is done fast."""

SHARED = frozenset({"mean", "nearest"})
"""The signals of shared terms."""


@dataclass(frozen=True)
class Sum:
    """One of the two rankings: ``total`` (tastes, papers), of signals that were standardised.

    ``mean``, ``scale``: of each signal (tastes, 1); a raw value adds (raw - mean) * scale.
    ``stated``: (tastes,) whether the taste says anything of this kind; all is 0 where it does not.
    """

    total: Floats
    mean: Mapping[str, Floats]
    scale: Mapping[str, Floats]
    stated: NDArray[np.bool_]


def of_judged(desk: Desk) -> tuple[Sum, Sum]:
    """The sums of what was liked and of what was disliked.

    What was liked is told apart from what was disliked: papers count by how much more they are
    like the one than like the other. An encoder's signals stay as they are: it places what one
    reader likes and dislikes of a subject too near each other to tell them apart.
    """
    weights = LIKED_ENCODED if desk.placed.encoded else LIKED
    against = Against.of(desk)
    disliked = Summing(desk.placed, desk.disliked.stated, weights)
    disliked.multiply(desk.disliked.some, against.means)
    for name, values in against.shared.items():
        disliked.add(desk.disliked.some, {name: values.copy()})
    some = desk.liked.some
    liked = Summing(desk.placed, desk.liked.stated, weights)
    liked.multiply(some, against.told_apart(some, signals.means(desk, desk.liked, some)))
    for part, shared in signals.shared(desk, desk.liked, some):
        liked.add(some[part], against.told_apart(some[part], shared))
    return liked.sum, disliked.sum


@dataclass(frozen=True)
class Against:
    """What speaks against papers: the signals of what was disliked, of tastes that did.

    ``means`` and ``shared`` as ``signals`` has them; ``place``: (tastes,) where each taste is
    among those, -1 for others; ``trust``: (some, 1) what it counts.
    """

    means: dict[str, Floats]
    shared: dict[str, Floats]
    place: Rows
    trust: Floats

    @classmethod
    def of(cls, desk: Desk) -> Against:
        group, some = desk.disliked, desk.disliked.some
        place = np.full(len(group.sizes), -1, dtype=np.intp)
        place[some] = np.arange(len(some))
        parts = [shared for _, shared in signals.shared(desk, group, some)]
        shared = {name: np.vstack([each[name] for each in parts]) for name in SHARED if parts}
        return cls(signals.means(desk, group, some), shared, place, signals.trust(group, some))

    def told_apart(self, tastes: Rows, near: dict[str, Floats]) -> dict[str, Floats]:
        """The signals ``near`` of these tastes, less those of what they disliked."""
        rows = np.flatnonzero(self.place[tastes] >= 0)
        if len(rows):
            places = self.place[tastes[rows]]
            for name, lost in (self.means | self.shared).items():
                if name in near and not name.startswith("encoder"):
                    near[name][rows] -= self.trust[places] * lost[places]
        return near


def of_written(desk: Desk, found: wishing.Found, places: Mapping[str, Floats]) -> Sum:
    """The sum of what was written, which counts the less, the more was liked."""
    weights = WRITTEN_ENCODED if desk.placed.encoded else WRITTEN
    outlast = np.float32(WORDS_OUTLAST)
    factor = outlast / (outlast + desk.liked.sizes[:, None].astype(np.float32))
    written = Summing(desk.placed, found.stated, weights, factor)
    some = np.flatnonzero(found.stated)
    written.multiply(some, {name: each[some] for name, each in places.items()})
    for start in range(0, len(some), TOGETHER):
        part = some[start : start + TOGETHER]
        written.add(part, {"terms": found.met(part)})
    return written.sum


class Summing:
    """A sum as it grows, signal by signal, of those that have a weight.

    Where a space is missing, the other signals make up for its weight. ``factor``: (tastes, 1)
    what the sum of each taste is multiplied by.
    """

    def __init__(
        self,
        placed: Placed,
        stated: NDArray[np.bool_],
        weights: Weights,
        factor: Floats | None = None,
    ) -> None:
        self._placed, self._factor = placed, factor
        self._halves = sorted(weights.keys() & placed.halves.keys())
        known = sorted(weights.keys() & (placed.halves.keys() | SHARED | {"terms"}))
        whole = sum(weights.values()) / sum(weights[name] for name in known)
        self._weights = {name: weights[name] * whole for name in known}
        shape = len(stated), len(placed.papers)
        nothing = {name: np.zeros((shape[0], 1), dtype=np.float32) for name in known}
        other = {name: each.copy() for name, each in nothing.items()}
        self.sum = Sum(np.zeros(shape, dtype=np.float32), nothing, other, stated)

    def multiply(self, tastes: Rows, rows: Mapping[str, Floats]) -> None:
        """Add the signals of dense spaces: products of these rows with where papers stand.

        ``rows``: by signal (tastes, d). What is usual of a product follows from the covariance of
        the reference, and the products of all spaces are one.
        """
        for start in range(0, len(tastes), MULTIPLIED):
            some, parts = tastes[start : start + MULTIPLIED], []
            lost = np.zeros((len(some), 1))
            for name in self._halves:
                each = wide(rows[name][start : start + MULTIPLIED])
                half = self._placed.halves[name]
                usual = each @ half.usual
                spread = (usual[:, :-1] * each).sum(axis=1, keepdims=True)
                mean, scale = self._noted(some, name, usual[:, -1:], spread, half.known)
                each *= scale
                parts.append(wide(each))
                lost += mean * scale
            if parts:
                total = np.hstack(parts) @ self._placed.stacked(tuple(self._halves))
                total -= lost
                self.sum.total[some] += total.astype(np.float32)

    def add(self, tastes: Rows, values: Mapping[str, Floats]) -> None:
        """Add signals given by value, (tastes, columns), which are overwritten."""
        many = len(self._placed.papers)
        for name, each in values.items():
            known = each.shape[1] - many
            middle = each[:, many:].sum(axis=1, keepdims=True) / np.float32(max(known, 1))
            each[:, many:] -= middle
            spread = np.square(each[:, many:]).sum(axis=1, keepdims=True) / max(known, 1)
            mean, scale = self._noted(tastes, name, middle, spread, known)
            each[:, :many] -= mean
            each[:, :many] *= scale
            self.sum.total[tastes] += each[:, :many]

    def _noted(
        self, tastes: Rows, name: str, middle: Floats | Wide, spread: Floats | Wide, known: int
    ) -> tuple[Floats, Floats]:
        """What is usual of a signal, from so many reference papers together with typical ones, and
        what it is multiplied by: (tastes, 1) each.
        """
        typical, deviation = TYPICAL[name]
        share = known / (known + ASSUMED)
        mean = (share * middle + (1 - share) * typical).astype(np.float32)
        variance = share * np.maximum(spread, 0) + (1 - share) * deviation**2
        scale = (self._weights[name] / np.sqrt(variance)).astype(np.float32)
        if self._factor is not None:
            scale *= self._factor[tastes]
        self.sum.mean[name][tastes], self.sum.scale[name][tastes] = mean, scale
        return mean, scale
