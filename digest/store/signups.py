"""The shelf of signups: who asked for the newsletter, who agreed to what, and why some left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

import sqlalchemy as sa

from digest.messages import Message
from digest.store.engine import alone, reading, writing
from digest.store.outbox import FIRST, Kind, insert_mails, waiting
from digest.store.schema import consents, leavings, letters, outbox, signups, subscribers
from digest.store.subscribers import noun, same_address, values_of
from digest.store.suppressions import lift, lowered
from digest.subscribers import Subscriber

BETWEEN = dt.timedelta(days=1)
"""An address is sent nothing that was asked for on a page twice within this time."""

KEPT = dt.timedelta(days=30)
"""How long one can confirm, and how long a network address is kept with a consent."""

What = Literal["subscribed", "came back"]


@dataclass(frozen=True, slots=True)
class Signup:
    """Somebody asked, at an instant and from an address of the network, to become ``reader``.

    Whether it was the owner of the mail address nobody knows before they confirm. The reader's id
    is the signup's. ``subscriber`` is the id of who they became, once they confirmed; then the
    reader is told of there and not here any more.
    """

    reader: Subscriber | None
    asked_at: dt.datetime
    network: str | None
    subscriber: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What a subscriber agreed to at an instant, and the version of the words that asked them.

    ``network`` is the address it came from, or None once that was forgotten.
    """

    subscriber: str
    at: dt.datetime
    what: What
    wording: str
    network: str | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """Why a subscriber left, chosen from a list and in their own ``words``."""

    subscriber: str
    at: dt.datetime
    reason: str
    words: str = ""


