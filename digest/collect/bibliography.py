"""Bibliographies: BibTeX, RIS and Zotero's CSV become reports of papers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable

from digest.collect import bibtex
from digest.collect.guards import decoded, refuse_foreign
from digest.collect.latex import unicode_of
from digest.collect.people import names_in, tidy_names
from digest.collect.plain import ABSTRACT_CHARS, TITLE_CHARS, plain, safe_link
from digest.errors import SourceError
from digest.papers import Paper, Report, arxiv_id_in, doi_in

MAX_BIBLIOGRAPHY_BYTES = 32_000_000
"""The largest bibliography read: some 15,000 papers with abstracts."""

Numbered = tuple[int, Paper | None]
"""A paper and its line; None where the entry is broken."""

_BIBTEX = re.compile(r"(?m)(?:^|[}\s])@\s*[A-Za-z]{1,30}\s*[{(]")
_RIS = re.compile(r"(?m)^\s{0,3}TY {1,2}- ?[A-Z]")
_RIS_LINE = re.compile(r"\s{0,3}([A-Z][A-Z0-9]) {1,2}-(?: (.*)|)$")
_DAY = re.compile(r"(\d{4})(?:\D{1,3}(\d{1,2}|[A-Za-z]{3})[a-z]*(?:\D{1,3}(\d{1,2}))?)?")
_AND = re.compile(r"\s+and\s+")
_HIDDEN_AND = re.compile(r"\{[^{}]*\sand\s[^{}]*\}")


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a BibTeX, RIS or Zotero CSV file in its order; recognised by content.

    Entries without a title are left out. Raises: SourceError when it is none of the three, when
    it names no paper, or, unless ``salvage``, when an entry is broken; then its line is named.
    """
    del arrived  # a bibliography names no day on which it reports
    if len(data) > MAX_BIBLIOGRAPHY_BYTES:
        raise SourceError(name, f"it is larger than {MAX_BIBLIOGRAPHY_BYTES // 1_000_000} MB")
    refuse_foreign(data, name, "a bibliography")
    text = decoded(data)
    reader = _reader(text)
    if reader is None:
        raise SourceError(name, "it is neither BibTeX nor RIS nor Zotero's CSV")
    found = list(reader(text))
    papers = [paper for _, paper in found if paper]
    broken = next((line for line, paper in found if paper is None), None)
    if broken is not None and not salvage:
        whole = sum(paper is not None for line, paper in found if line < broken)
        raise SourceError(name, "an entry is not complete", line=broken, whole=whole)
    titled = [paper for paper in papers if paper.title]
    if not titled:
        raise SourceError(name, "it names no papers with a title")
    return [Report(paper, name, position) for position, paper in enumerate(titled, start=1)]


def _reader(text: str) -> Callable[[str], Iterable[Numbered]] | None:
    """The reader of the kind of bibliography that ``text`` looks like."""
    first = text.lstrip("\ufeff\n ").partition("\n")[0]
    if "Title" in first and "Author" in first and "," in first and "@" not in first:
        return _from_csv
    if _RIS.search(text):
        return _from_ris
    return _from_bibtex if _BIBTEX.search(text) else None


def _from_bibtex(text: str) -> Iterable[Numbered]:
    line, counted = 1, 0
    for entry in bibtex.entries(text):
        line, counted = line + text.count("\n", counted, entry.start), entry.start
        yield line, None if entry.fields is None else _bibtex_paper(entry.fields)


def _bibtex_paper(fields: dict[str, str]) -> Paper:
    def get(*names: str) -> str:
        return next((fields[name] for name in names if fields.get(name)), "")

    eprint = get("eprint", "arxivid", "arxiv")
    archive = get("archiveprefix", "eprinttype").strip().lower()
    hidden = _HIDDEN_AND.sub(lambda found: found[0].replace(" and ", "\0"), get("author"))
    authors = (name.replace("\0", " and ") for name in _AND.split(hidden.strip()))
    date = " ".join((get("year"), get("month"))) if get("year") else get("date")
    return _paper(
        title=unicode_of(get("title")),
        abstract=unicode_of(get("abstract")),
        authors=[unicode_of(name) for name in authors if name.strip().lower() != "others"],
        links=[unicode_of(get(key)) for key in ("url", "link", "howpublished")],
        doi=unicode_of(get("doi")),
        ids=[f"arXiv:{eprint}" if archive in ("", "arxiv") else "", get("journal"), get("note")],
        date=date,
    )


