"""The shelf of mails on their way.

               ┌──── given back, or its worker died ────┐
               ▼                                        │
    queued ────────────► claimed ────────► sending ─────┤
      │  ▲                  │                 │  │  └──► sent
      │  │                  │                 │  └─────► failed     (5xx, or too many attempts)
      │  │   deferred ◄─────┼────── 4xx ──────┘
      │  │      │           │                 └────────► uncertain  (lost after the final dot, or
      │  └──────┼───────────┼── asked for again ◄─────┘             its worker died meanwhile)
      │         └─ not before, then claimed as queued ones are
      ├► withdrawn ◄ deferred, claimed   (they left, paused, are listed no more, or suppressed)
      └► superseded ◄ deferred           (their next edition was composed, with its papers)

A row is stored together with its edition, from which its mail is printed when its turn has come:
what there is of it in ``outbox_data`` says only that it can still be sent. A worker claims some,
for as long as its lease lasts; marks each as being sent before the first byte of it leaves; sends
it; and records the outcome, in the transaction that marks its next one. So a crash leaves in doubt
one message a connection, and those are listed; whatever was only claimed is certainly not sent. A
claim has a token that no later one has: a worker whose lease ran out can no longer mark.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from digest.editions import Edition
from digest.messages import Message
from digest.store import lineage
from digest.store.claims import Claim, Done, Stepped
from digest.store.contents import Known, whole
from digest.store.ending import WAITING, end_for_the_gone
from digest.store.engine import alone, reading, writing
from digest.store.inserting import drawn, insert
from digest.store.presence import boot, present
from digest.store.schema import editions, outbox, outbox_data
from digest.store.steps import Steps

Kind = Literal["edition", "confirmation", "notice"]

COPIED = "the database was restored or copied since, and this may have been sent meanwhile"
CRASHED = "the worker that was sending it stopped before it knew the outcome"
FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""The instant from which mails somebody waits for may leave: before all editions."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message as an operator sees it; ``date`` is its edition's, ``at`` its last change."""

    subscriber: str
    address: str
    date: dt.date | None
    kind: str
    state: str
    attempts: int
    reply: str
    message_id: str
    at: dt.datetime


