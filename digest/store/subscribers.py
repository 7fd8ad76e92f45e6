"""The shelf of subscribers: who reads, since when, and who is due."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa

from digest.store.ending import withdraw
from digest.store.engine import alone, reading, writing
from digest.store.erasing import erase
from digest.store.joining import chunks
from digest.store.schema import ACTIVE, SUPPRESSED, subscribers
from digest.subscribers import Interest, Schedule, Subscriber, due_date, instant

State = Literal["active", "paused", "left", "unlisted", "suppressed"]
Origin = Literal["file", "store"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A subscriber as the store knows them.

    ``unlisted`` is one whom the file no longer names, ``suppressed`` one whose address gets
    nothing, whatever else is said of them.
    """

    subscriber: Subscriber
    state: State
    origin: Origin
    joined_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Slice:
    """Subscribers of one ``schedule`` who had their latest edition on the same date, ``last``.

    Of those only the ones whose ids come after ``after`` and not after ``until``, in the order of
    the database; all the rest when that is None.
    """

    schedule: Schedule
    last: dt.date | None
    after: str = ""
    until: str | None = None


Batch = tuple[Slice, ...]
"""Subscribers to compose for together. Who had their edition since is in none of its slices."""


@dataclass(frozen=True, slots=True)
class Due:
    """A subscriber whose edition of ``date`` is due, since ``due_at``.

    ``last`` is the date of their latest edition.
    """

    id: str
    date: dt.date
    last: dt.date | None
    due_at: dt.datetime


_ACTIVE = sa.literal_column(f"({ACTIVE})", sa.Boolean)
"""In the words of the index, or SQLite does not use it."""

_SCHEDULE = (subscribers.c.timezone, subscribers.c.hour, subscribers.c.weekdays)

EVERYBODY = sa.select(subscribers, SUPPRESSED.label("suppressed"))
"""All subscribers, as ``entry`` reads them."""


