"""A rehearsal: the files of past days, day by day, through an installation made for it."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digest.config import Settings, load_subscribers
from digest.errors import ConfigError
from digest.replay import arrivals
from digest.replay.faults import Faults
from digest.replay.running import Period
from digest.replay.scratch import copied, readers
from digest.replay.shards import Done, Job, judged, run
from digest.replay.verdict import Row, Verdict
from digest.store.audit import Audit
from digest.store.shelves import Store
from digest.subscribers import Subscriber
from digest.votes import Vote

Answer = dict[str, Any]

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it has a name of its own
ROOM = 4_000_000_000
"""Bytes free there that are enough: a year of 20 readers takes a fiftieth, beside the archive."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed: the ``days`` from ``first`` on, of these files or what the inbox
    collected, for those who read here or the subscribers of a file; with the faults of a seed.
    """

    first: dt.date
    days: int
    paths: Sequence[Path] = ()
    subscribers: Path | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of the real installation."""

    readers: list[Subscriber]
    votes: list[Vote]
    came: list[arrivals.Arrival]


def replay(settings: Settings, asked: Asked, tell: Callable[[], object] = lambda: None) -> Answer:
    """What came of it: a row a subscriber, sums, files, faults; exit 1 when a promise was broken.

    Nothing of the installation with these ``settings`` is written to. ``tell`` is called after
    each day. Raises ConfigError.
    """
    period = Period.of(asked.first, asked.days)
    with tempfile.TemporaryDirectory(prefix="digest-replay-", dir=_memory()) as name:
        folder = Path(name)
        past = _past(settings, asked, folder)
        came = [one for one in past.came if period.start <= one.at < period.end]
        if not came:
            raise ConfigError(
                f"none of the {len(past.came)} files came in the {asked.days} days from "
                f"{asked.first} on; look at the dates in their names, or choose another --from"
            )
        job = Job(
            folder / "scratch",
            settings,
            tuple(past.readers),
            tuple(past.votes),
            Faults(asked.seed),
            tuple(came),
            period,
        )
        began = time.monotonic()
        done = run(job, asked.days, tell)
        return _answer(asked, past, came, done, time.monotonic() - began)


def _memory() -> Path | None:
    """A folder in memory, where there is one with room: nothing of a replay has to outlast it, so
    waiting for a disk at every transaction would be for nothing.
    """
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if roomy and shutil.disk_usage(MEMORY).free > ROOM else None


def _past(settings: Settings, asked: Asked, folder: Path) -> _Past:
    store = copied(settings.database, folder)
    try:
        named = load_subscribers(asked.subscribers or settings.subscribers or Path())
        if asked.subscribers and not asked.subscribers.exists():
            raise ConfigError(f"{asked.subscribers} is not there; name a file of subscribers")
        reading = named if asked.subscribers else readers(store, named)
        if not reading:
            raise ConfigError("nobody reads here; name a file with --subscribers")
        known = Audit(store.engine).collected_at() if store else {}
        inbox = settings.inbox or Path("inbox")
        came = arrivals.arrivals(arrivals.expanded(asked.paths, inbox), known)
        return _Past(reading, _votes(store, reading), came)
    finally:
        if store:
            store.close()


def _votes(store: Store | None, reading: Sequence[Subscriber]) -> list[Vote]:
    return [vote for reader in reading for vote in store.votes.history(reader.id)] if store else []


def _answer(
    asked: Asked,
    past: _Past,
    came: Sequence[arrivals.Arrival],
    done: Sequence[Done],
    took_s: float,
) -> Answer:
    verdict = judged(done)
    rows = [_row(row, asked.days) for row in verdict.rows]
    return {
        "from": asked.first.isoformat(),
        "days": asked.days,
        "subscribers": rows,
        "totals": {
            name: sum(row[name] for row in rows)
            for name in ("editions", "mails", "papers", "duplicates", "missed", "excused")
        },
        "files": {
            "replayed": len(came),
            "outside": len(past.came) - len(came),
            "dated_by": dict(Counter(one.witness for one in came)),
            "rejected": [{"file": name, "why": why} for name, why in verdict.rejected],
        },
        "votes": {"cast": done[0].tally.votes, "of": len(past.votes)},
        "faults": None if asked.seed is None else _faults(asked.seed, done, verdict),
        "wrong": [*(why for row in verdict.rows for why in row.missed), *verdict.wrong],
        "processes": len(done),
        "took_s": round(took_s, 2),
        "took_ms_per_day": round(1000 * took_s / asked.days, 1),
        "exit": int(bool(verdict.duplicates or verdict.missed or verdict.wrong)),
    }


def _row(row: Row, days: int) -> Answer:
    return {
        **{name: value for name, value in asdict(row).items() if name not in ("size", "owed")},
        "first": row.first and row.first.isoformat(),
        "missed": len(row.missed),
        "excused": row.excused.total(),
        "papers_per_day": round(row.papers / days, 2),
        "bytes_per_mail": round(row.size / row.mails) if row.mails else 0,
    }


def _faults(seed: int, done: Sequence[Done], verdict: Verdict) -> Answer:
    """What went wrong on purpose: kills by where, files by how they came, mails by state."""

    def summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
        total: Counter[str] = Counter()
        for each in counts:
            total.update(each)
        return dict(sorted(total.items()))

    return {
        "seed": seed,
        "kills": summed(Counter(one.tally.kills) for one in done),
        "files": summed([Counter(drop.kind for drop in done[0].tally.drops)]),
        "damaged": summed([verdict.damaged]),
        "mails": summed(one.mails for one in done),
        "excused": summed(row.excused for row in verdict.rows),
    }
