"""What is old and done with is deleted, slice by slice: mails, editions, reports, runs.

What a reader has seen is what their editions hold, so an edition may only go when none of its
papers can be news again. Papers are news for ``compose.window_days`` from when they were first
seen, and that instant never changes but by merging, which makes it earlier, and when a paper is
taken out of sight because what was announced turned out to be another: then its editions stay. How
far back editions are gone is remembered, since the window may be made longer afterwards.

What stays, however old: the latest edition of everybody, for it says when the next is due; mails
that may still leave or were perhaps sent, and their editions; of what was reported of a paper each
first time, for it says why the paper is in sight; the names of files, which say that a file was
collected before; papers, votes and consents.

Each slice is a transaction of a few hundred rows. SQLite has one writer at a time, and who waits
for it asks only now and then: after each slice it is left free for as long as it was taken.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa

from digest.store.engine import alone, reading, writing
from digest.store.outlived import ASKED_SINCE, LATER, over, said_before, seen_for_good
from digest.store.retention import RetentionSettings
from digest.store.schema import (
    editions,
    files,
    outbox,
    outbox_data,
    picks,
    reports,
    runs,
    sources,
    subscribers,
)

Kind = Literal["mails", "editions", "reports", "runs"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they go: an edition goes after its mail."""

SLICE = 200
"""Rows looked at in one transaction; of editions, with some ten picks each, a tenth of that."""

MEMORY = "what was pruned"
"""Under this name it is remembered, as what is known of a source, how far back things are gone."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a slice deleted, or would: so many of a kind."""

    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class Size:
    """The bytes of the database, and how many of them are free for what comes next."""

    total: int
    free: int


def prune(
    engine: sa.Engine,
    settings: RetentionSettings,
    now: dt.datetime,
    stopping: Callable[[], bool] = lambda: False,
    *,
    dry: bool = False,
) -> Iterator[Pruned]:
    """Delete what is older than the settings say; each slice is told once it is stored.

    It may end after any slice, and goes on from there the next time. ``dry`` only counts. Days
    count back from ``now``, but at most from the latest edition: a clock that is wrong by years
    must not delete what readers have seen. The settings have to fit the window (``too_short``).
    """
    until = _latest(engine, now)
    for kind in KINDS:
        days: int = getattr(settings, f"{kind}_days")
        if days:
            pruner = _Pruner(engine, until - dt.timedelta(days=days), _mails_gone(settings, until))
            for number in pruner.slices(kind, dry):
                if number:
                    yield Pruned(kind, number)
                if stopping():
                    return


def forgotten_until(engine: sa.Engine) -> dt.datetime | None:
    """Editions composed up to then may be gone, so papers first seen up to then are no news."""
    with reading(engine) as connection:
        said = _memory(connection).get("editions")
    return dt.datetime.fromisoformat(said) if said else None


def size(engine: sa.Engine) -> Size:
    """How large the database is."""
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            query = sa.text("SELECT pg_database_size(current_database())")
            return Size(connection.execute(query).scalar_one(), 0)
        page, pages, free = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_size", "page_count", "freelist_count")
        )
        return Size(page * pages, page * free)


def _latest(engine: sa.Engine, now: dt.datetime) -> dt.datetime:
    """``now``, or when the latest edition was composed where that is earlier."""
    query = sa.select(editions.c.composed_at).order_by(editions.c.id.desc()).limit(1)
    with reading(engine) as connection:
        return min(now, connection.execute(query).scalar() or now)


def _mails_gone(settings: RetentionSettings, until: dt.datetime) -> sa.ColumnElement[bool]:
    """Of a mail: it is deleted, if it is not gone already."""
    if not settings.mails_days:
        return sa.false()
    return over(until - dt.timedelta(days=settings.mails_days))