class Subscribers:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def sync(self, listed: Sequence[Subscriber], now: dt.datetime) -> None:
        """Take over the file's subscribers; those it no longer names get nothing more.

        Who paused or left stays so: a line in a file is no consent.
        """
        stored = self._from_file_or(reader.id for reader in listed)
        changed = [reader for reader in listed if not _same(stored.get(reader.id), reader)]
        names = {reader.id for reader in listed}
        gone = [
            row.id
            for row in stored.values()
            if row.origin == "file" and row.unlisted_at is None and row.id not in names
        ]
        if not changed and not gone:
            return
        with writing(self._engine) as connection:
            alone(connection, "subscribers")
            for reader in changed:
                _put(connection, reader, "file", now)
            _mark(connection, gone, unlisted_at=now)
            for who in gone:
                withdraw(connection, who, "no longer in the subscribers file", now)

    def _from_file_or(self, ids: Iterable[str]) -> dict[str, sa.Row[Any]]:
        """The rows of these subscribers, and of all that the file ever named, by id."""
        found = {}
        with reading(self._engine) as connection:
            which = [subscribers.c.origin == "file", *map(subscribers.c.id.in_, chunks(ids))]
            for one in which:
                rows = connection.execute(sa.select(subscribers).where(one))
                found.update({row.id: row for row in rows})
        return found

    def add(self, readers: Sequence[Subscriber], now: dt.datetime) -> None:
        """Store these subscribers, or what has changed of them, all or none."""
        with writing(self._engine) as connection:
            alone(connection, "subscribers")
            for reader in readers:
                _put(connection, reader, "store", now)

    def pause(self, who: str, now: dt.datetime) -> None:
        """Nothing more for them until they resume; what is queued is withdrawn."""
        with writing(self._engine) as connection:
            _mark(connection, [who], paused_at=now)
            withdraw(connection, who, "paused", now)

    def resume(self, who: str) -> None:
        """They get editions again, whether they had paused or left."""
        with writing(self._engine) as connection:
            _mark(connection, [who], paused_at=None, left_at=None)

    def leave(self, who: str, now: dt.datetime) -> None:
        """They left: nothing more is composed or sent, not even what is queued."""
        with writing(self._engine) as connection:
            leave(connection, who, now)

    def erase(self, who: str, secret: bytes, now: dt.datetime) -> None:
        """Delete all that is known of them; their address gets nothing more, and is but a hash."""
        with writing(self._engine) as connection:
            alone(connection, "subscribers")
            erase(connection, who, secret, now)

    def feed_revision(self, who: str) -> int | None:
        """The revision that the addresses of their own feeds are good for; None for nobody."""
        query = sa.select(subscribers.c.feed_revision).where(subscribers.c.id == who)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def renew_feed(self, who: str) -> None:
        """Their feeds have new addresses from now on; those they had lead nowhere."""
        renewed = subscribers.update().where(subscribers.c.id == who)
        with writing(self._engine) as connection:
            connection.execute(renewed.values(feed_revision=subscribers.c.feed_revision + 1))

    def find(self, who: str) -> Entry | None:
        """The subscriber of that id or address; the active one where an address has several."""
        same = sa.or_(subscribers.c.id == who, same_address(who))
        query = EVERYBODY.where(same)
        with reading(self._engine) as connection:
            entries = [entry(row) for row in connection.execute(query)]
        return min(
            entries, key=lambda e: (e.subscriber.id != who, e.state != "active"), default=None
        )

    def all(self) -> list[Entry]:
        """Everybody ever known, by id."""
        with reading(self._engine) as connection:
            entries = [entry(row) for row in connection.execute(EVERYBODY)]
        return sorted(entries, key=lambda entry: entry.subscriber.id)

    def get(self, ids: Collection[str]) -> list[Subscriber]:
        """The nouns of these ids, by id; at most a batch of them at a time."""
        query = sa.select(subscribers).where(subscribers.c.id.in_(ids))
        with reading(self._engine) as connection:
            found = [noun(row) for row in connection.execute(query)]
        return sorted(found, key=lambda reader: reader.id)  # a database's order is its locale's

    def due(self, now: dt.datetime) -> list[Due]:
        """Everybody active whose edition is due at ``now``, by id; not for very many."""
        batches = self.batches(now, sys.maxsize)
        found = [due for batch in batches for due in self.in_batch(batch, now)]
        return sorted(found, key=lambda due: due.id)

    def count_due(self, now: dt.datetime) -> int:
        """How many are due at ``now``, those whose address is suppressed among them."""
        with reading(self._engine) as connection:
            return sum(many for _, many in _groups(connection, now))

    def batches(self, now: dt.datetime, size: int) -> Iterator[Batch]:
        """Everybody active whose edition is due at ``now``, in batches of at most ``size``.

        Readers share few schedules, so zones and weekdays are worked out once for each of those,
        and the rest is a walk along an index.
        """
        slices: list[Slice] = []
        room = size
        with reading(self._engine) as connection:
            groups = list(_groups(connection, now))
        for group, many in groups:
            for piece, count in self._cut(group, many, size):
                if count > room:
                    yield tuple(slices)
                    slices, room = [], size
                slices.append(piece)
                room -= count
        if slices:
            yield tuple(slices)

    def _cut(self, group: Slice, many: int, size: int) -> Iterator[tuple[Slice, int]]:
        """The slice in pieces of at most ``size``, and how many are in each."""
        if many <= size:
            yield group, many
            return
        place = sa.func.row_number().over(order_by=subscribers.c.id).label("place")
        ranked = sa.select(subscribers.c.id, place).where(*_within(group)).subquery()
        query = sa.select(ranked.c.id).where(ranked.c.place % size == 0).order_by(ranked.c.place)
        with reading(self._engine) as connection:
            ends = connection.execute(query).scalars().all()
        after = ""
        for until in ends:
            yield replace(group, after=after, until=until), size
            after = until
        if many > size * len(ends):  # what has joined or was composed for since is at the end
            yield replace(group, after=after), min(many - size * len(ends), size)

    def in_batch(self, batch: Batch, now: dt.datetime) -> list[Due]:
        """Those of a batch who are due at ``now`` still, by id."""
        found: list[Due] = []
        with reading(self._engine) as connection:
            for one in batch:
                date = due_date(one.schedule, one.last, now)
                if date is None:
                    continue
                at = instant(one.schedule, date)
                query = sa.select(subscribers.c.id).where(*_within(one), ~SUPPRESSED)
                ids = connection.execute(query).scalars()
                found += [Due(id_, date, one.last, at) for id_ in ids]
        return sorted(found, key=lambda due: due.id)


