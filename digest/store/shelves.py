"""The store: one database, a shelf for each kind of thing that is remembered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa

from digest.store.backgrounds import Backgrounds
from digest.store.editions import Editions
from digest.store.engine import open_engine
from digest.store.outbox import Outbox
from digest.store.papers import Papers
from digest.store.sources import Sources
from digest.store.subscribers import Subscribers
from digest.store.suppressions import Suppressions
from digest.store.vectors import Vectors
from digest.store.votes import Votes

if TYPE_CHECKING:
    from digest.store.archive import Archive
    from digest.store.bounces import Bounces
    from digest.store.figures import Figures
    from digest.store.listings import Listings
    from digest.store.signups import Signups
    from digest.store.timings import Timings


@dataclass(frozen=True)
class Store:
    """Every method is one event or one question, and one transaction.

    Shelves that few commands ask are imported when they are asked.
    """

    engine: sa.Engine
    papers: Papers
    vectors: Vectors
    backgrounds: Backgrounds
    subscribers: Subscribers
    editions: Editions
    votes: Votes
    outbox: Outbox
    suppressions: Suppressions
    sources: Sources

    @cached_property
    def archive(self) -> Archive:
        from digest.store.archive import Archive

        return Archive(self.engine)

    @cached_property
    def bounces(self) -> Bounces:
        from digest.store.bounces import Bounces

        return Bounces(self.engine)

    @cached_property
    def figures(self) -> Figures:
        from digest.store.figures import Figures

        return Figures(self.engine)

    @cached_property
    def listings(self) -> Listings:
        from digest.store.listings import Listings

        return Listings(self.engine)

    @cached_property
    def signups(self) -> Signups:
        from digest.store.signups import Signups

        return Signups(self.engine)

    @cached_property
    def timings(self) -> Timings:
        from digest.store.timings import Timings

        return Timings(self.engine)

    def close(self) -> None:
        """Close every connection; nothing may be asked afterwards."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """The store at an SQLAlchemy database address. Raises StoreError."""
    engine = open_engine(url)
    return Store(
        engine=engine,
        papers=Papers(engine),
        vectors=Vectors(engine),
        backgrounds=Backgrounds(engine),
        subscribers=Subscribers(engine),
        editions=Editions(engine),
        votes=Votes(engine),
        outbox=Outbox(engine),
        suppressions=Suppressions(engine),
        sources=Sources(engine),
    )
