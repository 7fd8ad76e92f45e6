"""Bullet lists of papers, one item a paper, become reports of papers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.collect.banner import is_navigation
from digest.collect.fields import (
    Found,
    day_in,
    like_names,
    meaning,
    names_in,
    reports_of,
    votes_in,
)
from digest.collect.labelled import label_of
from digest.collect.links import unlinked
from digest.collect.page_dates import day_within
from digest.collect.page_items import like_a_sentence, like_an_abstract
from digest.collect.tables import shown_cell
from digest.collect.texts import bare, text_of
from digest.collect.turns import ends_like_a_text
from digest.errors import SourceError
from digest.papers import Report

BULLET = re.compile(r"(?P<indent>[ \t]*)(?:[-*+•]|\d{1,4}[.)])[ \t]+(?P<text>\S.*)")
_BUTTON = re.compile(
    r"\W*(?:(?:arxiv|pdf|paper|abs|html|link|url|doi|hf|hugging\s*face|code|github|project(?:\s+page)?|page|website"
    r"|demo|data(?:set)?|model|video|blog|here)(?:\s*(?:link|page))?|(?:arxiv:)?\d{4}\.\d{4,5}(?:v\d+)?)\W*",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"(?:\*\*)?(?P<date>\d{4}-\d\d-\d\d)(?:\*\*)?\s*[,:|–—-]?\s+(?=\*\*|__|\[)", re.ASCII
)
_EMPTY = re.compile(
    r"\b(?:paper|pdf|code|github|project|page|link|url)s?\s*:(?=[\s,;*_]*(?:null[\s*_]*)?(?:$|[,;]|\w+\s*:))[\s*_]*(?:null[\s*_]*)?",
    re.I,
)
"""A label whose link is taken away."""
_BOLD = re.compile(r"(?:\[[ xX]\]\s*)?(?:\*\*|__)(?P<title>.+?)(?:\*\*|__)(?P<rest>.*)", re.S)
_LINK_FIRST = re.compile(
    r"(?:\[[ xX]\]\s*)?\[(?P<title>(?:\\.|[^\[\]\\]|\[(?:\\.|[^\[\]\\])*\])*)\]"
    r"\((?P<href>(?:[^()\s]|\([^()\s]*\))*)\)(?P<rest>.*)",
    re.S,
)
_QUOTED = re.compile(
    r"(?P<title>[^\[\]]{3,400}?)[\s,:.–—|-]*(?P<rest>[\[(]{1,2}[^\[\]]{1,40}\]{1,2}\(https?:.*)",
    re.S,
)


@dataclass(slots=True)
class _Entry:
    line: int
    text: str
    date: dt.date | None
    below: list[str] = field(default_factory=list)


def is_list(text: str) -> bool:
    """Whether most lines at the margin are bullets that name a linked or bold title."""
    lines = [
        line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")
    ]
    edge = _edge(lines)
    flat = [line for line in lines if len(line) - len(line.lstrip()) <= edge]
    items = [line for line in flat if (match := BULLET.fullmatch(line)) and _named(match["text"])]
    return 2 * len(items) > len(flat)


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a bullet list in its order, each reported on the date in the heading above it.

    With ``salvage`` items that are no papers are left out. Raises: SourceError with the line of
    the first such item.
    """
    text = text_of(data, name, salvage=salvage)
    entries = list(_entries(text.split("\n"), arrived))
    found = [(entry, _found(entry, arrived)) for entry in entries]
    bad = next((entry.line for entry, paper in found if paper is None), None)
    reports = reports_of((paper for _, paper in found if paper), name)
    if bad and not (salvage and reports):
        raise SourceError(
            name, "this item of the list names no paper", line=bad, whole=len(reports)
        )
    if not reports:
        raise SourceError(name, "the list names no paper", line=1)
    return reports


def _edge(lines: list[str]) -> int:
    """The indent of the outermost bullets."""
    return min((len(m["indent"]) for line in lines if (m := BULLET.fullmatch(line))), default=0)


def _named(text: str) -> bool:
    return (
        "](http" in text or text.lstrip("[ ]xX").startswith(("**", "__"))
    ) and not text.startswith("[](")


def _entries(lines: list[str], arrived: dt.date) -> Iterator[_Entry]:
    """The outermost items with what stands below them, without tables of contents."""
    edge, date = _edge(lines), None
    entry: _Entry | None = None
    for number, line in enumerate(lines, start=1):
        bullet = BULLET.fullmatch(line)
        if bullet and len(bullet["indent"]) <= edge:
            if entry:
                yield entry
            entry = None if _skipped(bullet["text"]) else _Entry(number, bullet["text"], date)
        elif line.lstrip().startswith("#") or re.fullmatch(
            r"\s*(?:\*\*.*\*\*|<summary>.*)\s*", line
        ):
            if entry and line.startswith((" ", "\t")):
                entry.below.append(line)
                continue
            date = day_within(re.sub(r"<[^<>]*>", "", line), arrived) or date
            if entry:
                yield entry
            entry = None
        elif entry and line.strip():
            entry.below.append(line)
    if entry:
        yield entry


