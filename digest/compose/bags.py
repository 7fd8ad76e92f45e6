"""Term lists as sparse counts, and those as unit rows weighted by how much a term tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float32]

K1, B = 1.2, 0.75
"""Lucene's own: how soon repeats of a term stop counting, and how much a paper's length does."""


def counts(texts: Sequence[Sequence[str]], columns: Mapping[str, int], width: int) -> csr_array:
    """How often each text holds each term: (texts, width) float32; other terms are left out."""
    from scipy.sparse import csr_array  # late: a third of a second that `digest --help` can spare

    ends = np.cumsum([0, *map(len, texts)])
    every = map(columns.get, chain.from_iterable(texts), repeat(-1))
    found = np.fromiter(every, np.int32, ends[-1])
    known = found >= 0
    indices, indptr = found[known], np.concatenate([[0], np.cumsum(known)])[ends]
    ones = np.ones(len(indices), dtype=np.float32)
    bags = csr_array((ones, indices, indptr), shape=(len(texts), width))
    bags.sum_duplicates()
    return bags


def columns_of(texts: Iterable[Iterable[str]], known: Mapping[str, int]) -> dict[str, int]:
    """The known terms' columns, and after them one for every other term of the texts."""
    columns = dict(known)
    for term in sorted(set(chain.from_iterable(texts)) - columns.keys()):
        columns[term] = len(columns)
    return columns


def saturated(bags: csr_array, length: float) -> csr_array:
    """Counts as BM25 counts them: repeats less and less, in long texts less still.

    ``length`` is that of the average text. Robertson and Zaragoza, "The Probabilistic Relevance
    Framework", 2009, equation 3.15.
    """
    lengths = np.asarray(bags.sum(axis=1), dtype=np.float32)
    soon = K1 * (1 - B + B * lengths / max(length, 1.0))
    found = bags.copy()
    found.data = bags.data / (bags.data + np.repeat(soon, np.diff(bags.indptr)))
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
