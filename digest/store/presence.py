"""Whether another process delivers from the same store: locks that end with their process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from digest.store.engine import told
from digest.store.lineage import lock_file

NAME = "digest.deliver"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def present(engine: sa.Engine, alone: Callable[[], None]) -> Iterator[None]:
    """Be seen as delivering within this; ``alone`` is called first when nobody else is.

    Everybody present shares a lock, and who can have it alone is the first: the others wait until
    ``alone`` is over. A lock is let go however its process ends, so no clock is asked whether a
    worker died.
    """
    lock = _file_lock if engine.dialect.name == "sqlite" else _database_lock
    with lock(engine, alone):
        yield


@contextmanager
def _file_lock(engine: sa.Engine, alone: Callable[[], None]) -> Iterator[None]:
    import fcntl

    with lock_file(engine).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass
        else:
            alone()
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def _database_lock(engine: sa.Engine, alone: Callable[[], None]) -> Iterator[None]:
    def run(function: str) -> bool:
        with told(engine):
            found = connection.execute(sa.text(f"SELECT {function}(hashtext('{NAME}'))")).scalar()
            connection.commit()
        return bool(found)

    with engine.connect() as connection:
        first = run("pg_try_advisory_lock")
        try:
            if first:
                alone()
            run("pg_advisory_lock_shared")
        finally:
            if first:  # it would outlive this block, in a connection that is used again
                run("pg_advisory_unlock")
        try:
            yield
        finally:
            run("pg_advisory_unlock_shared")


def boot(engine: sa.Engine) -> str:
    """What is another after the machine was started anew; empty where that cannot be known.

    What a process has written to a SQLite database, it leaves to the system however it ends: only
    the system's own end can undo what was not forced to the disk.
    """
    if engine.dialect.name != "sqlite" or not BOOT_ID.exists():
        return ""
    return BOOT_ID.read_text(encoding="ascii").strip()


@contextmanager
def leading(engine: sa.Engine) -> Iterator[bool]:
    """Whether this program makes the rounds now: of several that try at once, only one does.

    As above it is a lock that ends with its process: who leads was never somebody who is dead.
    Raises StoreError.
    """
    if engine.dialect.name == "sqlite":
        import fcntl

        with Path(f"{engine.url.database}.rounds").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True
        return
    lock = sa.text("SELECT pg_try_advisory_lock(hashtext('digest.rounds'))")
    unlock = sa.text("SELECT pg_advisory_unlock(hashtext('digest.rounds'))")
    with told(engine):
        connection = engine.connect()
    with connection:
        with told(engine):
            first = bool(connection.execute(lock).scalar())
            connection.commit()
        try:
            yield first
        finally:
            if first:  # it would outlive this block, in a connection that is used again
                with told(engine):
                    connection.execute(unlock)
                    connection.commit()
