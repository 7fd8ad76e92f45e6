"""What stored editions hold, as nouns: for a web page, and for the mails that wait."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from digest.editions import Edition, Pick, Reason
from digest.papers import Paper
from digest.store.joining import chunks, paper_of
from digest.store.schema import editions, papers, picks, subscribers
from digest.store.subscribers import noun
from digest.subscribers import Subscriber

KEPT = 5_000
"""Papers that are kept from one question to the next: those of a day, for all its readers."""

Known = dict[int, Paper]
"""Papers by number."""


def edition_of(row: Any, subscriber: Subscriber, held: Sequence[Pick]) -> Edition:
    """The noun of a row of ``editions``."""
    return Edition(
        subscriber=subscriber,
        date=row.date,
        composed_at=row.composed_at,
        picks=tuple(held),
        considered=row.considered,
        note=row.note,
        sources=tuple(row.sources),
    )


def whole(connection: sa.Connection, numbers: Collection[int], known: Known) -> dict[int, Edition]:
    """The editions of these numbers with their readers as they are now, by number.

    ``known`` holds papers read before, and takes up those read now: equal papers are one object.
    """
    query = sa.select(editions).where(editions.c.id.in_(numbers))
    rows = list(connection.execute(query))
    ids = {row.subscriber for row in rows}
    reading = sa.select(subscribers).where(subscribers.c.id.in_(ids))
    readers = {row.id: noun(row) for row in connection.execute(reading)}
    held = picks_of(connection, numbers, known)
    return {
        row.id: edition_of(row, readers[row.subscriber], held.get(row.id, ()))
        for row in rows
        if row.subscriber in readers
    }


def picks_of(
    connection: sa.Connection, numbers: Collection[int], known: Known
) -> dict[int, list[Pick]]:
    """The picks of the editions of these numbers, in their order, by number."""
    # The reasons as they are stored: to read them is most of the work, and repeats itself.
    reasons = sa.type_coerce(picks.c.reasons, sa.Text) if _is_file(connection) else picks.c.reasons
    columns = (picks.c.edition, picks.c.paper, picks.c.score, picks.c.interest, picks.c.reports)
    query = sa.select(*columns, picks.c.explore, reasons.label("reasons"))
    query = query.where(picks.c.edition.in_(numbers)).order_by(picks.c.edition, picks.c.place)
    rows = connection.execute(query).all()
    _read(connection, {row.paper for row in rows}, known)
    found: dict[int, list[Pick]] = {}
    for edition, paper, score, interest, reports, explore, stored in rows:
        pick = Pick(known[paper], score, interest, _reasons(stored), reports, explore)
        found.setdefault(edition, []).append(pick)
    return found


def _is_file(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _reasons(stored: Any) -> tuple[Reason, ...]:
    parsed = json.loads(stored) if isinstance(stored, str) else stored
    return tuple([Reason(one["kind"], one["text"], one["share"]) for one in parsed])


def _read(connection: sa.Connection, wanted: Iterable[int], known: Known) -> None:
    """Read the wanted papers that are not known."""
    if len(known) > KEPT:
        known.clear()
    for chunk in chunks(dict.fromkeys(number for number in wanted if number not in known)):
        for row in connection.execute(sa.select(papers).where(papers.c.id.in_(chunk))):
            known[row.id] = paper_of(row)
