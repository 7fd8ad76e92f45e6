"""Which files are replayed, when each of them came, and what says so."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digest.collect import readers
from digest.collect.inbox import COLLECTED
from digest.errors import ConfigError, SourceError

Witness = Literal["store", "name", "content", "age"]

HOUR = 5
"""When a file comes of which only the day is known, UTC: before most readers are up."""

_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file and the instant it comes. ``witness``: the store, a date in its name, the date of
    its content, or, for want of anything better, the age of the file.
    """

    path: Path
    at: dt.datetime
    witness: Witness


def expanded(paths: Sequence[Path], inbox: Path) -> list[Path]:
    """The files named, and those of folders named; without any, what the inbox has collected.

    Raises ConfigError for a path that is not there.
    """
    found: list[Path] = []
    for path in paths or [inbox / COLLECTED]:
        if path.is_dir():
            inside = (one for one in path.rglob("*") if one.is_file())
            found += sorted(one for one in inside if not one.name.startswith("."))
        elif path.is_file():
            found.append(path)
        else:
            hint = "name files or folders to replay" if not paths else "correct the path"
            raise ConfigError(f"{path} is not there, so there is nothing to replay; {hint}")
    return found


def arrivals(files: Sequence[Path], known: Mapping[str, dt.datetime]) -> list[Arrival]:
    """When each file came, earliest first; ``known``: by the hash of its bytes, from a store.

    Raises ConfigError for a file that cannot be read.
    """
    return sorted((_arrival(path, known) for path in files), key=lambda one: (one.at, one.path))


def read(path: Path) -> bytes:
    """The bytes of a file. Raises ConfigError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); leave it out, or check its permissions"
        ) from error


def _arrival(path: Path, known: Mapping[str, dt.datetime]) -> Arrival:
    data = read(path)
    if at := known.get(hashlib.sha256(data).hexdigest()):
        return Arrival(path, at, "store")
    if day := _named(path.name):
        return Arrival(path, _morning(day), "name")
    age = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    if day := _said(data, path.name, age.date()):
        return Arrival(path, _morning(day), "content")
    return Arrival(path, age.replace(microsecond=0), "age")


def _morning(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(HOUR), dt.UTC)


def _named(name: str) -> dt.date | None:
    for year, month, day in _DAY.findall(name):
        try:
            return dt.date(int(year), int(month), int(day))
        except ValueError:  # such as the 31st of a shorter month
            continue
    return None


def _said(data: bytes, name: str, arrived: dt.date) -> dt.date | None:
    """The day that most reports of the content are dated; the latest of several."""
    try:
        reports = readers.read(data, name, arrived)
    except SourceError:  # it is rejected, and explained, on the day of its age
        return None
    days = Counter(report.date for report in reports if report.date)
    return max(days, key=lambda day: (days[day], day), default=None)