class Outbox:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._is_file = engine.dialect.name == "sqlite"
        self._steps: Steps | None = None
        self._papers: Known = {}

    @contextmanager
    def present(self, now: dt.datetime, *, resend: bool) -> Iterator[None]:
        """Deliver within this: others see that somebody is there.

        Whoever finds nobody there knows that what is claimed or being sent is a dead worker's,
        whatever its lease says, and puts it back or lists it. ``resend``: nothing stays uncertain.
        Raises StoreError for a SQLite file that was restored or copied.
        """

        def recover() -> None:
            with writing(self._engine) as connection:
                run = lineage.count(connection) if self._is_file else 0
                _recover(connection, sa.true(), now, resend=resend)
            if self._is_file:
                lineage.note(self._engine, run)

        with present(self._engine, recover), Steps(self._engine) as steps:
            self._steps = steps
            try:
                yield
            finally:
                self._steps = None

    def adopt(self, now: dt.datetime) -> int:
        """Send from this SQLite file from now on, though it was restored or copied.

        What waits in it becomes uncertain, for it may have been sent meanwhile; how many that is.
        """
        lineage.lock_file(self._engine).touch()
        with writing(self._engine) as connection:
            run = lineage.adopt(connection) if self._is_file else 0
            states = (*WAITING, "claimed", "sending")
            update = outbox.update().where(outbox.c.state.in_(states))
            values = {"state": "uncertain", "reply": COPIED, "lease_until": None, "at": now}
            doubtful = connection.execute(update.values(**values)).rowcount
        if self._is_file:
            lineage.note(self._engine, run)
        return doubtful

    def claim(
        self,
        most: int,
        now: dt.datetime,
        lease: dt.timedelta,
        *,
        resend: bool = False,
        own: Collection[int] = (),
        swift: bool = False,
    ) -> list[Claim]:
        """Up to ``most`` messages whose time has come, longest waiting first; ours for the lease.

        What others hold beyond their lease is taken from them first; ``own`` are the ids that
        this worker holds, whatever a clock that jumped says of their lease. With ``swift``, on
        SQLite, the steps of these messages survive the end of this process at once, but that of
        the whole machine only together: after a power cut all of them are uncertain.
        """
        since = boot(self._engine) if swift else ""
        forsaken = sa.and_(outbox.c.lease_until < now, outbox.c.id.not_in(own))
        with writing(self._engine) as connection:
            _recover(connection, forsaken, now, resend=resend)
            ids: list[int] = []
            for state in WAITING:  # one after the other: each is a walk along the index
                ids += self._waiting(connection, state, most - len(ids), now)
            rows = self._claimed(connection, ids, now + lease, since) if ids else []
        editions_ = self._editions([row.edition for row in rows if row.edition and not row.data])
        order = {id_: n for n, id_ in enumerate(ids)}
        return [
            Claim(
                row.id,
                row.token,
                row.attempts,
                row.subscriber,
                Message(row.message_id, row.sender, row.recipient, row.data),
                swift=bool(since),
                edition=editions_.get(row.edition),
            )
            for row in sorted(rows, key=lambda row: order[row.id])
        ]

    def _editions(self, numbers: Collection[int]) -> dict[int, Edition]:
        """What claimed mails are printed from. One that was withdrawn meanwhile is not marked."""
        if not numbers:
            return {}
        with reading(self._engine) as connection:
            return whole(connection, numbers, self._papers)

    def _waiting(
        self, connection: sa.Connection, state: str, most: int, now: dt.datetime
    ) -> list[int]:
        query = sa.select(outbox.c.id).where(outbox.c.state == state, outbox.c.not_before <= now)
        query = query.order_by(outbox.c.not_before, outbox.c.id).limit(max(most, 0))
        if self._engine.dialect.name == "postgresql":
            query = query.with_for_update(skip_locked=True)
        return list(connection.execute(query).scalars())

    def _claimed(
        self, connection: sa.Connection, ids: list[int], until: dt.datetime, since: str
    ) -> Sequence[sa.Row[Any]]:
        """Claim rows that this transaction has locked, and read them with their bytes."""
        update = outbox.update().where(outbox.c.id.in_(ids))
        values = {"state": "claimed", "token": outbox.c.token + 1, "lease_until": until}
        connection.execute(update.values(**values, boot=since))
        query = sa.select(outbox, outbox_data.c.data).join(outbox_data).where(outbox.c.id.in_(ids))
        return connection.execute(query).all()

    def step(
        self,
        done: Sequence[Done],
        starting: Sequence[Claim],
        now: dt.datetime,
        lease: dt.timedelta,
    ) -> Stepped:
        """Record outcomes and mark the next messages as being sent, in one transaction.

        A claim that is no longer ours is neither recorded nor started: its lease ran out, or it
        was withdrawn meanwhile.
        """
        if self._steps is None:
            with Steps(self._engine) as steps:
                return steps.step(done, starting, now, lease)
        return self._steps.step(done, starting, now, lease)

    def release(self, claims: Sequence[Claim], not_before: dt.datetime | None = None) -> None:
        """Give back what was claimed and not begun; ``not_before`` when it has to wait a little."""
        if not claims:
            return
        values: dict[str, Any] = {"state": "queued", "lease_until": None}
        if not_before:
            values["not_before"] = not_before
        with writing(self._engine) as connection:
            for claim in claims:
                ours = sa.and_(outbox.c.id == claim.id, outbox.c.token == claim.token)
                update = outbox.update().where(ours, outbox.c.state == "claimed")
                connection.execute(update.values(**values))

    def take_back(self, claims: Sequence[Claim], not_before: dt.datetime, why: str) -> None:
        """Defer messages that had failed: it was the server's state, not theirs.

        Their last attempt counts no more. One that was superseded meanwhile stays as it is.
        """
        kept = sa.select(outbox_data.c.message)
        with writing(self._engine) as connection:
            for claim in claims:
                ours = sa.and_(outbox.c.id == claim.id, outbox.c.token == claim.token)
                refused = sa.and_(outbox.c.state.in_(("failed", "deferred")), outbox.c.id.in_(kept))
                update = outbox.update().where(ours, refused)
                connection.execute(
                    update.values(
                        state="deferred",
                        not_before=not_before,
                        attempts=outbox.c.attempts - 1,
                        reply=why,
                    )
                )
            end_for_the_gone(connection, not_before)

    def queue(
        self, who: str, message: Message, kind: Kind, now: dt.datetime, *, first: bool = False
    ) -> bool:
        """Queue a mail that is no edition; False when that very mail was queued before.

        ``first``: it leaves before everything that waits, for a person waits for it.
        """
        row = waiting(who, message, kind, now) | ({"not_before": FIRST} if first else {})
        with writing(self._engine) as connection:
            alone(connection, "outbox")
            known = sa.select(outbox.c.id).where(outbox.c.message_id == message.message_id)
            if connection.execute(known).first():
                return False
            insert_mails(connection, [(row, message.data)])
        return True

    def retry(self, states: Collection[str], now: dt.datetime) -> int:
        """Queue again what is in one of these states and whose bytes are kept; how many were.

        The attempts start anew. An edition whose papers went into a later one has no bytes.
        """
        kept = sa.select(outbox_data.c.message)
        update = outbox.update().where(outbox.c.state.in_(states), outbox.c.id.in_(kept))
        with writing(self._engine) as connection:
            values = update.values(state="queued", attempts=0, not_before=now, at=now)
            queued_again = connection.execute(values).rowcount
            end_for_the_gone(connection, now)
        return queued_again

    def lines(
        self, state: str | None = None, date: dt.date | None = None, most: int | None = None
    ) -> Iterator[Line]:
        """What is and was on its way, oldest first; of one state, of editions of one date."""
        query = sa.select(outbox, editions.c.date).join(editions, isouter=True)
        if state:
            query = query.where(outbox.c.state == state)
        if date:
            query = query.where(editions.c.date == date)
        query = query.order_by(outbox.c.id).limit(most)
        with reading(self._engine) as connection:
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield line(row)

    def counts(self) -> dict[str, int]:
        """How many messages there are in each state that occurs."""
        query = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def sent_since(self, instant: dt.datetime) -> int:
        """How many messages a server took since then."""
        query = sa.select(sa.func.count()).where(outbox.c.state == "sent", outbox.c.at >= instant)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar() or 0

    def next_at(self) -> dt.datetime | None:
        """When the next message that waits may leave; None when none waits."""
        query = sa.select(sa.func.min(outbox.c.not_before, type_=outbox.c.not_before.type))
        with reading(self._engine) as connection:
            return connection.execute(query.where(outbox.c.state.in_(WAITING))).scalar()

    def tidy(self) -> None:
        """Drop the bytes of mails that will not be sent again."""
        states = ("sent", "withdrawn", "superseded")
        over = sa.exists().where(outbox.c.id == outbox_data.c.message, outbox.c.state.in_(states))
        with writing(self._engine) as connection:
            connection.execute(outbox_data.delete().where(over))


