"""Opening a database: the right settings, the right version, one writer at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from digest.errors import StoreError
from digest.store.schema import VERSION, compatibility

BUSY_S = 30
"""How long a write waits for another process's transaction on SQLite."""

_UNUSABLE = (sa.exc.OperationalError, sa.exc.TimeoutError)
"""What the driver says, and that all connections are in use for long."""


def open_engine(url: str) -> sa.Engine:
    """An engine whose database is at this program's version, made or migrated if need be.

    Raises StoreError when the database cannot be opened, or is newer than the program.
    """
    try:
        engine = _engine(sa.engine.make_url(url))
        try:
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the database {_shown(url)} needs a driver that is not installed; "
            "install it with `pip install 'digest[postgres]'`"
        ) from error
    except sa.exc.ArgumentError as error:
        raise StoreError(
            f"'{url}' is no database address; give one like sqlite:///digest.db or "
            "postgresql://user@host/name"
        ) from error
    except (sa.exc.DBAPIError, OSError) as error:
        raise StoreError(
            f"the database {_shown(url)} cannot be opened: {_why(error)}; "
            "check the setting 'database', the rights on its folder and the space on its disk"
        ) from error
    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that is stored whole at its end, or not at all."""
    with told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def told(engine: sa.Engine) -> Iterator[None]:
    """What keeps a write from being stored, as a StoreError; of the driver itself, too."""
    try:
        yield
    except (sa.exc.DatabaseError, engine.dialect.loaded_dbapi.DatabaseError) as error:
        if not _is_trouble(error):
            raise
        raise StoreError(
            f"the database {_shown(str(engine.url))} could not be written: {_why(error)}; nothing "
            "of this step was stored, run it again when that is mended"
        ) from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees one state of the database and takes no lock on SQLite."""
    try:
        with engine.connect() as connection:
            yield connection.execution_options(reading=True)
    except sa.exc.DatabaseError as error:
        if not _is_trouble(error):
            raise
        raise StoreError(
            f"the database {_shown(str(engine.url))} could not be read: {_why(error)}; "
            "check that it is there and run this again"
        ) from error


def _is_trouble(error: Exception) -> bool:
    """Whether it tells of a disk or a server, and not of what was asked of it.

    SQLite says by the plain class that a page is damaged, as a failing disk gives it.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return not kinds & {"IntegrityError", "ProgrammingError", "DataError", "NotSupportedError"}


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise sa.exc.ArgumentError("neither SQLite nor PostgreSQL")
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not inside the driver
        for pragma in (
            "journal_mode=WAL",
            # A mail that was accepted must be known to be so after a power cut, too.
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-24576",  # KiB; more of it was no faster and counted against memory
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _began(connection: sa.Connection) -> None:
        # A writer takes its lock at the start: one that upgrades later can only fail.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _migrate(engine: sa.Engine) -> None:
    found = _version(engine)
    if found == VERSION:
        return
    if found is not None and found > VERSION:
        if _oldest(engine) <= VERSION:  # others run the next program already, beside this one
            return
        raise StoreError(
            f"the database {_shown(str(engine.url))} is at version {found} and this program knows "
            f"versions up to {VERSION}; upgrade the program, or restore the backup made before"
        )
    import alembic.command
    import alembic.config

    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # two programs that start at once
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7307)"))
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, VERSION)


def _version(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        connection.execution_options(reading=True)
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _oldest(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        connection.execution_options(reading=True)
        oldest: str = connection.execute(sa.select(compatibility.c.oldest)).scalar_one()
        return oldest


def _why(error: Exception) -> str:
    """The driver's own words, of which the first line says it."""
    return str(getattr(error, "orig", error)).strip().split("\n")[0]


def _shown(url: str) -> str:
    """The address without its password, a file's without the scheme."""
    shown = sa.engine.make_url(url).render_as_string(hide_password=True)
    return os.path.relpath(shown.removeprefix("sqlite:///")) if "sqlite" in shown[:6] else shown


def alone(connection: sa.Connection, what: str) -> None:
    """Wait until no other transaction holds ``what``. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": f"digest.{what}"}
        )
