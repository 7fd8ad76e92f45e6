"""The shelf of listings: pages of rows, newest first, for somebody who looks. It is only read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from digest.bounces import Bounce, Suppression
from digest.sources import Run
from digest.store.engine import reading
from digest.store.outbox import Line, line
from digest.store.schema import bounces, editions, outbox, papers, runs, subscribers, suppressions
from digest.store.schema import votes as votes_
from digest.store.subscribers import EVERYBODY, Entry, entry

T = TypeVar("T")

ROWS = 50
"""The rows of a page."""

LAST = 2_000
"""The last page that can be asked for: what lies before it is found by state, day or name."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The page of this ``number``, from 1; ``more``: whether there is another after it."""

    rows: tuple[T, ...]
    number: int
    more: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """A vote as an operator sees it: who said what of which paper, and when."""

    subscriber: str
    title: str
    value: str
    at: dt.datetime
    interest: str | None
    origin: str


class Listings:
    """Every method takes the number of a page from 1 to LAST, and reads one page."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def outbox(
        self, page: int = 1, *, state: str | None = None, date: dt.date | None = None
    ) -> Page[Line]:
        """Mails on their way; of one state, of editions of one date.

        Of one state, in the order in which they may leave, or might have: that is its index.
        """
        query = sa.select(outbox, editions.c.date)
        query = query.join(editions, editions.c.id == outbox.c.edition, isouter=date is None)
        if date:
            query = query.where(editions.c.date == date).order_by(editions.c.id.desc())
        elif state:
            query = query.order_by(outbox.c.not_before.desc(), outbox.c.id.desc())
        else:
            query = query.order_by(outbox.c.id.desc())
        if state:
            query = query.where(outbox.c.state == state)
        return self._page(query, page, line)

    def runs(self, page: int = 1, *, source: str | None = None) -> Page[Run]:
        """Polls and files of the inbox; of one source."""
        query = sa.select(runs)
        if source is None:
            query = query.order_by(runs.c.id.desc())
        else:
            query = query.where(runs.c.source == source).order_by(runs.c.at.desc())
        return self._page(query, page, _run)

    def bounces(self, page: int = 1) -> Page[Bounce]:
        """What came back of mails."""
        query = sa.select(bounces).order_by(bounces.c.at.desc(), bounces.c.report.desc())
        names = Bounce.__dataclass_fields__
        return self._page(query, page, lambda row: Bounce(**{n: getattr(row, n) for n in names}))

    def suppressions(self, page: int = 1) -> Page[Suppression]:
        """Addresses that get nothing."""
        order = (suppressions.c.at.desc(), suppressions.c.address.desc())
        query = sa.select(suppressions).order_by(*order)
        return self._page(
            query, page, lambda row: Suppression(row.address, row.reason, row.at, row.detail)
        )

    def subscribers(self, page: int = 1) -> Page[Entry]:
        """Everybody ever known, who came last first."""
        order = (subscribers.c.joined_at.desc(), subscribers.c.id.desc())
        return self._page(EVERYBODY.order_by(*order), page, entry)

    def votes(self, page: int = 1) -> Page[Cast]:
        """Votes, in the order in which they were stored, latest first."""
        query = sa.select(votes_, papers.c.title).join(papers, papers.c.id == votes_.c.paper)
        return self._page(query.order_by(votes_.c.id.desc()), page, _cast)

    def _page(self, query: sa.Select[Any], number: int, made: Callable[[Any], T]) -> Page[T]:
        query = query.offset((number - 1) * ROWS).limit(ROWS + 1)
        with reading(self._engine) as connection:
            rows = [made(row) for row in connection.execute(query)]
        return Page(tuple(rows[:ROWS]), number, len(rows) > ROWS and number < LAST)


def _run(row: Any) -> Run:
    return Run(row.source, row.at, row.outcome, row.papers, row.new, row.why)


def _cast(row: Any) -> Cast:
    return Cast(row.subscriber, row.title, row.value, row.at, row.interest, row.origin)
