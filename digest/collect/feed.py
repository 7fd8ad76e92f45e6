"""Feeds: RSS, RDF and Atom become reports of papers."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin

from digest.collect.feed_bytes import mended
from digest.collect.guards import refuse_entities, refuse_foreign
from digest.collect.markup import shown
from digest.collect.people import names_in, tidy_names
from digest.collect.plain import ABSTRACT_CHARS, TITLE_CHARS, plain, safe_link
from digest.errors import SourceError
from digest.papers import Announced, Paper, Report, arxiv_id_in, doi_in

MAX_FEED_BYTES = 32_000_000
"""The largest feed parsed: 10,000 papers with abstracts at arXiv's limit fit. The parser needs
about ten times as much memory as the feed has bytes."""

CATEGORIES = 50
"""Categories kept of one paper; the longest list on arXiv has under twenty."""

_PARSER_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What the parser is known to raise on broken bytes, beside the faults it reports by itself."""

_got = dict.get
"""The parser's own ``get`` looks up aliases that are not asked for here, at half our time."""

_ANNOUNCED = re.compile(
    r"(?P<id>arXiv:\S{1,40}) Announce Type: (?P<type>[\w-]{1,20})(?: |$)(?:Abstract: )?"
)
_TYPES: dict[str, Announced] = {
    "cross": "cross", "replace": "replace", "replace-cross": "replace-cross",
    "replacement": "replace", "cross-list": "cross",
}  # fmt: skip
_LABELLED = re.compile(r"Authors: (.{0,20000}?) Upvotes: (-?[0-9]{1,9}) Summary:(?: |$)")
_VOTED = re.compile(r"(?:Upvotes|Votes|Likes): (-?[0-9]{1,9})\b[ |·,;]*")
_END = re.compile(rb"</(?:\w{1,20}:)?(?:rss|rdf|feed|channel)\s*>|/>\s*\Z", re.IGNORECASE)
_ENTRY_END = re.compile(rb"</(?:\w{1,20}:)?(?:item|entry)\s*>", re.IGNORECASE)
_PUBLISHERS_DOI = re.compile(r"/(?:doi|content)/(?:[a-z]{1,8}/){0,2}(?=10\.\d{4,9}/)")
_PREPRINTS_VERSION = re.compile(r"(10\.1101/\d{4}\.\d\d\.\d\d\.\d{6,9}|10\.1101/\d{6})v\d+.*")


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a feed in its order; none when it is well formed and empty.

    Each is reported on the feed's own date, else on its entry's. Entries without a title are left
    out. One that is cut off is rejected whole, but for ``salvage``, which takes the entries before
    the cut; one that is not well formed otherwise gives the entries that could be read, as each
    stands for itself. Raises: SourceError when there are none, or when the feed is an error
    message.
    """
    del arrived  # a feed's dates name their year
    parsed = _parsed(data, name)
    version = str(parsed.get("version") or "")
    whole = _whole(data)
    if version and whole is not None and not (salvage and whole):
        raise SourceError(
            name, "it is cut off: it has no end", line=data.count(b"\n") + 1, whole=whole
        )
    titled = ((entry, _title(entry, version)) for entry in parsed.entries[:whole])
    entries = [(entry, title) for entry, title in titled if title]
    if not version or (parsed.bozo and not entries):
        raise SourceError(name, "it is not a well-formed feed")
    for entry, _ in entries:
        if "arxiv.org/api/errors" in _got(entry, "id", ""):
            answer = plain(_got(entry, "summary", ""), 200)
            raise SourceError(name, f"it is an error message of arXiv: {answer}")
    date, base = _date(parsed.feed), str(parsed.feed.get("link") or "")
    return [
        _report(entry, title, base, (name, position, date))
        for position, (entry, title) in enumerate(entries, start=1)
    ]


def _whole(data: bytes) -> int | None:
    """How many entries of a feed that is cut off are complete; None when its end is there."""
    text = data.replace(b"\0", b"") if b"\0" in data[:4] else data  # UTF-16, as far as it matters
    if _END.search(text[-4096:]):
        return None
    return len(_ENTRY_END.findall(text))


def _parsed(data: bytes, name: str) -> Any:
    """What feedparser makes of ``data``. Raises: SourceError."""
    import feedparser  # late: it is slow to import, and few commands read feeds

    if len(data) > MAX_FEED_BYTES:
        why = f"it is larger than the {MAX_FEED_BYTES // 1_000_000} MB a feed may have"
        raise SourceError(name, why)
    refuse_foreign(data, name, "a feed")
    refuse_entities(data, name)
    try:  # a stream, for what looks like an address would be fetched; as text, for nothing of it
        return feedparser.parse(  # is shown as HTML, and sanitising drops "<SEG>"
            io.BytesIO(mended(data)), sanitize_html=False, resolve_relative_uris=False
        )
    except _PARSER_FAULTS as error:
        raise SourceError(name, "it is not a well-formed feed") from error


def _report(entry: Any, title: str, base: str, at: tuple[str, int, dt.date | None]) -> Report:
    """The report of one entry; ``at`` is the source, the position and the feed's own day."""
    text, announced = _description(entry)
    votes: int | None = None
    authors: tuple[str, ...] = ()
    if announced:
        text = text[announced.end() :]
    elif labelled := _LABELLED.match(text):
        authors, votes = tidy_names(labelled[1].split(", ")), int(labelled[2])
        text = text[labelled.end() :]
    elif voted := _VOTED.match(text):
        votes, text = int(voted[1]), text[voted.end() :]
    link = next(filter(None, (_link(str(link), base) for link in _links(entry))), None)
    arxiv_id, version = _arxiv(link, entry, announced)
    paper = Paper(
        title=title,
        abstract=plain(text, ABSTRACT_CHARS),
        authors=authors or _authors(entry),
        link=link,
        arxiv_id=arxiv_id,
        doi=_doi(entry),
        published=_date(entry),
        categories=_categories(entry),
        version=version,
    )
    name, position, date = at
    kind = _announced(entry, announced)
    return Report(paper, name, position, date or paper.published, kind, votes)


