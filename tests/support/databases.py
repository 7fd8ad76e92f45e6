"""The store on real databases: each test gets a fresh one, on SQLite and on PostgreSQL.

PostgreSQL is a private cluster, started once a test process when the first test asks for it. Where
its programs or the driver are missing, that half is skipped and says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from digest.collecting import RULES
from digest.messages import Message
from digest.papers import Paper, Report
from digest.store.editions import Composed
from digest.store.papers import Added
from digest.store.schema import metadata
from digest.store.shelves import Store, open_store
from digest.subscribers import Subscriber
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition

KINDS = ("sqlite", "postgresql")
NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
START_S = 30
INITDB = """-U postgres -A trust -E UTF8 --no-sync --no-instructions
    --locale=C --locale-provider=icu --icu-locale=en"""
"""A language's order, not that of bytes: what relies on the latter shows up."""

_numbers = itertools.count(1)


# A private PostgreSQL ---------------------------------------------------------------------------


class Cluster:
    """A PostgreSQL server on a free port of loopback, with its data in a temporary folder."""

    def __init__(self, programs: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="digest-postgres-"))
        self._log = self._folder / "log"
        # The server refuses to run as root.
        self._as: dict[str, Any] = {"cwd": self._folder}
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        data = self._folder / "data"
        with self._log.open("wb") as log:
            made = subprocess.run(
                [programs / "initdb", "-D", data, *INITDB.split()],
                stdout=log,
                stderr=log,
                check=False,
                **self._as,
            )
            if made.returncode:
                raise RuntimeError(f"initdb failed: {self._log.read_text()}")
            self.port = _free_port()
            settings = {
                "listen_addresses": "127.0.0.1",
                "port": self.port,
                "unix_socket_directories": "",
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "autovacuum": "off",
                "shared_buffers": "32MB",
            }
            options = [
                part for name, value in settings.items() for part in ("-c", f"{name}={value}")
            ]
            self._server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, **self._as
            )
        self._wait()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str) -> None:
        """Run a statement on the cluster itself, such as CREATE DATABASE."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def stop(self) -> None:
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # a "fast" shutdown
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)  # "immediate"; its children end with it
                self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        import psycopg

        until = time.monotonic() + START_S
        while True:
            try:
                return self.run("SELECT 1")
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > until:
                    said = self._log.read_text()
                    self.stop()
                    raise RuntimeError(f"PostgreSQL did not start: {said}") from None
                time.sleep(0.05)


@cache
def _migrated(cluster: Cluster) -> str:
    """The address of a database with all its tables, which tests take turns with.

    Emptied for each, which takes a twentieth of the time that another database does.
    """
    cluster.run("CREATE DATABASE migrated")
    with opened(cluster.url("migrated")):
        return cluster.url("migrated")


def _empty(url: str) -> None:
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for table in reversed(metadata.sorted_tables):
            if table.name != "compatibility":
                connection.execute(f"DELETE FROM {table.name}")
        for table in ("editions", "outbox"):
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1, false)")


def _programs() -> Path:
    """Where initdb and postgres are; the newest where there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    on_path = shutil.which("initdb")
    return (found[-1] if found else Path(on_path or "initdb").resolve()).parent


def _missing() -> str | None:
    """Why there is no PostgreSQL here, or None."""
    if not find_spec("psycopg"):
        return "the driver psycopg is not installed"
    if not (_programs() / "initdb").exists():
        return "the programs initdb and postgres are not installed"
    if os.getuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "PostgreSQL does not run as root, and there is no user postgres"
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Fixtures --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """The cluster of this test process."""
    if why := _missing():
        pytest.skip(f"no PostgreSQL: {why}")
    cluster = Cluster(_programs())
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that others are copied from."""
    file = tmp_path_factory.mktemp("template") / "digest.db"
    with opened(f"sqlite:///{file}"):
        return file


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that nobody has opened yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        with _database(request.getfixturevalue("postgresql")) as address:
            yield address


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with all its tables."""
    if request.param == "sqlite":
        file = tmp_path / "digest.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
    else:
        address = _migrated(request.getfixturevalue("postgresql"))
        _empty(address)
        yield address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A fresh store, on each kind of database in turn."""
    with opened(url) as found:
        yield found


@pytest.fixture
def own_database(postgresql: Cluster) -> Iterator[str]:
    """The address of a PostgreSQL database that nobody has opened yet."""
    with _database(postgresql) as address:
        yield address


@contextmanager
def _database(cluster: Cluster) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    cluster.run(f"CREATE DATABASE {name}")
    try:
        yield cluster.url(name)
    finally:
        cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """The store at that address; its connections are closed at the end."""
    store = open_store(url)
    try:
        yield store
    finally:
        engine_of(store).dispose()


def engine_of(store: Store) -> sa.Engine:
    """What a test needs to look below the store's methods."""
    return store.papers._engine


# Other processes -------------------------------------------------------------------------------


class Script:
    """A Python program of its own, which talks to the test line by line."""

    def __init__(self, code: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def tell(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def line(self) -> str:
        """The next line it prints, once it has."""
        return self.process.stdout.readline().strip()

    def rest(self) -> str:
        """What else it prints, up to its end, which has to be a good one."""
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        return out

    def kill(self) -> None:
        """What a power cut does to it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@contextmanager
def scripts(code: str, *arguments: str, count: int = 1) -> Iterator[list[Script]]:
    """Some processes that run the same program; none outlives the test."""
    started = [Script(code, *arguments) for _ in range(count)]
    try:
        yield started
    finally:
        for script in started:
            script.kill()


# What stands in a store ------------------------------------------------------------------------


def collect(
    store: Store, *papers: Paper | str | Report, at: dt.datetime = NOW, file: str = "monday.txt"
) -> Added:
    """Store a file of these papers, or of papers of these titles, in their order."""
    reports = [
        found
        if isinstance(found, Report)
        else Report(a_paper(found) if isinstance(found, str) else found, file, place)
        for place, found in enumerate(papers, start=1)
    ]
    sha256 = hashlib.sha256(f"{file} {reports}".encode()).hexdigest()
    return store.papers.add(reports, sha256=sha256, name=file, now=at, rules=RULES)


def numbers(store: Store) -> dict[str, int]:
    """The number of every paper in the store, by title."""
    everything = store.papers.candidates(
        NOW - dt.timedelta(days=3650), NOW + dt.timedelta(days=3650)
    )
    return {candidate.paper.title: candidate.id for candidate in everything}


def composed(
    store: Store,
    who: Subscriber | str = "ada",
    *titles: str,
    date: dt.date = TODAY,
    at: dt.datetime = NOW,
    last: dt.date | None = None,
    mailed: bool = True,
) -> Composed:
    """An edition of papers that are in the store, ready to be stored with its mail."""
    reader = a_subscriber(who) if isinstance(who, str) else who
    if store.subscribers.find(reader.id) is None:
        store.subscribers.add([reader], at)
    known = numbers(store) if titles else {}
    picks = [a_pick(title) for title in titles]
    edition = an_edition(date=date, composed_at=at, subscriber=reader, picks=tuple(picks))
    message = Message(
        f"<{edition.id}@example.org>", "digest@example.org", f"{reader.id}@example.org", b"Hi"
    )
    return Composed(
        edition, tuple(known[title] for title in titles), message if mailed else None, last
    )


def mail(store: Store, readers: Sequence[str], at: dt.datetime = NOW) -> None:
    """Queue a mail without papers for each of these readers, in their order."""
    assert len(store.editions.add([composed(store, who, at=at) for who in readers])) == len(readers)
