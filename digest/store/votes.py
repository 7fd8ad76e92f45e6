"""The shelf of votes: what readers said of papers, and what they think by now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from digest.papers import Paper
from digest.store.engine import alone, reading, writing
from digest.store.joining import chunks
from digest.store.schema import editions, keys, papers, picks, votes
from digest.votes import Opinion, Vote, opinion

_NUMBER = sa.func.coalesce(papers.c.merged_into, papers.c.id).label("number")
"""The number of a paper by now: another's where it turned out to be that one."""

_ORDER = (votes.c.at, votes.c.id)
"""Votes of one instant count in the order in which they were stored."""


class Votes:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, cast: Sequence[Vote]) -> int:
        """Store these votes; how many, without those on papers that nobody has reported."""
        with writing(self._engine) as connection:
            return _insert(connection, _rows(connection, cast))

    def take_in(self, cast: Sequence[Vote]) -> int:
        """Store the votes of a library; how many, without those on papers it brought before.

        A library that is taken in again adds nothing, whatever was said of its papers since.
        """
        with writing(self._engine) as connection:
            alone(connection, "votes")
            known = _brought(connection, {(vote.subscriber, vote.origin) for vote in cast})
            fresh: dict[tuple[str, str, int], dict[str, Any]] = {}
            for row in _rows(connection, cast):
                place = (row["subscriber"], row["origin"], row["paper"])
                if place not in known:
                    fresh.setdefault(place, row)
            return _insert(connection, list(fresh.values()))

    def opinions(self, ids: Collection[str]) -> list[Opinion]:
        """What these subscribers think by now, by subscriber and paper; one query for all."""
        query = (
            sa.select(votes.c.subscriber, _NUMBER, votes.c.value, votes.c.at, votes.c.interest)
            .join(papers, papers.c.id == votes.c.paper)
            .where(votes.c.subscriber.in_(ids))
            .order_by(votes.c.subscriber, _NUMBER, *_ORDER)
        )
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=1_000).execute(query)
            formed = [
                opinion(who, paper, ((row[2], row[3], row[4]) for row in said))
                for (who, paper), said in groupby(rows, key=lambda row: (row[0], row[1]))
            ]
        return sorted(filter(None, formed), key=lambda each: (each.subscriber, each.paper))

    def judged(self) -> set[int]:
        """The numbers of all papers that anybody ever voted on."""
        query = sa.select(_NUMBER).select_from(votes)
        query = query.join(papers, papers.c.id == votes.c.paper).distinct()
        with reading(self._engine) as connection:
            return {row.number for row in connection.execute(query)}

    def history(self, who: str) -> list[Vote]:
        """Everything the subscriber said, oldest first; merged papers under their present key."""
        with reading(self._engine) as connection:
            return [_noun(row) for row in connection.execute(_said(who).order_by(*_ORDER))]

    def latest(self, who: str, key: str) -> Vote | None:
        """What the subscriber said last of the paper known by this key."""
        latest = [column.desc() for column in _ORDER]
        with reading(self._engine) as connection:
            query = _said(who).where(papers.c.id == _numbers(connection, [key]).get(key))
            row = connection.execute(query.order_by(*latest).limit(1)).first()
        return None if row is None else _noun(row)

    def picked_for(self, who: str, key: str) -> str | None:
        """The interest for which the paper of this key stands in the subscriber's editions."""
        query = (
            sa.select(picks.c.interest)
            .join(editions, editions.c.id == picks.c.edition)
            .join(papers, papers.c.id == picks.c.paper)
            .order_by(editions.c.date.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            number = _numbers(connection, [key]).get(key)
            mine = (picks.c.subscriber == who, _NUMBER.element == number)
            return connection.execute(query.where(*mine)).scalar()


def cast(connection: sa.Connection, given: Sequence[Vote]) -> int:
    """Store these votes within a transaction, as ``Votes.add`` does."""
    return _insert(connection, _rows(connection, given))


def _said(who: str) -> sa.Select[Any]:
    """The subscriber's votes, each with the names of the paper that it is of by now."""
    voted = papers.alias("voted")
    return (
        sa.select(votes, papers.c.arxiv_id, papers.c.doi, papers.c.title)
        .join(voted, voted.c.id == votes.c.paper)
        .join(papers, papers.c.id == sa.func.coalesce(voted.c.merged_into, voted.c.id))
        .where(votes.c.subscriber == who)
    )


def _noun(row: Any) -> Vote:
    paper = Paper(row.title, "", arxiv_id=row.arxiv_id, doi=row.doi)
    return Vote(row.subscriber, paper.key, row.value, row.at, row.interest, row.origin)


def _brought(
    connection: sa.Connection, libraries: Collection[tuple[str, str]]
) -> set[tuple[str, str, int]]:
    """Subscriber, origin and paper of what was stored of these before."""
    query = sa.select(votes.c.subscriber, votes.c.origin, _NUMBER)
    query = query.join(papers, papers.c.id == votes.c.paper)
    found: set[tuple[str, str, int]] = set()
    for who, origin in libraries:
        mine = (votes.c.subscriber == who, votes.c.origin == origin)
        found.update((*row,) for row in connection.execute(query.where(*mine)))
    return found


def _rows(connection: sa.Connection, cast: Sequence[Vote]) -> list[dict[str, Any]]:
    numbers = _numbers(connection, (vote.paper for vote in cast))
    names = Vote.__dataclass_fields__
    return [
        {name: getattr(vote, name) for name in names} | {"paper": numbers[vote.paper]}
        for vote in cast
        if vote.paper in numbers
    ]


def _insert(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> int:
    if rows:
        connection.execute(votes.insert(), rows)
    return len(rows)


def _numbers(connection: sa.Connection, wanted: Iterable[str]) -> dict[str, int]:
    """The numbers of the papers known by these keys; of several the one that came first."""
    found: dict[str, int] = {}
    for chunk in chunks(dict.fromkeys(wanted)):
        query = sa.select(keys.c.key, keys.c.paper).where(keys.c.key.in_(chunk))
        for row in connection.execute(query.order_by(keys.c.paper.desc())):
            found[row.key] = row.paper
    return found
