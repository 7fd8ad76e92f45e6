"""The shelf of papers: what is in the archive, and where each was reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from digest.failpoints import reach
from digest.papers import Archived, Candidate, Mention, Paper, Report
from digest.sources import INBOX
from digest.store.engine import alone, reading, writing
from digest.store.grouping import Rules, variant_of
from digest.store.inserting import insert
from digest.store.joining import Joiner, chunks, paper_of
from digest.store.schema import files, keys, papers, reports

NEWS = frozenset({"new"})
"""What a source has to say of a paper for it to be news, unless told otherwise."""

STREAMED = 1_000
"""Rows held at once where a question has very many."""

TOGETHER = 250
"""Reports whose papers are looked up at once: few enough that a large file takes little memory."""


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

    def collected(self) -> tuple[int, dt.datetime | None]:
        """How many files and polls brought papers, and when the latest did."""
        latest = sa.func.max(files.c.collected_at, type_=files.c.collected_at.type)
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(sa.func.count(), latest)).one()
        return row[0], row[1]

    def add(
        self,
        found: Sequence[Report],
        *,
        sha256: str,
        name: str,
        now: dt.datetime,
        rules: Rules,
        announce: Collection[str] = NEWS,
        source: str = INBOX,
    ) -> Added:
        """Store a file's reports in one transaction, each with the paper it is of.

        ``source`` is the name of the source it is a poll of; files are all of the inbox.
        A paper is new when it is reported for the first time with one of the words in
        ``announce``; other reports are kept, and change what is known of it, but never show it.
        Whoever collects the same file second finds it collected.
        """
        with writing(self._engine) as connection:
            alone(connection, "papers")
            if connection.execute(sa.select(1).where(files.c.sha256 == sha256)).first():
                return Added(len(found), 0)
            file = {"sha256": sha256, "name": name, "source": source, "collected_at": now}
            connection.execute(files.insert(), {**file, "papers": len(found), "new": 0})
            last = connection.execute(sa.select(sa.func.max(papers.c.id))).scalar() or 0
            joiner = Joiner(connection, rules, now, last)
            for start in range(0, len(found), TOGETHER):
                _store(joiner, found[start : start + TOGETHER], start, sha256, announce)
            news = files.update().where(files.c.sha256 == sha256).values(new=joiner.new)
            connection.execute(news)
            reach("before_collect_commit")
        reach("after_collect_commit")
        return Added(len(found), joiner.new)

    def candidates(self, since: dt.datetime, until: dt.datetime) -> list[Candidate]:
        """The papers first seen after ``since`` and not after ``until``, oldest first."""
        window = sa.and_(papers.c.first_seen_at > since, papers.c.first_seen_at <= until)
        mentioned = (
            sa.select(
                reports.c.paper,
                files.c.source,  # from here on as a Mention has them
                reports.c.position,
                files.c.papers,
                reports.c.date,
                reports.c.announced,
                reports.c.votes,
            )
            .select_from(reports)
            .join(files, files.c.sha256 == reports.c.file)
            .join(papers, papers.c.id == reports.c.paper)
            # Another version of a paper, or what was asked about it, makes it no more talked of.
            .where(window, files.c.collected_at <= until, reports.c.announced.in_(("new", "cross")))
            .order_by(reports.c.paper, reports.c.date, reports.c.file, reports.c.nth)
        )
        with reading(self._engine) as connection:
            mentions: dict[int, list[Mention]] = {}
            for paper, *mention in connection.execute(mentioned).all():
                mentions.setdefault(paper, []).append(Mention(*mention))
            query = sa.select(papers).where(window).order_by(papers.c.id)
            return [
                _candidate(row, tuple(mentions.get(row.id, ())))
                for row in connection.execute(query).all()
            ]

    def named(self, wanted: Iterable[str]) -> dict[str, Archived]:
        """The papers known by these keys, by key; other keys are left out."""
        found: dict[str, Archived] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(dict.fromkeys(wanted)):
                query = sa.select(keys.c.key, papers.c.id, papers.c.title, papers.c.terms)
                query = query.join(papers, papers.c.id == keys.c.paper)
                # Of papers with one title, the one that came first.
                query = query.where(keys.c.key.in_(chunk)).order_by(papers.c.id.desc())
                found.update({row.key: _archived(row) for row in connection.execute(query)})
        return found

    def numbered(self, numbers: Iterable[int]) -> dict[int, Archived]:
        """The papers of these numbers."""
        found: dict[int, Archived] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(dict.fromkeys(numbers)):
                query = sa.select(papers.c.id, papers.c.title, papers.c.terms)
                query = query.where(papers.c.id.in_(chunk))
                found.update({row.id: _archived(row) for row in connection.execute(query)})
        return found

    def corpus(self, limit: int, unless: Collection[int] = ()) -> Iterator[tuple[int, str]]:
        """Numbers and spaced terms of ``limit`` papers at most, those that came last first.

        Streamed, for statistics; the papers whose numbers are in ``unless`` are left out.
        """
        query = sa.select(papers.c.id, papers.c.terms).where(papers.c.merged_into.is_(None))
        query = query.order_by(papers.c.id.desc()).limit(limit + len(unless))
        with reading(self._engine) as connection:
            streaming = connection.execution_options(yield_per=STREAMED)
            with streaming.execute(query) as rows:  # closed also where nobody wants the rest
                kept = ((row.id, row.terms) for row in rows if row.id not in unless)
                yield from islice(kept, limit)

    def find(self, wanted: Sequence[str], link: str) -> Paper | None:
        """The paper of the first of these keys that is known, or the one with this link.

        Of several the one that came first.
        """
        known = [papers.c.id.in_(sa.select(keys.c.paper).where(keys.c.key == k)) for k in wanted]
        linked = sa.and_(papers.c.link == link, papers.c.merged_into.is_(None))
        query = sa.select(papers).order_by(papers.c.id).limit(1)
        with reading(self._engine) as connection:
            for condition in (*known, linked):
                row = connection.execute(query.where(condition)).first()
                if row:
                    return paper_of(row)
        return None

    def titles(self, wanted: Iterable[str]) -> dict[str, str]:
        """The titles of the papers known by these keys; other keys are left out."""
        query = sa.select(keys.c.key, papers.c.title).join(papers, papers.c.id == keys.c.paper)
        query = query.order_by(papers.c.id.desc())
        found: dict[str, str] = {}
        with reading(self._engine) as connection:
            for chunk in chunks(dict.fromkeys(wanted)):
                rows = connection.execute(query.where(keys.c.key.in_(chunk)))
                found.update((row.key, row.title) for row in rows)
        return found

    def all_titles(self) -> Iterator[str]:
        """The title of every paper, those that came last first; streamed."""
        query = sa.select(papers.c.title).where(papers.c.merged_into.is_(None))
        with reading(self._engine) as connection:
            streaming = connection.execution_options(yield_per=STREAMED)
            with streaming.execute(query.order_by(papers.c.id.desc())) as rows:
                yield from rows.scalars()

    def titles_alone(self, since: dt.datetime) -> dict[str, str]:
        """Titles by key of the papers since then of which no id and no link is known."""
        alone_ = sa.and_(
            papers.c.arxiv_id.is_(None), papers.c.doi.is_(None), papers.c.link.is_(None)
        )
        query = sa.select(papers).where(papers.c.first_seen_at > since, alone_)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(papers.c.id))
            return {paper_of(row).key: row.title for row in rows}

    def count(self) -> int:
        with reading(self._engine) as connection:
            query = sa.select(sa.func.count()).where(papers.c.first_seen_at.is_not(None))
            return connection.execute(query).scalar_one()

    def hold(self, many: int) -> bool:
        """Whether there are so many papers; a large archive takes a while to count."""
        query = sa.select(papers.c.id).where(papers.c.first_seen_at.is_not(None))
        with reading(self._engine) as connection:
            return connection.execute(query.offset(many - 1).limit(1)).first() is not None

    def latest_new_at(self, until: dt.datetime) -> dt.datetime | None:
        """When the archive last got a paper it did not have, up to ``until``."""
        newest = sa.select(sa.func.max(papers.c.first_seen_at, type_=papers.c.first_seen_at.type))
        newest = newest.where(papers.c.first_seen_at <= until)
        with reading(self._engine) as connection:
            return connection.execute(newest).scalar()


def _store(
    joiner: Joiner, found: Sequence[Report], start: int, sha256: str, announce: Collection[str]
) -> None:
    """Store some reports of a file, of which ``start`` came before."""
    numbered = [(variant_of(report.paper), report) for report in found]
    announced = {number for number, report in numbered if report.announced in announce}
    placed = joiner.place({number: report.paper for number, report in numbered}, announced)
    day = joiner.now.astimezone(dt.UTC).date()
    rows = [
        {
            "file": sha256,
            "nth": nth,
            "paper": placed[number],
            "variant": number,
            "position": report.position,
            "date": report.date or day,
            "announced": report.announced,
            "votes": report.votes,
        }
        for nth, (number, report) in enumerate(numbered, start=start)
    ]
    insert(joiner.connection, reports, rows)
    joiner.hide(announce)


def _archived(row: Any) -> Archived:
    return Archived(row.id, row.title, tuple(row.terms.split()))


def _candidate(row: Any, mentions: tuple[Mention, ...]) -> Candidate:
    return Candidate(row.id, paper_of(row), tuple(row.terms.split()), row.first_seen_at, mentions)
