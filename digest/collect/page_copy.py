"""Copies of a "daily papers" page by other converters become reports of papers.

Read by what the page is made of, not by one converter's signs: the text that is linked to a
paper's own page is its title, the long text linked to the same page or standing below is its
abstract, and a number right above (or below) is its votes. Where nothing is linked, addresses on
lines of their own, else the votes above the titles, tell where papers begin.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable

from digest.collect.banner import is_banner
from digest.collect.fields import Found, reports_of, visible, votes_in
from digest.collect.page_dates import page_date
from digest.collect.page_items import Item, items, like_a_sentence, like_an_abstract
from digest.collect.texts import text_of
from digest.collect.turns import LONG_CHARS
from digest.errors import SourceError
from digest.papers import Report

HOME = "https://huggingface.co/papers/"

_DAY = re.compile(r"huggingface\.co/papers/date/(\d{4}-\d\d-\d\d)", re.A)


_LINKED = re.compile(
    r"\]\((?:https?://(?:www\.)?(?:huggingface|hf)\.co)?/papers/\d{4}\.\d{4,5}"
    r"|^[ \t]*(?:\[?\w{1,5}[\].]:?[ \t]+|[-*<(]\s*)?"
    r"(?:(?:https?|file):/{2,3}(?:(?:www\.)?(?:huggingface|hf)\.co)?)?/?"
    r"papers/\d{4}\.\d{4,5}(?:#\w*)?[>)]?[ \t]*$"
    r"|^.{5,300}[(<]https?://(?:huggingface|hf)\.co/papers/\d{4}\.\d{4,5}[)>][ \t]*$",
    re.M | re.A,
)
_MARKED = re.compile(r"^[\W_]*\d{1,4} authors?\b.{0,60}$|^[ \t]*[·•][ \t]*$", re.M)
_COUNT = re.compile(
    r"^[ \t]*(?:[▲👍+]\s*)?\d{1,5}(?: (?:up)?votes?)?[ \t]*$|^[ \t]*Upvote\b", re.M | re.A
)
_LISTED = re.compile(
    r"^[ \t]{0,3}(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\*\*)?\[?[^\n]{0,500}\]\(https?://\S*/papers/\d",
    re.M,
)


def is_copy(text: str) -> bool:
    """Whether ``text`` is a copy of the page with more than titles and abstracts in it.

    It links to papers' own pages at the margin, or counts authors and votes on lines of their
    own. A bullet list with such links is none, unless the banner of the page is above it.
    """
    linked = len(_LINKED.findall(text))
    if linked:
        frame = (
            any(is_banner(line.strip(" #*_>-[]")) for line in text.split("\n"))
            or "/login?next=" in text
        )
        return frame or 2 * len(_LISTED.findall(text)) < linked
    return _MARKED.search(text) is not None or len(_COUNT.findall(text)) >= 2


class _Misfit(Exception):
    """A line where the page is not laid out as any known copy is."""

    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(why)


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a copied page in its order; an abstract is empty where the page shows none.

    With ``salvage`` a page that does not hold together gives the papers before the line where it
    stops to do so. Raises: SourceError with that line.
    """
    text = text_of(data, name, salvage=salvage)
    parts = items(text, arrived)
    titles, misfit = _checked(parts)
    starts = [index for index, _ in titles]
    first = starts[0] if starts else len(parts)
    date = _page_date(parts[:first], text, arrived)
    ends = [*starts[1:], len(parts)][: len(starts)]
    if misfit:
        ends = [
            end for start, end in zip(starts, ends, strict=True) if parts[start].line < misfit.line
        ]
        titles = titles[: len(ends)]
    above = _votes_above(parts, starts)
    found = [
        _found(parts, start, end, paper, above=above, today=date or arrived)
        for (start, paper), end in zip(titles, ends, strict=True)
    ]
    for one in found:
        one.reported = date
    if misfit and not (salvage and found):
        raise SourceError(name, misfit.why, line=misfit.line, whole=len(found))
    return reports_of(found, name)


