"""A collection: papers, and readers' episodes that say which of them were wanted."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digest.compose.language import terms
from digest.evaluate.metrics import tie_key
from digest.papers import Paper

Positions = NDArray[np.intp]
"""Papers by their place in ``Collection.papers``."""

Split = Literal["dev", "test", "all"]
"""Which readers: those to tune on, those to report on, or everybody."""


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """One task: a reader's profile, the papers to rank, and what was wanted.

    ``liked`` and ``disliked`` are the oldest first. ``candidates`` never hold either: what a reader
    has judged is no news to them, and its grade would be given away. ``grades`` are aligned with
    ``candidates``, 0 or more; a ranker must not look at them. ``history`` is the count of likes as
    the collection states it.
    """

    id: str
    user: str
    task: str
    history: int
    candidates: Positions
    grades: NDArray[np.float64]
    keywords: tuple[str, ...] = ()
    description: str = ""
    authors: tuple[str, ...] = ()
    liked: tuple[int, ...] = ()
    disliked: tuple[int, ...] = ()

    @property
    def written(self) -> str:
        """What the reader wrote themselves: keywords and description as one text."""
        return " ".join(filter(None, (*self.keywords, self.description)))


@dataclass(frozen=True, eq=False)
class Collection:
    """Papers with the collection's own ``ids``, and the episodes over them.

    ``background`` are the papers that were known before: what may be counted, or learnt from
    without labels. All papers where the collection names none. Papers are not told apart by
    ``Paper.key`` here: a collection may have several of one title, or of none.
    """

    name: str
    ids: tuple[str, ...]
    papers: tuple[Paper, ...]
    episodes: tuple[Episode, ...]
    background: Positions = field(repr=False)

    @cached_property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The terms of every paper's title and abstract, made once."""
        return tuple(tuple(terms(f"{paper.title} {paper.abstract}")) for paper in self.papers)

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """What breaks ties between papers, by position."""
        return np.array([tie_key(id) for id in self.ids], dtype=np.uint64)

    def of(self, split: Split) -> tuple[Episode, ...]:
        """The episodes of the split's readers, in the collection's order."""
        return tuple(e for e in self.episodes if split in ("all", split_of(e.user)))


def split_of(user: str) -> Split:
    """The half a reader falls into, with all their episodes."""
    return "test" if zlib.crc32(user.encode()) % 2 else "dev"


def graded(candidates: Positions, rel: Mapping[int, float]) -> NDArray[np.float64]:
    """The grade of each candidate; what is not graded, or below 0, counts 0."""
    found = [max(0.0, rel.get(position, 0.0)) for position in candidates.tolist()]
    return np.array(found, dtype=np.float64)
