"""The store: one database, a shelf for each kind of thing that is remembered."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from digest.store.archive import Archive
from digest.store.backgrounds import Backgrounds
from digest.store.bounces import Bounces
from digest.store.editions import Editions
from digest.store.engine import open_engine
from digest.store.figures import Figures
from digest.store.listings import Listings
from digest.store.outbox import Outbox
from digest.store.papers import Papers
from digest.store.signups import Signups
from digest.store.sources import Sources
from digest.store.subscribers import Subscribers
from digest.store.suppressions import Suppressions
from digest.store.timings import Timings
from digest.store.vectors import Vectors
from digest.store.votes import Votes


@dataclass(frozen=True)
class Store:
    """Every method is one event or one question, and one transaction."""

    papers: Papers
    archive: Archive
    vectors: Vectors
    backgrounds: Backgrounds
    subscribers: Subscribers
    editions: Editions
    votes: Votes
    outbox: Outbox
    bounces: Bounces
    suppressions: Suppressions
    signups: Signups
    sources: Sources
    figures: Figures
    listings: Listings
    timings: Timings
    engine: sa.Engine

    def close(self) -> None:
        """Close every connection; nothing may be asked afterwards."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """The store at an SQLAlchemy database address. Raises StoreError."""
    engine = open_engine(url)
    return Store(
        papers=Papers(engine),
        archive=Archive(engine),
        vectors=Vectors(engine),
        backgrounds=Backgrounds(engine),
        subscribers=Subscribers(engine),
        editions=Editions(engine),
        votes=Votes(engine),
        outbox=Outbox(engine),
        bounces=Bounces(engine),
        suppressions=Suppressions(engine),
        signups=Signups(engine),
        sources=Sources(engine),
        figures=Figures(engine),
        listings=Listings(engine),
        timings=Timings(engine),
        engine=engine,
    )
