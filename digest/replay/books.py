"""The books of a replay: which mails came, which papers they showed, what was known to be one.

They are kept from what arrived at the sink. A title's address in a mail names a paper by its id,
its title or its link; what number the archive has for it is asked when the mail comes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from digest.replay.sink import Taken, named, taken
from digest.store.audit import Audit


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail that came: when, to whom, how large, and the numbers of the papers in it.

    ``links`` is how many titles it shows; some may name no paper for certain.
    """

    message_id: str
    recipient: str
    at: dt.datetime
    size: int
    papers: tuple[int, ...]
    links: int


@dataclass
class Books:
    """``merges``: from when on a paper was known to be another, in the order of that."""

    journal: Path
    read_to: int = 0
    mails: list[Entry] = field(default_factory=list)
    merges: list[tuple[dt.datetime, Mapping[int, int]]] = field(default_factory=list)
    _merged: dict[int, int] = field(default_factory=dict)

    def note_mails(self, audit: Audit, now: dt.datetime) -> None:
        """Enter the mails that came since the last time."""
        came, self.read_to = taken(self.journal, self.read_to)
        if not came:
            return
        numbers = _numbers(audit, came)
        for mail in came:
            papers = dict.fromkeys(numbers[link] for link in mail.links if link in numbers)
            size, count = mail.size, len(mail.links)
            entry = Entry(mail.message_id, mail.recipient, now, size, tuple(papers), count)
            self.mails.append(entry)

    def note_merges(self, audit: Audit, now: dt.datetime) -> None:
        """Enter which papers turned out to be one since the last time."""
        merged = audit.merged()
        changed = {one: into for one, into in merged.items() if self._merged.get(one) != into}
        if changed:
            self.merges.append((now, changed))
            self._merged = merged


def _numbers(audit: Audit, came: Sequence[Taken]) -> dict[str, int]:
    """The numbers of the papers that addresses name."""
    links = {link for mail in came for link in mail.links}
    keys = {link: key for link in links if (key := named(link))}
    known, linked = audit.named(set(keys.values())), audit.linked(links - keys.keys())
    return linked | {link: known[key] for link, key in keys.items() if key in known}


Shown = tuple[dt.datetime, str, Iterable[int]]
"""Papers shown together to one reader: when they were chosen, in what, and their numbers."""


def repeats(
    shown: Iterable[Shown], merges: Sequence[tuple[dt.datetime, Mapping[int, int]]]
) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
    """What one reader was shown again: where, and the number by then.

    The first set are papers known to be the same when they were shown again; the second those
    that turned out to be the same only later, from another report.
    """
    first: dict[int, str] = {}
    again: set[tuple[str, int]] = set()
    later: set[tuple[str, int]] = set()
    into: dict[int, int] = {}
    waiting = list(reversed(merges))
    for at, place, numbers in sorted(shown, key=lambda one: one[:2]):
        while waiting and waiting[-1][0] <= at:
            later |= _join(first, into, waiting.pop()[1])
        for number in {into.get(one, one) for one in numbers}:
            if number in first:
                again.add((place, number))
            first.setdefault(number, place)
    while waiting:
        later |= _join(first, into, waiting.pop()[1])
    return again, later


def _join(
    first: dict[int, str], into: dict[int, int], changed: Mapping[int, int]
) -> set[tuple[str, int]]:
    """Follow merges; what had been shown under two numbers."""
    into.update(changed)
    found = set()
    for number in changed.keys() & first.keys():
        place = first.pop(number)
        now = changed[number]
        if first.setdefault(now, place) != place:
            found.add((place, now))
    return found
