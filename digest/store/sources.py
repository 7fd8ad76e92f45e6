"""The shelf of sources: what is known of each between two polls, and what every run came to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from digest.sources import Run, State
from digest.store.engine import alone, reading, writing
from digest.store.figures import utc_day
from digest.store.schema import runs, sources


class Sources:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def known(self) -> dict[str, dict[str, Any]]:
        """What was remembered of each source, by name, as it was handed in."""
        with reading(self._engine) as connection:
            return {row.name: dict(row.known) for row in connection.execute(sa.select(sources))}

    def latest(self) -> dict[str, dt.datetime]:
        """When each source was last asked."""
        at = sa.func.max(runs.c.at, type_=runs.c.at.type)
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(runs.c.source, at).group_by(runs.c.source))
            return {row[0]: row[1] for row in rows}

    def record(self, run: Run, known: Mapping[str, Any] | None = None) -> None:
        """Store what a run came to and, if given, what to remember until the next, together."""
        values = {name: getattr(run, name) for name in Run.__dataclass_fields__}
        with writing(self._engine) as connection:
            connection.execute(runs.insert().values(**values))
            if known is not None:
                _remember(connection, run.source, {"known": dict(known)})

    def summed(self, since: dt.datetime, until: dt.datetime) -> dict[str, list[Run]]:
        """The runs between these instants by source; those that went well, a day's as one.

        A source that is asked every half hour has thousands of runs that brought nothing.
        """
        well = sa.and_(
            runs.c.at.between(since, until), runs.c.outcome.in_(("fetched", "unchanged"))
        )
        ill = sa.and_(
            runs.c.at.between(since, until), ~runs.c.outcome.in_(("fetched", "unchanged"))
        )
        at = sa.func.max(runs.c.at, type_=runs.c.at.type)
        sums = (at, runs.c.outcome, sa.func.sum(runs.c.papers), sa.func.sum(runs.c.new))
        by = (runs.c.source, utc_day(self._engine, runs.c.at), runs.c.outcome)
        found: dict[str, list[Run]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(
                sa.select(runs.c.source, *sums).where(well).group_by(*by)
            ):
                found.setdefault(row[0], []).append(Run(*row))
            for row in connection.execute(sa.select(runs).where(ill)):
                run = Run(row.source, row.at, row.outcome, row.papers, row.new, row.why)
                found.setdefault(row.source, []).append(run)
        return found

    def say(self, states: Sequence[tuple[str, State]]) -> set[str]:
        """The sources whose state is another than was said last; from now on this one is."""
        with writing(self._engine) as connection:
            alone(connection, "sources")
            said = {row.name: row.said for row in connection.execute(sa.select(sources))}
            changed = {name: state for name, state in states if said.get(name) != state}
            for name, state in changed.items():
                _remember(connection, name, {"said": state})
        return set(changed)


def _remember(connection: sa.Connection, name: str, values: dict[str, Any]) -> None:
    alone(connection, "sources")
    update = sources.update().where(sources.c.name == name).values(**values)
    if connection.execute(update).rowcount == 0:
        connection.execute(sources.insert().values(name=name, **{"known": {}, **values}))
