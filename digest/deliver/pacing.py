"""How fast messages may leave: in all, to each domain, and in the first days of a new sender.

Pure: the time comes in as seconds of any clock that only goes forward.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """The limits of one program; several that deliver at once have one each. 0 is no limit."""

    per_minute: float = 0.0
    """Messages a minute, in all."""
    per_domain_per_minute: float = 0.0
    """Messages a minute to the addresses of any one domain."""
    warm_up_from: dt.date | None = None
    """The first day (UTC) on which a new sender sends; none: no warm-up."""
    warm_up_first: int = 50
    """Messages on that first day."""
    warm_up_growth: float = 1.5
    """How many times as many on each day as on the one before."""

    def __post_init__(self) -> None:
        if self.per_minute < 0 or self.per_domain_per_minute < 0:
            raise ValueError("per_minute and per_domain_per_minute cannot be below 0")
        if self.warm_up_first < 1 or self.warm_up_growth <= 1:
            raise ValueError("warm_up_first has to be at least 1, warm_up_growth above 1")


LONGEST_WARM_UP = 60
"""Days after which a sender is known, whatever its first days were like."""


def allowance(settings: PaceSettings, today: dt.date) -> int | None:
    """How many messages may leave on ``today``; None for any number."""
    if settings.warm_up_from is None:
        return None
    day = (today - settings.warm_up_from).days
    if day >= LONGEST_WARM_UP:
        return None
    return int(settings.warm_up_first * settings.warm_up_growth ** max(day, 0))


class Bucket:
    """A token bucket that fills with ``per_minute`` and holds a second of it, at least one."""

    def __init__(self, per_minute: float) -> None:
        self._per_s = per_minute / 60
        self._most = max(1.0, self._per_s)
        self._tokens = self._most
        self._at: float | None = None

    def wait_s(self, now_s: float) -> float:
        """How long until a message may leave."""
        if not self._per_s:
            return 0.0
        if self._at is not None:
            self._tokens = min(self._most, self._tokens + (now_s - self._at) * self._per_s)
        self._at = now_s
        return max(0.0, (1.0 - self._tokens) / self._per_s)

    def take(self) -> None:
        """Count a message that leaves, after ``wait_s`` said that it may."""
        self._tokens -= 1.0


class Pace:
    """The limits of one run."""

    def __init__(self, settings: PaceSettings) -> None:
        self._settings = settings
        self._all = Bucket(settings.per_minute)
        self._domains: dict[str, Bucket] = {}

    def wait_s(self, now_s: float) -> float:
        """How long until a message may leave at all; 0 for now."""
        return self._all.wait_s(now_s)

    def domain_wait_s(self, recipient: str, now_s: float) -> float:
        """How long its domain's limit alone holds a message to this address back."""
        return self._of(recipient).wait_s(now_s)

    def take(self, recipient: str) -> None:
        """Count a message to this address."""
        self._all.take()
        self._of(recipient).take()

    def _of(self, recipient: str) -> Bucket:
        domain = recipient.rpartition("@")[2].lower()
        if domain not in self._domains:
            self._domains[domain] = Bucket(self._settings.per_domain_per_minute)
        return self._domains[domain]
