"""Comma-separated values with a header that names a title become reports of papers."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from digest.collect.fields import meaning
from digest.collect.records import papers_of
from digest.collect.texts import text_of
from digest.errors import SourceError
from digest.papers import Report

_HEADER_CHARS = 1_000
_CELL_CHARS = 40


def is_header(line: str) -> bool:
    """Whether ``line`` is a header of short names, "title" among them."""
    return len(line) <= _HEADER_CHARS and "title" in _header(line)


def is_csv(text: str) -> bool:
    """Whether the first line of ``text`` that is not blank is such a header."""
    return is_header(text.lstrip()[: _HEADER_CHARS + 1].partition("\n")[0])


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of the rows in their order.

    With ``salvage`` the papers before the first row that does not fit the header. Raises:
    SourceError with the line on which that row begins.
    """
    text = text_of(data, name, salvage=salvage)
    blank = text[: len(text) - len(text.lstrip())].count("\n")
    line = text.lstrip().partition("\n")[0]
    header = _header(line)
    if not {"abstract", "link", "id", "doi"} & {
        what for cell in header for _, what in meaning(cell)
    }:
        why = "its header names no abstract and no link" if header else "it has no header"
        raise SourceError(name, why, line=blank + 1)
    rows: list[dict[str, Any]] = []
    bad = 0
    reader = csv.reader(io.StringIO(text.lstrip()), delimiter=_delimiter(line), strict=True)
    start = 1
    try:
        for cells in reader:
            if start > 1 and cells:
                if len(cells) != len(header):
                    bad = start
                    break
                rows.append(dict(zip(header, cells, strict=True)))
            start = reader.line_num + 1
    except csv.Error:
        bad = start
    if bad and not (salvage and rows):
        why = "the row does not fit the header"
        raise SourceError(name, why, line=blank + bad, whole=len(rows))
    return papers_of(rows, name, arrived)


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _header(line: str) -> list[str]:
    """The names in a header, in small letters; none where it is no header."""
    try:
        cells = next(csv.reader([line], delimiter=_delimiter(line), strict=True), [])
    except csv.Error:
        return []
    names = [cell.strip().casefold() for cell in cells]
    known = sum(bool(meaning(name)) for name in names)
    short = all(len(name) <= _CELL_CHARS for name in names)
    return names if short and known >= 2 and 2 * known >= len(names) else []
