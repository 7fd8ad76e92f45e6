"""Why a paper is where it is: what its chance would lose without each thing that speaks for it.

Every share is a difference: the chance of the paper, less its chance when that one liked paper,
wish, author, category or source had never been stated and everything else stayed, what is usual
for the taste included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from digest.compose import leanings
from digest.compose.bags import Columns
from digest.compose.language import words
from digest.compose.phrases import spread
from digest.compose.placing import halves
from digest.compose.profiles import Wish
from digest.compose.ranking import (
    LIKED_CURVE,
    WRITTEN_CURVE,
    Ranking,
    bounded,
    joined,
    regret,
)
from digest.compose.signals import NEAREST, blocks
from digest.compose.spaces import Floats
from digest.editions import Reason, ReasonKind

NAMED = 4
"""Of a taste's liked papers and wishes, those looked at: what speaks most for a paper."""

BLOCK = 200_000
"""Liked papers and wishes, counted for each pair, that are looked at together."""

CACHED = 500
"""Rows of places multiplied at a time: few enough to stay in a processor's cache."""

Rows = NDArray[np.intp]
Pair = tuple[int, int]
"""A taste and a paper, by row and column."""


def reasons(
    ranking: Ranking,
    pairs: Sequence[Pair],
    *,
    least: Sequence[float] | None = None,
    most: int | None = None,
) -> list[tuple[Reason, ...]]:
    """The reasons of each pair, largest first; only what raises the chance is one.

    ``least``: of each pair the share that a reason has at least; ``most``: how many are given.
    """
    found: list[tuple[Reason, ...]] = []
    cells = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    bars = np.zeros(len(cells)) if least is None else np.array(least, dtype=np.float64)
    sizes = ranking.desk.liked.sizes + np.diff(ranking.found.starts)
    for block in blocks(sizes[cells[:, 0]], BLOCK):
        found += _reasons(_Asked(ranking, cells[block]), bars[block], most)
    return found


@dataclass(frozen=True)
class _Parts:
    """What may speak for pairs, (parts,) each: the pair and the chance it loses without. ``named``
    gives the kind and the name of a part.
    """

    pairs: Rows
    shares: Floats
    named: Callable[[int], tuple[ReasonKind, str]]


def _reasons(
    asked: _Asked, bars: NDArray[np.float64], most: int | None
) -> list[tuple[Reason, ...]]:
    found: list[list[tuple[float, str, ReasonKind]]] = [[] for _ in asked.pairs]
    for parts in (_of_wishes(asked), _of_likes(asked), _of_leanings(asked)):
        if parts is None:
            continue
        worth = np.flatnonzero((parts.shares > 0) & (parts.shares >= bars[parts.pairs]))
        lines = zip(
            worth.tolist(), parts.pairs[worth].tolist(), parts.shares[worth].tolist(), strict=True
        )
        for part, pair, share in lines:
            kind, name = parts.named(part)
            found[pair].append((-share, name, kind))
    return [_merged(each, most) for each in found]


def _merged(parts: list[tuple[float, str, ReasonKind]], most: int | None) -> tuple[Reason, ...]:
    """Reasons, largest first; of those of one kind and name the largest."""
    if len(parts) > 1:
        parts.sort()
        first = {part[1:]: part for part in reversed(parts)}
        if len(first) < len(parts):
            parts = sorted(first.values())
    return tuple([Reason(kind, name, -share) for share, name, kind in parts[:most]])


