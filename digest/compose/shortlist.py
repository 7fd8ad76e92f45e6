"""The few papers of each reader among which a selection is made: by partition, for all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from digest.compose.traits import Floats, Indices, Mask, Traits

Cells = TypeVar("Cells", Floats, Mask)

BEST = 3
"""Papers of each interest that are on the shortlist whatever the others offer: if the first is a
near-repeat of another interest's pick, the next has to be at hand."""

LEAST = np.float32(1e-6)
"""The relevance of a paper that must be in although nothing else speaks for it."""

COLUMN_BITS = 24
"""Room for a paper's column in a sorting key: 16 million papers."""

VALUE_BITS = 32
"""Room for a value: a float32, whose bits are in order when it is not negative."""


@dataclass(frozen=True)
class Wishes:
    """What some readers want of all papers.

    ``chance``: (tastes, papers), the relevances as given; ``good``: the same, 0 where a paper is
    out; ``must``: (tastes, papers); ``allowed``: (readers, papers); ``owners``: (tastes,) the
    reader of each taste, ascending; ``rows``: (tastes,) the caller's numbers of the tastes;
    ``odds``: (papers,) what the trend multiplies odds by.
    """

    chance: Floats
    good: Floats
    must: Mask
    allowed: Mask
    owners: Indices
    rows: Indices
    odds: Floats

    @property
    def starts(self) -> Indices:
        """Where each reader's tastes begin: (readers,) if all have some."""
        return np.flatnonzero(np.diff(self.owners, prepend=-1))

    def of(self, readers: Indices) -> Wishes:
        """The wishes of these readers alone, numbered from 0 in the order given, ascending."""
        if len(readers) == len(self.allowed):
            return self
        mine = np.isin(self.owners, readers)
        return Wishes(
            self.chance[mine],
            self.good[mine],
            self.must[mine],
            self.allowed[readers],
            np.searchsorted(readers, self.owners[mine]),
            self.rows[mine],
            self.odds,
        )


@dataclass(frozen=True)
class Shortlist:
    """Of each reader the best papers, in the order of their columns.

    ``columns``: (readers, width), and ``real`` False where there is none; ``relevance``:
    (readers, interests, width), 0 where a paper is out; ``taste``: (readers, width) which of the
    reader's own tastes a paper counts for; ``tastes``: (readers, interests) the rows of those in
    the wishes; ``value``: (readers, width) the relevance to that taste, lifted by the trend;
    ``more``: (readers,) whether good papers were left over.
    """

    columns: Indices
    real: Mask
    relevance: Floats
    must: Mask
    taste: Indices
    tastes: Indices
    value: Floats
    more: Mask


def wishes(
    relevance: Floats, must: Mask, allowed: Mask, owners: Indices, threshold: float, odds: Floats
) -> Wishes:
    """The wishes of all readers. A paper is out if it is not allowed, or neither reaches the
    threshold nor must be in.
    """
    may = allowed[owners]
    demanded = must & may
    reaches = demanded | (may & (relevance >= np.float32(threshold)))
    good = relevance * reaches
    good[demanded] = np.maximum(relevance[demanded], LEAST)
    return Wishes(relevance, good, demanded, allowed, owners, np.arange(len(owners)), odds)


def lift(traits: Traits, weight: float) -> Floats:
    """What the trend multiplies each paper's odds by, from 1 to e^weight: (papers,).

    The trend t counts as t / (1 + t), so the first reports say most.
    """
    found: Floats = np.exp(weight * traits.trend / (1 + traits.trend)).astype(np.float32)
    return found


def lifted(relevance: Floats, odds: Floats) -> Floats:
    """The chance whose odds are so many times those of ``relevance``; 0 and 1 stay."""
    more = relevance * odds
    found: Floats = np.divide(more, 1 - relevance + more)
    return found


