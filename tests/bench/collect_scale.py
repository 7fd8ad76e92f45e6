"""How long an archive of 100,000 papers takes to collect, and how long the same files again.

Run with `python -m tests.bench.collect_scale`. The texts are real ones in which most of the longer
words are others: as long, as frequent and as well formed as papers are, and no two alike. Every
second file is JSON Lines with ids, the others are digests of titles and abstracts alone; of each
file a twentieth was in the file before. They are collected as the inbox is, into SQLite, without
an encoder, by a process of its own, whose memory is that of collecting alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest import collecting, learning
from digest.collect.readers import read
from digest.collect.settings import CollectSettings
from digest.store.shelves import Store, open_store
from tests.support.papers_text import compact
from tests.support.shared import shared

PAPERS = 100_000
PER_FILE = 1_000
REPEATED = 50
"""Papers of a file that were in the file before."""

KEPT = 0.2
"""Of the longer words; with more, the hundreds of papers of one text would be found alike."""

FIRST = dt.datetime(2026, 1, 1, 6, tzinfo=dt.UTC)
_WORD = re.compile(r"[A-Za-z]{5,}")

Record = dict[str, Any]


# The files ---------------------------------------------------------------------------------------


def write_files(papers: int, folder: Path, per_file: int = PER_FILE) -> list[Path]:
    """The files of so many papers, in the order of their days."""
    folder.mkdir(parents=True, exist_ok=True)
    written, before = [], list[Record]()
    source = records()
    for number in range(-(-papers // per_file)):
        fresh = [next(source) for _ in range(min(per_file, papers - number * per_file))]
        path = folder / f"{number:05}.{'txt' if number % 2 else 'jsonl'}"
        path.write_text(_as_file([*before, *fresh], text=number % 2 == 1), encoding="utf-8")
        written.append(path)
        before = fresh[-REPEATED:]
    return written


def records(seed: int = 0) -> Iterator[Record]:
    """Papers without end, each with texts and an id of its own."""
    chance = random.Random(seed)
    real = _real()
    words = [word for one in real for word in _WORD.findall(one["summary"])]

    def other(match: re.Match[str]) -> str:
        if chance.random() < KEPT:
            return match[0]
        word = chance.choice(words)
        return word.capitalize() if match[0][0].isupper() else word.lower()

    number = 0
    while True:
        for one in real:
            yield {
                **one,
                "id": f"{2000 + number // 20_000:04}.{number % 20_000 + 10_000:05}",
                "title": _WORD.sub(other, one["title"]),
                "summary": _WORD.sub(other, one["summary"]),
            }
            number += 1


def _real() -> list[Record]:
    """Every paper of the shared days once, those that a digest of one line a text could hold."""
    found: dict[str, Record] = {}
    for path in sorted(shared("data/arxiv_daily_jsonl").glob("2*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            if one["summary"].rstrip().endswith(".") and ". " not in one["title"]:
                found[one["id"]] = {
                    "authors": one["authors"],
                    "categories": one["categories"],
                    "title": " ".join(one["title"].split()),
                    "summary": " ".join(one["summary"].split()),
                }
    return list(found.values())


def _as_file(papers: list[Record], *, text: bool) -> str:
    if text:
        return compact([(one["title"], one["summary"]) for one in papers])
    return "".join(f"{json.dumps(one)}\n" for one in papers)


# Measuring ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock on the wall, and of the processor."""

    wall_s: float
    cpu_s: float


def measure(papers: int, folder: Path) -> dict[str, Any]:
    """What collecting so many papers takes: ``first``, of which ``parse``; ``again``; ``learn``.

    Each as seconds by the wall and of the processor; beside them the ``papers`` that came, the
    ``peak_mb`` of memory and the ``database_mb``. The ``folder`` is empty, and stays for a look.
    """
    write_files(papers, folder / "files")
    command = [sys.executable, "-m", __spec__.name, "--collect", str(folder)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=root)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def collected(folder: Path) -> dict[str, Any]:
    """The same of this process, and of the files that are there."""
    files = sorted((folder / "files").iterdir())
    store = open_store(f"sqlite:///{folder / 'scale.db'}")
    try:
        first = timed(lambda: _collect(store, files, folder / "inbox"))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        again = timed(lambda: _collect(store, files, folder / "again"))
        parse = timed(lambda: _parse(files))
        learn = timed(lambda: learning.learn(store, FIRST))
        count = store.papers.count()
    finally:
        store.close()
    figures = {"first": first, "parse": parse, "again": again, "learn": learn}
    return {
        "papers": count,
        **{name: {"wall_s": took.wall_s, "cpu_s": took.cpu_s} for name, took in figures.items()},
        "peak_mb": round(peak_mb, 1),
        "database_mb": round((folder / "scale.db").stat().st_size / 1e6, 1),
    }


def timed(what: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    what()
    return Took(round(time.perf_counter() - wall, 2), round(time.process_time() - cpu, 2))


def _collect(store: Store, files: list[Path], inbox: Path) -> None:
    """Collect each file on a day of its own."""
    inbox.mkdir()
    for day, path in enumerate(files):
        (inbox / path.name).write_bytes(path.read_bytes())
        now = FIRST + dt.timedelta(days=day)
        for one in collecting.collect_inbox(store, inbox, now, CollectSettings(settle_s=0)):
            assert one.problem is None, one.problem


def _parse(files: list[Path]) -> None:
    for path in files:
        read(path.read_bytes(), path.name, FIRST.date())


# Showing -----------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=PAPERS)
    parser.add_argument("--collect", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.collect:
        print(json.dumps(collected(chosen.collect)))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(chosen.papers, Path(folder))
    print(
        f"{found['papers']:,} papers; {found['peak_mb']} MB of memory at the most; "
        f"{found['database_mb']} MB of database"
    )
    for name in ("first", "parse", "again", "learn"):
        took = found[name]
        print(f"{name:>6}: {took['wall_s']:8.2f} s, of the processor {took['cpu_s']:8.2f} s")


if __name__ == "__main__":
    main()
