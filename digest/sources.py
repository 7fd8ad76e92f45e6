"""Where papers come from, what each run brought, and how a source is doing: Source, Run, Health."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digest.papers import Announced

Kind = Literal["feed", "arxiv", "opml", "maildir", "imap"]
RunOutcome = Literal["fetched", "unchanged", "rejected", "unreachable"]
State = Literal["unknown", "fine", "quiet", "partial", "stale", "broken", "unreachable"]

NEEDS: dict[Kind, tuple[str, ...]] = {
    "feed": ("url",),
    "arxiv": ("query",),
    "opml": ("path",),
    "maildir": ("path",),
    "imap": ("host", "username", "password_file"),
}
"""The fields that a source of each kind cannot do without."""

INBOX = "inbox"
"""The name under which the files of the inbox are one source."""

LATE: frozenset[State] = frozenset(("partial", "stale", "broken", "unreachable"))
"""States in which papers of today may still come."""

USUAL_WEEKS = 8
"""Weeks whose same weekday says what is usual; enough for a median, soon past a change."""

ENOUGH = 2
"""Same weekdays needed before anything counts as usual."""

PARTIAL = 0.4
"""Fewer than this share of the usual number is a page published in part.

In 40 days of a real source no complete day had fewer than 0.52 of what was usual.
"""


@dataclass(frozen=True)
class Source:
    """One source that is polled; which of its fields count follows from its ``kind``.

    ``announce``: which announcements are news; ``every_m``: the least minutes between two polls;
    ``limit``: papers at most of one poll. Raises ValueError for a source that lacks what it needs.
    """

    name: str
    kind: Kind = "feed"
    url: str = ""
    query: str = ""
    path: Path | None = None
    host: str = ""
    username: str = ""
    password_file: Path | None = None
    mailbox: str = "INBOX"
    limit: int = 500
    announce: tuple[Announced, ...] = ("new",)
    every_m: float = 30

    def __post_init__(self) -> None:
        if not self.name.strip() or self.name == INBOX:
            raise ValueError(f"a source needs a name of its own, other than '{INBOX}'")
        for field in NEEDS[self.kind]:
            if not getattr(self, field):
                raise ValueError(f"the source '{self.name}' of kind {self.kind} needs '{field}'")
        if not self.every_m > 0 or self.limit < 1:
            raise ValueError(f"every_m and limit of '{self.name}' have to be more than 0")


@dataclass(frozen=True, slots=True)
class Run:
    """What one poll of a source, or one file of the inbox, came to.

    ``papers`` were in it, ``new`` of them to the archive; ``why`` says what went wrong.
    """

    source: str
    at: dt.datetime
    outcome: RunOutcome
    papers: int = 0
    new: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What one file brought, or the problem that kept it out whole."""

    path: Path
    papers: int = 0
    new: int = 0
    repeated: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How a source is doing today: its state in one word, and in one sentence.

    ``usual`` is the trailing median of new papers on this weekday, None while too little is
    known; ``days`` are the new papers of the last 30 days, oldest first.
    """

    source: str
    state: State
    sentence: str
    today: int
    usual: float | None
    last_success_at: dt.datetime | None
    days: tuple[int, ...]


def health(name: str, runs: Sequence[Run], now: dt.datetime) -> Health:
    """The health of a source from its runs up to ``now``; the order of the runs is free.

    Days are UTC days. A day counts towards the usual when some run of it succeeded.
    """
    runs = sorted((run for run in runs if run.at <= now), key=lambda run: run.at)
    today = now.astimezone(dt.UTC).date()
    good = [run for run in runs if run.outcome in ("fetched", "unchanged")]
    by_day: dict[dt.date, int] = {}
    for run in good:
        day = run.at.astimezone(dt.UTC).date()
        by_day[day] = by_day.get(day, 0) + run.new
    usual = usual_new(by_day, today)
    state, sentence = _state(name, runs, by_day.get(today), usual, today)
    return Health(
        source=name,
        state=state,
        sentence=sentence,
        today=by_day.get(today, 0),
        usual=usual,
        last_success_at=good[-1].at if good else None,
        days=tuple(by_day.get(today - dt.timedelta(days=n), 0) for n in range(29, -1, -1)),
    )


def usual_new(by_day: dict[dt.date, int], today: dt.date) -> float | None:
    """The median of new papers on the same weekday of the last weeks, None if hardly known."""
    same = [today - dt.timedelta(weeks=n) for n in range(1, USUAL_WEEKS + 1)]
    known = [by_day[day] for day in same if day in by_day]
    from statistics import median  # late: it brings in fractions, decimals and chance

    return float(median(known)) if len(known) >= ENOUGH else None


_TROUBLE: dict[RunOutcome, tuple[State, str]] = {
    "unreachable": ("unreachable", "cannot be reached"),
    "rejected": ("broken", "sent something that cannot be read"),
}


def _state(
    name: str, runs: Sequence[Run], new: int | None, usual: float | None, today: dt.date
) -> tuple[State, str]:
    if runs and runs[-1].outcome in _TROUBLE:
        state, words = _TROUBLE[runs[-1].outcome]
        return state, f"{name} {words}: {runs[-1].why}."
    if new is None:
        return "unknown", f"{name} has not been asked today."
    if new and usual is not None and new < PARTIAL * usual:
        many = f"{usual:g} are usual on a {today:%A}"
        return "partial", f"{name} has {new} new papers so far; {many}."
    if new:
        return "fine", f"{name} has {new} new papers today."
    of_today = [run for run in runs if run.at.astimezone(dt.UTC).date() == today]
    empty = all(run.outcome == "fetched" and not run.papers for run in of_today)
    if usual is None or usual < 1 or empty:
        return "quiet", f"{name} has nothing new today."
    return "stale", f"{name} shows nothing new; {usual:g} papers are usual on a {today:%A}."
