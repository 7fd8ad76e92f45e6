"""Nouns for tests: each builder takes only what the test is about."""

from __future__ import annotations

import datetime as dt
from typing import Any

from digest.editions import Edition, Pick, Reason
from digest.messages import Message
from digest.papers import Paper
from digest.subscribers import Interest, Subscriber


def a_paper(title: str = "DiPaCo: Distributed Path Composition", **known: Any) -> Paper:
    """A paper without link or authors unless named."""
    known.setdefault("abstract", "We compose paths through shared modules. It scales well.")
    return Paper(title=title, **known)


def a_pick(paper: Paper | str | None = None, **known: Any) -> Pick:
    """A pick for "Distributed training" because of one term; ``paper`` can be a title."""
    chosen = paper if isinstance(paper, Paper) else a_paper(*([paper] if paper else []))
    defaults: dict[str, Any] = {
        "score": 3.0,
        "interest": "Distributed training",
        "reasons": (Reason("term", "modular", 3.0),),
    }
    return Pick(paper=chosen, **(defaults | known))


def a_subscriber(id: str = "ada", **known: Any) -> Subscriber:
    """Ada, with one interest."""
    defaults: dict[str, Any] = {
        "address": f"{id}@example.org",
        "name": "Ada Lovelace",
        "interests": (Interest("Distributed training", text="modular training"),),
    }
    return Subscriber(id, **(defaults | known))


def an_edition(*picks: Pick, **known: Any) -> Edition:
    """Ada's edition of Monday, 3 June 2024, with one pick unless told otherwise."""
    date = known.pop("date", dt.date(2024, 6, 3))
    defaults: dict[str, Any] = {
        "subscriber": a_subscriber(),
        "date": date,
        "composed_at": dt.datetime(date.year, date.month, date.day, 5, 0, 7, tzinfo=dt.UTC),
        "picks": picks or (a_pick(),),
        "considered": 73,
    }
    return Edition(**(defaults | known))


def a_quiet_edition(**known: Any) -> Edition:
    """Ada's edition of a day with nothing to show."""
    return an_edition(**({"picks": (), "considered": 0} | known))


def never_printed(edition: Edition, waiting: Message) -> Message:
    """For deliveries whose messages all have their bytes."""
    raise AssertionError(f"{edition.id} had no bytes for {waiting.recipient}")
