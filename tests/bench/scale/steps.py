"""The measurements of `make bench-scale`, each in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
RIVALS = ROOT / ".venv-rivals" / "bin" / "python"
FASTEST_OF = 5
"""A program's start is measured so often: another program may disturb it."""


@dataclass(frozen=True)
class Took:
    """Seconds by the wall and of the processor, and the memory of the largest process, in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float

    def per(self, readers: int) -> str:
        return f"{self.cpu_s / readers * 1e3:.2f} ms of the processor a reader"


def run(step: str, *arguments: object) -> dict[str, Any]:
    """What another process prints that takes this step alone."""
    command = [sys.executable, "-m", __spec__.name, step, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# What is asked for -------------------------------------------------------------------------------


def compose(folder: Path, readers: int) -> Took:
    """Composing for so many readers, from the question who is due to the last edition stored."""
    run("build", folder / str(readers), readers)
    return Took(**run("compose", folder / str(readers)))


def rank(folder: Path, readers: int) -> Any:
    """How long ranking takes beside the products it needs, for readers who were built before."""
    from tests.bench.ranking_times import Times

    return Times(**run("rank", folder / str(readers)))


def collect(folder: Path, papers: int) -> dict[str, Any]:
    """As ``collect_scale.measure``."""
    from tests.bench import collect_scale

    folder.mkdir(parents=True)
    return collect_scale.measure(papers, folder)


def preview(folder: Path) -> float:
    """Seconds of the command line to show what a reader would get of the archive just collected."""
    (folder / "digest.yaml").write_text(
        "database: sqlite:///scale.db\nsemantic: {model: none}\n", encoding="utf-8"
    )
    (folder / "subscribers.yaml").write_text(
        "subscribers:\n- {address: ada@example.org, id: ada, interests: "
        "[{keywords: [language models, agents]}]}\n",
        encoding="utf-8",
    )
    with closing(sqlite3.connect(folder / "scale.db")) as connection:
        (latest,) = connection.execute("SELECT max(first_seen_at) FROM papers").fetchone()
    command = [*_digest(folder), "--now", f"{latest[:10]}T23:00:00Z", "preview", "ada"]
    return _fastest(command)


def help_() -> float:
    """Seconds of the command line to say what it can do."""
    return _fastest([sys.executable, "-m", "digest", "--help"])


def work(folder: Path, readers: int, workers: int) -> float:
    """Seconds from handing batches out to the last edition stored, by so many workers."""
    from tests.support.databases import Cluster, _programs

    cluster = Cluster(_programs())
    try:
        cluster.run("CREATE DATABASE digest")
        place = folder / f"queue-{workers}"
        run("build", place, readers, cluster.url("digest"))
        return _worked(place, workers)
    finally:
        cluster.stop()


def rival() -> tuple[str, str, bool | None]:
    """How much longer an SVM for each interest takes than our ranking, and whether that is enough."""
    if not RIVALS.exists():
        return "not measured: .venv-rivals is absent (`make bench-ranking` makes it)", "", None
    command = [RIVALS, "-m", "tests.bench.ranking.speed"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    times = float(done.stdout.rsplit(" times as long", 1)[0].rsplit(" ", 1)[1])
    return done.stdout.strip(), "at least 100 times as long", times >= 100


def _digest(folder: Path) -> list[str]:
    return [sys.executable, "-m", "digest", "--config", str(folder / "digest.yaml")]


def _fastest(command: list[str]) -> float:
    found = []
    for _ in range(FASTEST_OF):
        began_s = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        found.append(time.perf_counter() - began_s)
    return min(found)


def _worked(folder: Path, workers: int) -> float:
    from digest.batches import COMPOSE, Batches
    from digest.queue import Queue
    from tests.bench.scale.crowd import opened

    with closing(opened(folder)) as app, closing(Queue(app.settings.database, {})) as queue:
        command = [sys.executable, "-m", __spec__.name, "work", str(folder)]
        quiet = subprocess.DEVNULL
        started = [subprocess.Popen(command, cwd=ROOT, stdout=quiet) for _ in range(workers)]
        try:
            while queue.workers() < workers:
                time.sleep(0.1)
            began_s = time.perf_counter()
            Batches(app, queue).compose()
            while queue.under_way(COMPOSE):
                time.sleep(0.1)
            return time.perf_counter() - began_s
        finally:
            for one in started:
                one.terminate()
            for one in started:
                one.wait()


# In a process of its own -------------------------------------------------------------------------


def _build(folder: str, readers: str, *database: str) -> dict[str, Any]:
    from tests.bench.scale.crowd import build

    shutil.rmtree(folder, ignore_errors=True)
    build(Path(folder), int(readers), *database)
    return {}


def _compose(folder: str) -> dict[str, Any]:
    from digest.composing import compose
    from tests.bench.scale.crowd import opened

    with closing(opened(Path(folder))) as app:
        began_s = time.perf_counter()
        for one in compose(app):
            if isinstance(one, Exception):
                raise one
        wall_s = time.perf_counter() - began_s
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_s = sum(one.ru_utime + one.ru_stime for one in used)
    peak_mb = max(one.ru_maxrss for one in used) / 1024
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}


def _rank(folder: str) -> dict[str, Any]:
    from dataclasses import asdict

    from digest import learning
    from digest.compose import profiles
    from tests.bench.ranking_times import times
    from tests.bench.scale.crowd import NOW, opened

    with closing(opened(Path(folder))) as app:
        store = app.store
        since = NOW - app.editing.compose.window_days * (NOW - NOW.replace(day=NOW.day - 1))
        papers = store.papers.candidates(since, NOW)
        readers = [one.subscriber for one in store.subscribers.all() if one.subscriber.address]
        opinions = store.votes.opinions([one.id for one in readers])
        theirs: dict[str, list[Any]] = {}
        for one in opinions:
            theirs.setdefault(one.subscriber, []).append(one)
        voted = store.papers.numbered(one.paper for one in opinions)
        tastes = [
            taste
            for one in readers
            for taste in profiles.tastes(
                one, theirs.get(one.id, []), {}, voted, NOW, app.editing.profile
            )
        ]
        return asdict(times(tastes, papers, learning.background(store)))


def _work(folder: str) -> dict[str, Any]:
    """A worker that composes only: mails would be another measurement."""
    import datetime as dt
    import signal
    import threading

    from digest.batches import COMPOSE, read
    from digest.composing import compose_batch
    from digest.queue import Queue
    from tests.bench.scale.crowd import opened

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with closing(opened(Path(folder))) as app:

        def task(form: int, at: str, batch: list[list[Any]]) -> None:
            list(compose_batch(app, read(batch), dt.datetime.fromisoformat(at)))

        with closing(Queue(app.settings.database, {COMPOSE: task})) as queue:
            queue.work(stop, str(os.getpid()))
    return {}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "build": _build,
    "compose": _compose,
    "rank": _rank,
    "work": _work,
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
