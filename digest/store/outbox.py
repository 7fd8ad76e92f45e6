"""The shelf of mails on their way.

               ┌──────────── the claim's worker died ───────────┐
               ▼                                                │
    queued ──────────────────► claimed ──► sent                 │
      │                        │  │  └────► failed     (5xx)    │
      │    deferred ◄── 4xx ───┘  └───────► uncertain  (lost after the final dot)
      │       └──────── not before ───────► claimed ────────────┘
      └► withdrawn ◄── deferred             (they left, paused, or are listed no more)

A row is stored together with its edition; it is claimed, then sent, then its outcome recorded:
never recorded first (a mail would be lost), never sent all and recorded at the end (mails would
repeat). A claim has a token, so that a worker who comes back late can no longer mark.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from digest.editions import Edition
from digest.messages import Message
from digest.store.engine import reading, writing
from digest.store.schema import outbox, picks, subscribers


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours to send; ``attempts`` counts those before this one."""

    id: int
    token: int
    attempts: int
    subscriber: str
    message: Message


_GONE = sa.select(subscribers.c.id).where(
    sa.or_(
        subscribers.c.unlisted_at.is_not(None),
        subscribers.c.paused_at.is_not(None),
        subscribers.c.left_at.is_not(None),
    )
)
"""Who gets nothing more. Their mails were withdrawn, but for those that were claimed just then."""


class Outbox:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """True while we are the only one delivering from this store, else False.

        The lock ends with its process, however that ends; so whoever holds it knows that claims
        left behind are a dead process's, and puts them back in the queue.
        """
        lock = _file_lock if self._engine.dialect.name == "sqlite" else _database_lock
        with lock(self._engine) as ours:
            if ours:
                with writing(self._engine) as connection:
                    left = outbox.update().where(outbox.c.state == "claimed")
                    connection.execute(left.values(state="queued", lease_until=None))
            yield ours

    def claim(self, most: int, now: dt.datetime, lease: dt.timedelta) -> list[Claim]:
        """Up to ``most`` messages whose time has come, oldest first; ours until the lease ends.

        One whose lease ended is anybody's again; the token keeps the late worker from marking it.
        """
        waiting = sa.and_(outbox.c.state.in_(("queued", "deferred")), outbox.c.not_before <= now)
        forsaken = sa.and_(outbox.c.state == "claimed", outbox.c.lease_until < now)
        ready = sa.and_(sa.or_(waiting, forsaken), outbox.c.subscriber.not_in(_GONE))
        oldest = sa.select(outbox.c.id).where(ready).order_by(outbox.c.id).limit(most)
        if self._engine.dialect.name == "postgresql":
            oldest = oldest.with_for_update(skip_locked=True)
        # By name, as it then runs once: a bare sub-select may run again for each row it is
        # compared with, and its limit is none.
        ours = sa.select(oldest.cte("oldest").c.id)
        update = (
            outbox.update()
            # The condition stands twice: without it, two clients claim the same row.
            .where(outbox.c.id.in_(ours), ready)
            .values(state="claimed", token=outbox.c.token + 1, lease_until=now + lease)
            .returning(outbox)
        )
        with writing(self._engine) as connection:
            rows = sorted(connection.execute(update), key=lambda row: row.id)
        return [
            Claim(
                row.id,
                row.token,
                row.attempts,
                row.subscriber,
                Message(row.message_id, row.sender, row.recipient, row.data),
            )
            for row in rows
        ]

    def record(
        self,
        claim: Claim,
        *,
        state: str,
        reply: str,
        not_before: dt.datetime | None,
        now: dt.datetime,
    ) -> bool:
        """Store what became of a claimed message; False when the claim is no longer ours.

        The finished bytes are kept only while they may be sent again.
        """
        values: dict[str, Any] = {
            "state": state,
            "reply": reply,
            "attempts": outbox.c.attempts + 1,
            "lease_until": None,
            "at": now,
        }
        if not_before:
            values["not_before"] = not_before
        if state in ("sent", "failed"):
            values["data"] = None
        with writing(self._engine) as connection:
            return connection.execute(_ours(claim).values(**values)).rowcount == 1

    def release(self, claims: list[Claim]) -> None:
        """Give back what was claimed and not tried: no attempt is counted."""
        with writing(self._engine) as connection:
            for claim in claims:
                connection.execute(_ours(claim).values(state="queued", lease_until=None))

    def counts(self) -> dict[str, int]:
        """How many messages there are in each state that occurs."""
        query = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def queued(number: int, edition: Edition, message: Message) -> dict[str, Any]:
    """The row of a message that waits for its first attempt."""
    return {
        "edition": number,
        "subscriber": edition.subscriber.id,
        "message_id": message.message_id,
        "sender": message.sender,
        "recipient": message.recipient,
        "data": message.data,
        "state": "queued",
        "attempts": 0,
        "not_before": edition.composed_at,
        "token": 0,
        "at": edition.composed_at,
    }


def withdraw(connection: sa.Connection, who: str, why: str, now: dt.datetime) -> None:
    """Take back what waits for a subscriber, in the transaction that says why.

    Its papers were never had, so they are news again should the subscriber come back.
    """
    waiting = sa.and_(outbox.c.subscriber == who, outbox.c.state.in_(("queued", "deferred")))
    never = sa.select(outbox.c.edition).where(waiting)
    connection.execute(picks.delete().where(picks.c.edition.in_(never)))
    update = outbox.update().where(waiting)
    connection.execute(update.values(state="withdrawn", reply=why, data=None, at=now))


def _ours(claim: Claim) -> sa.Update:
    return outbox.update().where(
        outbox.c.id == claim.id, outbox.c.token == claim.token, outbox.c.state == "claimed"
    )


@contextmanager
def _file_lock(engine: sa.Engine) -> Iterator[bool]:
    import fcntl

    with Path(f"{engine.url.database}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


@contextmanager
def _database_lock(engine: sa.Engine) -> Iterator[bool]:
    with engine.connect() as connection:
        take = "SELECT pg_try_advisory_lock(hashtext('digest.deliver'))"
        ours = bool(connection.execute(sa.text(take)).scalar())
        connection.commit()
        try:
            yield ours
        finally:
            if ours:
                connection.execute(sa.text("SELECT pg_advisory_unlock(hashtext('digest.deliver'))"))
                connection.commit()
