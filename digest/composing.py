"""Compose for everybody who is due: here, or where they are many in several processes."""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from digest.app import ENCODED_FIRST_S, App
from digest.editions import Edition
from digest.errors import StoreError
from digest.pipeline import BATCH, Held, Waiting
from digest.store.subscribers import Batch

if TYPE_CHECKING:
    import datetime as dt

    from digest.config import Settings

WORTH = 3 * BATCH
"""Readers for whom another process is worth the second and more that it takes to start."""

MOST = 4
"""Processes at most. Each takes 300 MB, and one of them writes at a time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is told of an edition that was stored: all but what is in it."""

    subscriber: str
    date: dt.date
    picks: int
    note: str | None
    silent: bool

    @property
    def id(self) -> str:
        return f"{self.subscriber}/{self.date.isoformat()}"


Result = Stored | Waiting | Held | Exception


def compose(app: App) -> Iterator[Result]:
    """Store every due edition with its mail, as ``App.compose`` does.

    Raises StoreError when a process was killed: its batch is composed at the next tick.
    """
    many = app.store.subscribers.count_due(app.clock())
    processes = min(len(os.sched_getaffinity(0)), MOST, many // WORTH)
    if processes < 2:
        yield from map(_told, app.compose())
        return
    for _ in app.encode(ENCODED_FIRST_S):
        pass
    now = app.clock()
    batches = app.store.subscribers.batches(now, BATCH)
    with ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), _open, (app.settings, now)
    ) as pool:
        waiting: deque[Future[list[Result]]] = deque()
        try:
            for batch in islice(batches, 2 * processes):
                waiting.append(pool.submit(_compose, batch))
            while waiting:
                yield from waiting.popleft().result()
                waiting += [pool.submit(_compose, batch) for batch in islice(batches, 1)]
        except BrokenProcessPool as error:
            raise StoreError(
                "a process that was composing was killed, perhaps for lack of memory; nothing is "
                "lost, and what it had not stored is composed at the next tick"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def compose_batch(app: App, batch: Batch, now: dt.datetime) -> Iterator[Result]:
    """The same for those of one batch who were due at ``now``."""
    yield from map(_told, app.compose_batch(batch, now))
    if not gc.get_freeze_count():
        # What is kept from batch to batch is large, and no garbage: to look through it again and
        # again took a tenth of the time.
        gc.freeze()


def _told(one: Edition | Waiting | Held | Exception) -> Result:
    if isinstance(one, Edition):
        return Stored(one.subscriber.id, one.date, len(one.picks), one.note, one.silent)
    return one


# In the other processes --------------------------------------------------------------------------

_opened: list[tuple[App, dt.datetime]] = []
"""What this process composes with, and for which instant."""


def _open(settings: Settings, now: dt.datetime) -> None:
    for asked in (signal.SIGINT, signal.SIGTERM):  # the first process sees to it
        signal.signal(asked, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    _opened.append((App(settings, lambda: now), now))


def _end_with_the_first() -> None:
    """A pool does not notice by itself that whoever gives it work was killed."""
    first = multiprocessing.parent_process()
    assert first is not None  # noqa: S101 - this is never the first
    multiprocessing.connection.wait([first.sentinel])
    os._exit(1)


def _compose(batch: Batch) -> list[Result]:
    ((app, now),) = _opened
    return list(compose_batch(app, batch, now))
