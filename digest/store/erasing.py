"""How a subscriber is erased: nothing stays of them but a keyed hash that keeps mails away."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from digest.store.ending import NOBODY, end_for_nobody, withdraw
from digest.store.schema import (
    bounces,
    consents,
    editions,
    leavings,
    letters,
    outbox,
    outbox_data,
    picks,
    signups,
    subscribers,
    suppressions,
    votes,
)
from digest.store.suppressions import erased, lowered


def erase(connection: sa.Connection, who: str, secret: bytes, now: dt.datetime) -> None:
    """Erase a subscriber within a transaction; one that is not there changes nothing.

    Their mails stay as nobody's, so that what was sent is still counted, and so that no number of
    theirs is given to another mail while a worker holds it.
    """
    # Locked first, as whoever queues mail for them does: the two must not wait for each other.
    known = sa.select(subscribers).where(subscribers.c.id == who).with_for_update()
    row = connection.execute(known).first()
    if row is None:
        return
    withdraw(connection, who, "erased", now)
    name = lowered(connection, row.address or "")
    asked = sa.select(signups.c.id).where(_asked(who, name))
    ids = [who, *connection.execute(asked).scalars()]
    mails = sa.or_(outbox.c.subscriber.in_(ids), _low(outbox.c.recipient) == name)
    _anonymise(connection, mails, now)
    theirs = sa.select(editions.c.id).where(editions.c.subscriber == who)
    for table, which in (
        (picks, picks.c.edition.in_(theirs)),
        (editions, editions.c.subscriber == who),
        (votes, votes.c.subscriber == who),
        (bounces, sa.or_(bounces.c.subscriber.in_(ids), bounces.c.address == name)),
        (consents, consents.c.subscriber == who),
        (leavings, leavings.c.subscriber == who),
        (letters, letters.c.address == name),
        (signups, _asked(who, name)),
        (subscribers, subscribers.c.id == who),
    ):
        connection.execute(table.delete().where(which))
    if row.address:
        _suppress(connection, name, erased(row.address, secret), now)


def _low(column: sa.Column[str]) -> sa.ColumnElement[str]:
    return sa.func.lower(column)


def _asked(who: str, name: str) -> sa.ColumnElement[bool]:
    return sa.or_(signups.c.subscriber == who, _low(signups.c.address) == name)


def _anonymise(connection: sa.Connection, which: sa.ColumnElement[bool], now: dt.datetime) -> None:
    ids = list(connection.execute(sa.select(outbox.c.id).where(which)).scalars())
    connection.execute(outbox_data.delete().where(outbox_data.c.message.in_(ids)))
    names = {"subscriber": NOBODY, "recipient": "", "reply": None, "edition": None}
    unnamed = sa.literal("erased.") + sa.cast(outbox.c.id, sa.Text)
    mails = outbox.update().where(outbox.c.id.in_(ids))
    connection.execute(mails.values(**names, message_id=unnamed))
    end_for_nobody(connection, now)


def _suppress(connection: sa.Connection, name: str, hashed: str, now: dt.datetime) -> None:
    """The hash on the suppression list; for one who was on it by name, with the same reason."""
    here = sa.select(suppressions.c.reason).where(suppressions.c.address == name)
    reason = connection.execute(here).scalar()
    old = suppressions.c.address.in_((name, hashed))
    connection.execute(suppressions.delete().where(old))
    values = {"address": hashed, "reason": reason or "erased", "detail": "", "at": now}
    connection.execute(suppressions.insert().values(**values))
