"""The honest sentence for a silent or thin day, or for sources that are late."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from digest.subscribers import Subscriber, zone

THIN = 3
"""An edition of fewer papers says why it is so short."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a reader's day was like.

    ``last_at``: when their latest edition was composed; ``latest_new_at``: when the archive last
    got a new paper; ``considered``: the papers new to them; ``late``: a sentence a source;
    ``quiet``: every source says that it has nothing today.
    """

    last_at: dt.datetime | None
    latest_new_at: dt.datetime | None
    late: tuple[str, ...]
    considered: int
    quiet: bool = False


def note(reader: Subscriber, day: Day, picks: int) -> str | None:
    """What is honest to say of an edition of so many picks; None on an ordinary day."""
    said = (_silence(reader, day, picks), *day.late)
    return " ".join(sentence for sentence in said if sentence) or None


def _silence(reader: Subscriber, day: Day, picks: int) -> str | None:
    since = day.last_at
    if since and (day.latest_new_at is None or day.latest_new_at <= since):
        local = since.astimezone(zone(reader.schedule.timezone))
        quiet = "A quiet day: nothing" if day.quiet else "Nothing"
        sentence = f"{quiet} new has arrived since {local:%A}, {local.day} {local:%B}"
        return f"{sentence}{': these are recent papers that had no room before' if picks else ''}."
    if reader.interests and picks < min(THIN, reader.size):
        return _thin(picks, day.considered)
    return None


def _thin(picks: int, considered: int) -> str:
    """Why an edition is short: few papers came, or few of those matched."""
    if not considered:
        return "No new papers today."
    if picks == considered:
        return f"Only {'one new paper' if picks == 1 else 'two new papers'} today."
    if considered == 1:
        return "The one new paper did not match your interests."
    few = ("None", "Only one", "Only two")[picks]
    return f"{few} of {considered} new papers matched your interests."
