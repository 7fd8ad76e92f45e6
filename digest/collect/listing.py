"""arXiv's plain-text listings, as its daily mails carry them."""

from __future__ import annotations

import datetime as dt
import re

from digest.collect.guards import decoded, refuse_foreign
from digest.collect.latex import accents_of
from digest.collect.people import names_in
from digest.collect.plain import ABSTRACT_CHARS, TITLE_CHARS, plain, safe_link
from digest.errors import SourceError
from digest.papers import Announced, Paper, Report, arxiv_id_in, doi_in

MAX_LISTING_BYTES = 16_000_000
"""The largest listing read; the longest of arXiv has about a megabyte."""

_BEGINNING = re.compile(r"(?m)^ {0,3}\\\\[ \t]*\n(?= {0,3}(?:arXiv|Paper):)")
_MARK = re.compile(r"(?m)^ {0,3}\\\\[ \t]*(?P<end>\(.{0,300})?$")
_FIELD = re.compile(r"(?P<name>[A-Z][A-Za-z-]{1,20}|arXiv):\s?(?P<value>.*)")
_ADDRESS = re.compile(r"https?://[^\s,)]+")
_UNTIL = re.compile(
    r"received from .{1,80}?\bto\s+([A-Z][a-z]{2},?\s+\d{1,2} [A-Z][a-z]{2} \d{2,4})"
)
_DAY = re.compile(r"\b(\d{1,2})\s+([A-Z][a-z]{2})\s+(\d{4}|\d{2})\b")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_IN_BRACKETS = re.compile(r"\([^()]*\)")


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a listing in its order, cross-lists and replacements told apart.

    Each is reported on the last day the listing covers. Replacements often have no abstract.
    Raises: SourceError when it is no listing or, unless ``salvage``, when its end is missing.
    """
    del arrived  # a listing names its days with their years
    if len(data) > MAX_LISTING_BYTES:
        raise SourceError(name, f"it is larger than {MAX_LISTING_BYTES // 1_000_000} MB")
    refuse_foreign(data, name, "a listing of arXiv")
    text = decoded(data)
    starts = [match.end() for match in _BEGINNING.finditer(text)]
    if not starts:
        raise SourceError(name, "it is not a listing of arXiv")
    until = _UNTIL.search(" ".join(text[: starts[0]].split()))
    date = _date(until[1]) if until else None
    reports: list[Report] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        found = _entry(text[start:end])
        if found is None and not salvage:
            line = text.count("\n", 0, start) + 1
            raise SourceError(name, "an entry is not complete", line=line, whole=len(reports))
        if found and found[0].title:
            reports.append(Report(found[0], name, len(reports) + 1, date, found[1]))
    if not reports:
        raise SourceError(name, "it names no papers with a title")
    return reports


def _entry(text: str) -> tuple[Paper, Announced] | None:
    """The paper of one entry and what is announced of it; None when its end is missing.

    An entry is a head, ``\\\\``, an abstract, and ``\\\\ ( address , size)``; a replacement may
    have no abstract and no mark before it.
    """
    marks = list(_MARK.finditer(text))
    end = next((mark for mark in marks if mark["end"]), None)
    if end is None:
        return None
    middle = next((mark for mark in marks if mark.start() < end.start()), end)
    head, fields = text[: middle.start()], _fields(text[: middle.start()])
    first = head.partition("\n")[0].strip()
    known = arxiv_id_in(first.removeprefix("Paper:").strip())
    address = _ADDRESS.search(end["end"])
    number, version = known or (None, 0)
    link = safe_link(address[0]) if address else None
    paper = Paper(
        title=plain(accents_of(fields.get("title", "")), TITLE_CHARS),
        abstract=plain(text[middle.end() : end.start()], ABSTRACT_CHARS) if middle != end else "",
        authors=_authors(fields.get("authors") or fields.get("author", "")),
        link=link or (f"https://arxiv.org/abs/{number}" if number else None),
        arxiv_id=number,
        doi=doi_in(fields.get("doi", "").partition(" ")[0]),
        published=_date(fields.get("date", "").partition("(")[0]),
        categories=tuple(dict.fromkeys(fields.get("categories", "").split()))[:50],
        version=version,
    )
    return paper, _announced(head, first)


def _fields(head: str) -> dict[str, str]:
    """The fields of a head by lower-case name; a line that is indented continues the one before."""
    fields: dict[str, str] = {}
    last = ""
    for line in head.split("\n"):
        if line[:1].isspace() and last:
            fields[last] += f" {line.strip()}"
        elif field := _FIELD.match(line):
            last = field["name"].lower()
            fields.setdefault(last, field["value"].strip())
    return fields


def _announced(head: str, first: str) -> Announced:
    crossed = "cross-listing" in first
    if "replaced with revised version" in head:
        return "replace-cross" if crossed else "replace"
    return "cross" if crossed else "new"


def _authors(field: str) -> tuple[str, ...]:
    """The names without the institutions that stand behind them in brackets."""
    before = ""
    while before != field:
        before, field = field, _IN_BRACKETS.sub("", field)
    return names_in(accents_of(field))


def _date(text: str) -> dt.date | None:
    """The day in "Fri, 29 Dec 2023 10:00:00 GMT" or "Fri 29 Dec 23"; arXiv began in 1991."""
    found = _DAY.search(text)
    if not found:
        return None
    year = int(found[3])
    century = 0 if year > 99 else 1900 if year > 90 else 2000
    try:
        return dt.date(century + year, _MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        return None
