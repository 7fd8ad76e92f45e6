"""The shelf of timings: how long each of the day's steps took, whichever program made it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from digest.store.engine import alone, reading, writing
from digest.store.schema import timings


@dataclass(frozen=True, slots=True)
class Timing:
    """How often a step was made, how long that took in all, and the latest time; in seconds."""

    step: str
    runs: int
    total_s: float
    last_s: float
    last_at: dt.datetime


class Timings:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, step: str, took_s: float, now: dt.datetime) -> None:
        """Note that a step that did something took so long."""
        values = {"last_s": took_s, "last_at": now}
        sums = {"runs": timings.c.runs + 1, "total_s": timings.c.total_s + took_s}
        update = timings.update().where(timings.c.step == step).values(**sums, **values)
        with writing(self._engine) as connection:
            alone(connection, "timings")
            if not connection.execute(update).rowcount:
                first = {"step": step, "runs": 1, "total_s": took_s, **values}
                connection.execute(timings.insert().values(**first))

    def all(self) -> list[Timing]:
        """Every step that was made, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(timings).order_by(timings.c.step))
            return [Timing(r.step, r.runs, r.total_s, r.last_s, r.last_at) for r in rows]