def _skipped(text: str) -> bool:
    """Whether an item is navigation: a button, or a link within the same document."""
    shown, _ = unlinked(text)
    return (
        is_navigation(shown)
        or re.fullmatch(r"\[[^\[\]]*\]\((?:#|\.?/)[^()]*\)", text.strip()) is not None
    )


def _found(entry: _Entry, arrived: dt.date) -> Found | None:
    """What one item says, or None when it names no paper."""
    dated = _DATED.match(entry.text)
    parts = _title_and_rest(entry.text[dated.end() if dated else 0 :])
    if not parts:
        return None
    title, rest = parts
    below = [shown_cell(line) for line in entry.below]
    links = [href for text in (entry.text, *below) for _, href in unlinked(text)[1]]
    found = Found(title=title, links=[link for link in links if link.startswith("http")])
    found.ids = re.findall(r"arXiv:\s?\S+", " ".join([entry.text, *below]), re.IGNORECASE)
    found.published = day_in(dated["date"], arrived) if dated else None
    _take(found, rest, arrived)
    last = ""
    for text in below:
        last = _take_below(found, text, arrived, last)
    found.links.sort(
        key=lambda link: not re.search(r"arxiv\.org|huggingface\.co/papers|doi\.org", link)
    )
    found.reported = entry.date or found.published
    return found


def _title_and_rest(text: str) -> tuple[str, str] | None:
    """The title of an item: bold, the text of its first link, or what stands before the links."""
    linked = _LINK_FIRST.match(text)
    if linked and not _BUTTON.fullmatch(linked["title"]):
        return bare(unlinked(bare(linked["title"]))[0]), linked["rest"]
    if bold := _BOLD.match(text):
        return unlinked(bold["title"])[0].strip(" .:"), bold["rest"]
    if linked:
        inner = re.match(r"[\s:–—|-]*(.{3,400}?)(?:\s+[-–—|]\s+|$)(.*)", linked["rest"])
        return (bare(inner[1]), inner[2]) if inner else None
    if quoted := _QUOTED.match(text):
        return bare(quoted["title"].strip('"“” ')), quoted["rest"]
    return None


def _take(found: Found, rest: str, arrived: dt.date) -> None:
    """Put what stands behind a title where it belongs: buttons away, then authors or abstract."""
    for label, href in unlinked(rest)[1]:
        if _BUTTON.fullmatch(label) or label == href:
            rest = re.sub(
                r"[\[(]*\[?" + re.escape(label) + r"\]?(?:\(" + re.escape(href) + r"\))?[\])]*",
                " ",
                rest,
                count=1,
            )
    text = unlinked(re.sub(r"\(\s*\)|\[\s*\]", " ", rest))[0]
    text = _EMPTY.sub("", text)
    for part in re.findall(r"\(([^()]{4,40})\)", text):
        if day := day_in(part, arrived):
            found.published, text = day, text.replace(f"({part})", " ")
    text = re.sub(r"^[\s:,.|–—*_-]+", "", re.sub(r"\s+", " ", text)).rstrip(" ,;*_")
    head, dash, tail = text.partition(" - ") if " - " in text else text.partition(": ")
    if dash and len(tail) > len(head) and like_names(bare(head)) and _abstract_in(tail):
        found.authors, found.abstract = names_in(bare(head)), tail
    elif _abstract_in(text) or (
        ends_like_a_text(text) and len(text) >= 40 and not like_names(bare(text))
    ):
        found.abstract = text
    elif text and not _BUTTON.fullmatch(text) and like_names(bare(text)):
        found.authors = names_in(bare(re.sub(r"^by\s+", "", text, flags=re.I)))
    if re.search(r"[👍▲⬆]|votes", text):
        found.votes = votes_in(text)


def _abstract_in(text: str) -> bool:
    """Whether ``text``, standing where an abstract may, is one: it may be short."""
    return like_an_abstract(text) or like_a_sentence(text)


def _take_below(found: Found, line: str, arrived: dt.date, last: str) -> str:
    """Put a line below an item where it belongs; ``last`` is where the line before went."""
    bullet = BULLET.fullmatch(line)
    text = bullet["text"] if bullet else line
    if label := label_of(text):
        what = next((what for _, what in sorted(meaning(label[0]))), "other")
        value = unlinked(label[1])[0]
        if what == "abstract" and not found.abstract:
            found.abstract = value
        elif what == "authors":
            found.authors = names_in(value)
        elif what == "date":
            found.published = day_in(value, arrived)
        elif what == "votes":
            found.votes = votes_in(value)
        elif what == "categories":
            found.categories = re.split(r"\s*[,;]\s*", value)
        elif what in ("id", "doi"):
            found.ids.append(value)
        return what
    shown = bare(unlinked(text)[0])
    if not bullet and last == "abstract" and found.abstract:
        found.abstract = f"{found.abstract} {shown}"
        return last
    if not found.abstract and (
        _abstract_in(shown) or (ends_like_a_text(shown) and len(shown) >= 40)
    ):
        found.abstract = shown
        return "abstract"
    if (
        not found.authors
        and not _BUTTON.fullmatch(shown)
        and "://" not in shown
        and like_names(shown)
    ):
        found.authors = names_in(re.sub(r"^by\s+", "", shown, flags=re.I))
        return "authors"
    return ""
