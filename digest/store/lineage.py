"""Whether a SQLite file is the one that mails were last sent from, or a backup or copy of it.

The database counts the runs of delivery, and the lock file beside it holds the same number, or
the one before it after a crash in between. A backup that was put back has a lower number, a copy
has no such file: mails that wait in either may have left since, from the original.
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


def count(connection: sa.Connection) -> int:
    """Count one more run of delivery; its number.

    Raises StoreError when mails were sent from another file than this one.
    """
    runs = connection.execute(sa.select(deliveries.c.runs)).scalar()
    if runs is not None and _noted(connection.engine) not in (runs - 1, runs):
        raise StoreError(
            f"{connection.engine.url.database} was restored or copied since mails were last sent "
            "from it: what waits in it may have been sent meanwhile; when no other copy is in "
            "use, run `digest outbox adopt`, which lists those mails as uncertain"
        )
    _put(connection, runs, (runs or 0) + 1)
    return (runs or 0) + 1


def adopt(connection: sa.Connection) -> int:
    """Take this file for the one that mails are sent from; the number of its next run."""
    runs = connection.execute(sa.select(deliveries.c.runs)).scalar()
    number = max(runs or 0, _noted(connection.engine) or 0) + 1
    _put(connection, runs, number)
    return number


def note(engine: sa.Engine, number: int) -> None:
    """Write the number of a run, once it is stored, beside the database."""
    with lock_file(engine).open("r+b") as file:
        os.pwrite(file.fileno(), b"%012d\n" % number, 0)  # one write, and always as long
        os.fsync(file.fileno())


def _noted(engine: sa.Engine) -> int | None:
    text = lock_file(engine).read_text(encoding="ascii", errors="replace").strip()
    return int(text) if text.isdecimal() else None


def _put(connection: sa.Connection, before: int | None, number: int) -> None:
    if before is None:
        connection.execute(deliveries.insert().values(id=1, runs=number))
    else:
        connection.execute(deliveries.update().values(runs=number))