def shortlist(wanted: Wishes, width: int) -> Shortlist:
    """The ``width`` papers of each reader that are most worth a look.

    First those that must be in, then the ``BEST`` of each taste, then by value; ties go to the
    lower column.
    """
    best = of_readers(np.maximum, wanted.good, wanted)
    there = best > 0
    more = np.count_nonzero(there, axis=1) > width
    columns = _all(there, min(width, best.shape[1]))
    some = np.flatnonzero(more)
    if some.size:
        crowd = wanted.of(some)
        must = of_readers(np.logical_or, crowd.must, crowd)
        keys = _keys(lifted(best[some], wanted.odds), must, _heads(crowd))
        columns[some] = _columns(keys, columns.shape[1])
    return _gathered(wanted, columns, more)


def _all(there: Mask, width: int) -> Indices:
    """The columns of the first ``width`` papers of each row that are ``there``, ascending; beyond
    the last where there are fewer.
    """
    rows, columns = np.nonzero(there)
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = place < width
    found = np.full((len(there), width), there.shape[1], dtype=np.intp)
    found[rows[kept], place[kept]] = columns[kept]
    return found


def of_readers(combine: np.ufunc, cells: Cells, wanted: Wishes) -> Cells:
    """``cells``, (tastes, papers), combined over each reader's tastes: (readers, papers)."""
    counts = np.bincount(wanted.owners)
    found = cells[wanted.starts]  # ufunc.reduceat takes five times as long
    for place in range(1, counts.max()):
        more = np.flatnonzero(counts > place)
        found[more] = combine(found[more], cells[wanted.starts[more] + place])
    return found


def _heads(wanted: Wishes) -> Mask:
    """True for the ``BEST`` papers of any taste of the reader: (readers, papers)."""
    left = wanted.good.copy()
    tastes = np.arange(len(left))
    heads = np.zeros((len(wanted.starts), left.shape[1]), dtype=np.bool_)
    for _ in range(min(BEST, left.shape[1])):
        top = left.argmax(axis=1)
        some = left[tastes, top] > 0
        heads[wanted.owners[some], top[some]] = True
        left[tastes, top] = 0
    return heads


def _keys(value: Floats, must: Mask, heads: Mask) -> NDArray[np.int64]:
    """The higher, the earlier on the shortlist, no two alike in a row; 0 where a paper is out.

    Whole numbers, because a partition of equal floats keeps any of them.
    """
    rank = (must.astype(np.int64) << 1 | heads) << VALUE_BITS | value.view(np.int32)
    backwards = (1 << COLUMN_BITS) - 1 - np.arange(value.shape[1])
    return np.where(value > 0, rank << COLUMN_BITS | backwards, 0)


def _columns(keys: NDArray[np.int64], width: int) -> Indices:
    """The columns of the ``width`` highest keys of each row, ascending; beyond the last for 0."""
    count = keys.shape[1]
    top = np.partition(keys, count - width, axis=1)[:, count - width :] if width < count else keys
    columns = (1 << COLUMN_BITS) - 1 - (top & ((1 << COLUMN_BITS) - 1))
    found: Indices = np.sort(np.where(top > 0, columns, count), axis=1)
    return found


def _gathered(wanted: Wishes, columns: Indices, more: Mask) -> Shortlist:
    real = columns < len(wanted.odds)
    columns = np.where(real, columns, 0)
    tastes, owned = _tastes(wanted)
    there = owned[:, :, None] & real[:, None]
    cells = tastes[:, :, None], columns[:, None]
    relevance = np.where(there, wanted.good[cells], 0)
    must = there & wanted.must[cells]
    demanded: Mask = np.logical_or.reduce(must, axis=1)
    taste = np.where(must | ~demanded[:, None], relevance, -1).argmax(axis=1)
    own = np.take_along_axis(relevance, taste[:, None], axis=1)[:, 0]
    value = lifted(own, wanted.odds[columns])
    return Shortlist(columns, real, relevance, demanded, taste, tastes, value, more)


def _tastes(wanted: Wishes) -> tuple[Indices, Mask]:
    """Each reader's tastes as rows: (readers, most tastes), and where there is one."""
    counts = np.bincount(wanted.owners)
    place = np.arange(counts.max())
    owned = place < counts[:, None]
    return np.where(owned, wanted.starts[:, None] + place, 0), owned
