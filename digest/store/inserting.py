"""Many rows into one table by one statement, straight through the driver.

SQLAlchemy spends three times on eleven short rows a paper what the database does. And on SQLite
every statement with a trigger, as the index of words has one, begins by writing out what the index
has gathered: rows that come one by one take twice as long as the same rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Literal

import sqlalchemy as sa

VALUES = 20_000
"""Values in one statement: SQLite takes 32,766, PostgreSQL 65,535."""

Process = Callable[[Any], Any]


class Written(str):
    """The value of a JSON column as it is stored already."""

    __slots__ = ()


def insert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    known: Literal["refused", "skipped"] = "refused",
) -> int:
    """Insert rows that have a value for every one of the columns that the first has; how many were.

    Those that a unique constraint knows already are ``refused`` with all others, or ``skipped``.
    """
    if not rows:
        return 0
    names = tuple(rows[0])
    columns = [_column(table.c[name].type, connection.dialect) for name in names]
    most, inserted = VALUES // len(names), 0
    for start in range(0, len(rows), most):
        some = rows[start : start + most]
        held = [
            _values([row[name] for row in some], process)
            for name, process in zip(names, columns, strict=True)
        ]
        values = tuple(chain.from_iterable(zip(*held, strict=True)))
        statement = _statement(table, names, len(some), connection.dialect.name)
        if known == "skipped":
            statement += " ON CONFLICT DO NOTHING"
        inserted += connection.exec_driver_sql(statement, values).rowcount
    return inserted


def drawn(connection: sa.Connection, table: sa.Table, many: int) -> list[int]:
    """So many new ids for rows of the table, ascending; nobody else is given them.

    On PostgreSQL without waiting for others. On SQLite there is only one writer.
    """
    if connection.dialect.name == "sqlite":
        last = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
        return list(range(last + 1, last + 1 + many))
    sequence = sa.func.nextval(sa.func.pg_get_serial_sequence(table.name, "id"))
    rows = sa.select(sequence).select_from(sa.func.generate_series(1, many).alias("numbers"))
    return sorted(connection.execute(rows).scalars())


def _values(plain: list[Any], process: Process | None) -> list[Any]:
    if not process:
        return plain
    return [str(one) if type(one) is Written else process(one) for one in plain]


def _column(kind: Any, dialect: sa.Dialect) -> Process | None:
    """What makes of a value what the driver takes for it."""
    process: Process | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return process


@lru_cache(maxsize=32)
def _statement(table: sa.Table, names: tuple[str, ...], rows: int, dialect: str) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    mark = "?" if dialect == "sqlite" else "%s"
    row = f"({', '.join([mark] * len(names))})"
    return f'INSERT INTO "{table.name}" ({quoted}) VALUES {", ".join([row] * rows)}'  # noqa: S608 - names of ours
