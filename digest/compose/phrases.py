"""What words and phrases are worth in the papers of a window, by BM25: looked up, not searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digest.compose import bags as counting
from digest.compose.background import Background
from digest.compose.profiles import Phrase
from digest.compose.spaces import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

RARER = 1.0
"""By how much a phrase is taken to be rarer than its rarest word: e times."""

FEW = 100
"""Phrases that are looked for one by one: to sort all pairs takes as long as to look for more."""

Rows = NDArray[np.intp]


class Phrases:
    """The texts of papers and reference, so kept that words and phrases are found in them."""

    def __init__(
        self,
        columns: Mapping[str, int],
        texts: counting.Numbered,
        counts: csr_array,
        background: Background,
    ) -> None:
        self._columns, self._unknown = columns, background.unknown
        self._rarity = background.rarities(texts.width)
        self._often = counts.T.tocsr()
        self._soon = counting.soon(np.diff(texts.ends).astype(np.float32), background.length)
        self._terms = np.append(texts.terms, -1)
        self._text = np.repeat(np.arange(len(texts.ends) - 1), np.diff(texts.ends))
        self._ends = texts.ends[1:]
        self._pairs = self._pair(texts.terms[:-1], texts.terms[1:])

    def _pair(self, first: counting.Columns, second: counting.Columns) -> NDArray[np.int64]:
        return first.astype(np.int64) * len(self._columns) + second

    @cached_property
    def _sorted(self) -> tuple[Rows, NDArray[np.int64]]:
        """The places of the pairs by what they are, and the pairs in that order."""
        order = np.argsort(self._pairs, kind="stable")
        return order, self._pairs[order]

    def _found(self, pairs: NDArray[np.int64]) -> tuple[Rows, Rows]:
        """Which of these pairs stands where, pair by pair, place by place."""
        if len(pairs) <= FEW:
            places = [np.flatnonzero(self._pairs == pair) for pair in pairs]
            owners = np.repeat(np.arange(len(pairs)), [len(each) for each in places])
            return owners, np.concatenate([np.zeros(0, dtype=np.intp), *places])
        order, known = self._sorted
        first = np.searchsorted(known, pairs, side="left")
        owners, hits = spread(first, np.searchsorted(known, pairs, side="right") - first)
        return owners, order[hits]

    def worth(self, phrases: Sequence[Phrase]) -> tuple[csr_array, Floats]:
        """BM25's worth of each phrase in each text, (phrases, texts), and at most, (phrases,).

        Words are as rare as the background says; a phrase of several is a little rarer than the
        rarest of its words, for the background counts no phrases.
        """
        sizes = np.array([len(phrase) for phrase in phrases], dtype=np.intp)
        every = chain.from_iterable(phrases)
        terms = np.fromiter(map(self._columns.get, every, repeat(-1)), np.int32, sizes.sum())
        starts = np.cumsum(sizes) - sizes
        rarity = self._rarest(terms, starts)
        rarity[sizes > 1] = np.minimum(rarity[sizes > 1] + np.float32(RARER), self._unknown)
        worth = self._counts(terms, starts, sizes)
        often = worth.data
        worth.data = np.repeat(rarity, np.diff(worth.indptr)) * often
        worth.data /= self._soon[worth.indices] + often
        return worth, rarity

    def _rarest(self, terms: counting.Columns, starts: Rows) -> Floats:
        """The rarity of the rarest term of each phrase."""
        each = np.where(terms >= 0, self._rarity[terms], np.float32(self._unknown))
        return np.maximum.reduceat(each, starts) if len(starts) else each

    def _counts(self, terms: counting.Columns, starts: Rows, sizes: Rows) -> csr_array:
        """How often each text holds each phrase: (phrases, texts)."""
        from scipy.sparse import csr_array  # late, as everywhere

        single = (sizes == 1) & (terms[starts] >= 0)
        begins = np.where(single, self._often.indptr[terms[starts]], 0).astype(np.intp)
        ends = np.where(single, self._often.indptr[terms[starts] + 1], 0).astype(np.intp)
        owners, places = spread(begins, ends - begins)
        several = np.flatnonzero(sizes > 1)
        held, where = self._held(terms, starts[several], sizes[several])
        data = np.concatenate([self._often.data[places], np.ones(len(held), dtype=np.float32)])
        rows = np.concatenate([owners, several[held]])
        texts = np.concatenate([self._often.indices[places].astype(np.intp), where])
        if len(held):  # those of several words come last, and belong between the others
            order = np.lexsort((texts, rows))
            data, rows, texts = data[order], rows[order], texts[order]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(sizes)))])
        found = csr_array((data, texts, indptr), shape=(len(sizes), len(self._soon)))
        found.sum_duplicates()
        return found

    def _held(self, terms: counting.Columns, starts: Rows, sizes: Rows) -> tuple[Rows, Rows]:
        """A phrase of several words and a text, each time that the text holds the phrase."""
        known = (terms[starts] >= 0) & (terms[starts + 1] >= 0) if len(starts) else starts
        pairs = np.where(known, self._pair(terms[starts], terms[starts + 1]), -1)
        owners, places = self._found(pairs)
        fits = places + sizes[owners] <= self._ends[self._text[places]]
        for step in range(2, sizes.max(initial=0)):
            asked = step < sizes[owners]
            seen = self._terms[np.minimum(places + step, len(self._terms) - 1)]
            wanted = terms[np.minimum(starts[owners] + step, len(terms) - 1)]
            fits &= ~asked | (seen == wanted)
        return owners[fits], self._text[places[fits]]


def spread(starts: Rows, sizes: Rows) -> tuple[Rows, Rows]:
    """Of runs that start there and are so long: the run of each element, and its place."""
    owners = np.repeat(np.arange(len(sizes)), sizes)
    before = np.cumsum(sizes) - sizes
    return owners, np.arange(len(owners)) + (starts - before)[owners]
