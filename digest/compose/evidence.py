"""Why a paper is where it is: what its chance would lose without each thing that speaks for it.

Every share is a difference: the chance of the paper, less its chance when that one liked paper,
wish, author, category or source had never been stated and everything else stayed, what is usual
for the taste included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from digest.compose import leanings
from digest.compose.language import words
from digest.compose.profiles import Taste, Wish
from digest.compose.ranking import (
    LIKED_CURVE,
    WRITTEN_CURVE,
    Ranking,
    joined,
    regret,
    sigmoid,
)
from digest.compose.signals import NEAREST, blocks, halves, said
from digest.compose.spaces import Floats
from digest.editions import Reason, ReasonKind

NAMED = 4
"""Of a taste's liked papers and wishes, those looked at: what speaks most for a paper."""

BLOCK = 200_000
"""Liked papers and wishes, counted for each pair, that are looked at together."""

CACHED = 1_000
"""Rows of places multiplied at a time: few enough to stay in a processor's cache."""

Rows = NDArray[np.intp]
Pair = tuple[int, int]
"""A taste and a paper, by row and column."""

Part = tuple[int, ReasonKind, str, float]
"""What speaks for a pair, by its place: the kind, its name, the chance lost without it."""


def reasons(ranking: Ranking, pairs: Sequence[Pair]) -> list[tuple[Reason, ...]]:
    """The reasons of each pair, largest first; only what raises the chance is one."""
    found: list[tuple[Reason, ...]] = []
    sizes = [len(ranking.tastes[n].liked) + len(ranking.tastes[n].wishes) for n, _ in pairs]
    for block in blocks(np.array(sizes, dtype=np.intp), BLOCK):
        found += _reasons(_Asked(ranking, np.array(pairs[block], dtype=np.intp)))
    return found


def _reasons(asked: _Asked) -> list[tuple[Reason, ...]]:
    merged: list[dict[tuple[ReasonKind, str], float]] = [{} for _ in asked.tastes]
    for parts in (_of_wishes(asked), _of_likes(asked), _of_leanings(asked)):
        for pair, kind, text, share in parts:
            if share > merged[pair].get((kind, text), 0.0):
                merged[pair][kind, text] = share
    return [
        tuple(
            Reason(kind, text, share)
            for (kind, text), share in sorted(
                each.items(), key=lambda one: (-one[1], one[0][1], one[0][0])
            )
        )
        for each in merged
    ]


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
    ) -> list[float]:
        """What the chance of each ``pair`` loses when its sums and its log-odds are lower by so
        much, infinitely where the taste would state nothing of the kind any more; and ``alone``
        when it has nothing to stand on alone.
        """
        ranking, cells = self.ranking, (self.tastes[pair], self.papers[pair])
        likes = LIKED_CURVE.odds(ranking.liked.total[cells] - np.float32(liked))
        met = WRITTEN_CURVE.odds(ranking.written.total[cells] - np.float32(written))
        met = met - regret(ranking.disliked.total[cells])
        base = np.where(alone, np.float32(leanings.BASE), ranking.leaning.alone[cells])
        left = joined(
            np.where(ranking.liked.stated[cells[0]], sigmoid(likes), np.float32(0)),
            np.where(ranking.written.stated[cells[0]], sigmoid(met), np.float32(0)),
            base,
            ranking.leaning.odds[cells] - np.float32(odds),
        )
        lost: list[float] = (ranking.relevance[cells] - left).tolist()
        return lost


def _spread(starts: Rows, sizes: Rows) -> tuple[Rows, Rows]:
    """Of runs that start there and are so long: the run of each element, and its place."""
    owners = np.repeat(np.arange(len(sizes)), sizes)
    before = np.cumsum(sizes) - sizes
    return owners, np.arange(len(owners)) + (starts - before)[owners]


def _highest(owners: Rows, values: Floats) -> tuple[Rows, Rows]:
    """The elements, the highest of each owner first, and the place of each among its owner's.

    ``owners`` ascend; equal values stay in their order.
    """
    order = np.lexsort((np.arange(len(owners)), -values, owners))
    return order, np.arange(len(owners)) - np.searchsorted(owners, owners)


def _dots(left: Floats, rows: Rows, right: Floats, columns: Rows) -> Floats:
    """Products of rows of the left with rows of the right, by halves: (2, elements)."""
    found = np.zeros((2, len(rows)), dtype=np.float32)
    for start in range(0, len(rows), CACHED):
        some = slice(start, start + CACHED)
        both = left[rows[some]] * right[columns[some]]
        for n, (_, half) in enumerate(halves(left.shape[1])):
            found[n, some] = both[:, half].sum(axis=1)
    return found


