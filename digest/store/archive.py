"""The shelf of what pages show of the archive: days, papers, where each was seen, searching."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from digest.papers import Mention, Paper
from digest.store.engine import reading
from digest.store.joining import chunks, paper_of
from digest.store.schema import files, keys, papers, reports, vectors
from digest.store.searching import (
    Term,
    any_title,
    closeness,
    matching,
    nearness,
    number,
    search,
    words_of,
)
from digest.store.vectors import unpacked

Order = Literal["closest", "newest", "oldest"]

LIKELY = 60
"""Papers with words of the same title that are looked at more closely."""

TELLING = 4
"""The least letters of a word in a title that says what the paper is about."""

ORDERS: dict[str, tuple[sa.ColumnElement[Any], ...]] = {
    "newest": (papers.c.first_seen_at.desc(), papers.c.id.desc()),
    "oldest": (papers.c.first_seen_at, papers.c.id),
}

SHOWN = papers.c.first_seen_at.is_not(None)
"""Of a paper: somebody announced it, and it is not another by now."""


@dataclass(frozen=True, slots=True)
class Known:
    """A paper of the archive, its number there, and when it came into sight."""

    number: int
    paper: Paper
    first_seen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Found:
    """Some of the papers that were asked for, and how many there are in all."""

    papers: tuple[Known, ...]
    total: int


class Archive:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def days(self) -> list[tuple[dt.date, int]]:
        """Every UTC day on which papers came into sight, newest first, and how many."""
        day = _day(self._engine.dialect.name)
        query = sa.select(day, sa.func.count()).where(papers.c.first_seen_at.is_not(None))
        query = query.group_by(day).order_by(day.desc())
        with reading(self._engine) as connection:
            return [(_date(row[0]), row[1]) for row in connection.execute(query)]

    def of_day(self, date: dt.date, *, most: int, skip: int = 0) -> Found:
        """The papers that came into sight on a UTC day, in the order they came."""
        start = dt.datetime.combine(date, dt.time(), dt.UTC)
        until = start + dt.timedelta(days=1)
        inside = sa.and_(papers.c.first_seen_at >= start, papers.c.first_seen_at < until, SHOWN)
        query = sa.select(papers).where(inside).order_by(papers.c.first_seen_at, papers.c.id)
        return self._found(query, most, skip)

    def latest_at(self) -> dt.datetime | None:
        """When a paper last came into sight."""
        newest = sa.func.max(papers.c.first_seen_at, type_=papers.c.first_seen_at.type)
        with reading(self._engine) as connection:
            return connection.execute(sa.select(newest)).scalar()

    def paper(self, wanted: Sequence[str]) -> Known | None:
        """The paper in sight that is known by the first of these keys; of several the first."""
        query = sa.select(papers).join(keys, keys.c.paper == papers.c.id).where(SHOWN)
        with reading(self._engine) as connection:
            for key in wanted:
                one = query.where(keys.c.key == key).order_by(papers.c.id).limit(1)
                row = connection.execute(one).first()
                if row:
                    return _known(row)
        return None

    def numbers(self, wanted: Iterable[str]) -> dict[str, int]:
        """The numbers of the papers known by these keys; of several the one that came first."""
        query = sa.select(keys.c.key, keys.c.paper).order_by(keys.c.paper.desc())
        found: dict[str, int] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(dict.fromkeys(wanted)):
                rows = connection.execute(query.where(keys.c.key.in_(chunk)))
                found.update((row.key, row.paper) for row in rows)
        return found

    def numbered(self, wanted: Collection[int]) -> dict[int, Known]:
        """The papers in sight of these numbers."""
        query = sa.select(papers).where(papers.c.id.in_(wanted), SHOWN)
        with reading(self._engine) as connection:
            return {row.id: _known(row) for row in connection.execute(query)}

    def mentions(self, wanted: Collection[int]) -> dict[int, tuple[Mention, ...]]:
        """Where and when the papers of these numbers were reported, oldest first."""
        query = (
            sa.select(
                reports.c.paper,
                reports.c.position,
                reports.c.date,
                reports.c.announced,
                reports.c.votes,
                files.c.source,
                files.c.papers,
            )
            .join(files, files.c.sha256 == reports.c.file)
            .where(reports.c.paper.in_(wanted))
            .order_by(reports.c.date, reports.c.file, reports.c.nth)
        )
        found: dict[int, list[Mention]] = {one: [] for one in wanted}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                said = (row.source, row.position, row.papers, row.date, row.announced, row.votes)
                found[row.paper].append(Mention(*said))
        return {one: tuple(mentions) for one, mentions in found.items()}

    def search(
        self, terms: tuple[Term, ...], *, order: Order = "closest", most: int, skip: int = 0
    ) -> Found:
        """The papers that meet every one of the terms; none where nothing is asked for."""
        if not terms:
            return Found((), 0)
        dialect = self._engine.dialect.name
        met = sa.select(number(dialect)).where(matching(dialect, terms))
        query = sa.select(papers.c.id).where(SHOWN)
        if order == "closest":
            query = query.join(search, number(dialect) == papers.c.id)
            query = query.where(matching(dialect, terms))
            query = query.order_by(closeness(dialect, terms), papers.c.id.desc())
        else:
            # Along the index of instants, until there are enough: there may be very many.
            query = query.where(_any_of(papers.c.id, met)).order_by(*ORDERS[order])
        counted = sa.select(sa.func.count()).where(SHOWN, _any_of(papers.c.id, met))
        with reading(self._engine) as connection:
            total = connection.execute(counted).scalar_one()
            page = query.limit(most).offset(skip) if skip < total and most else query.limit(0)
            ranked = list(connection.execute(page).scalars())
        known = self.numbered(ranked)
        return Found(tuple(known[one] for one in ranked if one in known), total)

    def count(self, terms: tuple[Term, ...]) -> int:
        """How many papers meet every one of the terms."""
        return self.search(terms, order="newest", most=0).total

    def like(self, title: str, but: int, most: int) -> list[int]:
        """The numbers of papers whose titles share words with this one, closest first.

        The paper ``but`` is left out.
        """
        dialect = self._engine.dialect.name
        words = [word for word in words_of(title) if len(word) >= TELLING]
        if not words:
            return []
        query = sa.select(papers.c.id).join(search, number(dialect) == papers.c.id)
        query = query.where(any_title(dialect, words), SHOWN, papers.c.id != but)
        query = query.order_by(nearness(dialect, words), papers.c.id.desc()).limit(most)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def similar(self, known: Known, most: int) -> list[Known]:
        """Papers like this one, closest first: by vectors where there are some, else by titles."""
        found = self.like(known.paper.title, known.number, LIKELY)
        near = self._nearness(known.number, found)
        ranked = sorted(found, key=lambda one: -near.get(one, 0.0))  # stable: titles break ties
        papers_ = self.numbered(ranked[:most])
        return [papers_[one] for one in ranked[:most] if one in papers_]

    def _nearness(self, number: int, others: Sequence[int]) -> dict[int, float]:
        """The cosines of a paper's vector and those of others; empty where it has none."""
        version = sa.select(sa.func.max(vectors.c.version)).where(vectors.c.paper == number)
        query = sa.select(vectors.c.paper, vectors.c.vector).where(
            vectors.c.version == version.scalar_subquery(), vectors.c.paper.in_([number, *others])
        )
        with reading(self._engine) as connection:
            rows = {row.paper: unpacked([row.vector])[0] for row in connection.execute(query)}
        mine = rows.pop(number, None)
        return {} if mine is None else {one: float(mine @ row) for one, row in rows.items()}

    def topics(self, since: dt.datetime) -> list[tuple[str, int]]:
        """The categories of the papers that came into sight since then, and of how many."""
        each = _elements(self._engine.dialect.name)
        query = sa.select(each.c.value, sa.func.count()).group_by(each.c.value)
        query = query.select_from(sa.join(papers, each, sa.true()))
        query = query.where(papers.c.first_seen_at > since)
        with reading(self._engine) as connection:
            found = [(row[0], row[1]) for row in connection.execute(query)]
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def _found(self, query: sa.Select[Any], most: int, skip: int) -> Found:
        bare = query.order_by(None).with_only_columns(sa.func.count(), maintain_column_froms=True)
        with reading(self._engine) as connection:
            total = connection.execute(bare).scalar_one()
            rows = connection.execute(query.limit(most).offset(skip)) if skip < total else ()
            return Found(tuple(map(_known, rows)), total)


def _known(row: Any) -> Known:
    return Known(row.id, paper_of(row), row.first_seen_at)


def _any_of(column: sa.ColumnElement[int], numbers: sa.Select[Any]) -> sa.ColumnElement[bool]:
    """That a number is among these. The sum keeps SQLite from looking each of them up instead."""
    return (column + 0).in_(numbers)


def _elements(dialect: str) -> sa.TableValuedAlias:
    """Each category of a paper, a row each."""
    split = sa.func.json_each if dialect == "sqlite" else sa.func.json_array_elements_text
    return split(papers.c.categories).table_valued("value", joins_implicitly=True)


def _day(dialect: str) -> sa.ColumnElement[Any]:
    """The UTC day on which a paper came into sight."""
    if dialect == "sqlite":
        return sa.func.date(papers.c.first_seen_at)
    return sa.func.date(sa.func.timezone("UTC", papers.c.first_seen_at))


def _date(value: dt.date | str) -> dt.date:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value
