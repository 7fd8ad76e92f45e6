"""The shelf of editions: what each reader got, which is also what they have seen."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from digest.editions import Edition, Reason
from digest.failpoints import reach
from digest.messages import Message
from digest.store.contents import edition_of, picks_of
from digest.store.ending import gone, supersede, undelivered
from digest.store.engine import reading, writing
from digest.store.inserting import Written, drawn, insert
from digest.store.joining import chunks
from digest.store.outbox import insert_mails, queued
from digest.store.schema import editions, outbox, outbox_data, papers, picks, subscribers
from digest.subscribers import Subscriber


@dataclass(frozen=True, slots=True)
class Composed:
    """An edition ready to be stored, with the numbers of its picks' papers, in their order.

    ``message`` is None where nothing is mailed; ``last`` is the date of the edition before it;
    ``supersedes`` are the mails from ``undelivered`` whose papers it may hold again.
    """

    edition: Edition
    papers: tuple[int, ...]
    message: Message | None
    last: dt.date | None
    supersedes: tuple[int, ...] = ()


class Editions:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, composed: Sequence[Composed]) -> list[Edition]:
        """Store editions with their picks and their queued mails, in one transaction.

        Returns those that were stored. One whose subscriber got another edition since ``last`` is
        left out: somebody else was faster, and its papers may be in that one. So is one that
        supersedes a mail which has left, or is leaving, after all, and one whose subscriber left
        while it was composed. A pick is left out that its reader had before the window.
        """
        if not composed:
            return []
        with writing(self._engine) as connection:
            ids = [one.edition.subscriber.id for one in composed]
            left, last = gone(connection, ids), _last(connection, ids)
            here = [one for one in composed if one.edition.subscriber.id in last.keys() - left]
            kept = [one for one in here if last[one.edition.subscriber.id] == one.last]
            kept = _superseding(connection, kept)
            numbered = list(zip(drawn(connection, editions, len(kept)), kept, strict=True))
            insert(connection, editions, [_row(n, one.edition) for n, one in numbered])
            stored = _insert_picks(connection, numbered)
            mails = [
                (queued(n, one.edition, one.message), one.message.data)
                for n, one in numbered
                if one.message
            ]
            insert_mails(connection, mails)
            _had(connection, kept)
            reach("before_compose_commit")
        reach("after_compose_commit")
        return stored

    def undelivered(self, ids: Collection[str]) -> dict[str, list[int]]:
        """The mails that these subscribers' next editions would supersede: subscriber to ids."""
        with reading(self._engine) as connection:
            return undelivered(connection, ids)

    def seen(
        self, ids: Collection[str], since: dt.datetime, but: Collection[int] = ()
    ) -> dict[str, set[int]]:
        """The numbers of the papers that these subscribers' editions after ``since`` held.

        One that turned out to be another paper counts as that one. What the mails ``but`` hold,
        by their ids, their readers never had.
        """
        number = sa.func.coalesce(papers.c.merged_into, papers.c.id).label("paper")
        query = (
            sa.select(picks.c.subscriber, number)
            .join(editions, editions.c.id == picks.c.edition)
            .join(papers, papers.c.id == picks.c.paper)
            .where(picks.c.subscriber.in_(ids), editions.c.composed_at > since)
        )
        if but:
            never = sa.select(outbox.c.edition).where(outbox.c.id.in_(but))
            query = query.where(picks.c.edition.not_in(never))
        found: dict[str, set[int]] = {who: set() for who in ids}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found[row.subscriber].add(row.paper)
        return found

    def of(
        self, subscriber: Subscriber, *, date: dt.date | None = None, most: int = 30, skip: int = 0
    ) -> list[Edition]:
        """The subscriber's stored editions, newest first; only that of ``date`` when given.

        The newest ``skip`` of them are left out.

        One that was superseded or withdrawn is none: its papers are in another, or will be.
        """
        query = sa.select(editions).where(*_valid(subscriber.id))
        if date:
            query = query.where(editions.c.date == date)
        query = query.order_by(editions.c.date.desc()).limit(most).offset(skip)
        with reading(self._engine) as connection:
            rows = list(connection.execute(query))
            held = picks_of(connection, [row.id for row in rows], {})
        return [edition_of(row, subscriber, held.get(row.id, ())) for row in rows]

    def contents(self, subscriber: Subscriber) -> list[tuple[dt.date, int]]:
        """The dates of the subscriber's stored editions, newest first, and how many picks each has.

        Those that ``of`` leaves out are left out.
        """
        held = sa.select(sa.func.count()).where(picks.c.edition == editions.c.id).scalar_subquery()
        query = sa.select(editions.c.date, held).where(*_valid(subscriber.id))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(editions.c.date.desc()))
            return [(row[0], row[1]) for row in rows]

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


