"""A reader, what they told us, and when an edition is due to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PUBLIC = "public"
"""The id of the subscriber without address or interests whose edition is the trending list."""

Named = Literal["phrase", "category", "source"]

OwnAbstract = Literal["none", "tldr", "full", ""]
"""How much of an abstract a reader is shown; "" leaves it to the newsletter."""

Quiet = Literal["mail", "none"]
"""What a reader gets on a day with nothing to show: a short mail that says so, or nothing."""

PREFIXES: tuple[Literal["category", "source"], ...] = ("category", "source")
"""What an entry such as "category:cs.CL" begins with when it is no phrase."""

NEXT_TOO_NEAR = dt.timedelta(hours=6)
"""A missed edition is not made up this shortly before the next one, which will hold its papers."""


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing a reader wants: words, examples or people; ranked apart from their others.

    An entry of ``keywords``, ``required`` and ``always`` holds ``alternatives``. A paper that
    meets not every entry of ``required`` is not for this interest; one that meets an entry of
    ``always`` is always in the edition. ``dislikes`` are as ``examples``: titles or paper keys.
    ``categories`` and ``sources`` are preferred: a category is arXiv's, or a whole archive
    ("cs", "hep").
    """

    name: str
    text: str = ""
    keywords: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    weight: float = 1.0
    required: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a reader wants their edition: a local ``hour`` (0-23) on some ``weekdays``."""

    timezone: str = "UTC"
    hour: int = 7
    weekdays: tuple[str, ...] = WEEKDAYS


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A reader. ``address`` is None only for the public edition; ``size`` is in papers.

    What an entry of ``muted`` and ``preferred`` names, ``named`` says. ``abstract`` and ``quiet``
    are choices of how much is shown, and of what comes on a day with nothing to show.
    """

    id: str
    address: str | None
    name: str = ""
    schedule: Schedule = field(default_factory=Schedule)
    size: int = 10
    interests: tuple[Interest, ...] = ()
    muted: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    abstract: OwnAbstract = ""
    quiet: Quiet = "mail"


def alternatives(entry: str) -> tuple[str, ...]:
    """The phrases of "a | b | c", any of which meets the entry; those left empty are "" here."""
    return tuple(" ".join(part.split()) for part in entry.split("|"))


def named(entry: str) -> tuple[Named, str]:
    """What a muted or preferred entry names, and which: ("category", "cs.CL"), else a phrase."""
    prefix, colon, rest = entry.partition(":")
    for kind in PREFIXES:
        if colon and prefix.strip().lower() == kind:
            return kind, " ".join(rest.split())
    return "phrase", " ".join(entry.split())


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
