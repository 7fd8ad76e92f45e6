"""Files of labelled fields, ``Title: … / PDF: … / Summary: … / ---``, become reports of papers.

Labels may be bold, the title a heading, papers divided by rules or blank lines. A paper begins at
its title and nowhere else, so that a lost title never gives its abstract to the paper before.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from digest.collect.fields import (
    Found,
    day_in,
    like_names,
    meaning,
    names_in,
    reports_of,
    votes_in,
)
from digest.collect.links import unlinked
from digest.collect.page_dates import day_within
from digest.collect.page_items import like_an_abstract
from digest.collect.texts import bare, text_of, without_front_matter
from digest.collect.turns import ends_like_a_text
from digest.errors import SourceError
from digest.papers import Report

LABEL = re.compile(
    r"\s{0,3}(?:[-*+]\s+|>\s*)?(?P<bold>\*\*|__|\*|`)?(?P<label>[^\W\d_][\w /;-]{0,28}?)\s*"
    r"(?P<close>\*\*|__|\*|`)?\s*[:：]\s*(?:\*\*|__|\*(?=\s)|`)?\s*(?P<value>.*)"
)
HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?P<text>.*\S)")
RULE = re.compile(r"\s*(?:[-=*_]\s*){3,}")
_TAGS = re.compile(r"\s*(?:</?(?:details|div|p|br|hr|a)(?:\s[^<>]*)?/?>\s*)+", re.IGNORECASE)
_FOLDED = re.compile(
    r"\s*(?:<details(?:\s[^<>]*)?>\s*)?<summary>(?P<label>[^<>]*)</summary>\s*", re.IGNORECASE
)
_ITALIC = re.compile(r"\*(?P<text>[^*\s][^*]*)\*|_(?P<under>[^_\s][^_]*)_")
_NUMBER = re.compile(r"^(?:\d{1,3}[.)]|\[\d{1,4}\](?=\s*\[))\s+")
_PLAIN = frozenset(
    "title papertitle pdf pdfurl pdflink summary abstract authors author url link links arxiv"  # noqa: SIM905
    " arxivid id doi date published publisheddate publicationdate categories category subjects"
    " tags upvotes votes likes submitted paperurl arxivurl paperlink tl;dr tldr"
    " description maincategory".split()
)
"""Labels that count without being bold; others may begin a line of an abstract ("Code: …")."""


@dataclass(slots=True)
class _Record:
    line: int
    fields: dict[str, list[str]] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    closed: bool = False
    date: dt.date | None = None
    abstract_rank: int = 0


class _Misfit(Exception):
    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(why)


def label_of(line: str) -> tuple[str, str] | None:
    """The label a line begins with, in small letters, and the text behind it; None for none."""
    match = LABEL.fullmatch(line)
    if not match:
        return None
    word = re.sub(r"[^\w;]|_", "", match["label"].casefold())
    known = word in _PLAIN or (match["bold"] and (meaning(word) or match["bold"] in ("**", "__")))
    return (word, match["value"].strip().removesuffix("`")) if known else None


def is_labelled(text: str) -> bool:
    """Whether ``text`` has titles, by label or as headings, and other labels below them."""
    text = without_front_matter(text)
    lines = text.split("\n")
    labels = [found[0] for line in lines if (found := label_of(line))]
    kinds = {what for label in labels for _, what in meaning(label)}
    if {"title", "papertitle"} & set(labels):
        return bool(kinds - {"title"}) and not re.search(
            r"^(?:URL Source|Markdown Content):", text, re.M
        )
    bold = sum(
        1
        for line in lines
        if re.match(
            r"\s*(?:[-*+]\s+)?(?:\*\*|__)[^*_]{1,30}(?::\s*(?:\*\*|__)|(?:\*\*|__)\s*:)", line
        )
        and label_of(line)
    )
    headings = sum(1 for line in lines if HEADING.fullmatch(line))
    linked = sum(1 for line in lines if HEADING.fullmatch(line) and "](http" in line)
    if linked and 2 * labels.count("abstract") >= linked:
        return True
    return bool(bold and headings and {"abstract", "authors"} & kinds and bold >= headings // 2)


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a labelled file in its order.

    With ``salvage`` a file that does not hold together gives the papers before the line where it
    stops to do so. Raises: SourceError with that line.
    """
    text = without_front_matter(text_of(data, name, salvage=salvage))
    records: list[_Record] = []
    misfit: _Misfit | None = None
    try:
        _take_all(text.split("\n"), records, arrived)
    except _Misfit as error:
        misfit = error
    found = [_found(record, arrived) for record in records]
    if misfit is None and (cut := _cut_off(found)):
        misfit = _Misfit(records[-1].line, cut)
        found.pop()
    if not records and misfit is None:
        misfit = _Misfit(1, "no labelled paper is found")
    if misfit and not (salvage and found):
        raise SourceError(name, misfit.why, line=misfit.line, whole=len(found))
    return reports_of(found, name)


