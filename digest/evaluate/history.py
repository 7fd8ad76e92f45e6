"""What readers voted and were shown, as facts with their instants, and when to look at them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from digest.papers import Archived
from digest.subscribers import Subscriber
from digest.votes import Opinion, Vote, opinion

PERIOD = dt.timedelta(days=7)
"""Papers that came within a week are ranked together, so that weekdays even out."""

WITHIN = dt.timedelta(days=14)
"""A paper is wanted that was liked so soon after the instant: mails are not read at once."""

LEARNT = dt.timedelta(days=60)
"""Papers of so long before an instant teach what was usual then."""

MOST = 26
"""Instants, half a year of them: what was further back was another reader."""

EVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber with all votes, oldest first, each with the number of its paper.

    ``shown``: by number, when an edition of theirs first held the paper. Interests are those of
    today: what they were is not kept.
    """

    subscriber: Subscriber
    votes: tuple[tuple[int, Vote], ...]
    shown: Mapping[int, dt.datetime]

    def opinions(self, after: dt.datetime, until: dt.datetime) -> dict[int, Opinion]:
        """What the votes after one instant and up to another come to, by paper."""
        said: dict[int, list[Vote]] = {}
        for number, vote in self.votes:
            if after < vote.at <= until:
                said.setdefault(number, []).append(vote)
        formed = (
            opinion(self.subscriber.id, number, ((one.value, one.at, one.interest) for one in each))
            for number, each in said.items()
        )
        return {one.paper: one for one in formed if one}


@dataclass(frozen=True, slots=True)
class Library:
    """Papers that readers judged: by the keys that interests name, and by number."""

    named: Mapping[str, Archived]
    voted: Mapping[int, Archived]


def instants(readers: Iterable[Reader]) -> list[dt.datetime]:
    """When to look, oldest first: a ``PERIOD`` apart, the last one such before the last vote."""
    said = [vote.at for reader in readers for _, vote in reader.votes]
    if not said:
        return []
    many = min((max(said) - min(said)) // PERIOD + 1, MOST)
    return [max(said) - n * PERIOD for n in range(many, 0, -1)]
