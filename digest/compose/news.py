"""Which papers are new to these readers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from digest.papers import Candidate

Mask = NDArray[np.bool_]
Known = TypeVar("Known", int, str)


@dataclass(frozen=True, slots=True)
class Judged:
    """Papers that a reader judged, by key or by number."""

    keys: Collection[str]
    numbers: Collection[int]


class News:
    """The papers of a window, looked up by number and by key."""

    def __init__(self, papers: Sequence[Candidate]) -> None:
        self._papers = papers
        self._by_number = {paper.id: n for n, paper in enumerate(papers)}

    @cached_property
    def _by_key(self) -> Mapping[str, int]:
        return {key: n for n, paper in enumerate(self._papers) for key in paper.paper.keys}

    def unseen(self, seen: Sequence[Collection[int]]) -> Mask:
        """True where a paper is in none of a reader's past editions: (readers, papers) bool.

        ``seen`` holds, reader by reader, the numbers of the papers their past editions held.
        """
        return self._without(len(seen), _found(self._by_number, seen))

    def unjudged(self, judged: Sequence[Judged]) -> Mask:
        """True where a paper is none that the reader judged: (readers, papers) bool."""
        named = any(one.keys for one in judged)
        by_key = _found(self._by_key, [one.keys for one in judged]) if named else []
        by_number = _found(self._by_number, [one.numbers for one in judged])
        return self._without(len(judged), [*by_key, *by_number])

    def _without(self, readers: int, cells: Iterable[tuple[int, int]]) -> Mask:
        mask = np.ones((readers, len(self._papers)), dtype=np.bool_)
        places = np.array(list(cells), dtype=np.intp).reshape(-1, 2)
        mask[places[:, 0], places[:, 1]] = False
        return mask


def _found(
    columns: Mapping[Known, int], asked: Sequence[Collection[Known]]
) -> list[tuple[int, int]]:
    """The row and the column of each that is asked for and there."""
    return [(row, columns[one]) for row, each in enumerate(asked) for one in each if one in columns]
