"""A reader's own library: the papers in it, and when each was added, where it says so."""

from __future__ import annotations

import csv
import datetime as dt
import email.utils
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from digest.collect import bibliography, bibtex, library_xml, readers, records
from digest.collect.guards import decoded, refuse_foreign
from digest.collect.latex import unicode_of
from digest.collect.markup import shown
from digest.collect.plain import TITLE_CHARS, plain
from digest.errors import SourceError
from digest.papers import Paper, title_key

FORMS = "BibTeX, RIS, CSL-JSON, an export of Zotero (BibTeX, RIS, CSV, CSL JSON, RDF) or OPML"

_DATED = ("date-added", "dateadded", "date added", "creationdate", "timestamp")
"""Fields for the instant at which a paper was added: BibDesk, Zotero, JabRef new and old."""

_RIS_ENTRY = re.compile(r"(?m)^\s{0,3}TY {1,2}- ?[A-Z]")


@dataclass(frozen=True, slots=True)
class Library:
    """Papers, each with the instant at which it was added or None, and how many were unreadable.

    ``unread`` entries are broken, or have no title.
    """

    papers: tuple[tuple[Paper, dt.datetime | None], ...]
    unread: int = 0


def read(data: bytes, name: str, arrived: dt.date) -> Library:
    """The library in ``data``, in its order; entries that cannot be read are counted, not fatal.

    Raises: SourceError when it is no library, or when no paper in it can be read.
    """
    refuse_foreign(data, name, "a library of papers")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        found = library_xml.papers(data, name, arrived)
        items = [(paper, instant(added)) for paper, added in found if paper]
        return Library(_some(items, name), len(found) - len(items))
    text = decoded(data)
    is_json = text.lstrip()[:1] in ("[", "{")
    reader = readers.read if is_json else bibliography.read
    try:
        papers = [report.paper for report in reader(data, name, arrived, salvage=True)]
    except SourceError as error:
        why = f"{error.why}; a library is {FORMS}"
        raise SourceError(name, why, line=error.line) from error
    entries = list(_from_json(data, name) if is_json else _entries(text))
    added = {title_key(title): at for title, at in reversed(entries) if at}
    items = [(paper, added.get(title_key(paper.title))) for paper in papers]
    return Library(_some(items, name), max(len(entries) - len(items), 0))


def _some(
    items: list[tuple[Paper, dt.datetime | None]], name: str
) -> tuple[tuple[Paper, dt.datetime | None], ...]:
    if not items:
        raise SourceError(name, f"no paper in it has a title; a library is {FORMS}")
    return tuple(items)


def instant(text: str) -> dt.datetime | None:
    """The instant in "2019-05-03 10:12:13 +0200", "2019.05.03" or as mails write it; UTC if bare.

    None when there is none, or one that no calendar has.
    """
    text = re.sub(r"^(\d{4})[./](\d\d)[./](\d\d)", r"\1-\2-\3", text.strip()[:60])
    for parse in (_iso, email.utils.parsedate_to_datetime):
        try:
            at = parse(text)
            return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _iso(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d)", "", text))


Entry = tuple[str, dt.datetime | None]
"""The plain title of an entry, and when it was added."""


def _entries(text: str) -> Iterator[Entry]:
    """Every entry of a bibliography, read or not."""
    first = text.lstrip("\ufeff\n ").partition("\n")[0]
    if "Title" in first and "@" not in first:
        for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff"))):
            fields = {str(key).lower(): str(value or "") for key, value in row.items()}
            yield plain(fields.get("title", ""), TITLE_CHARS), _added(fields)
    elif _RIS_ENTRY.search(text):  # which names no such instant
        yield from (("", None) for _ in _RIS_ENTRY.finditer(text))
    else:
        for entry in bibtex.entries(text):
            fields = entry.fields or {}
            yield plain(unicode_of(fields.get("title", "")), TITLE_CHARS), _added(fields)


def _from_json(data: bytes, name: str) -> Iterator[Entry]:
    """Every record of a list, or of the list in an object; none of a file that was cut."""
    try:
        value = records.objects(data, name)
    except SourceError:
        return
    inner = value if isinstance(value, list) else value.get("items")
    for record in inner if isinstance(inner, list) else ():
        fields = {str(k).lower(): v for k, v in record.items()} if isinstance(record, dict) else {}
        title = fields.get("title")
        yield plain(shown(title) if isinstance(title, str) else "", TITLE_CHARS), _added(fields)


def _added(fields: Mapping[str, Any]) -> dt.datetime | None:
    said: Iterable[Any] = (fields.get(name) for name in _DATED)
    return next(filter(None, (instant(text) for text in said if isinstance(text, str))), None)
