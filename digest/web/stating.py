"""What a reader states in a form becomes a subscriber, with a sentence for each thing wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, get_args
from zoneinfo import available_timezones

from digest.errors import SourceError
from digest.render.plain import plain, shorten
from digest.subscribers import (
    WEEKDAYS,
    Interest,
    OwnAbstract,
    Quiet,
    Schedule,
    Subscriber,
    alternatives,
    zone,
)
from digest.web.desk import Desk
from digest.web.forms import Form
from digest.wishes import ENOUGH, check_entries, check_interest

INTERESTS = 12
"""The most interests on one form."""

TEXT_CHARS, NAME_CHARS, INTEREST_CHARS = 5_000, 100, 60
"""The most characters of an interest's text, of a reader's name, and of an interest's name."""

ENTRIES = 200
"""The most entries of one list: a reader's library has more papers than say anything new."""

SIZE = 100
"""The most papers that an edition can be asked to hold on a page."""

LISTS = (
    *("keywords", "authors", "examples", "required", "always"),
    *("dislikes", "categories", "sources"),
)
"""What an interest is made of besides its name and text; a line is an entry."""

WHOLE_LINES = ("examples", "dislikes", "authors")
"""Lists whose entries may hold commas: "LeCun, Yann" is one."""

NAMING = ("keywords", "always", "examples", "authors", "categories", "sources")
"""What an interest without a name is named after: the first entry of the first of these."""


@dataclass
class Stated:
    """A form as it was filled in: who that makes, and what to say beside which field."""

    reader: Subscriber
    values: dict[str, str]
    weekdays: tuple[str, ...]
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[int]:
        """The numbers of the interests' blocks: those that are filled in, and an empty one."""
        return _blocks(self.values)


def stated(desk: Desk, form: Form, id_: str, address: str | None) -> Stated:
    """Who somebody would be, from what they filled in. An uploaded library becomes examples."""
    found = Stated(Subscriber(id_, address), form.typed, tuple(form.many("weekdays")))
    _take_in(desk, form, found)
    interests = [one for n in range(INTERESTS) if (one := _interest(found, n))]
    if not interests and not any(name.startswith("text-") for name in found.problems):
        found.problems["text-0"] = (
            "Say at least one thing that interests you: a sentence or a few keywords."
        )
    found.reader = Subscriber(
        id=id_,
        address=address,
        name=_short(found, "name", NAME_CHARS),
        schedule=_schedule(found),
        size=_number(found, "size", 1, SIZE, 10),
        interests=tuple(_apart(interests)),
        muted=_entries(found, "muted"),
        preferred=_entries(found, "preferred"),
        abstract=_one_of(found, "abstract", get_args(OwnAbstract), ""),
        quiet=_one_of(found, "quiet", get_args(Quiet), "mail"),
    )
    return found


def shown(reader: Subscriber) -> Stated:
    """The form that says what a reader has said so far."""
    schedule = reader.schedule
    values = {
        "name": reader.name,
        "timezone": schedule.timezone,
        "hour": str(schedule.hour),
        "size": str(reader.size),
        "abstract": reader.abstract,
        "quiet": reader.quiet,
        "muted": "\n".join(reader.muted),
        "preferred": "\n".join(reader.preferred),
    }
    for n, interest in enumerate(reader.interests):
        values |= {f"name-{n}": interest.name, f"text-{n}": interest.text}
        values |= {f"{part}-{n}": "\n".join(getattr(interest, part)) for part in LISTS}
        values[f"weight-{n}"] = f"{interest.weight:g}"
    return Stated(reader, values, schedule.weekdays)


