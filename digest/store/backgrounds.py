"""The shelf of what was learnt of the archive: one snapshot, made anew as the archive grows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from digest.store.engine import reading, writing
from digest.store.schema import backgrounds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was learnt, as bytes, from how many papers, and when."""

    papers: int
    at: dt.datetime
    data: bytes


class Backgrounds:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def made(self) -> tuple[int, dt.datetime] | None:
        """From how many papers the snapshot was made, and when; None when there is none."""
        query = sa.select(backgrounds.c.papers, backgrounds.c.at)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return (row.papers, row.at) if row else None

    def latest(self) -> Snapshot | None:
        """The snapshot, or None before the first."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(backgrounds)).first()
        return Snapshot(row.papers, row.at, row.data) if row else None

    def keep(self, snapshot: Snapshot) -> None:
        """Put this snapshot in the place of the one before."""
        with writing(self._engine) as connection:
            connection.execute(backgrounds.delete())
            values = {"papers": snapshot.papers, "at": snapshot.at, "data": snapshot.data}
            connection.execute(backgrounds.insert().values(id=1, **values))
