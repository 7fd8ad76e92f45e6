"""The suppression list changes: by hand, by file, and where a reader is added who is on it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

from digest.app import App
from digest.bounces import Reason, Suppression
from digest.errors import ConfigError
from digest.keys import LINK_KEYS, link_keys
from digest.store.suppressions import ERASED
from digest.wishes import check_address

COLUMNS = ("address", "reason", "date", "detail")
_ADDRESSES = ("address", "email", "e-mail", "email address", "recipient")
_DATES = ("date", "at", "created", "created_at", "timestamp")
_DETAILS = ("detail", "status", "description")


def add(app: App, address: str, reason: Reason, detail: str) -> bool:
    """Put an address on the list; False when it was there. Raises ConfigError."""
    _check(address, "")
    return app.store.suppressions.add([Suppression(address, reason, app.clock(), detail)]) > 0


def remove(app: App, address: str) -> None:
    """Take an address off the list. Raises ConfigError when it is not on it."""
    if not app.store.suppressions.remove(address, secrets(app), app.clock()):
        raise ConfigError(
            f"'{address}' is not on the suppression list; `digest suppress list` shows it"
        )


def take_in(app: App, file: Path) -> tuple[int, int]:
    """Put the addresses of a CSV file on the list, all or none: how many it has, how many are new.

    Raises ConfigError.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as UTF-8 text ({error})") from error
    found = list(_suppressions(text, str(file), app.clock()))
    return len(found), app.store.suppressions.add(found)


def as_csv(found: Iterable[Suppression]) -> str:
    """The list as ``take_in`` reads it."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows((one.address, one.reason, one.at.isoformat(), one.detail) for one in found)
    return text.getvalue()


def write(file: Path, text: str) -> None:
    """Write an export. Raises ConfigError."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written ({error.strerror}); choose another --output"
        ) from error


def warnings(app: App, addresses: Iterable[str | None]) -> list[str]:
    """A sentence for each of these addresses that is on the list: to be added is no consent."""
    known = secrets(app) if app.store.suppressions.any_erased() else ()
    found = []
    for address in filter(None, addresses):
        if one := app.store.suppressions.find(address, known):
            why = f"{one.reason}, {one.at.date()}"
            found.append(
                f"{address} is on the suppression list ({why}) and gets nothing; "
                f"`digest suppress remove {address}` takes it off, if its reader asks for that"
            )
    return found


def secrets(app: App) -> tuple[bytes, ...]:
    """What the hashes of erased addresses are keyed with."""
    keys = link_keys(app.settings.file.parent / LINK_KEYS)
    return tuple(key.secret for key in keys)


def _suppressions(text: str, name: str, now: dt.datetime) -> Iterable[Suppression]:
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if any(map(str.strip, row))]
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    titled = any(cell in _ADDRESSES for cell in heading)
    columns = heading if titled else COLUMNS[: len(heading)]
    for n, row in enumerate(rows[titled:], start=1 + titled):
        cells = dict(zip(columns, map(str.strip, row), strict=False))
        place = f"{name}, row {n}: "
        address = _cell(cells, _ADDRESSES)
        _check(address, place)
        said = cells.get("reason", "")
        reason = next((known for known in get_args(Reason) if known == said.lower()), None)
        detail = _cell(cells, _DETAILS) or ("" if reason else said)
        yield Suppression(address, reason or "operator", _instant(cells, place, now), detail)


def _cell(cells: dict[str, str], names: Sequence[str]) -> str:
    return next((cells[name] for name in names if cells.get(name)), "")


def _instant(cells: dict[str, str], place: str, now: dt.datetime) -> dt.datetime:
    text = _cell(cells, _DATES)
    if not text:
        return now
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{place}'{text}' is no date; write one like 2026-05-20") from error
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


def _check(address: str, place: str) -> None:
    if address.startswith(ERASED):
        return
    try:
        check_address(address)
    except ValueError as error:
        raise ConfigError(f"{place}{error}") from error