@dataclass(frozen=True)
class _Asked:
    """The pairs whose reasons are asked for. ``pairs``: (pairs, 2)."""

    ranking: Ranking
    pairs: Rows

    @property
    def tastes(self) -> Rows:
        return self.pairs[:, 0]

    @property
    def papers(self) -> Rows:
        return self.pairs[:, 1]

    def without(
        self,
        pair: Rows,
        *,
        liked: Floats | float = 0.0,
        written: Floats | float = 0.0,
        odds: Floats | float = 0.0,
        alone: NDArray[np.bool_] | bool = False,
    ) -> Floats:
        """What the chance of each ``pair`` loses when its sums and its log-odds are lower by so
        much, infinitely where the taste would state nothing of the kind any more; and ``alone``
        when it has nothing to stand on alone.
        """
        ranking, leaning = self.ranking, self.ranking.leaning
        tastes, papers = self.tastes[pair], self.papers[pair]
        likes = LIKED_CURVE.odds(ranking.liked.total[tastes, papers] - np.float32(liked))
        met = WRITTEN_CURVE.odds(ranking.written.total[tastes, papers] - np.float32(written))
        met *= regret(ranking.disliked.total[tastes, papers])
        likes[~ranking.liked.stated[tastes]] = 0
        met[~ranking.written.stated[tastes]] = 0
        row = leaning.row[tastes]
        base = np.where(alone, np.float32(leanings.BASE), leaning.alone[row, papers])
        moved = bounded(leaning.odds[row, papers] - np.float32(odds)) * leaning.weight[tastes, 0]
        lost: Floats = ranking.relevance[tastes, papers] - joined(likes, met, base, moved)
        return lost


def _highest(owners: Rows, values: Floats) -> tuple[Rows, Rows]:
    """The elements, the highest of each owner first, and the place of each among its owner's.

    ``owners`` ascend; equal values stay in their order.
    """
    order = np.lexsort((-values, owners))
    return order, np.arange(len(owners)) - np.searchsorted(owners, owners)


def _dots(left: Floats, rows: Rows, right: Floats, columns: Rows) -> Floats:
    """Products of rows of the left with rows of the right: (elements,)."""
    found = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), CACHED):
        some = slice(start, start + CACHED)
        both = left[rows[some]]
        both *= right[columns[some]]
        both.sum(axis=1, out=found[some])
    return found


# What was written -------------------------------------------------------------------------------


def _of_wishes(asked: _Asked) -> _Parts | None:
    """The wishes that each paper meets best, each with what the sum loses without it."""
    found, scale = asked.ranking.found, asked.ranking.written.scale
    starts = found.starts[asked.tastes]
    pairs, wishes = spread(starts, found.starts[asked.tastes + 1] - starts)
    if not len(pairs):
        return None
    parts = found.sought.parts
    sizes = np.diff(parts.indptr)[found.which[wishes]]
    owners, places = spread(parts.indptr[found.which[wishes]].astype(np.intp), sizes)
    values = _cells(asked, parts.indices[places], asked.papers[pairs[owners]])
    met = np.bincount(owners, parts.data[places] * values, len(pairs)).astype(np.float32)
    some = np.flatnonzero(met)
    order, place = _highest(pairs[some], met[some])
    best = some[order[place < NAMED]]
    tastes = asked.tastes[pairs[best]]
    lost = met[best] / found.well[tastes, 0] * scale["terms"][tastes, 0]
    lost += _moved(asked, pairs[best], wishes[best])
    starts = (np.cumsum(sizes) - sizes)[best]
    begin, end = starts.tolist(), (starts + sizes[best]).tolist()
    met_whole = (values[starts] > 0).tolist()
    every = [found.sought.wishes[which] for which in found.which[wishes[best]].tolist()]

    def named(part: int) -> tuple[ReasonKind, str]:
        wish = every[part]
        if met_whole[part] and len(wish.phrases) == 1:
            return "term", wish.label
        return "term", _label(wish, values[begin[part] : end[part]])

    return _Parts(pairs[best], asked.without(pairs[best], written=lost), named)


def _cells(asked: _Asked, sought: Rows | Columns, papers: Rows) -> Floats:
    """What each thing that is sought is worth in a paper, element by element."""
    worth, known = asked.ranking.found.sought.worth, asked.ranking.found.sought.cells
    if not len(known):
        return np.zeros(len(papers), dtype=np.float32)
    cells = sought * np.int64(worth.shape[1]) + papers
    places = np.minimum(np.searchsorted(known, cells), len(known) - 1)
    return np.where(known[places] == cells, worth.data[places], np.float32(0))


