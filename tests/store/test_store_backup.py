"""A backup is whole whatever happens meanwhile, and sends nothing until somebody says it may."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest.errors import ConfigError, StoreError
from digest.store.backups import back_up
from digest.store.schema import metadata
from digest.store.shelves import Store, open_store
from tests.support.databases import NOW, Cluster, collect, mail, opened, scripts
from tests.support.installation import Installation, here

__all__ = ["here"]

ROOT = Path(__file__).parents[2]

WRITER = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None) as db:
    n = 0
    while True:  # two rows that belong together, in one transaction each time
        n += 1
        db.execute("BEGIN IMMEDIATE")
        for table in ("left_side", "right_side"):
            db.execute(f"INSERT INTO {table} VALUES (?, ?)", (n, "x" * 500))
        db.execute("COMMIT")
        if n % 20 == 0:
            print(n, flush=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """A SQLite database with a paper and a queued mail."""
    with opened(f"sqlite:///{tmp_path / 'digest.db'}") as store:
        _fill(store)
    yield tmp_path / "digest.db"


def _fill(store: Store) -> None:
    collect(store, "A", "B")
    mail(store, ["ada"])


def _rows(url: str) -> dict[str, int]:
    """How many rows each table has."""
    with opened(url) as store, store.engine.connect() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in metadata.sorted_tables
        }


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# SQLite -----------------------------------------------------------------------------------------


def test_a_backup_holds_what_the_database_holds(database: Path, tmp_path: Path) -> None:
    made = back_up(f"sqlite:///{database}", tmp_path / "backup.db")
    assert made.size == made.file.stat().st_size > 0
    assert _rows(f"sqlite:///{made.file}") == _rows(f"sqlite:///{database}")


def test_a_backup_is_one_file_for_its_owner_alone(database: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    file = back_up(f"sqlite:///{database}", tmp_path / "kept" / "backup.db").file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert _names(file.parent) == ["backup.db"]


def test_a_backup_made_while_others_write_is_of_one_instant(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE left_side (n INTEGER, text TEXT)")
        connection.execute("CREATE TABLE right_side (n INTEGER, text TEXT)")
    with scripts(WRITER, str(database), count=2) as writers:
        for writer in writers:
            writer.line()
        for n in range(5):
            file = back_up(f"sqlite:///{database}", tmp_path / f"{n}.db").file
            with closing(sqlite3.connect(file)) as connection:
                sums = [
                    connection.execute(f"SELECT count(*), sum(n) FROM {side}").fetchone()
                    for side in ("left_side", "right_side")
                ]
                assert sums[0] == sums[1] and sums[0][0] >= 40
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for writer in writers:
            assert int(writer.line()) > 0  # none of them was stopped by it


def test_what_a_killed_program_left_in_the_log_is_in_the_backup(
    database: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE left_side (n INTEGER, text TEXT)")
        connection.execute("CREATE TABLE right_side (n INTEGER, text TEXT)")
    with scripts(WRITER, str(database)) as (writer,):
        stored = int(writer.line())
        writer.kill()
    assert Path(f"{database}-wal").stat().st_size > 0
    file = back_up(f"sqlite:///{database}", tmp_path / "backup.db").file
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM left_side").fetchone()[0] >= stored


def test_a_file_that_is_there_is_replaced_only_when_told_to(database: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("precious")
    with pytest.raises(ConfigError, match=r"is there already; .* --force"):
        back_up(f"sqlite:///{database}", file)
    assert file.read_text() == "precious"
    back_up(f"sqlite:///{database}", file, force=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert _rows(f"sqlite:///{file}")["papers"] == 2


def test_the_database_is_never_written_over_by_its_own_backup(
    database: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.db").symlink_to(database)
    for name in (database, tmp_path / "link.db"):
        with pytest.raises(ConfigError, match="is the database itself"):
            back_up(f"sqlite:///{database}", name, force=True)


def test_nothing_but_an_ordinary_file_is_replaced(database: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no ordinary file"):
        back_up(f"sqlite:///{database}", tmp_path / "pipe", force=True)


def test_a_damaged_database_is_told_and_the_older_backup_stays(
    database: Path, tmp_path: Path
) -> None:
    file = back_up(f"sqlite:///{database}", tmp_path / "backup.db").file
    whole = file.read_bytes()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root, size = (
            connection.execute("SELECT rootpage FROM sqlite_schema WHERE name='papers'").fetchone(),
            connection.execute("PRAGMA page_size").fetchone(),
        )
    with database.open("r+b") as damaged:
        damaged.seek((root[0] - 1) * size[0])
        damaged.write(b"\xff" * 64)
    with pytest.raises(StoreError, match=r"is damaged .* restore the latest backup"):
        back_up(f"sqlite:///{database}", file, force=True)
    assert file.read_bytes() == whole
    assert not list(tmp_path.glob(".backup*"))


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("sqlite:///{}/none.db", StoreError, "cannot be backed up: unable to open"),
        ("sqlite://", StoreError, "in memory cannot be backed up"),
        ("mysql://here/digest", StoreError, "is no database address"),
        ("digest.db", StoreError, "is no database address"),
    ],
    ids=["missing", "in memory", "of another kind", "no address"],
)
def test_a_database_that_cannot_be_read_is_told_in_a_sentence(tmp_path, url, kind, said):
    with pytest.raises(kind, match=said) as told:
        back_up(url.format(tmp_path), tmp_path / "backup.db")
    assert "\n" not in str(told.value)
    assert _names(tmp_path) == []


def test_a_folder_that_is_not_there_is_told_in_a_sentence(database: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be written \(No such file or directory\)"):
        back_up(f"sqlite:///{database}", tmp_path / "nowhere" / "backup.db")


def test_an_older_database_is_backed_up_as_it_is(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    file = back_up(f"sqlite:///{database}", tmp_path / "backup.db").file
    for one in (file, database):
        with closing(sqlite3.connect(one)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            assert found == ("0001",)


def test_a_restored_backup_sends_nothing_until_it_is_adopted(
    database: Path, tmp_path: Path
) -> None:
    file = back_up(f"sqlite:///{database}", tmp_path / "backup.db").file
    with opened(f"sqlite:///{database}") as store:
        assert _claimed(store) == 1  # and after the backup it was sent
    for part in tmp_path.glob("digest.db-*"):
        part.unlink()
    file.rename(database)
    with opened(f"sqlite:///{database}") as store:
        with pytest.raises(StoreError, match="`digest outbox adopt`"):
            _claimed(store)
        assert store.outbox.adopt(NOW) == 1
        assert store.outbox.counts() == {"uncertain": 1}
        assert _claimed(store) == 0
        assert store.outbox.retry(["uncertain"], NOW) == 1
        assert _claimed(store) == 1


def _claimed(store: Store) -> int:
    """How many mails a run of delivery would send."""
    with store.outbox.present(NOW, resend=False):
        claims = store.outbox.claim(50, NOW, NOW - NOW)
        store.outbox.release(claims)
    return len(claims)


# PostgreSQL -------------------------------------------------------------------------------------


@pytest.fixture
def cluster(postgresql: Cluster) -> Iterator[Cluster]:
    """The server with a database "backed" that is backed up, and an empty one "restored"."""
    for name in ("pg_dump", "pg_restore"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    for name in ("backed", "restored"):
        postgresql.run(f"CREATE DATABASE {name}")
    yield postgresql
    for name in ("backed", "restored"):
        postgresql.run(f"DROP DATABASE {name} WITH (FORCE)")


def _restore(cluster: Cluster, file: Path) -> None:
    url = cluster.url("restored")
    subprocess.run(["pg_restore", "--exit-on-error", f"--dbname={url}", str(file)], check=True)


def test_a_backup_of_postgresql_is_restored_by_pg_restore(cluster: Cluster, tmp_path: Path) -> None:
    with opened(cluster.url("backed")) as store:
        _fill(store)
    made = back_up(cluster.url("backed"), tmp_path / "digest.dump")
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert made.file.read_bytes().startswith(b"PGDMP")
    _restore(cluster, made.file)
    assert _rows(cluster.url("restored")) == _rows(cluster.url("backed"))


def test_of_postgresql_what_waited_is_uncertain_once_adopted(
    cluster: Cluster, tmp_path: Path
) -> None:
    with opened(cluster.url("backed")) as store:
        _fill(store)
        _restore(cluster, back_up(cluster.url("backed"), tmp_path / "digest.dump").file)
    with opened(cluster.url("restored")) as store:
        assert store.outbox.adopt(NOW) == 1
        assert _claimed(store) == 0
        assert store.outbox.counts() == {"uncertain": 1}


def test_a_backup_of_postgresql_made_while_others_write_is_of_one_instant(
    cluster: Cluster, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write(store: Store) -> None:
        n = 0
        while not stop.is_set():
            mail(store, [f"r{n}"])  # an edition and its message, in one transaction
            n += 1

    with opened(cluster.url("backed")) as store:
        _fill(store)
        writer = threading.Thread(target=write, args=(store,))
        writer.start()
        try:
            file = back_up(cluster.url("backed"), tmp_path / "digest.dump").file
        finally:
            stop.set()
            writer.join()
    _restore(cluster, file)
    rows = _rows(cluster.url("restored"))
    assert rows["editions"] == rows["outbox"] >= 1


def test_a_database_that_a_service_file_names_is_opened_and_backed_up(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = tmp_path / "pg_service.conf"
    parts = ("host=127.0.0.1", f"port={cluster.port}", "user=postgres", "dbname=backed")
    service.write_text("\n".join(["[digest]", *parts, ""]))
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    with opened("postgresql:///?service=digest") as store:
        _fill(store)
    _restore(cluster, back_up("postgresql:///?service=digest", tmp_path / "digest.dump").file)
    assert _rows(cluster.url("restored"))["papers"] == 2


def test_the_password_of_postgresql_is_on_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore"):
        tool = programs / name
        tool.write_text(f'#!/bin/sh\n(echo "$0 $@"; env) >> {tmp_path}/seen\n')
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    url = "postgresql://ada:s%20cret@db.example.org:5433/papers?sslmode=verify-full"
    back_up(url, tmp_path / "digest.dump")
    seen = (tmp_path / "seen").read_text()
    called = [line for line in seen.splitlines() if line.startswith(str(programs))]
    assert len(called) == 2 and not any("s cret" in line for line in called)
    for part in (
        "PGPASSWORD=s cret",
        "PGUSER=ada",
        "PGHOST=db.example.org",
        "PGPORT=5433",
        "PGDATABASE=papers",
        "PGSSLMODE=verify-full",
    ):
        assert part in seen.splitlines()


def test_without_pg_dump_a_sentence_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="`pg_dump --format=custom --file=FILE`"):
        back_up("postgresql://ada:secret@127.0.0.1/papers", tmp_path / "digest.dump")
    assert _names(tmp_path) == []


def test_a_server_that_does_not_answer_is_told_without_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    if not shutil.which("pg_dump"):
        pytest.skip("pg_dump is not installed")
    with pytest.raises(StoreError, match="pg_dump could not back up") as told:
        back_up("postgresql://ada:secret@127.0.0.1:1/papers", tmp_path / "digest.dump")
    assert "secret" not in str(told.value) and "refused" in str(told.value)
    assert _names(tmp_path) == []


# The command ------------------------------------------------------------------------------------


@pytest.fixture
def filled(here: Installation) -> Installation:
    store = open_store(f"sqlite:///{here.folder / 'config/digest.db'}")
    _fill(store)
    store.close()
    return here


def test_the_command_says_what_it_wrote(filled: Installation) -> None:
    file = filled.folder / "backup.db"
    ran = filled.digest("backup", str(file))
    assert ran.code == 0 and re.match(rf"Wrote {file}, [\d.]+ MB, and checked it\.", ran.out)
    again = filled.digest("backup", str(file))
    assert again.code == 2 and "is there already" in again.err
    forced = filled.digest("backup", str(file), "--force", "--json")
    assert forced.json == {"file": str(file), "bytes": file.stat().st_size}


def test_a_backup_that_is_stopped_leaves_nothing_behind(here: Installation) -> None:
    pytest.importorskip("psycopg")
    programs, kept, begun = (here.folder / name for name in ("programs", "kept", "begun"))
    programs.mkdir()
    kept.mkdir()
    slow = programs / "pg_dump"
    slow.write_text(f"#!/bin/sh\n: > {begun}\nexec sleep 60\n")
    slow.chmod(0o755)
    here.settings(database="postgresql://ada@127.0.0.1/papers")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-m", "digest", "backup", kept / "a.dump"],
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        cwd=here.folder,
    ) as process:
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert len(_names(kept)) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 2
    assert _names(kept) == []


def test_an_installation_is_restored_from_its_backup_as_the_documents_say(
    filled: Installation,
) -> None:
    database, backup = filled.folder / "config/digest.db", filled.folder / "backup.db"
    assert filled.digest("backup", str(backup)).code == 0
    assert filled.digest("deliver").code == 0
    assert len(filled.mails()) == 1
    for part in (filled.folder / "config").glob("digest.db*"):
        if part.suffix != ".lock":
            part.unlink()
    backup.rename(database)
    refused = filled.digest("deliver")
    assert refused.code == 2 and "`digest outbox adopt`" in refused.err
    assert filled.digest("outbox", "adopt").code == 0
    assert filled.digest("deliver").code == 0
    assert filled.digest("outbox", "--json").json["states"] == {"uncertain": 1}
