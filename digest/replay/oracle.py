"""Who is owed an edition when, worked out from the clock on the wall and nothing else.

The rule. A reader with hour h, on some weekdays, in some time zone, is owed the edition of a local
date at the first instant at which a clock there shows h o'clock of that date or later: where a
clock change skips the hour that is the moment of the change, where the hour comes twice its first
coming. It is found by watching that clock, a quarter of an hour at a time (every zone's offset and
every change of it is a multiple of that), so that it shares no arithmetic with what it checks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo

from digest.subscribers import WEEKDAYS, Schedule

QUARTER = dt.timedelta(minutes=15)
FARTHEST = dt.timedelta(hours=15)
"""No zone is further from UTC."""

DAY = dt.timedelta(days=1)


def owed(
    schedule: Schedule, start: dt.datetime, end: dt.datetime
) -> Iterator[tuple[dt.date, dt.datetime]]:
    """The local dates of the editions owed from ``start`` and before ``end``, each with when."""
    day = start.date() - DAY
    while day <= end.date() + DAY:
        if WEEKDAYS[day.weekday()] in schedule.weekdays:
            at = _first(schedule.timezone, schedule.hour, day)
            if start <= at < end:
                yield day, at
        day += DAY


@lru_cache(maxsize=100_000)
def _first(timezone: str, hour: int, day: dt.date) -> dt.datetime:
    wanted = dt.datetime.combine(day, dt.time(hour))
    at = wanted.replace(tzinfo=dt.UTC) - FARTHEST
    while at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) < wanted:
        at += QUARTER
    return at
