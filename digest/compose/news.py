"""Which papers are new to these readers, and which they never want to see."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from digest.compose.language import terms
from digest.papers import Candidate
from digest.subscribers import Subscriber

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


def unliked(liked: Sequence[Collection[str]], papers: Sequence[Candidate]) -> Mask:
    """True where a paper is none of a reader's examples: (readers, papers) bool.

    ``liked`` holds, reader by reader, the keys of those examples: papers they know already.
    """
    columns = {key: n for n, paper in enumerate(papers) for key in paper.paper.keys}
    mask = np.ones((len(liked), len(papers)), dtype=np.bool_)
    for row, keys in enumerate(liked):
        mask[row, [columns[key] for key in keys if key in columns]] = False
    return mask


def unmuted(readers: Sequence[Subscriber], papers: Sequence[Candidate]) -> Mask:
    """True where a paper holds none of a reader's muted phrases: (readers, papers) bool."""
    phrases = {phrase: _phrase(phrase) for reader in readers for phrase in reader.muted}
    texts = [f" {' '.join(paper.terms)} " for paper in papers] if phrases else []
    holds = {
        phrase: np.fromiter((spaced in text for text in texts), np.bool_, len(papers))
        for phrase, spaced in phrases.items()
        if spaced.strip()
    }
    mask = np.ones((len(readers), len(papers)), dtype=np.bool_)
    for row, reader in enumerate(readers):
        for phrase in reader.muted:
            if phrase in holds:
                mask[row] &= ~holds[phrase]
    return mask


def _phrase(phrase: str) -> str:
    return f" {' '.join(terms(phrase))} "
