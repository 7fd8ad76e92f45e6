"""Feeds: RSS, RDF and Atom become reports of papers."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterable
from typing import Any

from digest.collect.markup import shown
from digest.collect.plain import ABSTRACT_CHARS, TITLE_CHARS, plain, safe_link
from digest.errors import SourceError
from digest.papers import Paper, Report

MAX_FEED_BYTES = 16_000_000
"""The largest feed parsed: the parser needs about ten times as much memory as the feed has bytes;
the largest day of arXiv's largest list has a tenth of it."""

AUTHORS = 500
"""Authors kept of one paper; the few with thousands are not found by their names."""

AUTHOR_CHARS = 200

_PARSER_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What the parser is known to raise on broken bytes, beside the faults it reports by itself."""

_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|huggingface\.co/papers/|oai:arXiv\.org:)"
    r"([0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})(?![0-9])"
)
_DOI = re.compile(r"\b(10\.[0-9]{4,9}/[^\s\"<>?#]+)")
_ANNOUNCED = re.compile(r"arXiv:\S+ Announce Type: \S+ Abstract: ")
_LABELLED = re.compile(r"Authors: (.{0,20000}?) Upvotes: -?[0-9]+ Summary: ")


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a feed in its order; none when it is well formed and empty.

    Each is reported on the feed's own date, else on its entry's. Entries without a title are left
    out. A feed that is not well formed gives the entries that could be read, with ``salvage`` or
    without: each entry stands for itself. Raises: SourceError when there are none, or when the
    feed is an error message.
    """
    del arrived, salvage  # a feed's dates name their year; its entries cannot shift
    parsed = _parsed(data, name)
    version = str(parsed.get("version") or "")
    entries = [entry for entry in parsed.entries if _title(entry, version)]
    if not version or (parsed.bozo and not entries):
        raise SourceError(name, "it is not a well-formed feed")
    for entry in entries:
        if "arxiv.org/api/errors" in entry.get("id", ""):
            answer = plain(entry.get("summary", ""), 200)
            raise SourceError(name, f"it is an error message of arXiv: {answer}")
    date = _date(parsed.feed)
    papers = (_paper(entry, version) for entry in entries)
    return [
        Report(paper, name, position, date or paper.published)
        for position, paper in enumerate(papers, start=1)
    ]


def _parsed(data: bytes, name: str) -> Any:
    """What feedparser makes of ``data``. Raises: SourceError."""
    import feedparser  # late: it is slow to import, and few commands read feeds

    if len(data) > MAX_FEED_BYTES:
        why = f"it is larger than the {MAX_FEED_BYTES // 1_000_000} MB a feed may have"
        raise SourceError(name, why)
    try:  # a stream, for what looks like an address would be fetched; as text, for nothing of it
        return feedparser.parse(  # is shown as HTML, and sanitising drops "<SEG>"
            io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False
        )
    except _PARSER_FAULTS as error:
        raise SourceError(name, "it is not a well-formed feed") from error


def _paper(entry: Any, version: str) -> Paper:
    """The paper an entry tells of."""
    abstract, authors = _abstract(entry)
    link = next(filter(None, (safe_link(str(link)) for link in _links(entry))), None)
    return Paper(
        title=_title(entry, version),
        abstract=abstract,
        authors=authors or _authors(entry),
        link=link,
        arxiv_id=_first(_ARXIV, [link or "", entry.get("id", "")]),
        doi=_doi(entry),
        published=_date(entry),
    )


def _title(entry: Any, version: str) -> str:
    return _text(entry.get("title_detail"), TITLE_CHARS, markup=version.startswith("rss"))


def _text(detail: Any, limit: int, *, markup: bool = False) -> str:
    """The plain text of one of the parser's text constructs.

    Atom says what is markup (RFC 4287, 3.1); RSS does not, so ``markup`` says it there.
    """
    if not detail:
        return ""
    value = str(detail.get("value") or "")
    return plain(shown(value) if markup or "html" in str(detail.get("type")) else value, limit)


def _abstract(entry: Any) -> tuple[str, tuple[str, ...]]:
    """The abstract without what some feeds write before it, and the authors named there."""
    content = entry.get("content") or [None]
    text = _text(entry.get("summary_detail") or content[0], 2 * ABSTRACT_CHARS)
    authors: tuple[str, ...] = ()
    if match := _LABELLED.match(text):
        authors = _names(re.split(r", ", match[1]))
    match = match or _ANNOUNCED.match(text)
    return plain(text[match.end() :] if match else text, ABSTRACT_CHARS), authors


def _authors(entry: Any) -> tuple[str, ...]:
    """The authors of an entry; a list of full names in one field is taken apart."""
    names = [str(author.get("name") or "") for author in entry.get("authors") or []]
    if len(names) == 1:
        parts = re.split(r"\s*;\s*" if ";" in names[0] else r",\s+", names[0])
        if ";" in names[0] or all(" " in part.strip() for part in parts):
            names = parts
        elif len(parts) % 2 == 0:  # "Curie, M., Noether, E."
            names = [
                f"{last}, {first}" for last, first in zip(parts[::2], parts[1::2], strict=True)
            ]
    return _names(names)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    tidy = (plain(shown(name), AUTHOR_CHARS) for name in names)
    return tuple(name for name in tidy if name)[:AUTHORS]


def _links(entry: Any) -> list[Any]:
    """The addresses of an entry, the one to follow first."""
    rest = [link.get("href", "") for link in entry.get("links") or []]
    return [entry.get("link", ""), *rest]


def _doi(entry: Any) -> str | None:
    """The DOI an entry names in a field meant for it or in one of its links."""
    fields = [entry.get(key, "") for key in ("arxiv_doi", "prism_doi", "dc_identifier")]
    links = [link for link in _links(entry) if "doi.org/" in str(link)]
    found = _first(_DOI, [*fields, *links])
    return plain(found, 300).lower() if found else None


def _first(pattern: re.Pattern[str], texts: Iterable[Any]) -> str | None:
    """The first group of the first match in ``texts``."""
    matches = (pattern.search(str(text)) for text in texts)
    return next((match[1] for match in matches if match), None)


def _date(thing: Any) -> dt.date | None:
    """The day (UTC) that a feed or an entry names for itself; when first published, if it says."""
    named = (thing[key] for key in ("published_parsed", "updated_parsed") if key in thing)
    parsed = next(filter(None, named), None)  # asked with "in": get() warns about its own fallback
    try:
        return dt.date(*parsed[:3]) if parsed else None
    except ValueError:  # a year 0, a 31 February
        return None