def _checked(parts: list[Item]) -> tuple[list[tuple[int, str | None]], _Misfit | None]:
    """Where the titles stand and of which papers they are, and where that stops to hold."""
    linked = any(part.paper and part.kind == "text" for part in parts)
    addressed = any(part.kind == "address" for part in parts)
    find = _linked if linked else _addressed if addressed else _unlinked
    try:
        titles = find(parts)
    except _Misfit as misfit:
        return [], misfit
    if not titles:
        line = parts[0].line if parts else 1
        return [], _Misfit(line, "no title of a paper is found in this copy of a page")
    named = {paper for _, paper in titles}
    faults = [
        _Misfit(parts[index].line, "a text stands where a title should be")
        for index, _ in titles
        if not _like_a_title(parts[index].text)
    ]
    faults += [
        _Misfit(part.line, f"paper {part.paper} has no title")
        for part in parts
        if part.paper and part.paper not in named
    ][:1]
    return titles, min(faults, key=lambda fault: fault.line, default=None)


def _like_a_title(text: str) -> bool:
    return visible(text) and len(text) < LONG_CHARS and not is_banner(text)


def _linked(parts: list[Item]) -> list[tuple[int, str | None]]:
    """The titles where they are linked: of each paper its heading, else its first linked text."""
    best: dict[str, int] = {}
    for index, part in enumerate(parts):
        if part.kind == "text" and part.paper:
            before = best.setdefault(part.paper, index)
            if part.heading and not parts[before].heading:
                best[part.paper] = index
    return sorted((index, paper) for paper, index in best.items())


def _addressed(parts: list[Item]) -> list[tuple[int, str | None]]:
    """The titles where addresses stand alone: right above, above the abstract, or right below."""
    places = [i for i, part in enumerate(parts) if part.kind == "address"]
    places = [
        i
        for n, i in enumerate(places)
        if parts[i].paper not in {parts[j].paper for j in places[:n][-1:]}
    ]
    texts = [i for i, part in enumerate(parts) if part.kind == "text"]
    rules: list[Callable[[int], int | None]] = [
        lambda place: _short(
            parts, [i for i in range(max(0, place - 3), place) if i in set(texts)][-1:]
        ),
        lambda place: _above_abstract(parts, place),
        lambda place: _short(
            parts,
            [i for i in range(place + 1, min(len(parts), place + 4)) if parts[i].kind == "text"][
                :1
            ],
        ),
    ]
    fits = [[rule(place) for place in places] for rule in rules]
    for found in fits:
        if len({i for i in found if i is not None}) == len(places):
            return [
                (i, parts[p].paper) for i, p in zip(found, places, strict=True) if i is not None
            ]
    best = max(fits, key=lambda found: sum(i is not None for i in found))
    line = next(
        (parts[p].line for i, p in zip(best, places, strict=True) if i is None),
        parts[places[0]].line,
    )
    raise _Misfit(line, "no title stands beside the address of this paper")


def _short(parts: list[Item], places: list[int]) -> int | None:
    return next((i for i in places if not like_an_abstract(parts[i].text)), None)


def _above_abstract(parts: list[Item], place: int) -> int | None:
    """The title above the abstract that stands above ``place``."""
    for index in range(place - 1, max(-1, place - 12), -1):
        if parts[index].kind == "address":
            return None
        if parts[index].kind == "text" and like_an_abstract(parts[index].text):
            above = [i for i in range(max(0, index - 3), index) if parts[i].kind == "text"]
            return _short(parts, above[-1:])
    return None