def _take_all(lines: list[str], records: list[_Record], arrived: dt.date) -> None:
    """Put every line where it belongs. Raises: _Misfit where a paper has no title."""
    by_heading = not any(
        (found := label_of(line)) and found[0] in ("title", "papertitle") for line in lines
    )
    heads = _title_headings(lines) if by_heading else set()
    key, date = "", None
    for number, line in enumerate(lines, start=1):
        found = label_of(line)
        heading = HEADING.fullmatch(line)
        if number in heads and heading:
            records.append(_Record(number, {"title": [heading["text"]]}, date=date))
            key = ""
        elif RULE.fullmatch(line):
            key = ""
            _close(records)
        elif (fold := _FOLDED.fullmatch(line)) or _TAGS.fullmatch(line):
            key = _take_fold(records[-1], number, fold["label"]) if fold and records else ""
        elif found and found[0] in ("title", "papertitle") and not by_heading:
            records.append(_Record(number, {"title": [found[1]]}, {found[0]}, date=date))
            key = "title"
        elif found and found[1] == "" and not meaning(found[0]):
            key = "other"
        elif found:
            if not records:
                date = date or (day_in(found[1], arrived) if found[0] == "date" else None)
                continue
            key = _take_label(records[-1], number, *found)
        elif heading:
            date, key = day_within(heading["text"], arrived) or date, ""
        elif not line.strip():
            key = key if key == "abstract" or (records and not records[-1].fields.get(key)) else ""
        elif records:
            key = _take_text(records[-1], key, line.strip(), number)


def _close(records: list[_Record]) -> None:
    """End the last paper, if there is one."""
    for record in records[-1:]:
        record.closed = True


def _title_headings(lines: list[str]) -> set[int]:
    """The numbers of the headings with a label below them, before the next heading."""
    last, heads = 0, set()
    for number, line in enumerate(lines, start=1):
        if HEADING.fullmatch(line):
            last = number
        elif last and label_of(line):
            heads.add(last)
            last = 0
    return heads


def _take_label(record: _Record, number: int, label: str, value: str) -> str:
    """Add a field. Raises: _Misfit when it can only be of another paper, whose title is lost."""
    if record.closed or label in record.labels:
        raise _Misfit(number, "a paper without a title")
    record.labels.add(label)
    rank, what = min(meaning(label), default=(0, "other"))
    if what == "abstract" and record.fields.get("abstract"):
        if rank >= record.abstract_rank:
            what = "other"  # a summary below the abstract
        else:
            del record.fields["abstract"]  # the abstract below a summary
    if what == "abstract":
        record.abstract_rank = rank
    record.fields.setdefault(what, []).append(value)
    return what


def _take_fold(record: _Record, number: int, label: str) -> str:
    """Begin a part that can be folded away; only what it is called tells what it holds."""
    word = re.sub(r"\W", "", label.casefold())
    if min(meaning(word), default=(0, ""))[1] == "abstract":
        return _take_label(record, number, word, "")
    return "folded"


def _take_text(record: _Record, key: str, line: str, number: int) -> str:
    """Add a line without label: more of its field, links, or an abstract without a label."""
    if record.closed:
        raise _Misfit(number, "text between two papers")
    if key == "folded" and (LABEL.fullmatch(line) or "abstract" in record.fields):
        return key
    if record.fields.keys() == {"title"} and (italic := _ITALIC.fullmatch(line)):
        people = italic["text"] or italic["under"]
        if like_names(people):
            record.fields["authors"] = [people]
            return ""
    values = record.fields.get(key)
    if values and (key == "abstract" or not like_an_abstract(line)):
        values[-1] = f"{values[-1]} {line}"
        return key
    if "abstract" not in record.fields and like_an_abstract(unlinked(line)[0]):
        record.fields["abstract"] = [line]
        return "abstract"
    record.fields.setdefault("link", []).append(line)
    return ""


def _found(record: _Record, arrived: dt.date) -> Found:
    """What one record says."""

    def text(what: str) -> str:
        return " ".join(record.fields.get(what, []))

    title, links = unlinked(_NUMBER.sub("", bare(text("title"))))
    named = [
        href
        for what in ("link", "id", "doi")
        for v in record.fields.get(what, [])
        for _, href in unlinked(v)[1]
    ]
    abstract = text("abstract")
    found = Found(
        title=bare(title),
        abstract=abstract,
        authors=names_in(unlinked(text("authors"))[0]),
        links=[href for _, href in links] + named,
        ids=[unlinked(v)[0] for what in ("id", "doi", "link") for v in record.fields.get(what, [])],
        published=day_in(text("date"), arrived),
        votes=votes_in(text("votes")),
        categories=re.split(r"\s*[,;]\s*", text("categories")) if text("categories") else (),
    )
    found.reported = record.date or found.published
    return found


def _cut_off(found: list[Found]) -> str | None:
    """What the last paper lacks that all others have; None when it ends as they do."""
    *others, last = found or [Found()]
    if not others:
        return None
    if all(one.abstract for one in others) and not last.abstract:
        return "the last paper has no abstract, so the file is cut off"
    if all(ends_like_a_text(one.abstract) for one in others) and not ends_like_a_text(
        last.abstract
    ):
        return "the last abstract stops in the middle of a sentence, so the file is cut off"
    return None