# What was written -------------------------------------------------------------------------------


def _of_wishes(asked: _Asked) -> Iterator[Part]:
    """The wishes that each paper meets best, each with what the sum loses without it."""
    found, scale = asked.ranking.found, asked.ranking.written.scale
    starts = found.starts[asked.tastes]
    pairs, wishes = _spread(starts, found.starts[asked.tastes + 1] - starts)
    if not len(pairs):
        return
    sizes = np.diff(found.parts.indptr)[wishes]
    owners, parts = _spread(found.parts.indptr[wishes].astype(np.intp), sizes)
    sought = found.parts.indices[parts].astype(np.intp)
    values = _cells(asked, sought, asked.papers[pairs[owners]])
    met = np.bincount(owners, found.parts.data[parts] * values, len(pairs)).astype(np.float32)
    order, places = _highest(pairs, met)
    best = order[(places < NAMED) & (met[order] > 0)]
    tastes = asked.tastes[pairs[best]]
    lost = met[best] / found.well[tastes, 0] * scale["terms"][tastes, 0]
    lost += _moved(asked, pairs[best], wishes[best])
    starts = (np.cumsum(sizes) - sizes)[best]
    every = [wish for taste in asked.ranking.tastes for wish in taste.wishes]
    shares = asked.without(pairs[best], written=lost)
    listed = (pairs[best], wishes[best], starts, starts + sizes[best])
    lines = zip(*(each.tolist() for each in listed), shares, strict=True)
    for pair, wish, start, end, share in lines:
        yield pair, "term", _label(every[wish], values[start:end]), share


def _cells(asked: _Asked, sought: Rows, papers: Rows) -> Floats:
    """What each thing that is sought is worth in a paper, element by element."""
    worth = asked.ranking.found.worth
    width = worth.shape[1]
    rows = np.repeat(np.arange(worth.shape[0]), np.diff(worth.indptr))
    known = rows * width + worth.indices
    order = np.argsort(known, kind="stable")
    cells = sought * width + papers
    places = np.minimum(np.searchsorted(known[order], cells), len(known) - 1)
    if not len(known):
        return np.zeros(len(cells), dtype=np.float32)
    hit = known[order[places]] == cells
    return np.where(hit, worth.data[order[places]], np.float32(0))


def _moved(asked: _Asked, pairs: Rows, wishes: Rows) -> Floats:
    """What the sum loses because all else that was written stands elsewhere: (elements,).

    Infinitely much where nothing else was written.
    """
    ranking = asked.ranking
    some, element = np.unique(wishes, return_inverse=True)
    owners = np.searchsorted(ranking.found.starts, some, side="right") - 1
    tastes, whole = np.unique(owners, return_inverse=True)
    mine = zip(owners.tolist(), (some - ranking.found.starts[owners]).tolist(), strict=True)
    texts = [_others(ranking.tastes[taste], wish) for taste, wish in mine]
    all_texts = [*texts, *(said(ranking.tastes[taste]) for taste in tastes.tolist())]
    empty = np.array([not text for text in texts], dtype=np.bool_)[element]
    lost = np.where(empty, np.float32(np.inf), np.float32(0))
    cells, papers = (asked.tastes[pairs], asked.papers[pairs])
    tfidf = ranking.desk.background.rows(all_texts, ranking.desk.columns)
    for name, space in ranking.desk.spaces.items():
        scale = ranking.written.scale.get(f"{name} centred")
        if scale is None:
            continue
        rows = space.frame.centred(space.known(tfidf))
        change = rows[len(texts) + whole] - rows[: len(texts)]
        half = ranking.desk.papers.dense[name].shape[1] // 2
        stand = ranking.desk.papers.dense[name][:, :half] @ space.frame.turn.T
        gone = _dots(change, element, stand, papers).sum(axis=0)
        lost += gone * scale[cells, 0]
    return lost


def _others(taste: Taste, wish: int) -> tuple[str, ...]:
    """The terms of a taste's other wishes, those of the same label left out too."""
    label = taste.wishes[wish].label
    kept = (one for one in taste.wishes if one.label != label)
    return tuple(term for one in kept for phrase in one.phrases for term in phrase)


_words = lru_cache(maxsize=4096)(words)


def _label(wish: Wish, values: Floats) -> str:
    """The words the paper meets: of alternatives the best, of a phrase not met whole its words.

    ``values``: what each part of the wish is worth in the paper.
    """
    if len(wish.phrases) > 1:
        names = [name.strip() for name in wish.label.split("|")]
        if len(names) == len(wish.phrases):
            return names[int(values[1:].argmax())]
        return " or ".join(names)
    if values[0] > 0:
        return wish.label
    held = {term for term, value in zip(wish.phrases[0], values[1:], strict=True) if value > 0}
    return " ".join(word for word, term in _words(wish.label) if term in held)


