"""Who is due, cut into jobs for a queue: which readers to look at, never what they get."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

from digest.app import App
from digest.pipeline import BATCH
from digest.queue import Queue
from digest.store.subscribers import Batch, Slice
from digest.subscribers import Schedule, due_date, instant

COMPOSE, DELIVER = "compose", "deliver"
"""The tasks that jobs ask for."""

FORM = 1
"""How a job is written. A worker leaves jobs of a form that it does not know; what they are about
is cut again, by whoever comes next."""


class Batches:
    """Hands the work of an installation out to the workers of its queue."""

    def __init__(self, app: App, queue: Queue) -> None:
        self._app, self._queue = app, queue
        self._idle_since_s: float | None = None

    def compose(self) -> int:
        """Put a job into the queue for each batch of readers who are due; how many those are.

        None while earlier ones are under way: a reader is in one job at most, for whoever cuts
        does so alone.
        """
        if self._queue.under_way(COMPOSE):
            return 0
        now = self._app.clock()
        return self._queue.put(
            COMPOSE,
            (
                {"form": FORM, "at": now.isoformat(), "batch": written(batch)}
                for batch in self._due(now)
            ),
        )

    def deliver(self) -> int:
        """See to it that every worker looks into the outbox, if anything may leave; how many."""
        first = self._app.store.outbox.next_at()
        if first is None or first > self._app.clock():
            return 0
        workers = max(self._queue.workers(), 1)
        return sum(self._queue.put_once(DELIVER, f"{DELIVER} {n}") for n in range(workers))

    def idle(self) -> bool:
        """Whether work waits and nobody takes it, for longer than a worker needs to start."""
        if self._queue.workers() or not self._queue.under_way(COMPOSE, DELIVER):
            self._idle_since_s = None
            return False
        self._idle_since_s = self._idle_since_s or time.monotonic()
        return time.monotonic() - self._idle_since_s >= self._queue.stalled_s

    def _due(self, now: dt.datetime) -> Iterator[Batch]:
        """The batches of all who are due, without those who wait for late sources."""
        gate = self._app.gate()
        for batch in self._app.store.subscribers.batches(now, BATCH):
            due = tuple(one for one in batch if not gate.holds(_due_at(one, now), now))
            if due:
                yield due


def _due_at(one: Slice, now: dt.datetime) -> dt.datetime:
    return instant(one.schedule, due_date(one.schedule, one.last, now) or now.date())


def written(batch: Batch) -> list[list[Any]]:
    """A batch as JSON can hold it."""
    return [
        [
            *(one.schedule.timezone, one.schedule.hour, " ".join(one.schedule.weekdays)),
            *(one.last and one.last.isoformat(), one.after, one.until),
        ]
        for one in batch
    ]


def read(lines: list[list[Any]]) -> Batch:
    """The batch that was ``written`` so."""
    return tuple(
        Slice(
            Schedule(timezone, hour, tuple(weekdays.split())),
            last and dt.date.fromisoformat(last),
            after,
            until,
        )
        for timezone, hour, weekdays, last, after, until in lines
    )
