"""What web pages show of papers, days and editions, as their templates use it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote, urlsplit

from digest.editions import Edition, Pick
from digest.papers import Mention, Paper
from digest.render import charts, wording
from digest.render.badges import Badge
from digest.render.plain import plain, shorten
from digest.render.reasons import Cause
from digest.render.settings import Abstract
from digest.votes import Value

HOST_LIMIT = 40
"""Characters of the name of the site that a paper is on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper on a page.

    ``page`` is the path of its own page here, ``href`` where it is to be read, on the site
    ``host``. ``chart`` is SVG, and ``votes`` are addresses by what they say; both may be empty.
    """

    title: str
    page: str
    href: str
    host: str
    authors: str
    summary: str
    badges: tuple[Badge, ...]
    causes: tuple[Cause, ...]
    chart: str
    votes: Mapping[Value, str]


@dataclass(frozen=True, slots=True)
class Group:
    """The papers of one interest."""

    name: str
    papers: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the archive: where its page is, what it is called, what came in."""

    path: str
    name: str
    papers: int


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the archive and its days, newest first."""

    path: str
    name: str
    papers: int
    days: tuple[Day, ...]


def paper_path(paper: Paper) -> str:
    """The path of the paper's page."""
    key = paper.key
    # What follows "/." could be taken for a step up the path (RFC 3986 §5.2.4).
    return "/paper/" + quote(key, safe=":" if "/." in key else ":/", errors="replace")


def shown(
    pick: Pick,
    abstract: Abstract = "tldr",
    *,
    mentions: Sequence[Mention] = (),
    until: dt.date | None = None,
    votes: Mapping[Value, str] | None = None,
) -> Shown:
    """A pick on a page, with the chart of its ``mentions`` up to a day where one is given."""
    card = wording.card(pick, 1, abstract)
    return Shown(
        title=card.title,
        page=paper_path(pick.paper),
        href=card.href,
        host=host(card.href),
        authors=card.authors,
        summary=card.summary,
        badges=card.badges,
        causes=card.causes,
        chart=charts.seen(mentions, until) if until else "",
        votes=votes or {},
    )


def plainly(paper: Paper, abstract: Abstract = "tldr") -> Shown:
    """A paper that nobody picked, on a page."""
    return shown(Pick(paper, 0.0, None, ()), abstract)


def groups(
    edition: Edition,
    abstract: Abstract,
    mentions: Mapping[str, Sequence[Mention]],
    votes: Mapping[str, Mapping[Value, str]] | None = None,
) -> tuple[Group, ...]:
    """The picks of an edition by interest; mentions and votes are by the key of the paper."""
    return tuple(
        Group(
            name,
            tuple(
                shown(
                    pick,
                    abstract,
                    mentions=mentions.get(pick.paper.key, ()),
                    until=edition.date,
                    votes=(votes or {}).get(pick.paper.key),
                )
                for pick in picks
            ),
        )
        for name, picks in wording.by_interest(edition.picks).items()
    )


def months(days: Sequence[tuple[dt.date, int]], *, base: str = "/archive/") -> tuple[Month, ...]:
    """Days and how many papers came on each, newest first, as months."""
    found = []
    for (year, month), members in groupby(days, key=lambda day: (day[0].year, day[0].month)):
        listed = tuple(Day(f"{base}{date}", weekday(date), count) for date, count in members)
        name = f"{wording.MONTHS[month - 1]} {year}"
        path = f"/archive/{year:04d}-{month:02d}"
        found.append(Month(path, name, sum(day.papers for day in listed), listed))
    return tuple(found)


def weekday(date: dt.date) -> str:
    """``date`` within its month, such as Monday 3."""
    return f"{wording.DAYS[date.weekday()]} {date.day}"


def when(date: dt.date) -> str:
    """``date`` such as 3 June 2024."""
    return f"{date.day} {wording.MONTHS[date.month - 1]} {date.year}"


def names(paper: Paper) -> str:
    """All the paper's authors, in their order."""
    known = (shorten(plain(name), wording.NAME_LIMIT) for name in paper.authors)
    return wording.listed([name for name in known if name])


def host(href: str) -> str:
    """What the site is called that an address leads to: its name, without what says nothing."""
    try:
        name = urlsplit(href).hostname or ""
    except ValueError:
        name = ""
    return shorten(plain(name.removeprefix("www.")), HOST_LIMIT)