def _moved(asked: _Asked, pairs: Rows, wishes: Rows) -> Floats:
    """What the sum loses because all else that was written stands elsewhere: (elements,).

    Infinitely much where nothing else was written.
    """
    ranking, placed = asked.ranking, asked.ranking.desk.placed
    some, element = np.unique(wishes, return_inverse=True)
    terms, ends = _others(asked, some)
    empty = (np.diff(ends) == 0)[element]
    lost = np.where(empty, np.float32(np.inf), np.float32(0))
    tastes, papers = asked.tastes[pairs], asked.papers[pairs]
    owners = np.searchsorted(ranking.found.starts, some, side="right") - 1
    for name, others in placed.said(terms, ends).items():
        scale = ranking.written.scale.get(f"{name} centred")
        if scale is not None:
            np.subtract(ranking.places[f"{name} centred"][owners], others, out=others)
            stand = placed.dense[name][:, : others.shape[1]]
            lost += _dots(others, element, stand, papers) * scale[tastes, 0]
    return lost


def _others(asked: _Asked, wishes: Rows) -> tuple[Columns, Rows]:
    """The terms of the other wishes of each wish's taste, those of the same label left out too:
    all of them, and where those of each start.
    """
    found = asked.ranking.found
    owners = np.searchsorted(found.starts, wishes, side="right") - 1
    begin, end = found.said.ends[found.starts[owners]], found.said.ends[found.starts[owners + 1]]
    element, places = spread(begin, end - begin)
    labels = found.sought.labels[found.which]
    kept = labels[found.said.owners[places]] != labels[wishes][element]
    ends = np.concatenate([[0], np.cumsum(np.bincount(element[kept], minlength=len(wishes)))])
    return found.said.terms[places[kept]], ends


_words = lru_cache(maxsize=4096)(words)


def _label(wish: Wish, values: Floats) -> str:
    """The words the paper meets of a wish that it does not meet whole, or of alternatives.

    ``values``: what each part of the wish is worth in the paper.
    """
    if len(wish.phrases) > 1:
        names = [name.strip() for name in wish.label.split("|")]
        if len(names) == len(wish.phrases):
            return names[int(values[1:].argmax())]
        return " or ".join(names)
    held = {term for term, value in zip(wish.phrases[0], values[1:], strict=True) if value > 0}
    return " ".join(word for word, term in _words(wish.label) if term in held)


# What was judged --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Likes:
    """The liked papers that are nearest to each paper, the nearest first.

    ``pairs``, ``places``: whose, and where in the group of what was liked; ``lost``: what the
    signals of shared terms lose without each, times their scale; all (elements,).
    """

    pairs: Rows
    places: Rows
    lost: Floats


def _of_likes(asked: _Asked) -> _Parts | None:
    """The liked papers nearest to each paper, each with what the sum loses without it."""
    likes, labels = _likes(asked), asked.ranking.desk.liked.labels
    if likes is None:
        return None
    lost = likes.lost + _turned(asked, likes)
    places = likes.places.tolist()
    return _Parts(
        likes.pairs,
        asked.without(likes.pairs, liked=lost),
        lambda part: ("example", labels[places[part]]),
    )


def _likes(asked: _Asked) -> _Likes | None:
    desk, group = asked.ranking.desk, asked.ranking.desk.liked
    pairs, places = spread(group.starts[asked.tastes], group.sizes[asked.tastes])
    if not len(pairs):
        return None
    cosines, rows = desk.cosines(group.rows[places])
    weights = group.weights[places]
    values = cosines[rows, asked.papers[pairs]] * weights
    order, rank = _highest(pairs, values)
    lost = _lost(asked, pairs, values, weights, order, rank)
    best = order[rank < NAMED]
    return _Likes(pairs[best], places[best], lost[rank < NAMED])


