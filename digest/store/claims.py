"""What a worker holds of the outbox while it sends, and what it says of it afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from digest.editions import Edition
from digest.messages import Message


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours to send; ``attempts`` counts those before this one.

    Of one that is ``swift`` the steps are not forced to the disk one by one. ``edition`` is what a
    message without data is printed from.
    """

    id: int
    token: int
    attempts: int
    subscriber: str
    message: Message
    swift: bool = False
    edition: Edition | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a claim that was being sent.

    ``not_before`` is set when it is deferred; one not ``tried`` after all counts no attempt.
    """

    claim: Claim
    state: str
    reply: str
    not_before: dt.datetime | None = None
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Stepped:
    """Which claims' outcomes were ``recorded``, which are marked as ``started``: their ids."""

    recorded: frozenset[int]
    started: frozenset[int]
