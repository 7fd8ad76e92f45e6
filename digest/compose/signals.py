"""What papers share with what tastes judged, signal by signal, each in its own unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digest.compose.phrases import spread
from digest.compose.placing import Encoded, Judged, Placed, halves
from digest.compose.profiles import Example, Taste
from digest.compose.spaces import Floats, unit

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NEAREST = 3
"""Judged papers that a paper is held against: of many, those nearest to it."""

BLOCK = 20_000
"""Judged papers held against all papers at a time: 64 MB for 800 papers."""

TOGETHER = 24
"""Tastes whose judged papers are looked at together: few enough to stay in a processor's cache."""

DISLIKED = 1.2
"""What a paper's likeness to many disliked papers counts against that to liked ones."""

DISLIKES_TO_TRUST = 15.0
"""Dislikes from which they count half: a few say more about chance than about the reader."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Group:
    """The judged papers of some tastes, one kind: rows of the desk, whose, and what each counts.

    ``rows``, ``weights``, ``labels``: (judged,), taste by taste, of which each has so many as
    ``sizes`` says, in an order of their own, so that its sums are the same in every batch.
    """

    rows: Rows
    weights: Floats
    sizes: Rows
    labels: Sequence[str]

    @cached_property
    def starts(self) -> Rows:
        """Where the judged papers of each taste start, and where the last ones end."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @cached_property
    def stated(self) -> NDArray[np.bool_]:
        """Whether a taste judged anything: (tastes,)."""
        return self.sizes > 0

    @cached_property
    def some(self) -> Rows:
        """The tastes that judged anything, those that judged most first."""
        order = np.argsort(-self.sizes, kind="stable")
        return order[: np.count_nonzero(self.stated)]

    @cached_property
    def totals(self) -> Floats:
        """What each taste's judged papers count together: (tastes,), more than 0."""
        owners = np.repeat(np.arange(len(self.sizes)), self.sizes)
        total = np.bincount(owners, self.weights, minlength=len(self.sizes))
        return np.maximum(total, 1e-30).astype(np.float32)

    def of(self, tastes: Rows, judged: int) -> csr_array:
        """(tastes, judged): times judged papers' rows it is the weighted sum of each taste's."""
        from scipy.sparse import csr_array  # late, as everywhere

        places, ends = self.places(tastes), np.cumsum([0, *self.sizes[tastes]])
        parts = self.weights[places], self.rows[places], ends
        return csr_array(parts, shape=(len(tastes), judged))

    def places(self, tastes: Rows) -> Rows:
        """Where in the group the judged papers of these tastes are, taste by taste."""
        return spread(self.starts[tastes], self.sizes[tastes])[1]


class Desk:
    """The judged papers of a batch of tastes, placed beside the papers of the window."""

    def __init__(
        self, tastes: Sequence[Taste], placed: Placed, encoded: Encoded | None = None
    ) -> None:
        self.placed, self.encoded = placed, encoded or placed.encoded
        kinds = [taste.liked for taste in tastes], [taste.disliked for taste in tastes]
        every = [[one for each in kind for one in each] for kind in kinds]
        named = [[one.name for one in each] for each in every]
        examples = dict(zip(chain(*named), chain(*every), strict=True))
        self.judged: Judged = placed.judged(examples, self.encoded)
        order = {name: n for n, name in enumerate(sorted(examples))}
        rows = np.array([self.judged.rows[name] for name in order], dtype=np.intp)
        self.liked, self.disliked = (
            _group(
                np.array([len(each) for each in kind], dtype=np.intp),
                found,
                np.array([order[name] for name in names], dtype=np.intp),
                rows,
            )
            for kind, found, names in zip(kinds, every, named, strict=True)
        )

    def cosines(self, judged: Rows) -> tuple[Floats, Rows]:
        """TF-IDF cosines of judged papers to all columns, and the row of each that was asked for.

        Few are worked out once and kept; of many, only those asked for.
        """
        if self.judged.tfidf is None:
            return self.judged.cosines, judged
        some, rows = np.unique(judged, return_inverse=True)
        return (self.judged.tfidf[some] @ self.placed.across).toarray(), rows


