"""The step between two messages: the one transaction that every message waits for.

It goes to the driver itself, over a connection that is kept and with SQL that is prepared: through
all layers of the library it takes several times as long as SQLite needs for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from digest.store.claims import Claim, Done, Stepped
from digest.store.ending import WAITING, end_if_over
from digest.store.engine import told, writing
from digest.store.schema import Instant, outbox

_OURS = sa.and_(outbox.c.id == sa.bindparam("id_"), outbox.c.token == sa.bindparam("token_"))

_RECORD = (
    outbox.update()
    .where(_OURS, outbox.c.state == sa.literal_column("'sending'"))
    .values(
        state=sa.bindparam("state_"),
        reply=sa.bindparam("reply_"),
        attempts=sa.bindparam("attempts_"),
        not_before=sa.func.coalesce(
            sa.bindparam("not_before_", type_=Instant), outbox.c.not_before
        ),
        lease_until=sa.null(),
        at=sa.bindparam("at_"),
    )
)
_START = (
    outbox.update()
    .where(_OURS, outbox.c.state == sa.literal_column("'claimed'"))
    .values(state=sa.literal_column("'sending'"), lease_until=sa.bindparam("until_"))
)


class Steps:
    """A connection for ``step`` alone. Used by one thread at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._is_file = engine.dialect.name == "sqlite"
        self._swift = False
        self._record = _Prepared(_RECORD, engine.dialect)
        self._start = _Prepared(_START, engine.dialect)

    def __enter__(self) -> Steps:
        with told(self._engine):
            self._connection = self._engine.raw_connection()
        self._cursor = self._connection.cursor()
        return self

    def __exit__(self, *_: object) -> None:
        if self._swift:
            self._force(True)
        self._connection.close()

    def step(
        self,
        done: Sequence[Done],
        starting: Sequence[Claim],
        now: dt.datetime,
        lease: dt.timedelta,
    ) -> Stepped:
        """As ``Outbox.step``."""
        if self._is_file:
            claims = (*starting, *(one.claim for one in done))
            self._force(not all(claim.swift for claim in claims))
        with told(self._engine), self._transaction():
            recorded = [one.claim.id for one in done if self._recorded(one, now)]
            started = [claim.id for claim in starting if self._started(claim, now + lease)]
        over = [one.claim for one in done if one.state in WAITING and one.claim.id in recorded]
        if over:
            with writing(self._engine) as connection:
                for claim in over:
                    end_if_over(connection, claim.id, claim.subscriber, now)
        return Stepped(frozenset(recorded), frozenset(started))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            if self._is_file:  # the driver of PostgreSQL begins by itself
                self._cursor.execute("BEGIN IMMEDIATE")
            yield
            self._cursor.execute("COMMIT") if self._is_file else self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    def _recorded(self, done: Done, now: dt.datetime) -> bool:
        """Store what became of a message; False when the claim is no longer ours."""
        claim = done.claim
        return self._record.run(
            self._cursor,
            id_=claim.id,
            token_=claim.token,
            state_=done.state,
            reply_=done.reply,
            attempts_=claim.attempts + done.tried,
            not_before_=done.not_before,
            at_=now,
        )

    def _started(self, claim: Claim, until: dt.datetime) -> bool:
        return self._start.run(self._cursor, id_=claim.id, token_=claim.token, until_=until)

    def _force(self, whole: bool) -> None:
        """Whether what is stored is forced to the disk each time. PostgreSQL always does."""
        if whole is self._swift:
            self._cursor.execute(f"PRAGMA synchronous={'FULL' if whole else 'NORMAL'}")
            self._swift = not whole


class _Prepared:
    """A statement as the driver takes it: most of the time of a small one goes into its making."""

    def __init__(self, statement: sa.Update, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql, self._order = str(compiled), getattr(compiled, "positiontup", None)
        self._instant = Instant().dialect_impl(dialect).bind_processor(dialect)

    def run(self, cursor: Any, **values: Any) -> bool:
        """Whether it changed a row."""
        if self._instant:
            for name, value in values.items():
                if isinstance(value, dt.datetime):
                    values[name] = self._instant(value)
        cursor.execute(self._sql, [values[name] for name in self._order] if self._order else values)
        return bool(cursor.rowcount == 1)
