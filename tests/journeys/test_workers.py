"""Several programs on one PostgreSQL: schedulers and workers, some of them killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from digest.queue import Queue
from digest.store.schema import VERSION
from tests.support.databases import Cluster, opened, own_database, postgresql
from tests.support.installation import SAMPLE, Installation, here
from tests.support.mailserver import MailServer, mail_server
from tests.support.webserver import WebServer, page, web_server

__all__ = ["here", "own_database", "postgresql"]

READERS = [f"reader{n:02}" for n in range(24)]
STALLED_S = 2
NEWS = b"""<rss version='2.0'><channel><title>Papers</title>
<item><title>A feed's paper on diffusion models</title><link>http://x.example.org/1</link>
<description>We study diffusion models for images in some depth and at length.</description>
</item></channel></rss>"""


@dataclass
class Program:
    """A process of ours, with all that it said."""

    process: subprocess.Popen[bytes]
    file: Path

    def said(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def died(self) -> bool:
        return self.process.poll() == -signal.SIGKILL

    def stop(self) -> int:
        """Its exit code, after it was told to stop."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@dataclass
class Place:
    """An installation on PostgreSQL, whose programs end with the test."""

    here: Installation
    url: str
    server: MailServer
    programs: list[Program]

    def start(self, *arguments: str, failpoint: str = "", code: str = "") -> Program:
        file = self.here.folder / f"said-{len(self.programs)}"
        environment = {**os.environ, "DIGEST_FAILPOINT": failpoint} if failpoint else None
        with file.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *(("-c", code) if code else ("-m", "digest")), *arguments],
                stdout=out,
                stderr=out,
                env=environment,
            )
        self.programs.append(Program(process, file))
        return self.programs[-1]

    def settings(self, *, work: bool, **more: object) -> None:
        delivery = {"transport": "smtp", "host": "127.0.0.1", "security": "none"}
        schedule: dict[str, object] = {"tick_s": 1, "stalled_s": STALLED_S, "work": work}
        alert = self.here.folder / "alert"
        alert.write_text(f"#!/bin/sh\ncat >> {self.here.folder}/alerts\n", encoding="ascii")
        alert.chmod(0o755)
        self.here.settings(
            database=self.url,
            delivery={**delivery, "port": self.server.port, "connections": 1},
            schedule={**schedule, "alert": str(alert)},
            **more,
        )

    def alerts(self) -> list[str]:
        file = self.here.folder / "alerts"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def got(self) -> Counter[str]:
        """How many mails each reader got."""
        names = (one.partition("@")[0] for one in self.server.recipients())
        return Counter(name for name in names if name.startswith("reader"))

    def mails(self) -> list[str]:
        """The states of the readers' mails."""
        with opened(self.url) as store:
            return [one.state for one in store.outbox.lines() if one.kind == "edition"]

    def states(self) -> Counter[str]:
        with opened(self.url) as store:
            return Counter(store.outbox.counts())

    def said(self) -> str:
        return "\n".join(one.said() for one in self.programs)

    def until(self, what: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"it never came: {self.said()}"
            time.sleep(0.05)


@pytest.fixture
def place(here: Installation, own_database: str) -> Iterator[Place]:
    """Readers who are due at any time, and papers for them."""
    due(here)
    here.drop("monday.txt", (SAMPLE / "monday.txt").read_bytes())
    with mail_server() as server:
        found = Place(here, own_database, server, [])
        found.settings(work=True)
        try:
            yield found
        finally:
            for one in found.programs:
                one.process.kill()
                one.process.wait()


def due(here: Installation) -> None:
    interests = [{"keywords": ["language", "diffusion", "protein"]}]
    every = ({"id": n, "address": f"{n}@example.org", "hour": 0} for n in READERS)
    here.subscribers(*({**one, "interests": interests} for one in every))


def test_what_two_schedulers_hand_out_is_delivered_once_though_workers_and_one_of_them_die(
    place: Place,
) -> None:
    with web_server() as web:
        feed(place, web)
        place.here.drop("bad.txt", b"\x00\x01")
        composes = place.start("worker", failpoint="before_compose_commit")
        schedulers = [place.start("run"), place.start("run")]
        place.until(composes.died)
        assert not place.mails() and not place.got()
        delivers = place.start("worker", failpoint="after_mark:5")
        place.until(delivers.died)
        schedulers[0].process.kill()
        last = place.start("worker")
        place.until(lambda: sum(place.got().values()) >= len(READERS) - 1)
        place.until(lambda: not place.states().keys() & {"queued", "claimed", "sending"})
        place.here.drop("tuesday.txt", (SAMPLE / "tuesday.txt").read_bytes())
        place.until((place.here.folder / "inbox/collected/tuesday.txt").exists, 10)
        assert [one.stop() for one in (last, schedulers[1])] == [0, 0]
        assert web.paths() == ["/feed"]
    uncertain = place.here.digest("outbox", "--state", "uncertain", "--json").json["messages"]
    doubtful = Counter(one["subscriber"] for one in uncertain)
    assert len(uncertain) == 1 and place.got() + doubtful == Counter(READERS)
    assert place.said().count("handed out 1 batches") == 1
    owners = [one for one in place.server.recipients() if one == "owner@example.org"]
    told = place.said().count("told the owner: ")
    assert len(owners) == told > 0
    assert "is done again: its worker died" in place.said()
    assert "Traceback" not in place.said()


def feed(place: Place, web: WebServer) -> None:
    """The settings of workers alone, with a source and an owner."""
    place.settings(
        work=False,
        sources=[{"name": "Feed", "url": web.says("/feed", page(NEWS)), "every_m": 1}],
        fetch={"allow_private": True},
        mail={"owner": "owner@example.org", "sender": "papers@example.org"},
    )


def test_run_alone_does_everything_and_stops_when_told(place: Place) -> None:
    running = place.start("run")
    place.until(lambda: place.got() == Counter(READERS))
    place.until(lambda: place.states() == {"sent": len(READERS)})
    assert running.stop() == 0, running.said()
    assert "stopped" in running.said() and "Traceback" not in running.said()
    assert not place.alerts()


def test_without_a_worker_it_is_said_once_and_everything_waits_for_one(place: Place) -> None:
    place.settings(work=False)
    running = place.start("run")
    place.until(place.alerts)
    time.sleep(2.5)
    assert len(place.alerts()) == 1 and "start one with `digest worker`" in place.alerts()[0]
    assert running.said().count("no worker takes it") == 1 and not place.got()
    worker = place.start("worker")
    place.until(lambda: place.got() == Counter(READERS))
    assert [worker.stop(), running.stop()] == [0, 0]
    assert len(place.alerts()) == 1


def test_a_server_that_refuses_a_mail_is_told_to_the_owner_by_whoever_delivered(
    place: Place,
) -> None:
    place.settings(work=True, mail={"owner": "owner@example.org", "sender": "papers@example.org"})
    place.server.refused["reader03@example.org"] = "550 5.1.1 nobody here"
    running = place.start("run")
    place.until(lambda: "owner@example.org" in place.server.recipients())
    assert running.stop() == 0
    (told,) = [m for m in place.server.received if m.recipients == ("owner@example.org",)]
    assert b"reader03@example.org" in told.data and place.states()["failed"] == 1


def test_a_database_that_is_away_for_a_while_ends_neither_scheduler_nor_worker(
    place: Place, postgresql: Cluster
) -> None:
    place.here.subscribers()
    place.settings(work=False)
    running, worker = place.start("run"), place.start("worker")
    place.until(lambda: "working as" in worker.said() and "running" in running.said())
    cut(postgresql, place.url, "false")
    place.until(lambda: "it is tried again" in worker.said())
    place.until(place.alerts)
    cut(postgresql, place.url, "true")
    due(place.here)
    assert place.here.digest("subscribers", "list").code == 0
    place.until(lambda: place.got() == Counter(READERS))
    assert [worker.stop(), running.stop()] == [0, 0]
    assert [
        one for one in place.alerts() if "the database" not in one and "no worker" not in one
    ] == []


def cut(cluster: Cluster, url: str, allowed: str) -> None:
    """End every connection to the database; whether there may be new ones."""
    name = url.rpartition("/")[2]
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")
    cluster.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def test_steps_done_by_hand_work_beside_workers(place: Place) -> None:
    place.settings(work=False, web={"port": 0, "in_run": False})
    worker, serving = place.start("worker"), place.start("serve")
    digest = place.here.digest
    assert digest("collect").code == 0
    assert len(digest("compose", "--json").json["editions"]) >= len(READERS)
    assert digest("deliver", "--json").json["sent"] == len(READERS)
    assert digest("send", "--json").json["deliver"]["sent"] == 0
    place.until(lambda: "working as" in worker.said() and "serving http" in serving.said())
    assert worker.stop() == 0 and place.got() == Counter(READERS)


def test_a_worker_on_a_file_says_what_to_do_instead(here: Installation) -> None:
    ran = here.digest("worker")
    assert ran.code == 2 and "`digest run` does everything here" in ran.err


def test_a_worker_whose_database_is_not_there_says_so_at_once(here: Installation) -> None:
    here.settings(database="postgresql://ada@127.0.0.1:1/nowhere")
    began = time.monotonic()
    ran = here.digest("worker")
    assert ran.code == 2 and "cannot be opened" in ran.err and time.monotonic() - began < 10


# The next program, beside this one ---------------------------------------------------------------


@contextmanager
def ahead(url: str, oldest: str) -> Iterator[None]:
    """The database as a later program leaves it, for which ``oldest`` is still good enough."""
    with opened(url), psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE subscribers ADD COLUMN mood text")
        connection.execute("UPDATE alembic_version SET version_num = '9998'")
        connection.execute("UPDATE compatibility SET oldest = %s", [oldest])
    yield


NEXT = """
from digest.store import engine
engine.VERSION = "9998"
from digest.cli import main
main()
"""
"""The next program, as far as the database can tell."""


def test_a_database_one_migration_ahead_is_worked_on_by_the_program_before(place: Place) -> None:
    place.settings(work=False)
    with ahead(place.url, VERSION):
        old, new = place.start("worker"), place.start("worker", code=NEXT)
        place.until(lambda: all("working as" in one.said() for one in (old, new)))
        schedulers = [place.start("run", code=NEXT), place.start("run")]
        place.until(lambda: place.got() == Counter(READERS))
        place.until(lambda: set(place.mails()) == {"sent"})
        stopped = [one.stop() for one in (old, new, *schedulers)]
        assert stopped == [0] * 4 and "Traceback" not in place.said()
        last = place.start("run")
        place.until(lambda: "running" in last.said())
        assert last.stop() == 0 and place.got() == Counter(READERS)


def test_a_database_too_far_ahead_is_refused_by_both_numbers(place: Place) -> None:
    with ahead(place.url, "9998"):
        for command in ("worker", "run", "compose"):
            ran = place.here.digest(command)
            assert ran.code == 2 and "9998" in ran.err and VERSION in ran.err


def test_jobs_that_this_program_cannot_read_are_left_and_their_readers_handed_out_again(
    place: Place,
) -> None:
    with opened(place.url):
        queue = Queue(place.url, {"compose": print})
    jobs = [
        {"form": 2, "readers": "all"},
        {"form": 1, "at": "2020-01-01T00:00:00+00:00", "batch": []},
        {"unheard": "of"},
    ]
    queue.put("compose", jobs)
    queue.close()
    running = place.start("run")
    place.until(lambda: place.got() == Counter(READERS))
    assert running.stop() == 0
    assert "a job of form 2 is left: this program knows 1" in running.said()
