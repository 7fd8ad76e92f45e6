"""The shelf of editions: what each reader got, which is also what they have seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from digest.editions import Edition, Pick, Reason
from digest.messages import Message
from digest.store.engine import alone, reading, writing
from digest.store.joining import paper_of
from digest.store.outbox import queued
from digest.store.schema import editions, outbox, papers, picks
from digest.subscribers import Subscriber


@dataclass(frozen=True, slots=True)
class Composed:
    """An edition ready to be stored, with the numbers of its picks' papers, in their order.

    ``message`` is None where nothing is mailed; ``last`` is the date of the edition before it.
    """

    edition: Edition
    papers: tuple[int, ...]
    message: Message | None
    last: dt.date | None


class Editions:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, composed: Sequence[Composed]) -> list[Edition]:
        """Store editions with their picks and their queued mails, in one transaction.

        Returns those that were stored. One whose subscriber got another edition since ``last`` is
        left out: somebody else was faster, and its papers may be in that one.
        """
        if not composed:
            return []
        with writing(self._engine) as connection:
            alone(connection, "editions")
            last = _last(connection, [one.edition.subscriber.id for one in composed])
            kept = [one for one in composed if last.get(one.edition.subscriber.id) == one.last]
            before = connection.execute(sa.select(sa.func.max(editions.c.id))).scalar() or 0
            numbered = list(enumerate(kept, start=before + 1))
            mailed = [(n, one) for n, one in numbered if one.message]
            for table, rows in (
                (editions, [_row(n, one.edition) for n, one in numbered]),
                (picks, [row for n, one in numbered for row in _pick_rows(n, one)]),
                (outbox, [queued(n, one.edition, one.message) for n, one in mailed if one.message]),
            ):
                if rows:
                    connection.execute(table.insert(), rows)
        return [one.edition for one in kept]

    def seen(self, ids: Collection[str], since: dt.datetime) -> dict[str, set[int]]:
        """The numbers of the papers that these subscribers' editions after ``since`` held.

        One that turned out to be another paper counts as that one.
        """
        number = sa.func.coalesce(papers.c.merged_into, papers.c.id).label("paper")
        query = (
            sa.select(picks.c.subscriber, number)
            .join(editions, editions.c.id == picks.c.edition)
            .join(papers, papers.c.id == picks.c.paper)
            .where(picks.c.subscriber.in_(ids), editions.c.composed_at > since)
        )
        found: dict[str, set[int]] = {who: set() for who in ids}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found[row.subscriber].add(row.paper)
        return found

    def of(
        self, subscriber: Subscriber, *, date: dt.date | None = None, most: int = 30
    ) -> list[Edition]:
        """The subscriber's stored editions, newest first; only that of ``date`` when given."""
        query = sa.select(editions).where(editions.c.subscriber == subscriber.id)
        if date:
            query = query.where(editions.c.date == date)
        query = query.order_by(editions.c.date.desc()).limit(most)
        with reading(self._engine) as connection:
            rows = list(connection.execute(query))
            held = _picks(connection, [row.id for row in rows])
        return [
            Edition(
                subscriber=subscriber,
                date=row.date,
                composed_at=row.composed_at,
                picks=tuple(held.get(row.id, ())),
                considered=row.considered,
                note=row.note,
                sources=tuple(row.sources),
            )
            for row in rows
        ]

    def last(self, who: str) -> tuple[dt.date, dt.datetime] | None:
        """The date and instant of the subscriber's latest edition."""
        query = sa.select(editions.c.date, editions.c.composed_at)
        query = query.where(editions.c.subscriber == who).order_by(editions.c.date.desc())
        with reading(self._engine) as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else (row.date, row.composed_at)

    def latest_at(self, ids: Collection[str]) -> dict[str, dt.datetime]:
        """When each of these subscribers' latest edition was composed; others are left out."""
        query = sa.select(
            editions.c.subscriber,
            sa.func.max(editions.c.composed_at, type_=editions.c.composed_at.type),
        )
        query = query.where(editions.c.subscriber.in_(ids)).group_by(editions.c.subscriber)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _last(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dt.date]:
    query = sa.select(editions.c.subscriber, sa.func.max(editions.c.date))
    query = query.where(editions.c.subscriber.in_(ids)).group_by(editions.c.subscriber)
    return {row[0]: row[1] for row in connection.execute(query)}


def _row(number: int, edition: Edition) -> dict[str, Any]:
    return {
        "id": number,
        "subscriber": edition.subscriber.id,
        "date": edition.date,
        "composed_at": edition.composed_at,
        "considered": edition.considered,
        "note": edition.note,
        "sources": list(edition.sources),
    }


def _pick_rows(number: int, composed: Composed) -> list[dict[str, Any]]:
    picked = zip(composed.papers, composed.edition.picks, strict=True)
    return [
        {
            "edition": number,
            "place": place,
            "subscriber": composed.edition.subscriber.id,
            "paper": paper,
            "score": pick.score,
            "interest": pick.interest,
            "reasons": [asdict(reason) for reason in pick.reasons],
            "reports": pick.reports,
        }
        for place, (paper, pick) in enumerate(picked, start=1)
    ]


def _picks(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[Pick]]:
    query = (
        sa.select(picks, papers)
        .join(papers, papers.c.id == picks.c.paper)
        .where(picks.c.edition.in_(numbers))
        .order_by(picks.c.edition, picks.c.place)
    )
    found: dict[int, list[Pick]] = {}
    for row in connection.execute(query):
        reasons = tuple(Reason(**reason) for reason in row.reasons)
        pick = Pick(paper_of(row), row.score, row.interest, reasons, row.reports)
        found.setdefault(row.edition, []).append(pick)
    return found
