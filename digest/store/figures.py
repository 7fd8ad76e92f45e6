"""The shelf of figures: how many of what, by day or by state. It is only read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from digest.messages import STATES
from digest.store.ending import WAITING
from digest.store.engine import reading
from digest.store.outbox import FIRST
from digest.store.schema import SUPPRESSED, editions, files, outbox, subscribers, votes

Days = dict[dt.date, dict[str, int]]
"""How many of each kind there were on each day that had any."""

UNMAILED = "unmailed"
"""Of an edition: it is shown on pages and in feeds, and no mail of it was made."""

_STATE = sa.case(
    (subscribers.c.left_at.is_not(None), "left"),
    (subscribers.c.unlisted_at.is_not(None), "unlisted"),
    (SUPPRESSED, "suppressed"),
    (subscribers.c.paused_at.is_not(None), "paused"),
    else_="active",
)


class Figures:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def editions(self, since: dt.date) -> Days:
        """Editions by their date, and by the state that the mail of each is in."""
        state = sa.func.coalesce(outbox.c.state, UNMAILED)
        query = sa.select(editions.c.date, state, sa.func.count())
        query = query.outerjoin(outbox, outbox.c.edition == editions.c.id)
        return self._days(query.where(editions.c.date >= since).group_by(editions.c.date, state))

    def growth(self, since: dt.date) -> Days:
        """How many subscribers "joined" and "left", by UTC day."""
        found: Days = {}
        for name, column in (("joined", subscribers.c.joined_at), ("left", subscribers.c.left_at)):
            # With an address: the public edition's reader is nobody.
            for day, number in self._by_day(column, since, subscribers.c.address.is_not(None)):
                found.setdefault(day, {})[name] = number
        return found

    def votes(self, since: dt.date) -> Days:
        """Votes by UTC day and value."""
        day = utc_day(self._engine, votes.c.at)
        query = sa.select(day, votes.c.value, sa.func.count()).where(votes.c.at >= _start(since))
        return self._days(query.group_by(day, votes.c.value))

    def subscribers(self) -> dict[str, int]:
        """How many subscribers are in each state that occurs, without the public edition's."""
        query = sa.select(_STATE, sa.func.count()).where(subscribers.c.address.is_not(None))
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(_STATE))}

    def composed(self) -> tuple[int, dt.datetime | None]:
        """How many editions were composed so far, and when the latest was.

        The latest has the number of all, whatever was deleted since; on PostgreSQL numbers that
        were drawn for a batch that failed are among them.
        """
        query = sa.select(editions.c.id, editions.c.composed_at).order_by(editions.c.id.desc())
        with reading(self._engine) as connection:
            row = connection.execute(query.limit(1)).first()
        return (row.id, row.composed_at) if row else (0, None)

    def collected(self) -> dict[str, tuple[int, int]]:
        """By source: how many papers it reported so far, and how many of them were new."""
        sums = (sa.func.sum(files.c.papers), sa.func.sum(files.c.new))
        query = sa.select(files.c.source, *sums).group_by(files.c.source)
        with reading(self._engine) as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    def messages(self) -> tuple[int, dict[str, int]]:
        """How many messages there were so far, and how many are in each state but "sent".

        Those that were sent are nearly all of them: to count those of months takes a minute at a
        million readers.
        """
        others = [state for state in STATES if state != "sent"]
        query = sa.select(outbox.c.state, sa.func.count()).where(outbox.c.state.in_(others))
        with reading(self._engine) as connection:
            number = connection.execute(sa.select(sa.func.max(outbox.c.id))).scalar()
            rows = connection.execute(query.group_by(outbox.c.state))
            return number or 0, {row[0]: row[1] for row in rows}

    def due_since(self, instant: dt.datetime) -> dict[str, int]:
        """Messages by state, of those that could leave from then on.

        Counted along an index, and no more of them than there are: an archive of years does not
        slow it down. Without mails that somebody waits for at a page, which say nothing of a time.
        """
        counted = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
        # Each state is named: an index that begins with it is of no use to a range alone.
        query = counted.where(outbox.c.state.in_(STATES), outbox.c.not_before >= instant)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def overdue_since(self, now: dt.datetime) -> dt.datetime | None:
        """Since when the message that waits longest could have left; None when none could."""
        found: list[dt.datetime | None] = []
        with reading(self._engine) as connection:
            for state in WAITING:  # one at a time: each is the first entry of an index then
                waits = outbox.c.state == state
                could = sa.select(outbox.c.not_before).where(waits, outbox.c.not_before > FIRST)
                urgent = sa.select(outbox.c.at).where(waits, outbox.c.not_before == FIRST)
                for query in (could.order_by(outbox.c.not_before), urgent.order_by(outbox.c.at)):
                    found.append(connection.execute(query.limit(1)).scalar())
        return min((at for at in found if at and at <= now), default=None)

    def _by_day(
        self, column: sa.ColumnElement[Any], since: dt.date, *where: sa.ColumnElement[bool]
    ) -> list[tuple[dt.date, int]]:
        day = utc_day(self._engine, column)
        query = sa.select(day, sa.func.count()).where(column >= _start(since), *where)
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(day))
            return [(_date(row[0]), row[1]) for row in rows]

    def _days(self, query: sa.Select[Any]) -> Days:
        found: Days = {}
        with reading(self._engine) as connection:
            rows: Sequence[Any] = connection.execute(query).all()
        for day, kind, number in rows:
            found.setdefault(_date(day), {})[kind] = number
        return found


def utc_day(engine: sa.Engine, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The UTC day of an instant; SQLite gives it as text."""
    if engine.dialect.name == "postgresql":
        return sa.cast(sa.func.timezone("UTC", column), sa.Date)
    return sa.func.date(column)


def _start(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _date(day: dt.date | str) -> dt.date:
    return dt.date.fromisoformat(day) if isinstance(day, str) else day
