"""All that is stored about a reader, as plain values for JSON."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, fields
from typing import Any

from digest.editions import Edition
from digest.store.subscribers import Entry
from digest.web.desk import Desk

ALL = 100_000
"""More editions than a life has days."""


def everything(desk: Desk, entry: Entry) -> dict[str, Any]:
    """What is known of a reader: what they said, agreed to, got and voted, and what came back."""
    reader, store = entry.subscriber, desk.store
    votes = store.votes.history(reader.id)
    titles = store.papers.titles(vote.paper for vote in votes)
    known: dict[str, Any] = _plain(
        {
            "newsletter": desk.mail.title,
            "exported_at": desk.clock(),
            "subscriber": asdict(reader),
            "state": entry.state,
            "joined_at": entry.joined_at,
            "consents": [_row(one) for one in store.signups.consents(reader.id)],
            "leavings": [_row(one) for one in store.signups.leavings(reader.id)],
            "editions": [_edition(one) for one in store.editions.of(reader, most=ALL)],
            "votes": [{**_row(vote), "title": titles.get(vote.paper)} for vote in votes],
            "bounces": [_row(one) for one in store.bounces.about(reader.id)],
        }
    )
    return known


def _edition(edition: Edition) -> dict[str, Any]:
    return {
        "date": edition.date,
        "composed_at": edition.composed_at,
        "note": edition.note,
        "papers": [
            {
                "title": pick.paper.title,
                "key": pick.paper.key,
                "link": pick.paper.href,
                "interest": pick.interest,
                "score": pick.score,
                "reasons": [asdict(reason) for reason in pick.reasons],
            }
            for pick in edition.picks
        ],
    }


def _row(noun: Any) -> dict[str, Any]:
    return {one.name: getattr(noun, one.name) for one in fields(noun) if one.name != "subscriber"}


def _plain(value: Any) -> Any:
    """``value`` with dates and instants in the form of RFC 3339."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value
