"""The shelf of what became of everything, for whoever audits a run of days. It is only read."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from digest.store.engine import reading
from digest.store.joining import chunks
from digest.store.schema import editions, files, keys, outbox, papers, picks


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored edition and what became of its mail; ``state`` is empty where there is none.

    ``papers`` are the numbers that its picks were stored with, whatever they were merged into.
    """

    subscriber: str
    date: dt.date
    composed_at: dt.datetime
    papers: tuple[int, ...]
    message_id: str = ""
    state: str = ""
    reply: str = ""


class Audit:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def collected_at(self) -> dict[str, dt.datetime]:
        """When each file was collected, by the hash of its bytes."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(files.c.sha256, files.c.collected_at))
            return {row.sha256: row.collected_at for row in rows}

    def merged(self) -> dict[int, int]:
        """The papers that turned out to be another, and which: number to number."""
        query = sa.select(papers.c.id, papers.c.merged_into)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(papers.c.merged_into.is_not(None)))
            return {row.id: row.merged_into for row in rows}

    def named(self, wanted: Collection[str]) -> dict[str, int]:
        """The numbers of the papers of these keys; keys that several papers share are left out."""
        return self._numbers(keys.c.key, keys.c.paper, wanted)

    def linked(self, wanted: Collection[str]) -> dict[str, int]:
        """The numbers of the papers with these links; links that several share are left out."""
        return self._numbers(papers.c.link, papers.c.id, wanted, papers.c.merged_into.is_(None))

    def editions(self) -> list[Kept]:
        """Every edition ever stored, oldest first."""
        query = sa.select(editions, outbox.c.message_id, outbox.c.state, outbox.c.reply)
        query = query.join(outbox, outbox.c.edition == editions.c.id, isouter=True)
        held: dict[int, list[int]] = defaultdict(list)
        with reading(self._engine) as connection:
            for row in connection.execute(sa.select(picks.c.edition, picks.c.paper)):
                held[row.edition].append(row.paper)
            return [
                Kept(
                    row.subscriber,
                    row.date,
                    row.composed_at,
                    tuple(held[row.id]),
                    row.message_id or "",
                    row.state or "",
                    row.reply or "",
                )
                for row in connection.execute(query.order_by(editions.c.id))
            ]

    def _numbers(
        self,
        name: sa.ColumnElement[str | None],
        number: sa.ColumnElement[int],
        wanted: Collection[str],
        *which: sa.ColumnElement[bool],
    ) -> dict[str, int]:
        found: dict[str, set[int]] = defaultdict(set)
        with reading(self._engine) as connection:
            for chunk in chunks(dict.fromkeys(wanted)):
                rows = connection.execute(sa.select(name, number).where(name.in_(chunk), *which))
                for row in rows:
                    found[str(row[0])].add(row[1])
        return {one: min(numbers) for one, numbers in found.items() if len(numbers) == 1}
