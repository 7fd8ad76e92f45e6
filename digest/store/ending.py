"""How mails on their way end without being sent: withdrawn, or superseded by the next edition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa

from digest.store.schema import SUPPRESSED, editions, outbox, outbox_data, picks, subscribers

WAITING = ("queued", "deferred")
UNDELIVERED = (*WAITING, "failed")
"""States of editions whose papers roll into the next: their reader never had them."""

LEFT = "they left meanwhile"

NOBODY = ""
"""The subscriber of mails whose reader was erased."""

_GONE = sa.select(subscribers.c.id).where(
    sa.or_(
        subscribers.c.unlisted_at.is_not(None),
        subscribers.c.paused_at.is_not(None),
        subscribers.c.left_at.is_not(None),
        SUPPRESSED,
    )
)

_EDITIONS = outbox.c.kind == "edition"
"""Somebody who left may still be asked whether they want to come back."""


def withdraw(connection: sa.Connection, who: str, why: str, now: dt.datetime) -> None:
    """Take back what waits for a subscriber, in the transaction that says why.

    Its papers were never had, so they are news again should the subscriber come back.
    """
    states = (*WAITING, "claimed")
    _end(connection, [who], states, "withdrawn", why, now)


def supersede(connection: sa.Connection, mails: Collection[int], now: dt.datetime) -> set[int]:
    """End these undelivered mails, whose papers are news again; the ids of those that were ended.

    A failed one stays failed, and says why; only that it can no longer be sent again.
    """
    undelivered = sa.and_(outbox.c.id.in_(mails), outbox.c.state.in_(UNDELIVERED))
    found = _emptied(connection, undelivered)
    waiting = outbox.update().where(outbox.c.id.in_(found), outbox.c.state.in_(WAITING))
    connection.execute(waiting.values(state="superseded", at=now))
    return found


def undelivered(connection: sa.Connection, ids: Collection[str]) -> dict[str, list[int]]:
    """The mails that these subscribers' next editions would supersede: subscriber to ids."""
    query = sa.select(outbox.c.subscriber, outbox.c.id).join(outbox_data)
    query = query.where(
        outbox.c.kind == "edition", outbox.c.state.in_(UNDELIVERED), outbox.c.subscriber.in_(ids)
    )
    found: dict[str, list[int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.subscriber, []).append(row.id)
    return found


def end_if_over(connection: sa.Connection, mail: int, who: str, now: dt.datetime) -> None:
    """End a mail of theirs that would wait again, if its reader is gone or has a later edition."""
    end_for_nobody(connection, now)
    if connection.execute(_GONE.where(subscribers.c.id == who)).first():
        _end(connection, [who], WAITING, "withdrawn", LEFT, now, _EDITIONS)
        return
    this = sa.select(outbox.c.edition).where(outbox.c.id == mail).scalar_subquery()
    later = sa.select(editions.c.id).where(editions.c.subscriber == who, editions.c.id > this)
    if connection.execute(later.limit(1)).first():
        supersede(connection, [mail], now)


def end_for_the_gone(connection: sa.Connection, now: dt.datetime) -> None:
    """Withdraw editions that wait again, whoever put them back, for readers who are gone."""
    _end(connection, _GONE, WAITING, "withdrawn", LEFT, now, _EDITIONS)
    end_for_nobody(connection, now)


def end_for_nobody(connection: sa.Connection, now: dt.datetime) -> None:
    """Withdraw what would wait, or be sent, for readers who were erased meanwhile."""
    _end(connection, [NOBODY], (*WAITING, "claimed"), "withdrawn", LEFT, now)


def _end(
    connection: sa.Connection,
    who: Collection[str] | sa.Select[tuple[str]],
    states: Collection[str],
    state: str,
    why: str,
    now: dt.datetime,
    which: sa.ColumnElement[bool] | None = None,
) -> None:
    theirs = sa.and_(outbox.c.subscriber.in_(who), outbox.c.state.in_(states))
    if which is not None:
        theirs = sa.and_(theirs, which)
    ended = outbox.update().where(outbox.c.id.in_(_emptied(connection, theirs)))
    connection.execute(ended.values(state=state, reply=why, lease_until=None, at=now))


def _emptied(connection: sa.Connection, which: sa.ColumnElement[bool]) -> set[int]:
    """The ids of these mails, which have neither papers nor bytes any more.

    They are locked first: none can be marked as being sent between two of the statements.
    """
    query = sa.select(outbox.c.id).where(which).with_for_update()
    found = set(connection.execute(query).scalars())
    editions_ = sa.select(outbox.c.edition).where(outbox.c.id.in_(found))
    connection.execute(picks.delete().where(picks.c.edition.in_(editions_)))
    connection.execute(outbox_data.delete().where(outbox_data.c.message.in_(found)))
    return found


def gone(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Those of the subscribers who get nothing any more.

    None of them can leave, or be composed for, before the transaction ends; whoever tries to finds
    what it stored.
    """
    rows = sa.select(subscribers.c.id).where(subscribers.c.id.in_(ids)).order_by(subscribers.c.id)
    connection.execute(rows.with_for_update(key_share=True)).all()  # in one order, as all take them
    return set(connection.execute(_GONE.where(subscribers.c.id.in_(ids))).scalars())
