"""Composing for many readers at once, in several processes that share a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from digest.app import App
from digest.composing import WORTH, Stored, compose
from digest.config import load_settings
from digest.errors import StoreError
from digest.store.engine import writing
from digest.store.inserting import insert
from digest.store.schema import subscribers
from digest.store.subscribers import values_of
from digest.subscribers import Schedule, Subscriber
from tests.support.databases import NOW, collect

READERS = 2 * WORTH
CODE = """
import sys
from pathlib import Path
from tests.test_composing import opened
from digest.composing import compose

if __name__ == "__main__":
    for one in compose(opened(Path(sys.argv[1]))):
        print(one, flush=True)
"""

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="this machine has one processor"
)


def opened(folder: Path) -> App:
    return App(load_settings(folder / "digest.yaml", {}), lambda: NOW)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder with an installation whose readers, without interests, are many and all due."""
    settings = {"public": {"hour": 23}, "semantic": {"model": "none"}}
    (tmp_path / "digest.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    app = opened(tmp_path)
    collect(app.store, "One paper", "Another paper")
    rows = [
        values_of(Subscriber(f"r{n:05}", f"r{n:05}@example.org", schedule=Schedule("UTC", 5)))
        for n in range(READERS)
    ]
    with writing(app.store.engine) as connection:
        insert(connection, subscribers, [{**r, "origin": "store", "joined_at": NOW} for r in rows])
    app.close()
    return tmp_path


def test_everybody_gets_one_edition_whoever_of_the_processes_composed_it(many):
    app = opened(many)
    found = list(compose(app))
    assert {type(one) for one in found} == {Stored}
    assert sorted(one.subscriber for one in found) == [f"r{n:05}" for n in range(READERS)]
    assert {(one.picks, one.date) for one in found} == {(2, NOW.date())}
    assert app.store.outbox.counts() == {"queued": READERS}
    assert not list(compose(app))
    app.close()


def test_a_process_that_is_killed_loses_nothing_but_time(many):
    app = opened(many)
    composing = compose(app)
    first = next(composing)
    for child in children(os.getpid()):
        os.kill(child, signal.SIGKILL)
    with pytest.raises(StoreError, match="was killed"):
        list(composing)
    again = list(compose(app))
    assert isinstance(first, Stored) and len(again) < READERS
    assert app.store.outbox.counts() == {"queued": READERS}
    app.close()


def test_the_processes_end_with_the_one_that_started_them(many):
    code = many / "first.py"
    code.write_text(CODE, encoding="utf-8")
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, str(code), str(many)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=environment)
    assert first.stdout and first.stdout.readline()
    started = children(first.pid)
    assert started
    first.kill()
    first.wait()
    until = time.monotonic() + 10
    while any(Path(f"/proc/{one}").exists() for one in started) and time.monotonic() < until:
        time.sleep(0.05)
    assert [one for one in started if Path(f"/proc/{one}").exists()] == []
    first.stdout.close()


def children(pid: int) -> list[int]:
    """The processes that this one started, and those that composing for it started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text().split()]
    return [one for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