def _groups(connection: sa.Connection, now: dt.datetime) -> Iterator[tuple[Slice, int]]:
    """The slices of all who are due and how many they are, those suppressed among them."""
    columns = (*_SCHEDULE, subscribers.c.last_date)
    query = sa.select(*columns, sa.func.count()).where(_ACTIVE).group_by(*columns)
    for timezone, hour, weekdays, last, many in connection.execute(query).all():
        schedule = Schedule(timezone, hour, _weekdays(weekdays))
        if due_date(schedule, last, now):
            yield Slice(schedule, last), many


def _within(one: Slice) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions that a subscriber is in the slice, in the words of the index."""
    schedule = (one.schedule.timezone, one.schedule.hour, " ".join(one.schedule.weekdays))
    return (
        *(column == value for column, value in zip(_SCHEDULE, schedule, strict=True)),
        subscribers.c.last_date == one.last if one.last else subscribers.c.last_date.is_(None),
        subscribers.c.id > one.after,
        subscribers.c.id <= one.until if one.until is not None else sa.true(),
        _ACTIVE,
    )


def leave(connection: sa.Connection, who: str, now: dt.datetime) -> None:
    """They left, in a transaction that may say why; what is queued is withdrawn."""
    _mark(connection, [who], left_at=now)
    withdraw(connection, who, "left", now)


def _put(connection: sa.Connection, reader: Subscriber, origin: Origin, now: dt.datetime) -> None:
    values = {**values_of(reader), "origin": origin}
    query = sa.select(subscribers).where(subscribers.c.id == reader.id)
    stored = connection.execute(query).first()
    if reader.address and (stored is None or stored.address != reader.address):
        # An address that left does not come back under another id.
        left = sa.select(sa.func.max(subscribers.c.left_at, type_=subscribers.c.left_at.type))
        left = left.where(same_address(reader.address), subscribers.c.id != reader.id)
        left_at = connection.execute(left).scalar()
        if left_at and not (stored and stored.left_at):
            values["left_at"] = left_at
    if stored is None:
        connection.execute(subscribers.insert().values(**values, joined_at=now))
    else:
        update = subscribers.update().where(subscribers.c.id == reader.id)
        connection.execute(update.values(**values, unlisted_at=None))


def same_address(address: str) -> sa.ColumnElement[bool]:
    """Of a subscriber: whether this is their address, whatever its case."""
    return sa.func.lower(subscribers.c.address) == sa.func.lower(address)


def _mark(connection: sa.Connection, ids: Sequence[str], **values: dt.datetime | None) -> None:
    update = subscribers.update().where(subscribers.c.id.in_(ids))
    connection.execute(update.values(**values))


def _same(row: Any, reader: Subscriber) -> bool:
    return row is not None and row.unlisted_at is None and noun(row) == reader


def values_of(reader: Subscriber) -> dict[str, Any]:
    """What a reader told us, by column; it can be written as JSON."""
    return {
        "id": reader.id,
        "address": reader.address,
        "name": reader.name,
        "timezone": reader.schedule.timezone,
        "hour": reader.schedule.hour,
        "weekdays": " ".join(reader.schedule.weekdays),
        "size": reader.size,
        "interests": [asdict(interest) for interest in reader.interests],
        "muted": list(reader.muted),
        "preferred": list(reader.preferred),
        "abstract": reader.abstract,
        "quiet": reader.quiet,
    }


def entry(row: Any) -> Entry:
    """What a row of EVERYBODY tells."""
    state: State = (
        "left"
        if row.left_at
        else "unlisted"
        if row.unlisted_at
        else "suppressed"
        if row.suppressed
        else "paused"
        if row.paused_at
        else "active"
    )
    return Entry(noun(row), state, row.origin, row.joined_at)


def noun(row: Any) -> Subscriber:
    """The reader of a row, or of what else has the columns of ``values_of``."""
    return Subscriber(
        id=row.id,
        address=row.address,
        name=row.name,
        schedule=Schedule(row.timezone, row.hour, _weekdays(row.weekdays)),
        size=row.size,
        interests=tuple(_interest(stated) for stated in row.interests),
        muted=tuple(row.muted),
        preferred=tuple(row.preferred),
        abstract=row.abstract,
        quiet=row.quiet,
    )


def _interest(stated: dict[str, Any]) -> Interest:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stated.items()}
    return Interest(**values)


def _weekdays(text: str) -> tuple[str, ...]:
    return tuple(text.split())
