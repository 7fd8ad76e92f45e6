"""A worker: takes the day's steps from the queue, batch by batch, beside any number of others."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from digest.app import App
from digest.batches import COMPOSE, DELIVER, FORM, Batches, read
from digest.errors import ConfigError, StoreError
from digest.queue import Queue, Task
from digest.rounds import Rounds

log = logging.getLogger("digest")

DELIVER_S = 20.0
"""After so long a worker leaves the outbox to the next job: composing must not wait for mails."""

STALE = dt.timedelta(hours=1)
"""Jobs that waited longer are left: by now others are due, and other papers are there."""

AGAIN_S = 5.0
"""How long a worker waits for a database that is away before it asks again."""


def queued(database: str) -> bool:
    """Whether the work on this database is handed out by a queue."""
    return database.startswith("postgresql")


def work(app: App, stop: threading.Event) -> None:
    """Take jobs until ``stop`` is set; the one under way is finished.

    Raises ConfigError, and StoreError when it cannot begin. A database that is away afterwards is
    waited for.
    """
    database = app.settings.database
    if not queued(database):
        raise ConfigError(
            "workers take their work from PostgreSQL, and this installation has a file; "
            "`digest run` does everything here, or set database: postgresql://user@host/name"
        )
    app.store  # noqa: B018 - what is wrong with it is said before anything starts
    worker = _Worker(app, stop)
    queue = opened(app, {COMPOSE: worker.compose, DELIVER: worker.deliver})
    try:
        worker.batches = Batches(app, queue)
        name = f"{socket.gethostname()}.{os.getpid()}"
        while not stop.is_set():
            _work(queue, stop, name)
    finally:
        queue.close()
    log.info("stopped", extra={"event": "stopped"})


def opened(app: App, tasks: Mapping[str, Task]) -> Queue:
    """The queue of the installation. Raises StoreError."""
    return Queue(app.settings.database, tasks, stalled_s=app.settings.schedule.stalled_s)


def _work(queue: Queue, stop: threading.Event, name: str) -> None:
    """Take jobs until ``stop`` is set or the database is away; then wait a little."""
    log.info("working as %s", name, extra={"event": "working", "worker": name})
    try:
        queue.work(stop, name)
    except StoreError as error:
        log.warning("%s; it is tried again", error, extra={"event": "queue_failed"})
        stop.wait(AGAIN_S)


class _Worker:
    """What is done for jobs, one at a time."""

    batches: Batches

    def __init__(self, app: App, stop: threading.Event) -> None:
        self._app, self._stop = app, stop
        self._composing = Rounds(app, stop.is_set)
        self._delivering = Rounds(app, stop.is_set)

    def compose(self, form: int, **job: Any) -> None:
        """Compose for a batch, and have what was composed delivered."""
        if form != FORM:
            said = {"event": "job_unknown"}
            log.warning("a job of form %s is left: this program knows %s", form, FORM, extra=said)
            return
        at = dt.datetime.fromisoformat(job["at"])
        if self._app.clock() - at > STALE:
            log.info("a batch of %s is left: it is cut again", at, extra={"event": "job_stale"})
            return
        self._composing.compose_batch(read(job["batch"]), at)
        self.batches.deliver()

    def deliver(self) -> None:
        """Send what waits, for a while."""
        end_s = time.monotonic() + DELIVER_S

        def over() -> bool:
            return self._stop.is_set() or time.monotonic() > end_s

        self._delivering.deliver(over)
        if over():  # else nothing is left, or the server takes nothing, and the next tick asks
            self.batches.deliver()