class Signups:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def had_letter(self, address: str, now: dt.datetime) -> bool:
        """Whether the address was sent something a short while ago, and gets no more today."""
        with reading(self._engine) as connection:
            return _had_letter(connection, lowered(connection, address), now)

    def ask(self, asked: Signup, message: Message) -> bool:
        """Store a signup and queue the mail that asks to confirm it, in one transaction.

        False, and nothing is stored, when the address had such a mail within a day.
        """
        reader = asked.reader
        assert reader is not None and reader.address  # noqa: S101 - it is not confirmed yet
        row = {
            "id": reader.id,
            "address": reader.address,
            "asked_at": asked.asked_at,
            "network": asked.network,
            "reader": values_of(reader),
        }
        with writing(self._engine) as connection:
            if not _first_today(connection, reader.address, asked.asked_at):
                return False
            connection.execute(signups.insert().values(**row))
            _queue(connection, reader.id, message, "confirmation", asked.asked_at)
        return True

    def answer(self, who: str, address: str, message: Message | None, now: dt.datetime) -> bool:
        """Queue a mail to a subscriber who asked for it on a page, or note that one asked.

        False, and nothing is queued, when the address had such a mail within a day.
        """
        with writing(self._engine) as connection:
            if not _first_today(connection, address, now):
                return False
            if message:
                _queue(connection, who, message, "notice", now)
        return True

    def find(self, id_: str) -> Signup | None:
        """The signup of that id; None when there never was one, or it was forgotten."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(signups).where(signups.c.id == id_)).first()
        return _signup(row) if row else None

    def confirm(self, id_: str, given: Consent, secrets: Sequence[bytes]) -> str | None:
        """Make a subscriber of a signup, with their consent; the subscriber's id.

        ``given.subscriber`` is filled in here. Who was a subscriber before is that one again; of
        one whom the file names only the wish to get mails is taken. An address that left, or was
        erased, comes off the suppression list. A second time changes nothing. None for a signup
        that is not there.
        """
        with writing(self._engine) as connection:
            alone(connection, "subscribers")
            found = sa.select(signups).where(signups.c.id == id_).with_for_update()
            row = connection.execute(found).first()
            if row is None or row.subscriber:
                return row.subscriber if row else None
            lift(connection, row.address, secrets, ("left", "erased"), given.at)
            who = _subscribed(connection, noun(SimpleNamespace(**row.reader)), given.at)
            _agree(connection, who, given)
            confirmed = signups.update().where(signups.c.id == id_)
            values = {"confirmed_at": given.at, "subscriber": who, "network": None, "reader": {}}
            connection.execute(confirmed.values(**values, address=""))
        return who

    def come_back(self, given: Consent, since: dt.datetime | None = None) -> bool:
        """Who left, and not before ``since``, gets editions again.

        False for others, of whom nothing changes: whoever has an old mail must not be able to
        bring back a reader who left long ago.
        """
        who, left_at = given.subscriber, subscribers.c.left_at
        left = sa.and_(subscribers.c.id == who, left_at >= since if since else left_at.is_not(None))
        with writing(self._engine) as connection:
            back = connection.execute(subscribers.update().where(left).values(left_at=None))
            if back.rowcount:
                _agree(connection, who, given)
                connection.execute(leavings.delete().where(leavings.c.subscriber == who))
            return back.rowcount > 0

    def say_why(self, said: Leaving) -> None:
        """Store why a subscriber left; what they said before of it is replaced."""
        gone = sa.select(subscribers.c.id).where(subscribers.c.id == said.subscriber)
        with writing(self._engine) as connection:
            alone(connection, "leavings")
            if connection.execute(gone.where(subscribers.c.left_at.is_not(None))).first() is None:
                return
            theirs = leavings.c.subscriber == said.subscriber
            connection.execute(leavings.delete().where(theirs))
            names = Leaving.__dataclass_fields__
            connection.execute(leavings.insert().values(**{n: getattr(said, n) for n in names}))

    def consents(self, who: str) -> list[Consent]:
        """What the subscriber agreed to, oldest first."""
        query = sa.select(consents).where(consents.c.subscriber == who).order_by(consents.c.id)
        with reading(self._engine) as connection:
            return [_consent(row) for row in connection.execute(query)]

    def leavings(self, who: str | None = None) -> list[Leaving]:
        """Why subscribers left, or why one did, oldest first."""
        query = sa.select(leavings).order_by(leavings.c.at, leavings.c.subscriber)
        if who is not None:
            query = query.where(leavings.c.subscriber == who)
        with reading(self._engine) as connection:
            return [
                Leaving(row.subscriber, row.at, row.reason, row.words)
                for row in connection.execute(query)
            ]

    def forget(self, now: dt.datetime) -> None:
        """Drop what is kept for a while only: old signups, letters, and addresses of the network.

        Nothing is written where there is nothing to drop.
        """
        long_ago = now - KEPT
        old = sa.and_(signups.c.asked_at <= long_ago, signups.c.confirmed_at.is_(None))
        known = sa.and_(consents.c.at <= long_ago, consents.c.network.is_not(None))
        past = letters.c.at <= now - BETWEEN
        with reading(self._engine) as connection:
            if not any(
                connection.execute(sa.select(1).where(c).limit(1)).first()
                for c in (old, known, past)
            ):
                return
        with writing(self._engine) as connection:
            connection.execute(signups.delete().where(old))
            connection.execute(consents.update().where(known).values(network=None))
            connection.execute(letters.delete().where(past))


def _first_today(connection: sa.Connection, address: str, now: dt.datetime) -> bool:
    """Whether the address had no letter within a day; then it is noted that it has one now."""
    alone(connection, "letters")
    name = lowered(connection, address)
    if _had_letter(connection, name, now):
        return False
    connection.execute(letters.delete().where(letters.c.address == name))
    connection.execute(letters.insert().values(address=name, at=now))
    return True


def _had_letter(connection: sa.Connection, name: str, now: dt.datetime) -> bool:
    recent = sa.and_(letters.c.address == name, letters.c.at > now - BETWEEN)
    return connection.execute(sa.select(letters.c.at).where(recent)).first() is not None


def _queue(
    connection: sa.Connection, who: str, message: Message, kind: Kind, now: dt.datetime
) -> None:
    """Queue a mail that leaves before all others, for a person waits for it."""
    alone(connection, "outbox")
    known = sa.select(outbox.c.id).where(outbox.c.message_id == message.message_id)
    if connection.execute(known).first() is None:
        row = waiting(who, message, kind, now) | {"not_before": FIRST}
        insert_mails(connection, [(row, message.data)])


def _subscribed(connection: sa.Connection, reader: Subscriber, now: dt.datetime) -> str:
    """The id of the subscriber that a confirmed reader is."""
    assert reader.address  # noqa: S101 - nobody confirms without one
    theirs = sa.select(subscribers).where(same_address(reader.address))
    known = connection.execute(theirs.order_by(subscribers.c.joined_at)).all()
    listed = [row for row in known if row.unlisted_at is None]
    row = next(iter([*listed, *known]), None)
    if row is None:
        values = values_of(reader) | {"origin": "store", "joined_at": now}
        connection.execute(subscribers.insert().values(**values))
        return reader.id
    back: dict[str, Any] = {"paused_at": None, "left_at": None}
    if row.origin == "store" or row.unlisted_at:
        back |= values_of(reader) | {"id": row.id, "origin": "store", "unlisted_at": None}
    connection.execute(subscribers.update().where(subscribers.c.id == row.id).values(**back))
    return str(row.id)


def _agree(connection: sa.Connection, who: str, given: Consent) -> None:
    names = Consent.__dataclass_fields__
    values = {name: getattr(given, name) for name in names} | {"subscriber": who}
    connection.execute(consents.insert().values(**values))


def _consent(row: Any) -> Consent:
    return Consent(**{name: getattr(row, name) for name in Consent.__dataclass_fields__})


def _signup(row: Any) -> Signup:
    reader = None if row.subscriber else noun(SimpleNamespace(**row.reader))
    return Signup(reader, row.asked_at, row.network, row.subscriber)