@cache
def zones() -> tuple[str, ...]:
    """The time zones to choose from: those named after places, and UTC."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return ("UTC", *sorted(places))


def _blocks(values: dict[str, str]) -> list[int]:
    used = [n for n in range(INTERESTS) if any(values.get(f"{p}-{n}") for p in ("text", *LISTS))]
    following = max(used, default=-1) + 1
    return list(range(min(max(following + 1, 2), INTERESTS)))


def _take_in(desk: Desk, form: Form, found: Stated) -> None:
    """Put the titles and ids of an uploaded library among the examples of the first interest."""
    upload = form.file("library")
    if upload is None:
        return
    try:
        titles = desk.imported(*upload)
    except SourceError as error:
        found.problems["library"] = f"This file could not be read: {error.why}."
        return
    before = found.values.get("examples-0", "").splitlines()
    together = dict.fromkeys([*filter(None, before), *titles])
    found.values["examples-0"] = "\n".join(list(together)[:ENTRIES])


def _interest(found: Stated, n: int) -> Interest | None:
    """The interest in the block ``n``; None for a block that is empty."""
    raw = found.values.get(f"text-{n}", "")
    text = "\n".join(filter(None, map(plain, raw.splitlines())))
    if len(text) > TEXT_CHARS:
        found.problems[f"text-{n}"] = f"Please say it in at most {TEXT_CHARS:,} characters."
    lists: dict[str, Any] = {part: _list(found, part, n) for part in LISTS}
    if not text and not any(lists.values()):
        return None
    if not text and not any(lists[part] for part in ENOUGH if part in lists):
        found.problems[f"text-{n}"] = (
            "What is required or disliked only narrows an interest: say what it is about, too."
        )
    name = _short(found, f"name-{n}", INTEREST_CHARS) or _name(text, lists)
    return Interest(name, text=text, weight=_weight(found, n), **lists)


def _list(found: Stated, part: str, n: int) -> tuple[str, ...]:
    where = f"{part}-{n}"
    entries = _split(found.values.get(where, ""), commas=part not in WHOLE_LINES)
    if len(entries) > ENTRIES:
        found.problems[where] = f"Please name at most {ENTRIES}."
        return entries[:ENTRIES]
    alone: dict[str, Any] = {part: entries}
    try:
        check_interest(Interest("i", text="t", **alone))
    except ValueError as error:
        found.problems[where] = _sentence(error)
    return entries


def _entries(found: Stated, where: str) -> tuple[str, ...]:
    entries = _split(found.values.get(where, ""), commas=True)
    if len(entries) > ENTRIES:
        found.problems[where] = f"Please name at most {ENTRIES}."
    try:
        check_entries(where, entries)
    except ValueError as error:
        found.problems[where] = _sentence(error)
    return entries[:ENTRIES]


def _split(text: str, *, commas: bool) -> tuple[str, ...]:
    parts = re.split(r"[\n,;]" if commas else r"\n", text)
    return tuple(dict.fromkeys(filter(None, map(plain, parts))))


def _name(text: str, lists: dict[str, tuple[str, ...]]) -> str:
    firsts = (alternatives(lists[part][0])[0] for part in NAMING if lists[part])
    return shorten(next(firsts, "") or " ".join(text.split()[:6]), INTEREST_CHARS)


def _apart(interests: list[Interest]) -> Iterator[Interest]:
    """The interests with different names: votes are for an interest by its name."""
    taken: set[str] = set()
    for one in interests:
        names = (one.name, *(f"{one.name} {n}" for n in range(2, INTERESTS + 1)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        yield replace(one, name=name)


def _schedule(found: Stated) -> Schedule:
    weekdays = tuple(day for day in WEEKDAYS if day in found.weekdays)
    if not weekdays:
        found.problems["weekdays"] = "Choose at least one day."
    name = found.values.get("timezone", "") or "UTC"
    try:
        zone(name)
    except (KeyError, ValueError, OSError):
        found.problems["timezone"] = "Choose a time zone from the list, such as Europe/Berlin."
        name = "UTC"
    return Schedule(name, _number(found, "hour", 0, 23, 7), weekdays or WEEKDAYS)


def _number(found: Stated, where: str, least: int, most: int, usual: int) -> int:
    text = found.values.get(where, "") or str(usual)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1
    if not least <= number <= most:
        found.problems[where] = f"Choose a number from {least} to {most}."
        return usual
    return number


def _weight(found: Stated, n: int) -> float:
    text = found.values.get(f"weight-{n}", "") or "1"
    number = float(text) if re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text, re.ASCII) else 0.0
    if not 0.1 <= number <= 10:
        found.problems[f"weight-{n}"] = "Choose a number from 0.1 to 10."
        return 1.0
    return number


def _one_of(found: Stated, where: str, choices: tuple[str, ...], usual: str) -> Any:
    value = found.values.get(where, usual)
    if value not in choices:
        found.problems[where] = "Choose one of these."
        return usual
    return value


def _short(found: Stated, where: str, most: int) -> str:
    text = plain(found.values.get(where, ""))
    if len(text) > most:
        found.problems[where] = f"Please use at most {most} characters."
    return text[:most]


def _sentence(error: ValueError) -> str:
    """What is wrong, without the place where it is: that is the field beside it."""
    said = str(error).partition(": ")[2] or str(error)
    return f"{said[:1].upper()}{said[1:]}."
