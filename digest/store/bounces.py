"""The shelf of what came back: each report once, with all that follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from digest.bounces import Bounce, Reason, Suppression
from digest.store.engine import alone, reading, writing
from digest.store.schema import bounces, editions, outbox, subscribers
from digest.store.subscribers import leave
from digest.store.suppressions import lowered, suppress
from digest.store.votes import cast
from digest.votes import Vote

Verdict = Callable[[Sequence[Bounce]], Reason | None]


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail of ours: to whom, where, and of which edition; one without has no ``date``."""

    message_id: str
    subscriber: str
    address: str
    date: dt.date | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What storing a report came to: whether it was ``new``, and whether it ``suppressed``."""

    new: bool
    suppressed: Reason | None = None


class Bounces:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def sent(self, message_id: str) -> Sent | None:
        """The mail of this Message-ID, if it is one of ours."""
        return self._sent(outbox.c.message_id == message_id)

    def sent_on(self, who: str, date: dt.date) -> Sent | None:
        """The mail of the subscriber's edition of that date."""
        return self._sent(sa.and_(editions.c.subscriber == who, editions.c.date == date))

    def record(self, bounce: Bounce, verdict: Verdict) -> Recorded:
        """Store a report; suppress its address where ``verdict`` on all its reports says so.

        One transaction: a report is never stored without what follows from it. One that is
        stored already changes nothing.
        """
        with writing(self._engine) as connection:
            alone(connection, "bounces")
            stored = self._add(connection, bounce)
            if stored is None:
                return Recorded(new=False)
            reason = verdict(_history(connection, stored.address))
            if reason is None:
                return Recorded(new=True)
            fresh = [
                Suppression(address, reason, bounce.at, bounce.said)
                for address in _spellings(connection, stored)
            ]
            return Recorded(new=True, suppressed=reason if suppress(connection, fresh) else None)

    def leave(self, request: Bounce) -> bool:
        """Store that the subscriber asked to leave, and that they left; False if it was stored."""
        with writing(self._engine) as connection:
            alone(connection, "bounces")
            if self._add(connection, request) is None:
                return False
            leave(connection, request.subscriber, request.at)
            return True

    def vote(self, request: Bounce, vote: Vote) -> bool:
        """Store a vote that came by mail, and that it came; False if it was stored before."""
        with writing(self._engine) as connection:
            alone(connection, "bounces")
            if self._add(connection, request) is None:
                return False
            cast(connection, [vote])
            return True

    def latest(self, most: int = 100) -> list[Bounce]:
        """The reports that came last, newest first."""
        query = sa.select(bounces).order_by(bounces.c.at.desc(), bounces.c.report).limit(most)
        with reading(self._engine) as connection:
            return [_noun(row) for row in connection.execute(query)]

    def about(self, who: str) -> list[Bounce]:
        """Every report on mails to a subscriber, and every request of theirs, oldest first."""
        query = sa.select(bounces).where(bounces.c.subscriber == who)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(bounces.c.at, bounces.c.report))
            return [_noun(row) for row in rows]

    def _sent(self, which: sa.ColumnElement[bool]) -> Sent | None:
        columns = (outbox.c.message_id, outbox.c.subscriber, outbox.c.recipient, editions.c.date)
        query = sa.select(*columns).select_from(outbox)
        query = query.outerjoin(editions, editions.c.id == outbox.c.edition).where(which)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return Sent(*row) if row else None

    def _add(self, connection: sa.Connection, bounce: Bounce) -> Bounce | None:
        """What was stored; None when it was there before."""
        here = sa.select(bounces.c.report).where(bounces.c.report == bounce.report)
        if connection.execute(here).first() is not None:
            return None
        stored = replace(bounce, address=lowered(connection, bounce.address))
        values = {name: getattr(stored, name) for name in Bounce.__dataclass_fields__}
        connection.execute(bounces.insert().values(**values))
        return stored


def _history(connection: sa.Connection, address: str) -> list[Bounce]:
    """The reports on an address that count, oldest first."""
    counting = sa.and_(bounces.c.address == address, bounces.c.forgiven_at.is_(None))
    query = sa.select(bounces).where(counting).order_by(bounces.c.at, bounces.c.report)
    return [_noun(row) for row in connection.execute(query)]


def _spellings(connection: sa.Connection, bounce: Bounce) -> list[str]:
    """The address as it was written to, and as its reader spells it.

    The two differ where a domain has letters beyond ASCII, which mails have as A-labels.
    """
    query = sa.select(subscribers.c.address).where(subscribers.c.id == bounce.subscriber)
    stated = connection.execute(query).scalar() or ""
    local, _, domain = stated.rpartition("@")
    same = local.lower() == bounce.address.rpartition("@")[0] and not domain.isascii()
    return [bounce.address, *([stated] if same else [])]


def _noun(row: Any) -> Bounce:
    return Bounce(**{name: getattr(row, name) for name in Bounce.__dataclass_fields__})
