"""Term lists as sparse counts, and those as unit rows weighted by how much a term tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float32]

K1, B = 1.2, 0.75
"""Lucene's own: how soon repeats of a term stop counting, and how much a paper's length does."""


Rows = NDArray[np.intp]
Columns = NDArray[np.int32]


@dataclass(frozen=True)
class Numbered:
    """Texts as numbers of terms, one after the other. ``terms``: the column of each, -1 for one
    that is left out; ``ends``: (texts + 1,) where each text starts, and the last one ends.
    """

    terms: Columns
    ends: Rows
    width: int

    def counts(self) -> csr_array:
        """How often each text holds each term: (texts, width) float32."""
        from scipy.sparse import csr_array  # late: a third of a second for `digest --help`

        indices, indptr = self.terms, self.ends
        if (known := indices >= 0).all():
            indices, indptr = indices.copy(), indptr.copy()  # they are put in order below
        else:
            indices, indptr = indices[known], np.concatenate([[0], np.cumsum(known)])[indptr]
        ones = np.ones(len(indices), dtype=np.float32)
        bags = csr_array((ones, indices, indptr), shape=(len(self.ends) - 1, self.width))
        bags.sum_duplicates()
        return bags


def counts(texts: Sequence[Sequence[str]], columns: Mapping[str, int], width: int) -> csr_array:
    """How often each text holds each term: (texts, width) float32; other terms are left out."""
    return _numbered(list(chain.from_iterable(texts)), texts, columns, width).counts()


def numbered(
    texts: Sequence[Sequence[str]], columns: Mapping[str, int]
) -> tuple[Numbered, dict[str, int]]:
    """The texts' terms by column, and the columns of those that had none: after the last, by the
    alphabet.
    """
    every = list(chain.from_iterable(texts))
    found = _numbered(every, texts, columns, len(columns))
    strange = np.flatnonzero(found.terms < 0)
    names = [every[place] for place in strange.tolist()]
    more = {term: len(columns) + n for n, term in enumerate(sorted(set(names)))}
    found.terms[strange] = [more[term] for term in names]
    return Numbered(found.terms, found.ends, len(columns) + len(more)), more


def _numbered(
    every: list[str], texts: Sequence[Sequence[str]], columns: Mapping[str, int], width: int
) -> Numbered:
    found = np.fromiter(map(columns.get, every, repeat(-1)), np.int32, len(every))
    return Numbered(found, np.cumsum([0, *map(len, texts)]), width)


def saturated(bags: csr_array, length: float, lengths: Floats | None = None) -> csr_array:
    """Counts as BM25 counts them: repeats less and less, in long texts less still.

    ``length`` is that of the average text, ``lengths`` those of these texts, where ``bags`` leave
    terms of theirs out. Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009,
    equation 3.15.
    """
    if lengths is None:
        lengths = np.asarray(bags.sum(axis=1), dtype=np.float32)
    found = bags.copy()
    found.data = bags.data / (bags.data + np.repeat(soon(lengths, length), np.diff(bags.indptr)))
    return found


def soon(lengths: Floats, length: float) -> Floats:
    """From how many repeats a term counts half, in texts of these lengths: (texts,)."""
    found: Floats = (K1 * (1 - B + B * lengths / max(length, 1.0))).astype(np.float32)
    return found


def weighted(bags: csr_array, rarity: Floats) -> csr_array:
    """Every column times the term's ``rarity``: (width,)."""
    found = bags.copy()
    found.data = bags.data * rarity[bags.indices]
    return found


def unit(bags: csr_array) -> csr_array:
    """The rows at length 1; an empty one stays empty."""
    sizes = np.diff(bags.indptr)
    squares = np.bincount(np.repeat(np.arange(len(sizes)), sizes), bags.data**2, len(sizes))
    found = bags.copy()
    found.data = bags.data / np.repeat(np.sqrt(squares), sizes).astype(np.float32)
    return found


def narrowed(bags: csr_array, width: int) -> csr_array:
    """The first columns alone: (texts, width)."""
    from scipy.sparse import csr_array

    if bags.shape[1] == width:
        return bags
    kept = bags.indices < width
    ends = np.concatenate([[0], np.cumsum(kept)])[bags.indptr]
    return csr_array((bags.data[kept], bags.indices[kept], ends), shape=(bags.shape[0], width))


def picked(bags: csr_array, columns: Rows) -> csr_array:
    """Some columns alone, in ascending order, which hold all that there is: (texts, columns)."""
    from scipy.sparse import csr_array

    place = np.zeros(bags.shape[1], dtype=np.int32)
    place[columns] = np.arange(len(columns))
    parts = bags.data, place[bags.indices], bags.indptr
    return csr_array(parts, shape=(bags.shape[0], len(columns)))
