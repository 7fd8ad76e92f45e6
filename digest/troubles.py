"""What the owner is told of trouble: its kinds, and the words of the mails about them."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["sources", "files", "mails", "server", "store", "step"]

LASTING: tuple[Kind, ...] = ("sources", "server", "store", "step")
"""Kinds that stay until they are over; a rejected file and a failed mail are only ever news."""

TROUBLED = ("broken", "unreachable")
"""States of a source that somebody has to know of; of one that is late its editions say so."""

NAMED = 5
"""How many sentences a mail has on one kind of trouble."""

ENOUGH = NAMED + 1
"""How many of a kind need to be remembered, to name some and say that there are more."""

_SHOWN = {"unmailed": "without mail"}
"""States of editions whose names say little to an owner."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: a sentence, since when, and what to call to look into it.

    ``command`` are the arguments of ``digest`` that fit this one better than those of its kind.
    """

    kind: Kind
    sentence: str
    since: dt.datetime
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """The day so far: ``new`` papers, ``editions`` by the state of their mail, mails in the
    ``queue``, and how many of the ``sources`` are ``well``.
    """

    new: int
    editions: dict[str, int]
    queue: int
    sources: int
    well: int


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said of a kind: in the subject, what was done meanwhile, what to do now and how, and
    in the subject and the text once it is over.
    """

    subject: str
    meanwhile: str
    now: str
    command: tuple[str, ...]
    well: str = ""
    over: str = ""


_WORDS: dict[Kind, _Words] = {
    "sources": _Words(
        "a source is in trouble",
        "Meanwhile the other sources are read as ever, and what is in trouble is asked again each "
        "time it is due. Editions wait a little for it (schedule.hold_h), then leave with what "
        "there is and say so.",
        "To ask it again now (if it has moved, change its address in the settings first):",
        ("poll",),
        "the sources answer again",
        "Every source answers again.",
    ),
    "files": _Words(
        "a file could not be read",
        "Nothing of it was taken in; all else was. It is kept in rejected/, with a note beside it "
        "that says which line is wrong.",
        "Where papers before that line are whole, this takes them:",
        ("collect", "--salvage"),
    ),
    "mails": _Words(
        "some mails were not delivered",
        "Other mails are not held up. What was in a failed one comes again in its reader's next "
        "edition; an uncertain one may have arrived, and is sent again only if you say so.",
        "To see what the server said of each, and which can be queued again:",
        ("outbox",),
    ),
    "server": _Words(
        "the mail server takes no mail",
        "Meanwhile every mail is kept, none counts as tried, and the server is asked again at "
        "every tick. All of them leave by themselves once it answers.",
        "To see what it says now:",
        ("check",),
        "the mail server takes mail again",
        "The mail server takes mail again, and what had waited leaves by itself.",
    ),
    "store": _Words(
        "the database cannot be used",
        "Nothing was stored in part, and what could not be stored is tried again at every tick.",
        "Please look whether its disk is full, or its server down. This says whether it is mended:",
        ("check",),
        "the database works again",
        "The database works again.",
    ),
    "step": _Words(
        "a step of the day fails",
        "Meanwhile the other steps go on, and this one is tried again at every tick.",
        "To see where it fails:",
        ("check",),
        "every step works again",
        "Every step of the day works again.",
    ),
}


def warning(
    title: str, found: Sequence[Trouble], figures: Figures | None, config: Path
) -> tuple[str, list[str]]:
    """Subject and paragraphs of the mail about troubles of one kind; there is at least one.

    ``figures`` are None where they cannot be had.
    """
    words = _WORDS[found[0].kind]
    since = min(one.since for one in found)
    more = ["There are more like these; the log names them all."] if len(found) > NAMED else []
    command = ["digest", "--config", str(config), *(found[0].command or words.command)]
    return f"{title}: {words.subject}", [
        f"Hello! Something needs a look from you, since {_at(since)}:",
        *(_sentence(one.sentence) for one in found[:NAMED]),
        *more,
        words.meanwhile,
        words.now,
        shlex.join(command),
        *_day(figures),
        "However long it takes, there is at most one such mail a day. Thank you for looking after "
        f"{title}!",
    ]


def all_clear(
    title: str, kind: Kind, since: dt.date, now: dt.datetime, figures: Figures | None, *, all_: bool
) -> tuple[str, list[str]]:
    """Subject and paragraphs of the mail that says that trouble of this kind is over.

    ``since`` may be an instant; ``all_``: there is no other trouble.
    """
    words = _WORDS[kind]
    subject = "all is well again" if all_ else words.well
    return f"{title}: {subject}", [
        f"Good news: {words.over} The trouble began on {_at(since)}, and was over at {_at(now)}. "
        "There is nothing for you to do.",
        *_day(figures),
    ]


def _day(figures: Figures | None) -> list[str]:
    """The day's figures in a paragraph."""
    if figures is None:
        return []
    states = sorted(figures.editions.items())
    mails = ", ".join(f"{n:,} {_SHOWN.get(state, state)}" for state, n in states if n)
    editions = _number(sum(figures.editions.values()), "edition")
    said = [
        _number(figures.new, "new paper"),
        f"{editions} ({mails})" if mails else editions,
        f"{_number(figures.queue, 'mail')} in the queue",
    ]
    if figures.sources:
        said.append(f"{figures.well} of {_number(figures.sources, 'source')} well")
    return [f"Today so far: {'; '.join(said)}."]


def _sentence(text: str) -> str:
    """``text`` with a capital and a full stop."""
    text = text.rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _at(instant: dt.date) -> str:
    """An instant to the minute, in UTC; a day as it is."""
    if not isinstance(instant, dt.datetime):
        return instant.isoformat()
    return f"{instant.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
