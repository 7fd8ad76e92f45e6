"""The shelf of addresses that get nothing: since when, and why."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, get_args

import sqlalchemy as sa

from digest.bounces import Reason, Suppression
from digest.store.ending import withdraw
from digest.store.engine import alone, reading, writing
from digest.store.joining import chunks
from digest.store.schema import bounces, subscribers, suppressions

ERASED = "hmac:"
"""What the address of a reader begins with who had everything that was known of them erased."""


class Suppressions:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, found: Sequence[Suppression]) -> int:
        """Put these addresses on the list, all or none; how many were not on it.

        What is queued for them is withdrawn. One that is on the list stays as it was.
        """
        with writing(self._engine) as connection:
            alone(connection, "suppressions")
            return suppress(connection, found)

    def remove(self, address: str, secrets: Iterable[bytes], now: dt.datetime) -> bool:
        """Take an address off the list, by name and by hash; False when it was not on it.

        What came back before counts no more, for else the next report put it on again.
        """
        with writing(self._engine) as connection:
            return lift(connection, address, secrets, get_args(Reason), now)

    def find(self, address: str, secrets: Iterable[bytes] = ()) -> Suppression | None:
        """Why this address gets nothing, whether it is known by name or by hash alone; or None."""
        with reading(self._engine) as connection:
            return _find(connection, address, secrets)

    def all(self) -> list[Suppression]:
        """The whole list, by address."""
        with reading(self._engine) as connection:
            found = [_noun(row) for row in connection.execute(sa.select(suppressions))]
        return sorted(found, key=lambda one: one.address)

    def any_erased(self) -> bool:
        """Whether there are addresses that are known by hash alone."""
        query = sa.select(suppressions.c.address)
        query = query.where(suppressions.c.address.startswith(ERASED)).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def recall(
        self, addresses: Iterable[str], secrets: Sequence[bytes], now: dt.datetime
    ) -> list[str]:
        """Those of the addresses that were erased, and came back without their readers.

        They get nothing from now on: they are put on the list by name, for the names are here
        again anyway.
        """
        with writing(self._engine) as connection:
            alone(connection, "suppressions")
            found = [
                address
                for address in addresses
                if (one := _find(connection, address, secrets)) and one.address.startswith(ERASED)
            ]
            detail = "was erased, and came back by the hand of somebody else"
            again = [Suppression(address, "erased", now, detail) for address in found]
            suppress(connection, again)
        return found


def erased(address: str, secret: bytes) -> str:
    """What stands on the list for an address that was erased: nobody can tell it without a key."""
    said = b"digest suppressions 1\0" + address.lower().encode("utf-8", "surrogatepass")
    return ERASED + hmac.digest(secret, said, "sha256").hex()


def suppress(connection: sa.Connection, found: Sequence[Suppression]) -> int:
    """Put addresses on the list and withdraw what is queued for them; how many were not there."""
    named = {lowered(connection, one.address): one for one in reversed(found)}
    for chunk in chunks(list(named)):
        here = sa.select(suppressions.c.address).where(suppressions.c.address.in_(chunk))
        for name in connection.execute(here).scalars().all():
            del named[name]
    if named:
        columns = ("reason", "detail", "at")
        rows = [
            {"address": name, **{column: getattr(one, column) for column in columns}}
            for name, one in named.items()
        ]
        connection.execute(suppressions.insert(), rows)
    for who, one in _readers(connection, named):
        withdraw(connection, who, f"suppressed: {one.detail or one.reason}", one.at)
    return len(named)


def lift(
    connection: sa.Connection,
    address: str,
    secrets: Iterable[bytes],
    reasons: Collection[Reason],
    now: dt.datetime,
) -> bool:
    """Take an address off the list if one of ``reasons`` put it there; whether it was.

    By name and by hash. What came back before counts no more.
    """
    alone(connection, "suppressions")
    names = _names(connection, address, secrets)
    there = sa.select(suppressions.c.reason).where(suppressions.c.address.in_(names))
    found = set(connection.execute(there).scalars())
    if found - {*reasons}:
        return False
    connection.execute(suppressions.delete().where(suppressions.c.address.in_(names)))
    unforgiven = sa.and_(bounces.c.address.in_(names), bounces.c.forgiven_at.is_(None))
    connection.execute(bounces.update().where(unforgiven).values(forgiven_at=now))
    return bool(found)


def lowered(connection: sa.Connection, address: str) -> str:
    """The address in small letters, as the database has them: SQLite knows only those of ASCII."""
    if address.isascii():
        return address.lower()
    name: str = connection.execute(sa.select(sa.func.lower(address))).scalar_one()
    return name


def _readers(
    connection: sa.Connection, named: Mapping[str, Suppression]
) -> list[tuple[str, Suppression]]:
    """Who has one of these addresses, and why that one gets nothing."""
    name = sa.func.lower(subscribers.c.address)
    found: list[tuple[str, Suppression]] = []
    for chunk in chunks(named):
        query = sa.select(subscribers.c.id, name).where(name.in_(chunk))
        found += [(row[0], named[row[1]]) for row in connection.execute(query)]
    return found


def _names(connection: sa.Connection, address: str, secrets: Iterable[bytes]) -> list[str]:
    return [lowered(connection, address), *(erased(address, secret) for secret in secrets)]


def _find(connection: sa.Connection, address: str, secrets: Iterable[bytes]) -> Suppression | None:
    names = _names(connection, address, secrets)
    query = sa.select(suppressions).where(suppressions.c.address.in_(names))
    found = {row.address: _noun(row) for row in connection.execute(query)}
    return next((found[name] for name in names if name in found), None)


def _noun(row: Any) -> Suppression:
    reason: Reason = row.reason
    return Suppression(row.address, reason, row.at, row.detail)