# What was judged --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Likes:
    """The liked papers that are nearest to each paper, the nearest first.

    ``pairs``, ``rows``, ``weights``: whose, where on the desk, and what they count; ``lost``: what
    the signals of shared terms lose without each, times their scale; all (elements,).
    """

    pairs: Rows
    rows: Rows
    weights: Floats
    lost: Floats
    labels: list[str]


def _of_likes(asked: _Asked) -> Iterator[Part]:
    """The liked papers nearest to each paper, each with what the sum loses without it."""
    likes = _likes(asked)
    if likes is None:
        return
    lost = likes.lost + _turned(asked, likes)
    shares = asked.without(likes.pairs, liked=lost)
    for pair, label, share in zip(likes.pairs.tolist(), likes.labels, shares, strict=True):
        yield pair, "example", label, share


def _likes(asked: _Asked) -> _Likes | None:
    ranking = asked.ranking
    tastes, row = np.unique(asked.tastes, return_inverse=True)
    liked = [one for taste in tastes.tolist() for one in ranking.tastes[taste].liked]
    if not liked:
        return None
    sizes = np.array([len(ranking.tastes[taste].liked) for taste in tastes], dtype=np.intp)
    pairs, places = _spread((np.cumsum(sizes) - sizes)[row], sizes[row])
    number = np.array([ranking.desk.number[one.name] for one in liked], dtype=np.intp)
    weights = np.array([one.weight for one in liked], dtype=np.float32)[places]
    cosines, rows = ranking.desk.cosines(number)
    values = cosines[rows[places], asked.papers[pairs]] * weights
    order, rank = _highest(pairs, values)
    lost = _lost(asked, pairs, values, weights, order, rank)
    best = order[rank < NAMED]
    return _Likes(
        pairs[best],
        number[places[best]],
        weights[best],
        lost[rank < NAMED],
        [liked[place].label for place in places[best].tolist()],
    )


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
    tastes, row = np.unique(asked.tastes, return_inverse=True)
    owner, papers = row[likes.pairs], asked.papers[likes.pairs]
    lost = np.zeros(len(owner), dtype=np.float32)
    for name, places in desk.judged.dense.items():
        sums = _sums(ranking, tastes, places)
        near = _dots(places, likes.rows, desk.papers.dense[name], papers) * likes.weights
        own = _dots(places, likes.rows, sums, owner) * likes.weights
        square = _dots(places, likes.rows, places, likes.rows) * likes.weights**2
        whole = _dots(sums, owner, desk.papers.dense[name], papers)
        length = _dots(sums, owner, sums, owner)
        rest = np.maximum(length - 2 * own + square, 1e-12)
        signal = whole / np.sqrt(np.maximum(length, 1e-12)) - (whole - near) / np.sqrt(rest)
        for n, (kind, _) in enumerate(halves(places.shape[1])):
            scale = ranking.liked.scale.get(f"{name} {kind}")
            if scale is not None:
                lost += signal[n] * scale[asked.tastes[likes.pairs], 0]
    return lost


def _sums(ranking: Ranking, tastes: Rows, places: Floats) -> Floats:
    """The weighted sum of the places of what each taste liked: (tastes, 2 d)."""
    from scipy.sparse import csr_array  # late, as everywhere

    liked = [ranking.tastes[taste].liked for taste in tastes.tolist()]
    ends = np.cumsum([0, *map(len, liked)])
    rows = [ranking.desk.number[one.name] for each in liked for one in each]
    weights = np.array([one.weight for each in liked for one in each], dtype=np.float32)
    mean = csr_array((weights, rows, ends), shape=(len(liked), len(places)))
    return np.asarray(mean @ places, dtype=np.float32)


# What is preferred ------------------------------------------------------------------------------


def _of_leanings(asked: _Asked) -> Iterator[Part]:
    ranking = asked.ranking
    found = [
        (pair, *one)
        for pair, (taste, paper) in enumerate(asked.pairs.tolist())
        for one in leanings.reasons(
            ranking.tastes[taste],
            ranking.leaning.facts,
            paper,
            must=bool(ranking.must[taste, paper]),
        )
    ]
    pairs = np.array([pair for pair, *_ in found], dtype=np.intp)
    odds = np.array([lost for *_, lost, _ in found], dtype=np.float32)
    alone = np.array([only for *_, only in found], dtype=np.bool_)
    shares = asked.without(pairs, odds=odds, alone=alone)
    for (pair, kind, text, _, _), share in zip(found, shares, strict=True):
        yield pair, kind, text, share