def _unlinked(parts: list[Item]) -> list[tuple[int, str | None]]:
    """The titles where nothing is linked: right below votes, else right above an abstract."""
    texts = [i for i, part in enumerate(parts) if part.kind == "text"]
    below = [
        i
        for i in texts
        if i and parts[i - 1].kind == "votes" and not like_an_abstract(parts[i].text)
    ]
    below = [
        i
        for n, i in enumerate(below)
        if _is_paper(parts[i + 1 : below[n + 1] if n + 1 < len(below) else None])
    ]
    first = next(
        (i for i in texts if i + 1 < len(parts) and like_an_abstract(parts[i + 1].text)), None
    )
    if below and (first is None or first >= below[0]):
        _no_stray_abstract(parts, below)
        return [(i, None) for i in below]
    above = [
        i
        for n, i in enumerate(texts[:-1])
        if like_an_abstract(parts[texts[n + 1]].text) and not like_an_abstract(parts[i].text)
    ]
    _no_stray_abstract(parts, above)
    return [(i, None) for i in above]


def _is_paper(section: list[Item]) -> bool:
    """Whether what follows a title is of a paper: an abstract or a by-line."""
    return any(part.kind in ("date", "authors") or like_an_abstract(part.text) for part in section)


def _no_stray_abstract(parts: list[Item], titles: list[int]) -> None:
    """Raises: _Misfit where a text stands above the first title, or two below one."""
    bounds = [-1, *titles, len(parts)]
    for number, (start, end) in enumerate(itertools.pairwise(bounds)):
        texts = [
            part
            for part in parts[start + 1 : end]
            if part.kind == "text" and len(part.text) >= LONG_CHARS
        ]
        if len(texts) > min(number, 1):
            raise _Misfit(texts[-1].line, "an abstract without title")


def _votes_above(parts: list[Item], starts: list[int]) -> bool:
    """Whether votes stand above their titles: those of the first paper do."""
    return bool(starts) and _vote_above(parts, starts[0], 0) is not None


def _vote_above(parts: list[Item], start: int, stop: int) -> Item | None:
    """The votes right above the title at ``start``; pictures and people may stand between."""
    for part in reversed(parts[max(stop, start - 6) : start]):
        if part.kind == "votes" and re.search(r"\d|^\W$", part.text):
            return part
        if part.kind in ("date", "text", "authors", "address"):
            break
    return None


def _found(
    parts: list[Item], start: int, end: int, paper: str | None, *, above: bool, today: dt.date
) -> Found:
    """What the page says of the paper whose title stands at ``start``."""
    section = parts[start + 1 : end]
    vote = _vote_above(parts, start, 0) if above else _vote_below(section)
    own = next((p for p in parts if p.login and p.paper == paper and p.kind == "votes"), None)
    dates = (page_date(p.text, today) for p in section if p.kind == "date")
    vote = own if paper and own else vote
    return Found(
        title=parts[start].text,
        abstract=_abstract(section, paper),
        links=[HOME + paper] if paper else [],
        ids=[paper] if paper else [],
        published=next(filter(None, dates), None),
        votes=votes_in(vote.text) if vote else None,
    )


def _vote_below(section: list[Item]) -> Item | None:
    """The first votes before the date, behind which only comments are counted."""
    for part in section:
        if part.kind == "votes" and re.search(r"\d", part.text):
            return part
        if part.kind == "date":
            break
    said = (
        p
        for p in section
        if p.kind == "votes" and re.search(r"\d\W*[a-z]|[a-z]\W*\d", p.text, re.I)
    )
    return next(said, None)


def _abstract(section: list[Item], paper: str | None) -> str:
    """The texts linked to the same paper, else the texts below the title that read like one."""
    texts = [part for part in section if part.kind == "text"]
    linked = [part.text for part in texts if paper and part.paper == paper]
    long = [text for text in linked if like_an_abstract(text)] or linked
    if long:
        return " ".join(long)
    plain = [part.text for part in texts if not part.href]
    return " ".join(filter(like_an_abstract, plain)) or " ".join(filter(like_a_sentence, plain))


def _page_date(head: list[Item], text: str, arrived: dt.date) -> dt.date | None:
    """The date above the first paper, else the one in the address of the page."""
    named = (page_date(part.text, arrived) for part in head if part.kind == "date")
    found = next(filter(None, named), None)
    match = _DAY.search(text[:2_000])
    return found or (page_date(match[1], arrived) if match else None)