def _lost(
    asked: _Asked, pairs: Rows, values: Floats, weights: Floats, order: Rows, rank: Rows
) -> Floats:
    """What "mean" and "nearest" lose without each liked paper, times their scale, in that order.

    Infinitely much without the only one.
    """
    scale, tastes = asked.ranking.liked.scale, asked.tastes
    many = np.bincount(pairs, minlength=len(tastes))
    total = np.bincount(pairs, values, len(tastes))
    weight = np.bincount(pairs, weights, len(tastes))
    top = np.zeros((len(tastes), NEAREST + 1), dtype=np.float32)
    high = rank <= NEAREST
    top[pairs[order][high], rank[high]] = values[order][high]
    pair, value = pairs[order], values[order]
    left = np.maximum(weight[pair] - weights[order], 1e-9)
    mean = total[pair] / weight[pair] - (total[pair] - value) / left
    sums = np.cumsum(top, axis=1)
    kept = np.minimum(NEAREST, many[pair] - 1)
    among = np.where(rank <= kept, sums[pair, kept] - value, sums[pair, kept - 1])
    full = np.minimum(NEAREST, many[pair])
    nearest = sums[pair, full - 1] / full - among / np.maximum(kept, 1)
    taste = tastes[pair]
    lost = mean * scale["mean"][taste, 0] + nearest * scale["nearest"][taste, 0]
    return np.where(many[pair] > 1, lost, np.inf).astype(np.float32)


def _turned(asked: _Asked, likes: _Likes) -> Floats:
    """What the sum loses because the mean of the other liked papers stands elsewhere."""
    ranking, desk = asked.ranking, asked.ranking.desk
    rows, weights = desk.liked.rows[likes.places], desk.liked.weights[likes.places]
    tastes, row = np.unique(asked.tastes, return_inverse=True)
    owner, papers = row[likes.pairs], asked.papers[likes.pairs]
    lost = np.zeros(len(owner), dtype=np.float32)
    for name, places in desk.judged.dense.items():
        sums = np.asarray(desk.liked.of(tastes, len(places)) @ places, dtype=np.float32)
        for kind, half in halves(places.shape[1]):
            scale = ranking.liked.scale.get(f"{name} {kind}")
            if scale is None:
                continue
            stand, judged, mine = desk.placed.dense[name][:, half], places[:, half], sums[:, half]
            whole = _dots(mine, row, stand, asked.papers)[likes.pairs]
            length = np.square(mine).sum(axis=1)[owner]
            near = _dots(judged, rows, stand, papers) * weights
            own = _dots(judged, rows, mine, owner) * weights
            known = judged[rows].any(axis=1) * weights**2
            rest = np.maximum(length - 2 * own + known, 1e-12)
            lost += (
                whole / np.sqrt(np.maximum(length, 1e-12)) - (whole - near) / np.sqrt(rest)
            ) * scale[asked.tastes[likes.pairs], 0]
    return lost


# What is preferred ------------------------------------------------------------------------------


def _of_leanings(asked: _Asked) -> _Parts:
    ranking, facts = asked.ranking, asked.ranking.desk.placed.facts
    some = np.flatnonzero(ranking.leaning.row[asked.tastes])
    found = [
        (pair, *one)
        for pair, (taste, paper) in zip(some.tolist(), asked.pairs[some].tolist(), strict=True)
        for one in leanings.reasons(
            ranking.tastes[taste], facts, paper, must=bool(ranking.must[taste, paper])
        )
    ]
    pairs = np.array([pair for pair, *_ in found], dtype=np.intp)
    odds = np.array([lost for *_, lost, _ in found], dtype=np.float32)
    alone = np.array([only for *_, only in found], dtype=np.bool_)
    shares = asked.without(pairs, odds=odds, alone=alone)
    return _Parts(pairs, shares, lambda part: found[part][1:3])
