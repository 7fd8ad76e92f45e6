"""What papers are besides relevant: their topics, repeats, sources and trend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Bits = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BLOCK = 512
"""Papers compared with papers at a time: a megabyte of cosines. A multiple of a byte's 8 bits."""

FEW = 100
"""Close pairs in a block that are noted one by one in less time than all of its bits."""

ROUNDING = 1e-6
"""How far below its true value the cosine of two float32 vectors may come out."""


@dataclass(frozen=True)
class Traits:
    """Of every paper, by column.

    ``topics`` and ``sources``: (papers,), the same number where two papers share one; a topic's
    is the column of the paper in its middle. ``trend``: (papers,), 0 or more. ``repeats``:
    (papers, papers / 8), a bit for every pair, read by ``repeat``.
    """

    topics: Indices
    sources: Indices
    trend: Floats
    repeats: Bits

    def repeat(self, one: Indices, other: Indices) -> Mask:
        """True where the two papers say nearly the same; the columns broadcast."""
        bits: Mask = (self.repeats[one, other >> 3] & (128 >> (other & 7))) != 0
        return bits


def traits(
    vectors: Floats, sources: Indices, trend: Floats, *, near_repeat: float, same_topic: float
) -> Traits:
    """The traits of the papers of a window: the same for every batch of readers.

    ``vectors``: (papers, d) of length 1, or 0 where nothing is known of a paper, which then
    repeats nothing and is a topic of its own. Two papers whose cosine reaches ``near_repeat``
    are near-repeats. A topic is a paper and all within ``same_topic`` of it that are in no other
    yet, beginning with the paper that has most of them (Butina, "Unsupervised data base
    clustering based on Daylight's fingerprint and Tanimoto similarity", 1999).
    """
    repeats, close = _alike(vectors, (near_repeat, same_topic))
    return Traits(_topics(close), sources, trend, repeats)


def _alike(vectors: Floats, bars: tuple[float, ...]) -> list[Bits]:
    """For each bar the pairs whose cosine reaches it: (papers, papers / 8), symmetric.

    Each block is written to both sides of the diagonal: computed twice, it may differ in a bit.
    """
    count = len(vectors)
    found = [np.zeros((count, -(-count // 8)), dtype=np.uint8) for _ in bars]
    for top in range(0, count, BLOCK):
        rows = vectors[top : top + BLOCK]
        for left in range(top, count, BLOCK):
            cosines = rows @ vectors[left : left + BLOCK].T
            for bits, bar in zip(found, bars, strict=True):
                _write(bits, cosines >= bar - ROUNDING, top, left)
    return found


def _write(bits: Bits, close: Mask, top: int, left: int) -> None:
    """Note the pairs of a block: one by one where they are few, as nearly everywhere."""
    height, width = close.shape
    if np.count_nonzero(close) > FEW:
        bits[top : top + height, left // 8 : (left + BLOCK) // 8] = np.packbits(close, axis=1)
        bits[left : left + width, top // 8 : (top + BLOCK) // 8] = np.packbits(close.T, axis=1)
        return
    for pair in np.flatnonzero(close).tolist():
        one, other = top + pair // width, left + pair % width
        bits[one, other >> 3] |= 128 >> (other & 7)
        bits[other, one >> 3] |= 128 >> (one & 7)


def _topics(close: Bits) -> Indices:
    """The topic of every paper: (papers,)."""
    count = len(close)
    company = np.bitwise_count(close).sum(axis=1, dtype=np.intp)
    topics = np.where(company > 1, -1, np.arange(count))  # who is close to nobody is known at once
    for middle in np.argsort(-company, kind="stable")[: np.count_nonzero(company > 1)]:
        if topics[middle] < 0:
            members = np.unpackbits(close[middle], count=count).astype(np.bool_) & (topics < 0)
            topics[members] = middle
            topics[middle] = middle
    return topics
