"""A replay on several processors: readers of one schedule together, every process with all files.

What one reader gets depends on the files and on what they themselves got, so that readers can be
replayed apart; those of one schedule are composed for at one instant, and so stay together.
"""

from __future__ import annotations

import gc
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path

from digest.config import Settings
from digest.errors import StoreError
from digest.replay.arrivals import Arrival
from digest.replay.faults import Faults
from digest.replay.running import Period, Replay, Tally
from digest.replay.verdict import Verdict, judge
from digest.subscribers import PUBLIC, Subscriber
from digest.votes import Vote

WORTH = 3_000
"""Editions from which on it pays to start processes for them."""


@dataclass(frozen=True)
class Job:
    """All that a process needs to know; ``readers`` are those it replays, PUBLIC not among them."""

    folder: Path
    settings: Settings
    readers: tuple[Subscriber, ...]
    votes: tuple[Vote, ...]
    faults: Faults
    came: tuple[Arrival, ...]
    period: Period

    def done(self, tell: Callable[[], object]) -> Done:
        """What came of it; ``tell`` is called after each day."""
        run = Replay(self.folder, self.settings, self.readers, self.votes, self.faults)
        gc.disable()  # a sixth of the time; the process collects its garbage once a week instead
        try:
            run.run(self.faults.drops(self.came), self.period, tell)
            everybody = [*self.readers, run.app.settings.public_subscriber]
            verdict = judge(run, everybody, self.period)
            return Done(verdict, run.tally, run.app.store.outbox.counts())
        finally:
            gc.enable()
            run.app.close()


@dataclass(frozen=True)
class Done:
    """``mails``: how many are in each state of the outbox at the end."""

    verdict: Verdict
    tally: Tally
    mails: dict[str, int]


def run(job: Job, days: int, tell: Callable[[], object]) -> list[Done]:
    """What came of the job, or of its parts; that of the part with PUBLIC's edition first.

    Raises StoreError when a process ended without an answer.
    """
    parts = _parts(job.readers, _processes(len(job.readers) * days))
    if len(parts) == 1:
        return [job.done(tell)]
    return _together(
        [
            Job(
                job.folder / str(n),
                job.settings,
                part,
                job.votes,
                job.faults,
                job.came,
                job.period,
            )
            for n, part in enumerate(parts)
        ],
        tell,
    )


def _processes(editions: int) -> int:
    return os.cpu_count() or 1 if hasattr(os, "fork") and editions >= WORTH else 1


def _parts(readers: Sequence[Subscriber], count: int) -> list[tuple[Subscriber, ...]]:
    """Readers in so many parts at most, those of one schedule together, as even as can be."""
    alike: dict[object, list[Subscriber]] = defaultdict(list)
    for reader in readers:
        alike[reader.schedule].append(reader)
    parts: list[list[Subscriber]] = [[] for _ in range(min(count, len(alike)) or 1)]
    loads = [0] * len(parts)
    for group in sorted(alike.values(), key=lambda group: -len(group)):
        least = loads.index(min(loads))
        parts[least] += group
        loads[least] += len(group) + ALONE
    return [tuple(part) for part in parts]


ALONE = 5
"""What composing at an instant costs, in readers composed for."""


def _together(jobs: Sequence[Job], tell: Callable[[], object]) -> list[Done]:
    context = get_context("fork")
    ends: dict[Connection, int] = {}
    workers = []
    for n, job in enumerate(jobs):
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(job, theirs), daemon=True)
        worker.start()
        theirs.close()
        workers.append(worker)
        ends[ours] = n
    try:
        return _answers(ends, tell)
    finally:
        for worker in workers:  # whoever still works when one failed, or somebody pressed Ctrl-C
            worker.terminate()
            worker.join()


def _answers(ends: dict[Connection, int], tell: Callable[[], object]) -> list[Done]:
    found: dict[int, Done] = {}
    while ends:
        for end in wait(list(ends)):
            assert isinstance(end, Connection)  # noqa: S101 - nothing else was handed in
            try:
                said = end.recv()
            except EOFError:
                raise StoreError("a replaying process ended; run this with -v and again") from None
            if isinstance(said, BaseException):
                raise said
            if isinstance(said, Done):
                found[ends.pop(end)] = said
            elif ends[end] == 0:
                tell()
    return [found[n] for n in sorted(found)]


def _work(job: Job, end: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    try:
        end.send(job.done(lambda: end.send("a day")))
    except BaseException as error:
        end.send(error)


def judged(done: Sequence[Done]) -> Verdict:
    """One verdict of all: every reader's row, by id; of files, what the first part saw."""
    rows = [
        row
        for n, one in enumerate(done)
        for row in one.verdict.rows
        if n == 0 or row.subscriber != PUBLIC
    ]
    rows.sort(key=lambda row: row.subscriber)
    first = done[0].verdict
    wrong = [why for one in done for why in one.verdict.wrong]
    return Verdict(rows, first.rejected, first.damaged, list(dict.fromkeys(wrong)))
