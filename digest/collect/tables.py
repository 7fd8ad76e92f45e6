"""Markdown tables of papers, with columns in any order, become reports of papers."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from digest.collect.fields import Found, day_in, meaning, names_in, reports_of, votes_in
from digest.collect.links import unlinked
from digest.collect.page_dates import day_within
from digest.collect.texts import bare, text_of
from digest.errors import SourceError
from digest.papers import Report

_DIVIDER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?|\|[ \t]*:?-+:?[ \t]*\|")
_CELL = re.compile(r"((?:\\.|[^|\\])*)(\||\Z)", re.S)
_HTML = re.compile(
    r"<br\s*/?>|</?(?:details|p|sub|sup|b|i|div|span|center)(?:\s[^<>]*)?>", re.IGNORECASE
)
_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.IGNORECASE)
_HEAD = re.compile(r"\s{0,3}#{1,6}\s+(.*)|\s*<summary>(.*?)</summary>\s*|\s*(?:\*\*|>)(.*)")


@dataclass(frozen=True, slots=True)
class Row:
    """One row below a header with a title; ``cells`` is None where their number is wrong."""

    line: int
    header: list[str]
    cells: list[str] | None
    date: dt.date | None


def is_table(text: str) -> bool:
    """Whether ``text`` holds a Markdown table with a column of titles."""
    lines = text.split("\n")
    return any(is_divider(line) and _titled(above) for above, line in itertools.pairwise(lines))


def is_divider(line: str) -> bool:
    """Whether ``line`` is the row of dashes below the header of a table."""
    line = line.strip()  # first: a pattern that skips blanks on both sides of a bar is quadratic
    return _DIVIDER.fullmatch(line) is not None


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of all tables in their order, each reported on the date in the heading above it.

    With ``salvage`` rows that do not fit their header are left out. Raises: SourceError with the
    line of the first such row.
    """
    rows = list(_rows(text_of(data, name, salvage=salvage), arrived))
    sound = [(row, row.cells) for row in rows if row.cells is not None]
    reports = reports_of((_found(row, cells, arrived) for row, cells in sound), name)
    bad = next((row.line for row in rows if row.cells is None), None)
    if bad and not (salvage and reports):
        why = "the row has not as many cells as the header of its table"
        raise SourceError(name, why, line=bad, whole=len(reports))
    if rows and not reports:
        raise SourceError(name, "no row of the table has a title", line=rows[0].line)
    return reports


def _titled(header: str) -> bool:
    return "|" in header and any(
        what == "title" for cell in cells_of(header) for _, what in meaning(bare(cell))
    )


def _rows(text: str, arrived: dt.date) -> Iterator[Row]:
    """The rows of every table with a column of titles."""
    lines = text.split("\n")
    header: list[str] | None = None
    date: dt.date | None = None
    for number, line in enumerate(lines, start=1):
        if is_divider(line) and number > 1 and "|" in lines[number - 2]:
            header = cells_of(lines[number - 2]) if _titled(lines[number - 2]) else []
        elif header is not None and line.count("|") and line.strip():
            below = lines[number] if number < len(lines) else ""
            if header and not (is_divider(below) and "|" in line):
                cells = cells_of(line)
                yield Row(number, header, cells if len(cells) == len(header) else None, date)
        elif line.strip():
            header = None
            if match := _HEAD.fullmatch(line):
                date = day_within(next(filter(None, match.groups()), ""), arrived) or date


def cells_of(line: str) -> list[str]:
    """The cells of a row; a bar behind a backslash is text."""
    line = line.strip()
    line = line[1:] if line.startswith("|") else line
    cells, place = [], 0
    while match := _CELL.match(line, place):
        cells.append(match[1].replace("\\|", "|").strip())
        place = match.end()
        if match[2] != "|" or place == len(line):
            break
    return cells


def _found(row: Row, cells: list[str], arrived: dt.date) -> Found:
    """What one row says."""
    ranked: dict[str, list[tuple[int, str]]] = {}
    for label, cell in zip(row.header, cells, strict=True):
        for rank, what in meaning(bare(label)):
            ranked.setdefault(what, []).append((rank, shown_cell(cell)))
    cell_of = {what: [cell for _, cell in sorted(found)] for what, found in ranked.items()}

    def text(what: str) -> str:
        return next((shown for cell in cell_of.get(what, []) if (shown := unlinked(cell)[0])), "")

    addressed = [cell for what in ("link", "title", "id", "doi") for cell in cell_of.get(what, [])]
    abstract = text("abstract")
    found = Found(
        title=title_of(cell_of.get("title", [""])[0]),
        abstract="" if re.fullmatch(r"https?://\S*", abstract) else abstract,
        authors=names_in(text("authors")),
        links=[href for cell in addressed for _, href in unlinked(cell)[1]],
        ids=[unlinked(cell)[0] for what in ("id", "doi", "link") for cell in cell_of.get(what, [])],
        published=day_in(bare(text("date")), arrived),
        votes=votes_in(text("votes")),
        categories=re.split(r"\s*[,;]\s*", text("categories")) if text("categories") else (),
    )
    found.reported = row.date or found.published
    return found


def shown_cell(cell: str) -> str:
    """A cell without the HTML that only lays it out; ``<SEG>`` and ``<think>`` stay."""
    return re.sub(r"\s+", " ", _HTML.sub(" ", _SUMMARY.sub(" ", cell))).strip()


def title_of(cell: str) -> str:
    """The title in a cell: all of it but links called "PDF", "code" and the like."""
    cell = re.sub(
        r"[\[(]*\[\W*(?:pdf|code|arxiv|html|link|abs|project|github)\W*\]\([^()\s]*\)[\])]*",
        "",
        cell,
        flags=re.I,
    )
    return bare(unlinked(bare(cell))[0])
