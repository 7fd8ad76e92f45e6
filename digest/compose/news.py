"""Which papers are new to these readers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.papers import Candidate

Mask = NDArray[np.bool_]


def unseen(seen: Sequence[Collection[int]], papers: Sequence[Candidate]) -> Mask:
    """True where a paper is in none of a reader's past editions: (readers, papers) bool.

    ``seen`` holds, reader by reader, the numbers of the papers their past editions held.
    """
    column = {paper.id: n for n, paper in enumerate(papers)}
    mask = np.ones((len(seen), len(papers)), dtype=np.bool_)
    for row, ids in enumerate(seen):
        mask[row, [column[number] for number in ids if number in column]] = False
    return mask


@dataclass(frozen=True, slots=True)
class Judged:
    """Papers that a reader judged, by key or by number."""

    keys: frozenset[str]
    numbers: frozenset[int]


def unjudged(judged: Sequence[Judged], papers: Sequence[Candidate]) -> Mask:
    """True where a paper is none that the reader judged: (readers, papers) bool."""
    by_key = {key: n for n, paper in enumerate(papers) for key in paper.paper.keys}
    by_number = {paper.id: n for n, paper in enumerate(papers)}
    mask = np.ones((len(judged), len(papers)), dtype=np.bool_)
    for row, one in enumerate(judged):
        mask[row, [by_key[key] for key in one.keys if key in by_key]] = False
        mask[row, [by_number[each] for each in one.numbers if each in by_number]] = False
    return mask