def _group(sizes: Rows, every: Sequence[Example], places: Rows, rows: Rows) -> Group:
    """The group of these examples, so many of each taste, sorted by their ``places``."""
    weights = np.array([one.weight for one in every], dtype=np.float32)
    order = np.lexsort((weights, places, np.repeat(np.arange(len(sizes)), sizes)))
    labels = [every[place].label for place in order.tolist()]
    return Group(rows[places[order]], weights[order], sizes, labels)


def blocks(sizes: Rows, most: int) -> Iterator[slice]:
    """Tastes in a row that hold at most ``most`` judged papers together, or a single one."""
    start, held = 0, 0
    for n, size in enumerate(sizes.tolist()):
        if n > start and held + size > most:
            yield slice(start, n)
            start, held = n, 0
        held += size
    if start < len(sizes):
        yield slice(start, len(sizes))


def trust(group: Group, tastes: Rows) -> Floats:
    """What likeness to what these tastes disliked counts against them: (tastes, 1).

    The more, the more of it there is.
    """
    many = group.sizes[tastes, None].astype(np.float32)
    return np.float32(DISLIKED) * many / (many + np.float32(DISLIKES_TO_TRUST))


def means(desk: Desk, group: Group, tastes: Rows) -> dict[str, Floats]:
    """Where the weighted means of judged papers stand, by signal: (tastes, d) unit rows.

    Times papers' places they are the signals "<name> centred" and "<name> evened".
    """
    found: dict[str, Floats] = {}
    for name, places in desk.judged.dense.items():
        rows = np.asarray(group.of(tastes, len(places)) @ places, dtype=np.float32)
        for kind, half in halves(rows.shape[1]):
            found[f"{name} {kind}"] = unit(rows[:, half])
    return found


def shared(desk: Desk, group: Group, tastes: Rows) -> Iterator[tuple[slice, dict[str, Floats]]]:
    """The signals of shared terms, some tastes at a time: which, and the signals.

    "mean": the weighted mean of the TF-IDF cosines; "nearest": the mean of the three highest,
    each times its weight: (tastes, columns) each. ``tastes``: those that judged most first.
    """
    for part in blocks(group.sizes[tastes], BLOCK):
        sizes, places = group.sizes[tastes[part]], group.places(tastes[part])
        cosines, rows = desk.cosines(group.rows[places])
        starts, weights = np.cumsum(sizes) - sizes, group.weights[places]
        totals = group.totals[tastes[part], None]
        for n in range(0, len(sizes), TOGETHER):
            some = slice(n, n + TOGETHER)
            mean, nearest = _shared(cosines, rows, weights, starts[some], sizes[some])
            mean /= totals[some]
            where = slice(part.start + n, part.start + n + len(mean))
            yield where, {"mean": mean, "nearest": nearest}


def _shared(
    cosines: Floats, rows: Rows, weights: Floats, starts: Rows, sizes: Rows
) -> tuple[Floats, Floats]:
    """The weighted sums of tastes' cosines, and the mean of the highest: (tastes, columns) each.

    ``sizes`` descend: after each step fewer tastes have a judged paper left, and only the first
    have so many that some are not among the nearest.
    """
    shape, many = (len(sizes), cosines.shape[1]), int(np.searchsorted(-sizes, -NEAREST))
    total = np.zeros(shape, dtype=np.float32)
    highest = np.full((NEAREST, many, shape[1]), -np.inf, dtype=np.float32)
    one, other = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    for step in range(sizes[0]):
        left = int(np.searchsorted(-sizes, -step))
        at = starts[:left] + step
        np.take(cosines, rows[at], axis=0, out=one[:left], mode="clip")
        one[:left] *= weights[at, None]
        total[:left] += one[:left]
        left = min(left, many)
        for high in highest[: step + 1] if left else ():
            np.minimum(high[:left], one[:left], out=other[:left])
            np.maximum(high[:left], one[:left], out=high[:left])
            one, other = other, one
    nearest = total.copy()
    np.sum(highest, axis=0, out=nearest[:many])
    nearest /= np.minimum(NEAREST, sizes)[:, None].astype(np.float32)
    return total, nearest
