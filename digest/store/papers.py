"""The shelf of papers: what is in the archive, and where each was reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from digest.papers import Candidate, Mention, Paper, Report
from digest.store.engine import alone, reading, writing
from digest.store.schema import files, keys, papers, reports

CHUNK = 5_000
"""Values in one IN list: SQLite takes 32,766, PostgreSQL 65,535."""


@dataclass(frozen=True, slots=True)
class Added:
    """What a file brought: ``papers`` in it, of which ``new`` to the archive."""

    papers: int
    new: int

    @property
    def repeated(self) -> int:
        return self.papers - self.new


class Papers:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def known_file(self, sha256: str) -> Added | None:
        """What the file of these bytes brought when it was collected, or None if it never was.

        Collected again it brings nothing new, whatever its name.
        """
        query = sa.select(files.c.papers).where(files.c.sha256 == sha256)
        with reading(self._engine) as connection:
            count = connection.execute(query).scalar()
        return None if count is None else Added(count, 0)

    def add(
        self,
        found: Sequence[tuple[Report, str]],
        *,
        sha256: str,
        name: str,
        now: dt.datetime,
    ) -> Added:
        """Store a file's reports, each with its paper's spaced terms, in one transaction.

        A paper is new when none of its keys is known. Whoever collects the same file second
        finds it collected.
        """
        with writing(self._engine) as connection:
            alone(connection, "papers")
            if connection.execute(sa.select(1).where(files.c.sha256 == sha256)).first():
                return Added(len(found), 0)
            known = _known(connection, (key for report, _ in found for key in report.paper.keys))
            before = connection.execute(sa.select(sa.func.max(papers.c.id))).scalar() or 0
            new: list[dict[str, Any]] = []
            new_keys: list[dict[str, Any]] = []
            mentions: list[dict[str, Any]] = []
            for report, terms in found:
                number = next((known[key] for key in report.paper.keys if key in known), None)
                if number is None:
                    number = before + len(new) + 1
                    new.append(_row(number, report.paper, terms, now))
                fresh = [key for key in report.paper.keys if key not in known]
                known.update(dict.fromkeys(fresh, number))
                new_keys += ({"key": key, "paper": number} for key in fresh)
                mentions.append(_mention(number, report, sha256, now))
            file = {"sha256": sha256, "name": name, "collected_at": now}
            connection.execute(files.insert(), {**file, "papers": len(found), "new": len(new)})
            for table, rows in ((papers, new), (keys, new_keys), (reports, mentions)):
                if rows:
                    connection.execute(table.insert(), rows)
        return Added(len(found), len(new))

    def candidates(self, since: dt.datetime, until: dt.datetime) -> list[Candidate]:
        """The papers first seen after ``since`` and not after ``until``, oldest first."""
        window = sa.and_(papers.c.first_seen_at > since, papers.c.first_seen_at <= until)
        mentioned = (
            sa.select(
                reports.c.paper,
                reports.c.position,
                reports.c.date,
                files.c.name,
                files.c.papers,
            )
            .join(files, files.c.sha256 == reports.c.file)
            .join(papers, papers.c.id == reports.c.paper)
            .where(window, files.c.collected_at <= until)
            .order_by(reports.c.paper, reports.c.date, reports.c.file, reports.c.position)
        )
        with reading(self._engine) as connection:
            mentions: dict[int, list[Mention]] = {}
            for row in connection.execute(mentioned):
                mention = Mention(row.name, row.position, row.papers, row.date)
                mentions.setdefault(row.paper, []).append(mention)
            query = sa.select(papers).where(window).order_by(papers.c.id)
            return [
                _candidate(row, tuple(mentions.get(row.id, ())))
                for row in connection.execute(query)
            ]

    def terms(self, wanted: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The stored terms of the papers known by these keys; other keys are left out."""
        found: dict[str, tuple[str, ...]] = {}
        with reading(self._engine) as connection:
            for chunk in _chunks(dict.fromkeys(wanted)):
                query = sa.select(keys.c.key, papers.c.terms).join(
                    papers, papers.c.id == keys.c.paper
                )
                rows = connection.execute(query.where(keys.c.key.in_(chunk)))
                found.update({row.key: tuple(row.terms.split()) for row in rows})
        return found

    def count(self) -> int:
        with reading(self._engine) as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(papers)).scalar_one()

    def latest_new_at(self, until: dt.datetime) -> dt.datetime | None:
        """When the archive last got a paper it did not have, up to ``until``."""
        newest = sa.select(sa.func.max(papers.c.first_seen_at, type_=papers.c.first_seen_at.type))
        newest = newest.where(papers.c.first_seen_at <= until)
        with reading(self._engine) as connection:
            return connection.execute(newest).scalar()


def paper_of(row: Any) -> Paper:
    """The noun in a row that holds all columns of ``papers``."""
    return Paper(
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        link=row.link,
        arxiv_id=row.arxiv_id,
        doi=row.doi,
        published=row.published,
        categories=tuple(row.categories),
        version=row.version,
    )


def _known(connection: sa.Connection, wanted: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in _chunks(dict.fromkeys(wanted)):
        query = sa.select(keys.c.key, keys.c.paper).where(keys.c.key.in_(chunk))
        found.update({row.key: row.paper for row in connection.execute(query)})
    return found


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _row(number: int, paper: Paper, terms: str, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": number,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "link": paper.link,
        "arxiv_id": paper.arxiv_id,
        "doi": paper.doi,
        "published": paper.published,
        "categories": list(paper.categories),
        "version": paper.version,
        "terms": terms,
        "first_seen_at": now,
    }


def _mention(number: int, report: Report, sha256: str, now: dt.datetime) -> dict[str, Any]:
    date = report.date or now.astimezone(dt.UTC).date()
    return {"paper": number, "file": sha256, "position": report.position, "date": date}


def _candidate(row: Any, mentions: tuple[Mention, ...]) -> Candidate:
    return Candidate(row.id, paper_of(row), tuple(row.terms.split()), row.first_seen_at, mentions)
