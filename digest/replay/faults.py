"""What goes wrong in a replay: files that come damaged, a server that fails, a process that dies.

Everything follows from the seed and from what it happens to, so that a seed can be tried again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from digest.messages import Message
from digest.replay.arrivals import Arrival, read
from digest.replay.sink import Fate

Kind = Literal["whole", "truncated", "flipped", "empty", "copy", "again", "late", "future"]
"""What comes: the file itself; its beginning; all of it, some bits flipped; nothing; the same under
another name, or again days later; the file days late; its papers in a file dated years ahead.
"""

DAMAGED: tuple[Kind, ...] = ("truncated", "flipped", "empty")
"""A file that comes like this comes whole some hours later."""

SPOILING: tuple[Kind, ...] = (*DAMAGED, "copy", "again", "late", "future")

COLLECTING = ("before_collect_commit", "after_collect_commit")
SENDING = (
    *("before_compose_commit", "after_compose_commit", "after_claim", "before_mark", "after_mark"),
    *("before_dot", "after_dot", "after_reply", "before_record", "after_record"),
)
"""Where a process is killed, in the order it gets there; of the latter some are passed a mail."""

SPOILT = 0.4
"""The share of files that something happens to."""

KILLED = 0.1
"""The share of ticks at somebody's hour, or at a file's, in which the process is killed."""

DOWN = 0.03
"""The share of instants at which no mail at all can leave."""

FATES: tuple[tuple[float, Fate], ...] = (
    (0.06, "deferred"),
    (0.02, "rejected"),
    (0.01, "lost"),
    (0.01, "unanswered"),
)
"""The share of attempts that end like this; others are accepted."""

REPAIRED = dt.timedelta(hours=9)
LATER = dt.timedelta(days=2, hours=3)
FLIPPED = 8
"""Bits flipped in a file: the highest of a byte each, so that some byte is no text any more."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Drop:
    """A file put into the inbox: when, under which name, holding what."""

    at: dt.datetime
    name: str
    arrival: Arrival
    kind: Kind = "whole"


@dataclass(frozen=True, slots=True)
class Kill:
    """Where the process is killed, and at which time that it gets there."""

    point: str
    count: int


class Faults:
    """The faults of a seed; without one there are none."""

    def __init__(self, seed: int | None) -> None:
        self.seed = seed

    def __bool__(self) -> bool:
        return self.seed is not None

    def drops(self, came: Iterable[Arrival]) -> list[Drop]:
        """What is put into the inbox, earliest first."""
        found = (drop for one in came for drop in self._drops(one))
        return sorted(found, key=lambda drop: (drop.at, drop.name))

    def data(self, drop: Drop) -> bytes:
        """The bytes of a file as it comes. Raises ConfigError."""
        data, name = read(drop.arrival.path), drop.name
        if drop.kind == "empty":
            return b""
        if drop.kind == "truncated":
            return data[: int(len(data) * (0.2 + 0.7 * self._chance("cut", name)))]
        if drop.kind == "flipped":
            spoilt = bytearray(data)
            for n in range(FLIPPED if data else 0):
                spoilt[int(self._chance("flip", name, n) * len(data))] ^= 0x80
            return bytes(spoilt)
        return data + b"\n" if drop.kind == "future" else data

    def fate(self, message: Message, now: dt.datetime) -> Fate:
        """What the server does with a mail at an instant."""
        if not self:
            return "accepted"
        if self._chance("down", now) < DOWN:
            return "down"
        chance = self._chance("fate", message.message_id, now)
        for share, fate in FATES:
            if chance < share:
                return fate
            chance -= share
        return "accepted"

    def kill(self, now: dt.datetime, *, files: bool, mails: bool) -> Kill | None:
        """Whether and where the process dies at an instant with files to collect, or mails due."""
        points = COLLECTING * files + SENDING * mails
        if not self or not points or self._chance("kill", now) >= KILLED:
            return None
        point = self._one(points, "point", now)
        often = 1 if point.endswith("commit") or point == "after_claim" else 4
        # Squared: of few mails the first is passed, the fourth seldom.
        return Kill(point, 1 + int(self._chance("count", now) ** 2 * often))

    def _drops(self, one: Arrival) -> Iterator[Drop]:
        name = one.path.name
        if not self or self._chance("file", name, one.at) >= SPOILT:
            yield Drop(one.at, name, one)
            return
        kind = self._one(SPOILING, "kind", name, one.at)
        if kind in DAMAGED:
            yield Drop(one.at, name, one, kind)
            yield Drop(one.at + REPAIRED, name, one)
        elif kind == "late":
            yield Drop(one.at + LATER, name, one, kind)
        else:
            yield Drop(one.at, name, one)
            other = "2099-01-01 " if kind == "future" else "copy of "
            at = one.at + LATER if kind == "again" else one.at
            yield Drop(at, name if kind == "again" else other + name, one, kind)

    def _one(self, choices: Sequence[T], *what: object) -> T:
        return choices[int(self._chance(*what) * len(choices))]

    def _chance(self, *what: object) -> float:
        """A number in [0, 1) that depends on the seed and on these alone."""
        said = "/".join(map(str, (self.seed, *what)))
        drawn = hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(drawn) / 2**64