# Slices ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pruner:
    """Deletes what is of ``cutoff`` or older; ``mails_gone`` holds of mails that are no more."""

    engine: sa.Engine
    cutoff: dt.datetime
    mails_gone: sa.ColumnElement[bool]

    def slices(self, kind: Kind, dry: bool) -> Iterator[int]:
        """How many rows each slice deleted."""
        found: dict[Kind, Callable[[bool], Iterator[int]]] = {
            "mails": self._mails,
            "editions": self._editions,
            "reports": self._reports,
            "runs": self._runs,
        }
        return found[kind](dry)

    def _mails(self, dry: bool) -> Iterator[int]:
        query = sa.select(outbox.c.id, outbox.c.edition, outbox.c.state)
        for inside in self._walk(outbox.c.id, outbox.c.at):
            with self._slice(dry) as connection:
                going = query.where(inside, over(self.cutoff)).with_for_update(skip_locked=True)
                rows = connection.execute(going).all()
                if rows and not dry:
                    ids = [row.id for row in rows]
                    _delete(connection, outbox_data.c.message, ids)
                    _delete(connection, outbox.c.id, ids)
                    never = [row.edition for row in rows if row.edition and row.state != "sent"]
                    _delete(connection, editions.c.id, never)
            yield len(rows)

    def _editions(self, dry: bool) -> Iterator[int]:
        stays = sa.exists().where(outbox.c.edition == editions.c.id, ~self.mails_gone)
        may_go = (
            editions.c.composed_at <= self.cutoff,
            LATER,
            ~stays,
            seen_for_good(self.cutoff),
        )
        query = sa.select(editions.c.id, editions.c.subscriber)
        for inside in self._walk(editions.c.id, editions.c.composed_at, SLICE // 10):
            with self._slice(dry) as connection:
                rows = connection.execute(query.where(inside, *may_go)).all()
                busy = _locked(connection, {row.subscriber for row in rows})
                ids = [row.id for row in rows if row.subscriber not in busy]
                if ids and not dry:
                    self._delete_editions(connection, ids)
            yield len(ids)

    def _delete_editions(self, connection: sa.Connection, ids: Sequence[int]) -> None:
        _remember(connection, "editions", self.cutoff)
        theirs = sa.select(outbox.c.id).where(outbox.c.edition.in_(ids))
        mails = list(connection.execute(theirs).scalars())
        for column, values in (
            (outbox_data.c.message, mails),
            (outbox.c.id, mails),
            (picks.c.edition, ids),
            (editions.c.id, ids),
        ):
            _delete(connection, column, values)

    def _reports(self, dry: bool) -> Iterator[int]:
        with reading(self.engine) as connection:
            since = _memory(connection).get("reports") or "1970-01-01T00:00:00+00:00"
            old = files.c.collected_at.between(dt.datetime.fromisoformat(since), self.cutoff)
            names = list(connection.execute(sa.select(files.c.sha256).where(old)).scalars())
        for name in names:
            yield from self._reports_in(name, dry)
        if names and not dry:
            with writing(self.engine) as connection:
                _remember(connection, "reports", self.cutoff)

    def _reports_in(self, name: str, dry: bool) -> Iterator[int]:
        query = sa.select(reports.c.nth).where(reports.c.file == name)
        with reading(self.engine) as connection:
            last = connection.execute(sa.select(sa.func.max(query.subquery().c.nth))).scalar()
        for start in range(0, 0 if last is None else last + 1, SLICE):
            inside = reports.c.nth.between(start, start + SLICE - 1)
            with self._slice(dry) as connection:
                alone(connection, "papers")  # whoever collects may be moving them
                places = connection.execute(query.where(inside, said_before(self.cutoff)))
                going = list(places.scalars())
                if going and not dry:
                    mine = (reports.c.file == name, reports.c.nth.in_(going))
                    connection.execute(reports.delete().where(*mine))
            yield len(going)

    def _runs(self, dry: bool) -> Iterator[int]:
        may_go = (runs.c.at <= self.cutoff, ASKED_SINCE)
        for inside in self._walk(runs.c.id, runs.c.at):
            with self._slice(dry) as connection:
                ids = list(
                    connection.execute(sa.select(runs.c.id).where(inside, *may_go)).scalars()
                )
                if not dry:
                    _delete(connection, runs.c.id, ids)
            yield len(ids)

    def _walk(
        self, number: sa.Column[int], at: sa.Column[Any], most: int = SLICE
    ) -> Iterator[sa.ColumnElement[bool]]:
        """Conditions for one slice after the other, by number, until a whole one is too young.

        Rows are numbered as they are stored; some are younger than their number, none older.
        """
        after = 0
        while True:
            query = sa.select(number, at.label("at")).where(number > after).order_by(number)
            with reading(self.engine) as connection:
                rows = connection.execute(query.limit(most)).all()
            if not rows or all(row.at > self.cutoff for row in rows):
                return
            before, after = after, rows[-1][0]
            yield sa.and_(number > before, number <= after)

    @contextmanager
    def _slice(self, dry: bool) -> Iterator[sa.Connection]:
        """The transaction of a slice; afterwards others have their turn."""
        began = time.monotonic()
        with (reading if dry else writing)(self.engine) as connection:
            yield connection
        if not dry and self.engine.dialect.name == "sqlite":
            time.sleep(time.monotonic() - began)


def _delete(connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> None:
    if values:
        connection.execute(column.table.delete().where(column.in_(values)))


def _locked(connection: sa.Connection, who: set[str]) -> set[str]:
    """Those of the subscribers who are just being changed; the others stay as they are.

    Whoever erases a reader holds them first, too: the two never wait for each other.
    """
    query = sa.select(subscribers.c.id).where(subscribers.c.id.in_(who))
    there = set(connection.execute(query).scalars())
    free = connection.execute(query.with_for_update(read=True, skip_locked=True)).scalars()
    return there - set(free)


def _memory(connection: sa.Connection) -> dict[str, str]:
    row = connection.execute(sa.select(sources.c.known).where(sources.c.name == MEMORY)).first()
    return dict(row.known) if row else {}


def _remember(connection: sa.Connection, what: str, until: dt.datetime) -> None:
    """Note how far back things are gone; never less far than before."""
    alone(connection, "sources")
    known = _memory(connection)
    later = max(known.get(what, ""), until.astimezone(dt.UTC).isoformat())
    if later == known.get(what):
        return
    update = sources.update().where(sources.c.name == MEMORY)
    if connection.execute(update.values(known=known | {what: later})).rowcount == 0:
        connection.execute(sources.insert().values(name=MEMORY, known={what: later}))
