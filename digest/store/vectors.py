"""The shelf of vectors: what a sentence encoder made of each paper's text, by its version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from digest.store.engine import alone, reading, writing
from digest.store.joining import chunks
from digest.store.schema import papers, phrases, vectors

STORED = np.dtype("<f2")
"""Half precision moves a cosine by less than 0.0005, and halves the table."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is encoded of the paper of this number."""

    paper: int
    title: str
    abstract: str


class Vectors:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def missing(self, version: str, limit: int) -> list[Text]:
        """The papers that have no vector of this version, ``limit`` at most, newest first.

        Papers nobody announced are among them: a reader may have voted on them.
        """
        query = _without(version).order_by(papers.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query)
            return [Text(*row) for row in rows]

    def count_missing(self, version: str) -> int:
        """How many papers have no vector of this version."""
        query = sa.select(sa.func.count()).select_from(_without(version).subquery())
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def add(self, version: str, texts: Sequence[Text], rows: NDArray[np.floating[Any]]) -> int:
        """Store the vectors of these texts, (texts, dimensions); how many.

        A text that its paper no longer has, since it was asked for, is left out: it is missing
        still. So is what somebody else has stored meanwhile.
        """
        with writing(self._engine) as connection:
            alone(connection, "papers")
            still = _still(connection, version, [text.paper for text in texts])
            fresh = [
                {"version": version, "paper": text.paper, "vector": row.astype(STORED).tobytes()}
                for text, row in zip(texts, rows, strict=True)
                if still.get(text.paper) == text
            ]
            if fresh:
                connection.execute(vectors.insert(), fresh)
        return len(fresh)

    def get(
        self, version: str, wanted: Iterable[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The numbers of those papers that have a vector, in order, and their vectors as rows.

        (found,) and (found, dimensions); (0,) and (0, 0) where there is none.
        """
        found: list[tuple[int, bytes]] = []
        with reading(self._engine) as connection:
            for chunk in chunks(sorted(set(wanted))):
                query = sa.select(vectors.c.paper, vectors.c.vector).order_by(vectors.c.paper)
                query = query.where(vectors.c.version == version, vectors.c.paper.in_(chunk))
                found += [(row.paper, row.vector) for row in connection.execute(query)]
        numbers = np.array([number for number, _ in found], dtype=np.int64)
        return numbers, unpacked([row for _, row in found])

    def latest(self, version: str, many: int) -> NDArray[np.float32]:
        """The vectors of the newest papers that have one, as rows: (many or fewer, dimensions)."""
        query = sa.select(vectors.c.paper, vectors.c.vector).where(vectors.c.version == version)
        query = query.order_by(vectors.c.paper.desc()).limit(many)
        with reading(self._engine) as connection:
            return unpacked([row.vector for row in connection.execute(query)])

    def phrases(self, version: str, texts: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of what interests say, by text, as far as they are known."""
        asked = {_sha256(text): text for text in texts}
        found: dict[str, NDArray[np.float32]] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(sorted(asked)):
                query = sa.select(phrases.c.sha256, phrases.c.vector)
                query = query.where(phrases.c.version == version, phrases.c.sha256.in_(chunk))
                rows = connection.execute(query)
                found.update({asked[row.sha256]: unpacked([row.vector])[0] for row in rows})
        return found

    def add_phrases(
        self, version: str, texts: Sequence[str], rows: NDArray[np.floating[Any]]
    ) -> None:
        """Store the vectors of what interests say: (texts, dimensions)."""
        with writing(self._engine) as connection:
            alone(connection, "papers")
            query = sa.select(phrases.c.sha256).where(phrases.c.version == version)
            known = {row.sha256 for row in connection.execute(query)}
            fresh = {
                _sha256(text): row.astype(STORED).tobytes()
                for text, row in zip(texts, rows, strict=True)
            }
            values = [
                {"version": version, "sha256": sha256, "vector": vector}
                for sha256, vector in fresh.items()
                if sha256 not in known
            ]
            if values:
                connection.execute(phrases.insert(), values)

    def versions(self) -> dict[str, int]:
        """How many vectors there are, by version."""
        query = sa.select(vectors.c.version, sa.func.count().label("papers")).group_by(
            vectors.c.version
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(vectors.c.version))
            return {row.version: row.papers for row in rows}

    def forget(self, unless: str) -> int:
        """Delete the vectors of every other version; how many."""
        with writing(self._engine) as connection:
            connection.execute(phrases.delete().where(phrases.c.version != unless))
            return connection.execute(vectors.delete().where(vectors.c.version != unless)).rowcount


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def unpacked(rows: Sequence[bytes]) -> NDArray[np.float32]:
    """(rows, dimensions) float32; (0, 0) of none."""
    packed = np.frombuffer(b"".join(rows), dtype=STORED)
    return packed.reshape(len(rows), -1 if rows else 0).astype(np.float32)


def _without(version: str) -> sa.Select[Any]:
    """The texts of papers that have no vector of this version."""
    made = sa.exists().where(vectors.c.version == version, vectors.c.paper == papers.c.id)
    query = sa.select(papers.c.id, papers.c.title, papers.c.abstract)
    return query.where(papers.c.merged_into.is_(None), ~made)


def _still(connection: sa.Connection, version: str, numbers: Sequence[int]) -> dict[int, Text]:
    """What these papers' texts are by now, of those that have no vector of this version."""
    found: dict[int, Text] = {}
    for chunk in chunks(numbers):
        rows = connection.execute(_without(version).where(papers.c.id.in_(chunk)))
        found.update((row.id, Text(*row)) for row in rows)
    return found