def _valid(who: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions that an edition is this subscriber's, and still one."""
    kept = sa.exists().where(outbox_data.c.message == outbox.c.id)
    ended = sa.or_(
        outbox.c.state.in_(("superseded", "withdrawn")),
        sa.and_(outbox.c.state == "failed", ~kept),  # superseded, too, and says why it had failed
    )
    over = sa.select(outbox.c.edition).where(
        outbox.c.subscriber == who, ended, outbox.c.edition.is_not(None)
    )
    return editions.c.subscriber == who, editions.c.id.not_in(over)


def _superseding(connection: sa.Connection, composed: Sequence[Composed]) -> list[Composed]:
    """Those of the editions whose undelivered mails could all be superseded."""
    mails = [mail for one in composed for mail in one.supersedes]
    if not mails:
        return list(composed)
    now = max(one.edition.composed_at for one in composed)
    ended = supersede(connection, mails, now)
    return [one for one in composed if ended.issuperset(one.supersedes)]


def _last(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dt.date | None]:
    """The dates of these subscribers' latest editions; who was erased meanwhile is left out."""
    query = sa.select(subscribers.c.id, subscribers.c.last_date).where(subscribers.c.id.in_(ids))
    return {row.id: row.last_date for row in connection.execute(query)}


def _insert_picks(
    connection: sa.Connection, numbered: Sequence[tuple[int, Composed]]
) -> list[Edition]:
    """Store the picks of these editions; the editions as they are stored.

    No reader gets a paper twice, though one that was out of sight for long can be news again.
    """
    rows = [row for n, one in numbered for row in _pick_rows(n, one)]
    if insert(connection, picks, rows, known="skipped") == len(rows):
        return [one.edition for _, one in numbered]
    query = sa.select(picks.c.edition, picks.c.place)
    query = query.where(picks.c.edition.in_([n for n, _ in numbered]))
    there = {(row.edition, row.place) for row in connection.execute(query)}
    return [
        replace(
            one.edition,
            picks=tuple(
                pick for place, pick in enumerate(one.edition.picks, start=1) if (n, place) in there
            ),
        )
        for n, one in numbered
    ]


def _had(connection: sa.Connection, composed: Sequence[Composed]) -> None:
    """Note with the subscribers what their latest edition is."""
    for date in {one.edition.date for one in composed}:
        ids = [one.edition.subscriber.id for one in composed if one.edition.date == date]
        for some in chunks(ids):
            theirs = subscribers.update().where(subscribers.c.id.in_(some))
            connection.execute(theirs.values(last_date=date))


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


def _written(reasons: Iterable[Reason]) -> Written:
    """Reasons as JSON: there are thirty to an edition, and readers share most of their texts."""
    return Written(f"[{', '.join([f'{_text(r.kind, r.text)}{r.share!r}}}' for r in reasons])}]")


@lru_cache(maxsize=4_096)
def _text(kind: str, text: str) -> str:
    """A reason as JSON up to its share."""
    return json.dumps({"kind": kind, "text": text, "share": 0})[:-2]


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
            "reasons": _written(pick.reasons),
            "reports": pick.reports,
            "explore": pick.explore,
        }
        for place, (paper, pick) in enumerate(picked, start=1)
    ]
