"""A backup of a database in use, as one file: SQLite's own way, or pg_dump's."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from digest.errors import ConfigError, StoreError
from digest.store.engine import BUSY_S


@dataclass(frozen=True, slots=True)
class Backup:
    """``file`` holds the database as it was at one instant; its ``size`` is in octets."""

    file: Path
    size: int


def back_up(url: str, file: Path, *, force: bool = False) -> Backup:
    """What was written: ``file`` is there whole and checked, for its owner alone, or not at all.

    The database may be in use, and is not migrated: a new program can back up what an old one
    left. ``force`` replaces a file of that name. Raises ConfigError for a file that cannot be
    written, and StoreError for a database that cannot be read.
    """
    address = _address(url)
    is_file = address.get_backend_name() == "sqlite"
    _check(file, address.database if is_file else None, force)
    partial = None
    try:
        # Beside the file, so that the renaming stays on one disk; made with mode 0600.
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        os.close(handle)
        partial = Path(name)
        (_copy if is_file else _dump)(address, partial)
        return Backup(file, _kept(partial, file))
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written ({error.strerror}); check the folder's owner and its space"
        ) from error
    finally:
        if partial:
            partial.unlink(missing_ok=True)


def _address(url: str) -> sa.URL:
    try:
        address = sa.engine.make_url(url)
    except sa.exc.ArgumentError:
        address = None
    if address is None or address.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"'{url}' is no database address; give one like sqlite:///digest.db or "
            "postgresql://user@host/name"
        )
    return address


def _check(file: Path, database: str | None, force: bool) -> None:
    """Raise ConfigError for a file that must not be written over."""
    if database and file.resolve() == Path(database).resolve():
        raise ConfigError(f"{file} is the database itself; choose another name for its backup")
    if file.exists() and not file.is_file():
        raise ConfigError(f"{file} is no ordinary file; choose another name for the backup")
    if file.exists() and not force:
        raise ConfigError(f"{file} is there already; choose another name, or say --force")


def _kept(partial: Path, file: Path) -> int:
    """Give the partial file its name, once it is on the disk; its size."""
    _to_disk(partial)
    partial.replace(file)
    _to_disk(file.parent)
    return file.stat().st_size


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# SQLite -----------------------------------------------------------------------------------------


def _copy(address: sa.URL, to: Path) -> None:
    """Copy a SQLite database page by page, as one reader sees it who hinders no writer."""
    source = address.database
    if not source or source == ":memory:":
        raise StoreError("a database in memory cannot be backed up; name a file in 'database'")
    try:
        with (
            closing(_read_only(source)) as here,
            closing(sqlite3.connect(to, isolation_level=None)) as there,
        ):
            # In one step: between two, a writer would make it begin again, time after time.
            here.backup(there, pages=-1)
            # One file from now on, that is read from anywhere; the store goes back to WAL.
            there.execute("PRAGMA journal_mode=DELETE")
            found: str = there.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(
            f"the database {source} cannot be backed up: {error}; check the setting 'database', "
            "the rights on both folders and the space on their disks"
        ) from error
    finally:
        Path(f"{to}-journal").unlink(missing_ok=True)
    if found != "ok":
        raise StoreError(
            f"the database {source} is damaged ({' '.join(found.split())}), and so its copy was "
            "not kept; restore the latest backup"
        )


def _read_only(source: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(source)}?mode=ro", uri=True, timeout=BUSY_S)


# PostgreSQL -------------------------------------------------------------------------------------


def _dump(address: sa.URL, to: Path) -> None:
    """Have pg_dump write its archive, and pg_restore read it."""
    shown = address.render_as_string(hide_password=True)
    if not shutil.which("pg_dump"):
        raise StoreError(
            "pg_dump is not installed here; install PostgreSQL's client programs (on Debian "
            "postgresql-client), or run `pg_dump --format=custom --file=FILE` where they are"
        )
    surroundings = os.environ | _parts(address)
    for command in (
        ["pg_dump", "--format=custom", "--no-password", f"--file={to}"],
        ["pg_restore", "--list", str(to)],
    ):
        ran = subprocess.run(  # noqa: S603 - the programs are PostgreSQL's own, the rest is ours
            command, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if ran.returncode:
            why = _complaint(ran.stderr.decode(errors="replace"))
            raise StoreError(
                f"{command[0]} could not back up the database {shown}: {why}; check the setting "
                "'database', and that this pg_dump is no older than the server"
            )


def _parts(address: sa.URL) -> dict[str, str]:
    """The parts of an address as variables of the environment, which others cannot see.

    A command line can be seen by everybody on the machine. What has no variable, such as
    keepalives, a backup can do without.
    """
    try:
        from psycopg import pq  # late: an extra

        engine = sa.create_engine(address.set(drivername="postgresql+psycopg"))
    except ModuleNotFoundError as error:
        raise StoreError(
            "PostgreSQL needs a driver that is not installed; "
            "install it with `pip install 'digest[postgres]'`"
        ) from error
    _, given = engine.dialect.create_connect_args(engine.url)
    variables = {one.keyword.decode(): one.envvar for one in pq.Conninfo.get_defaults()}
    found = {variables.get(key): value for key, value in given.items()}
    return {name.decode(): str(value) for name, value in found.items() if name}


def _complaint(said: str) -> str:
    """What a program of PostgreSQL has to complain of, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.partition("error: ")[2] for line in lines if "error: " in line]
    return next(iter([*errors, *lines]), "it did not say why")
