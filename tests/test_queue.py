"""The queue in PostgreSQL: what is put there is done once, and again when its worker died."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from digest.errors import StoreError
from digest.queue import Queue
from tests.support.databases import Cluster, own_database, postgresql, scripts

__all__ = ["own_database", "postgresql"]

STALLED_S = 1.5

WORKS = """
import signal, sys, threading, time
from digest.queue import Queue
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
def say(*what): print(*what, flush=True)
def slow(n):
    say("begun", n)
    time.sleep(float(sys.argv[2]))
    say("done", n)
queue = Queue(sys.argv[1], {"slow": slow}, stalled_s=1.5)
say("open")
queue.work(stop, "worker")
queue.close()
say("stopped")
"""


@contextmanager
def opened(url: str, **tasks: Callable[..., object]) -> Iterator[Queue]:
    queue = Queue(url, {"slow": print, **tasks}, stalled_s=STALLED_S)
    try:
        yield queue
    finally:
        queue.close()


@contextmanager
def working(queue: Queue) -> Iterator[None]:
    """A worker in this program meanwhile."""
    stop = threading.Event()
    thread = threading.Thread(target=queue.work, args=(stop, "here"))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def until(what: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def schemas(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'digest_queue%' ORDER BY 1"
        )
        return [row[0] for row in rows]


def test_what_is_put_is_done_once_with_its_arguments_in_order(own_database: str) -> None:
    did: list[object] = []
    with opened(own_database, note=lambda n, names: did.append((n, names))) as queue:
        assert queue.put("note", ({"n": n, "names": ["ä", None, 1.5]} for n in range(5))) == 5
        assert queue.under_way("note") == 5 and queue.workers() == 0
        with working(queue):
            until(lambda: not queue.under_way("note", "slow"))
            assert queue.workers() == 1
        assert did == [(n, ["ä", None, 1.5]) for n in range(5)]
        assert queue.workers() == 0


def test_jobs_are_put_all_or_none(own_database: str) -> None:
    with opened(own_database) as queue:
        with pytest.raises((StoreError, ValueError)):
            queue.put("slow", [{"n": 1}, {"n": "\0"}])
        assert queue.put("slow", []) == 0
        assert queue.under_way("slow") == 0
        assert queue.put("slow", ({"n": n} for n in range(600))) == 600
        assert queue.under_way("slow") == 600


def test_a_job_that_waits_is_not_put_again_and_one_that_is_being_done_is(
    own_database: str,
) -> None:
    begun, go = threading.Event(), threading.Event()

    def waits() -> None:
        begun.set()
        go.wait(20)

    with opened(own_database, waits=waits) as queue:
        assert queue.put_once("waits", "one")
        assert not queue.put_once("waits", "one") and queue.put_once("waits", "two")
        with working(queue):
            assert begun.wait(20)
            assert queue.put_once("waits", "one")
            go.set()
            until(lambda: not queue.under_way("waits"))


def test_a_job_that_fails_is_gone_and_holds_up_none(
    own_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    did: list[int] = []
    with opened(own_database, note=did.append) as queue:
        queue.put("note", [{"wrong": 1}])
        queue.put("unheard of", [{}])
        with working(queue):
            until(lambda: not queue.under_way("note", "unheard of"))
    assert not did and caplog.records


def test_the_job_of_a_worker_that_was_killed_is_done_again_by_another(own_database: str) -> None:
    with opened(own_database) as queue, scripts(WORKS, own_database, "3") as (dies,):
        assert dies.line() == "open"
        queue.put("slow", [{"n": 7}])
        assert dies.line() == "begun 7"
        with scripts(WORKS, own_database, "0") as (lives,):
            assert lives.line() == "open"
            until(lambda: queue.workers() == 2)
            dies.kill()
            began = time.monotonic()
            assert [lives.line(), lives.line()] == ["begun 7", "done 7"]
            assert STALLED_S / 2 < time.monotonic() - began < 4 * STALLED_S
            until(lambda: not queue.under_way("slow") and queue.workers() == 1)


def test_told_to_stop_a_worker_finishes_its_job_and_takes_no_other(own_database: str) -> None:
    with opened(own_database) as queue, scripts(WORKS, own_database, "1") as (worker,):
        assert worker.line() == "open"
        queue.put("slow", [{"n": 1}, {"n": 2}])
        assert worker.line() == "begun 1"
        os.kill(worker.process.pid, signal.SIGTERM)
        assert worker.rest().split("\n") == ["done 1", "stopped", ""]
        assert (queue.under_way("slow"), queue.workers()) == (1, 0)


def test_told_to_stop_a_worker_without_work_stops_at_once(own_database: str) -> None:
    with scripts(WORKS, own_database, "1") as (worker,):
        assert worker.line() == "open"
        began = time.monotonic()
        os.kill(worker.process.pid, signal.SIGTERM)
        assert worker.rest().split() == ["stopped"] and time.monotonic() - began < 5


def test_a_worker_that_others_took_for_dead_says_so_and_can_begin_again(own_database: str) -> None:
    did: list[int] = []
    with opened(own_database, note=did.append) as queue:
        thread_stop, said = threading.Event(), []

        def work() -> None:
            try:
                queue.work(thread_stop, "here")
            except StoreError as error:
                said.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        until(lambda: queue.workers() == 1)
        queue._do("DELETE FROM procrastinate_workers")
        queue.put("note", [{"x": 1}])
        thread.join(20)
        assert said and "cannot be used" in said[0] and not thread_stop.is_set()
        queue.put("note", [])
        with working(queue):
            until(lambda: queue.workers() == 1)


OPENS = """
import sys
from digest.queue import Queue
print("ready", flush=True)
input()
queue = Queue(sys.argv[1], {"slow": print})
print(queue.put("slow", [{"n": 1}]))
queue.close()
"""


def test_programs_that_open_a_fresh_database_at_once_make_the_queue_once(own_database: str) -> None:
    with scripts(OPENS, own_database, count=3) as programs:
        for one in programs:
            assert one.line() == "ready"
        for one in programs:
            one.tell("go")
        assert [one.rest() for one in programs] == ["1\n"] * 3
    with opened(own_database) as queue:
        assert queue.under_way("slow") == 3
    assert len(schemas(own_database)) == 1


def test_a_queue_of_another_layout_lives_beside_it(
    own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(own_database) as queue:
        queue.put("slow", [{"n": 1}])
        (own,) = schemas(own_database)
        with psycopg.connect(own_database) as connection:
            connection.execute(f"ALTER SCHEMA {own} RENAME TO digest_queue_020000")
        with opened(own_database) as newer:
            assert newer.under_way("slow") == 0
            newer.put("slow", [{"n": 2}])
            assert newer.under_way("slow") == 1
    assert schemas(own_database) == sorted(["digest_queue_020000", own])


def test_an_address_with_a_driver_or_a_service_is_that_of_the_store(
    own_database: str, postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = own_database.rpartition("/")[2]
    parts = ("host=127.0.0.1", f"port={postgresql.port}", "user=postgres", f"dbname={name}")
    (tmp_path / "services").write_text("\n".join(["[digest]", *parts, ""]), encoding="ascii")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    driver = own_database.replace("postgresql://", "postgresql+psycopg://")
    for put, url in enumerate((own_database, driver, "postgresql:///?service=digest"), start=1):
        with opened(url) as queue:
            queue.put("slow", [{"n": 1}])
            assert queue.under_way("slow") == put
            with working(queue):
                until(lambda: queue.workers() == 1)
                until(lambda: not queue.under_way("slow"))
            queue.put("slow", [{"n": 1}] * put)


def test_a_database_that_may_not_be_written_is_told_in_one_sentence(
    own_database: str, postgresql: Cluster
) -> None:
    name = own_database.rpartition("/")[2]
    postgresql.run("DROP ROLE IF EXISTS nobody")
    postgresql.run("CREATE ROLE nobody LOGIN")
    with pytest.raises(StoreError, match="cannot be used: permission denied for database"):
        Queue(f"postgresql://nobody@127.0.0.1:{postgresql.port}/{name}", {})
