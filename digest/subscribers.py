"""A reader, what they told us, and when an edition is due to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PUBLIC = "public"
"""The id of the subscriber without address or interests whose edition is the trending list."""

NEXT_TOO_NEAR = dt.timedelta(hours=6)
"""A missed edition is not made up this shortly before the next one, which will hold its papers."""


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing a reader wants: words, examples or people; ranked apart from their others."""

    name: str
    text: str = ""
    keywords: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a reader wants their edition: a local ``hour`` (0-23) on some ``weekdays``."""

    timezone: str = "UTC"
    hour: int = 7
    weekdays: tuple[str, ...] = WEEKDAYS


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A reader. ``address`` is None only for the public edition; ``size`` is in papers."""

    id: str
    address: str | None
    name: str = ""
    schedule: Schedule = field(default_factory=Schedule)
    size: int = 10
    interests: tuple[Interest, ...] = ()
    muted: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises ZoneInfoNotFoundError or ValueError."""
    return ZoneInfo(name)


def instant(schedule: Schedule, date: dt.date) -> dt.datetime:
    """The UTC instant of the schedule's hour on a local ``date``.

    An hour that a clock change skips counts from the moment of the change's old offset, one that
    comes twice counts the first time (PEP 495, fold=0).
    """
    local = dt.datetime.combine(date, dt.time(schedule.hour), tzinfo=zone(schedule.timezone))
    return local.astimezone(dt.UTC)


def next_date(schedule: Schedule, after: dt.date) -> dt.date:
    """The first date later than ``after`` on one of the schedule's weekdays."""
    return next(
        day
        for day in (after + dt.timedelta(days=n) for n in range(1, 8))
        if WEEKDAYS[day.weekday()] in schedule.weekdays
    )


def due_date(schedule: Schedule, last: dt.date | None, now: dt.datetime) -> dt.date | None:
    """The local date whose edition is due at ``now``, or None.

    ``last`` is the date of the latest edition. Today's edition is due from its hour to midnight.
    An earlier one that was missed is made up, once, as the latest missed date; not for somebody
    who never had an edition, and not shortly before the next one.
    """
    today = now.astimezone(zone(schedule.timezone)).date()
    date = _latest(schedule, today, now)
    if last is not None and last >= date:
        return None
    if date == today:
        return date
    near = instant(schedule, next_date(schedule, date)) - now < NEXT_TOO_NEAR
    return None if last is None or near else date


def _latest(schedule: Schedule, today: dt.date, now: dt.datetime) -> dt.date:
    """The latest scheduled date whose hour has come."""
    return next(
        day
        for day in (today - dt.timedelta(days=n) for n in range(9))
        if WEEKDAYS[day.weekday()] in schedule.weekdays and instant(schedule, day) <= now
    )