def line(row: Any) -> Line:
    """A row as an operator sees it; it has its edition's date, too."""
    return Line(
        row.subscriber,
        row.recipient,
        row.date,
        row.kind,
        row.state,
        row.attempts,
        row.reply or "",
        row.message_id,
        row.at,
    )


def queued(number: int, edition: Edition, message: Message) -> dict[str, Any]:
    """The row of an edition's message that waits for its first attempt."""
    return waiting(edition.subscriber.id, message, "edition", edition.composed_at, number)


def insert_mails(connection: sa.Connection, mails: Sequence[tuple[dict[str, Any], bytes]]) -> None:
    """Store rows with their bytes."""
    if not mails:
        return
    lineage.begin(connection)
    numbered = list(zip(drawn(connection, outbox, len(mails)), mails, strict=True))
    insert(connection, outbox, [{**row, "id": n} for n, (row, _) in numbered])
    insert(connection, outbox_data, [{"message": n, "data": data} for n, (_, data) in numbered])


def waiting(
    who: str, message: Message, kind: Kind, now: dt.datetime, edition: int | None = None
) -> dict[str, Any]:
    """The row of a message that waits for its first attempt; ``edition`` is a number."""
    return {
        "kind": kind,
        "edition": edition,
        "subscriber": who,
        "message_id": message.message_id,
        "sender": message.sender,
        "recipient": message.recipient,
        "state": "queued",
        "attempts": 0,
        "not_before": now,
        "token": 0,
        "boot": "",
        "at": now,
    }


def _recover(
    connection: sa.Connection, which: sa.ColumnElement[bool], now: dt.datetime, *, resend: bool
) -> None:
    """Put back what dead workers had claimed, and list what they may have been sending."""
    if not resend:
        lost = sa.and_(
            outbox.c.state == "claimed", outbox.c.boot.not_in(("", boot(connection.engine)))
        )
        doubtful = outbox.update().where(sa.or_(outbox.c.state == "sending", lost), which)
        values = {"state": "uncertain", "reply": CRASHED, "lease_until": None, "at": now}
        connection.execute(
            doubtful.values(**values, token=outbox.c.token + 1, attempts=outbox.c.attempts + 1)
        )
    left = outbox.update().where(outbox.c.state.in_(("claimed", "sending")), which)
    again = left.values(state="queued", lease_until=None, token=outbox.c.token + 1)
    if connection.execute(again).rowcount:
        end_for_the_gone(connection, now)