def _from_ris(text: str) -> Iterable[Numbered]:
    fields: dict[str, list[str]] = {}
    begun, tag = 0, ""
    for number, line in enumerate(text.split("\n"), start=1):
        found = _RIS_LINE.match(line)
        if found is None:
            if begun and tag and line.strip():
                fields[tag][-1] += f" {line.strip()}"
            continue
        tag, value = found[1], (found[2] or "").strip()
        if tag in ("TY", "ER"):
            if begun and (fields or tag == "ER"):
                yield begun, _ris_paper(fields)
            begun, fields = (number if tag == "TY" else 0), {}
        fields.setdefault(tag, []).append(value)
    if begun:
        yield begun, None


def _ris_paper(fields: dict[str, list[str]]) -> Paper:
    def get(*tags: str) -> list[str]:
        return [value for tag in tags for value in fields.get(tag, []) if value]

    return _paper(
        title=next(iter(get("TI", "T1")), ""),
        abstract=next(iter(get("AB", "N2")), ""),
        authors=get("AU") or get("A1", "A2"),
        links=get("UR", "L1", "L2", "LK"),
        doi=next(iter(get("DO")), ""),
        ids=get("M1", "AN", "JO", "T2", "PB", "N1"),
        date=next(iter(get("DA", "PY", "Y1")), ""),
    )


def _from_csv(text: str) -> Iterable[Numbered]:
    csv.field_size_limit(10_000_000)
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), strict=True)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error:
            yield line, None
            return
        if row is None:
            return
        yield line, _csv_paper({str(key): str(value or "") for key, value in row.items()})


def _csv_paper(row: dict[str, str]) -> Paper:
    author = row.get("Author", "")
    return _paper(
        title=row.get("Title", ""),
        abstract=row.get("Abstract Note", "") or row.get("Abstract", ""),
        authors=author.split(";") if ";" in author else names_in(author),
        links=[row.get("Url", "") or row.get("URL", "")],
        doi=row.get("DOI", ""),
        ids=[row.get(key, "") for key in ("Extra", "Archive Location", "Publication Title")],
        date=row.get("Date", "") or row.get("Publication Year", ""),
    )


def _paper(
    *, title: str, abstract: str, authors: Iterable[str], links: Iterable[str], doi: str,
    ids: Iterable[str], date: str,
) -> Paper:  # fmt: skip
    """A paper of what any of the kinds of bibliography says, made plain."""
    safe = [link for text in links if (link := safe_link(text))]
    guises = [*safe, doi, *(text for text in ids if "arxiv" in text.lower())]
    known = next(filter(None, (arxiv_id_in(text) for text in guises if text)), None)
    dois = (doi_in(text) for text in (doi, *safe) if text)
    number, version = known or (None, 0)
    return Paper(
        title=plain(title, TITLE_CHARS),
        abstract=plain(abstract, ABSTRACT_CHARS),
        authors=tidy_names(authors),
        link=next(iter(safe), None) or (f"https://arxiv.org/abs/{number}" if number else None),
        arxiv_id=number,
        doi=plain(next(filter(None, dois), ""), 300) or None,
        published=_date(date),
        version=version,
    )


def _date(text: str) -> dt.date | None:
    """The day in "2024", "2024/03/05/", "2024-3" or "2024 mar"; a missing part is the first."""
    found = _DAY.search(text)
    if not found:
        return None
    month = (found[2] or "1").lower()
    named = bibtex.MONTHS.index(month) + 1 if month in bibtex.MONTHS else 0
    try:
        return dt.date(int(found[1]), named or int(month), int(found[3] or 1))
    except ValueError:
        return None
