"""The store: one database, a shelf for each kind of thing that is remembered."""

from __future__ import annotations

from dataclasses import dataclass

from digest.store.editions import Editions
from digest.store.engine import open_engine
from digest.store.outbox import Outbox
from digest.store.papers import Papers
from digest.store.subscribers import Subscribers


@dataclass(frozen=True)
class Store:
    """Every method is one event or one question, and one transaction."""

    papers: Papers
    subscribers: Subscribers
    editions: Editions
    outbox: Outbox


def open_store(url: str) -> Store:
    """The store at an SQLAlchemy database address. Raises StoreError."""
    engine = open_engine(url)
    return Store(Papers(engine), Subscribers(engine), Editions(engine), Outbox(engine))
