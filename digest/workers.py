"""A worker: takes the day's steps from the queue, batch by batch, beside any number of others."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import threading
import time
from typing import Any

from digest.app import App
from digest.batches import COMPOSE, DELIVER, FORM, Batches, read
from digest.errors import ConfigError
from digest.queue import Queue
from digest.rounds import Rounds

log = logging.getLogger("digest")

DELIVER_S = 20.0
"""After so long a worker leaves the outbox to the next job: composing must not wait for mails."""


def queued(database: str) -> bool:
    """Whether the work on this database is handed out by a queue."""
    return database.startswith("postgresql")


def work(app: App, stop: threading.Event) -> None:
    """Take jobs until ``stop`` is set; the one under way is finished. Raises ConfigError."""
    database = app.settings.database
    if not queued(database):
        raise ConfigError(
            "workers take their work from PostgreSQL, and this installation has a file; "
            "`digest run` does everything here, or set database: postgresql://user@host/name"
        )
    worker = _Worker(app, stop)
    queue = Queue(database, {COMPOSE: worker.compose, DELIVER: worker.deliver})
    try:
        worker.batches = Batches(app, queue)
        name = f"{socket.gethostname()}.{os.getpid()}"
        log.info("working as %s", name, extra={"event": "working", "worker": name})
        queue.work(stop, name)
    finally:
        queue.close()
    log.info("stopped", extra={"event": "stopped"})


class _Worker:
    """What is done for jobs, one at a time."""

    batches: Batches

    def __init__(self, app: App, stop: threading.Event) -> None:
        self._app, self._stop = app, stop
        self._rounds = Rounds(app, stop.is_set)

    def compose(self, form: int, at: str, batch: list[list[Any]]) -> None:
        """Compose for a batch, and have what was composed delivered."""
        if form != FORM:
            said = {"event": "job_unknown"}
            log.warning("a job of form %s is left: this program knows %s", form, FORM, extra=said)
            return
        self._rounds.compose_batch(read(batch), dt.datetime.fromisoformat(at))
        self.batches.deliver()

    def deliver(self) -> None:
        """Send what waits, for a while."""
        end_s = time.monotonic() + DELIVER_S
        if self._rounds.deliver(lambda: self._stop.is_set() or time.monotonic() > end_s):
            self.batches.deliver()
