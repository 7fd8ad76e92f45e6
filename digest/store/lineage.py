"""Whether a SQLite file is the one that mails were last sent from, or a backup or copy of it.

The database counts the runs of delivery, and the lock file beside it holds the same number, or
the one before it after a crash in between, and which file it is itself. A backup that was put back
has a lower number; a copy has no such file, or one that says it is another: mails that wait in
either may have left since, from the original.
"""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa

from digest.errors import StoreError
from digest.store.schema import deliveries


def lock_file(engine: sa.Engine) -> Path:
    """The file beside the database that whoever delivers holds."""
    return Path(f"{engine.url.database}.lock")


def begin(connection: sa.Connection) -> None:
    """Begin to count, when the first mail is queued: a copy made from then on is one."""
    if connection.dialect.name == "sqlite" and _runs(connection) is None:
        connection.execute(deliveries.insert().values(id=1, runs=0))
        lock_file(connection.engine).touch()
        note(connection.engine, 0)


def count(connection: sa.Connection) -> int:
    """Count one more run of delivery; its number.

    Raises StoreError when mails were sent from another file than this one.
    """
    runs = _runs(connection)
    if runs is not None and _noted(connection.engine) not in (runs - 1, runs):
        raise StoreError(
            f"{connection.engine.url.database} was restored or copied since mails were last sent "
            "from it: what waits in it may have been sent meanwhile; when no other copy is in "
            "use, run `digest outbox adopt`, which lists those mails as uncertain"
        )
    return _counted(connection, (runs or 0) + 1)


def adopt(connection: sa.Connection) -> int:
    """Take this file for the one that mails are sent from; the number of its next run."""
    return _counted(connection, (_runs(connection) or 0) + 1)


def note(engine: sa.Engine, number: int) -> None:
    """Write the number of a run, once it is stored, beside the database. Raises StoreError."""
    path = lock_file(engine)
    try:
        with path.open("r+b") as file:
            which = os.fstat(file.fileno()).st_ino
            line = b"%012d %020d\n" % (number, which)
            os.pwrite(file.fileno(), line, 0)  # one write, always as long
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); check the disk and the rights on it"
        ) from error


def _noted(engine: sa.Engine) -> int | None:
    """The number in the lock file; None where it is that of another file."""
    file = lock_file(engine)
    words = file.read_text(encoding="ascii", errors="replace").split() if file.exists() else []
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        return None
    return int(words[0]) if int(words[1]) == file.stat().st_ino else None


def _runs(connection: sa.Connection) -> int | None:
    found: int | None = connection.execute(sa.select(deliveries.c.runs)).scalar()
    return found


def _counted(connection: sa.Connection, number: int) -> int:
    if connection.execute(deliveries.update().values(runs=number)).rowcount == 0:
        connection.execute(deliveries.insert().values(id=1, runs=number))
    return number