def _title(entry: Any, version: str) -> str:
    markup = version.startswith("rss") and "arxiv_announce_type" not in entry
    return _text(_got(entry, "title_detail"), TITLE_CHARS, markup=markup)


def _text(detail: Any, limit: int, *, markup: bool = False) -> str:
    """The plain text of one of the parser's text constructs.

    Atom says what is markup (RFC 4287, 3.1); RSS does not, so ``markup`` says it there.
    """
    if not detail:
        return ""
    value = str(_got(detail, "value") or "")
    return plain(shown(value) if markup or "html" in str(_got(detail, "type")) else value, limit)


def _description(entry: Any) -> tuple[str, re.Match[str] | None]:
    """What an entry says of its paper, and how arXiv begins it, where it does.

    arXiv's text is no HTML, in RSS either: there, and only there, ``<b>`` is a letter in brackets.
    """
    content = _got(entry, "content") or [None]
    detail = _got(entry, "summary_detail") or content[0]
    value = str(_got(detail, "value") or "") if detail else ""
    if value.lstrip().startswith("arXiv:"):
        text = plain(value, 2 * ABSTRACT_CHARS)
        if announced := _ANNOUNCED.match(text):
            return text, announced
    return _text(detail, 2 * ABSTRACT_CHARS), None


def _announced(entry: Any, announced: re.Match[str] | None) -> Announced:
    """What arXiv says of the paper, in its own element or in words; "new" by all others."""
    said = _got(entry, "arxiv_announce_type") or (announced["type"] if announced else "new")
    return _TYPES.get(str(said).strip().lower(), "new")


def _arxiv(link: str | None, entry: Any, announced: re.Match[str] | None) -> tuple[str | None, int]:
    """The arXiv id of an entry and the highest version that the entry names of it."""
    texts = [link or "", str(_got(entry, "id", "")), announced["id"] if announced else ""]
    found = [known for text in texts if text and (known := arxiv_id_in(text))]
    if not found:
        return None, 0
    number = found[0][0]
    return number, max(version for other, version in found if other == number)


def _authors(entry: Any) -> tuple[str, ...]:
    """The authors of an entry; a list of full names in one field is taken apart."""
    names = [str(_got(author, "name") or "") for author in _got(entry, "authors") or []]
    return names_in(names[0]) if len(names) == 1 else tidy_names(names)


def _categories(entry: Any) -> tuple[str, ...]:
    """The categories of an entry, each once, arXiv's primary one first."""
    primary = _got(entry, "arxiv_primary_category") or {}
    first = [_got(primary, "term")] if isinstance(primary, dict) else []
    terms: Iterable[Any] = (*first, *(_got(tag, "term") for tag in _got(entry, "tags") or []))
    tidy = (plain(str(term), 100) for term in terms if term)
    return tuple(dict.fromkeys(term for term in tidy if term))[:CATEGORIES]


def _links(entry: Any) -> list[Any]:
    """The addresses of an entry, the one to follow first."""
    rest = [_got(link, "href", "") for link in _got(entry, "links") or []]
    return [_got(entry, "link", ""), *rest]


def _link(link: str, base: str) -> str | None:
    """``link`` where it is safe; a relative one as seen from the feed's own page."""
    link = link.strip()
    if link and ":" not in link.partition("/")[0]:
        try:
            link = urljoin(base, link)
        except ValueError:
            return None
    return safe_link(link) if link else None


def _doi(entry: Any) -> str | None:
    """The DOI an entry names in a field meant for it, as its id, or in one of its links."""
    keys = ("arxiv_doi", "prism_doi", "dc_identifier", "id")
    named = [str(_got(entry, key) or "") for key in keys]
    texts = (re.sub(r"^info:doi/", "doi:", text.strip()) for text in named)
    links = (_PUBLISHERS_DOI.sub(" doi:", str(link)) for link in _links(entry))
    found = next(filter(None, (doi_in(text) for text in (*texts, *links) if "10." in text)), None)
    return plain(_PREPRINTS_VERSION.sub(r"\1", found), 300) if found else None


def _date(thing: Any) -> dt.date | None:
    """The day (UTC) that a feed or an entry names for itself; when first published, if it says."""
    named = (thing[key] for key in ("published_parsed", "updated_parsed") if key in thing)
    parsed = next(filter(None, named), None)  # asked with "in": get() warns about its own fallback
    try:
        return dt.date(*parsed[:3]) if parsed else None
    except ValueError:  # a year 0, a 31 February
        return None
