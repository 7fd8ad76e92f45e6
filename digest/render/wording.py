"""What an edition says in words, the same in every form: groups, cards, reasons, summary lines."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote_plus

from digest.editions import Edition, Pick
from digest.papers import SEARCH, Paper
from digest.render import tldr
from digest.render.badges import Badge, badges, within_a_week
from digest.render.escaping import web_address
from digest.render.mime import header_text
from digest.render.plain import is_visible, plain, shorten
from digest.render.reading import REMEMBERED, capitalised, said
from digest.render.reasons import Cause, causes, reports, why
from digest.render.settings import Abstract

TRENDING = "Trending"
"""The name of the group of picks that no interest asked for."""

TITLE_LIMIT, ABSTRACT_LIMIT, NAME_LIMIT = 400, 4000, 80
"""The most of a title, an abstract and a name, in characters; arXiv's abstracts have 1,920."""

SUBJECT_TITLE = 120
"""The most of the top pick's title in a subject, in characters."""

AUTHORS, NAMED = 6, 5
"""The most authors on one card, and interests or sources in one sentence."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)  # not strftime: its names follow the locale of the machine


@dataclass(frozen=True, slots=True)
class Card:
    """A pick as it is shown.

    ``number`` counts from 1 through the whole edition; ``summary`` is as much of the abstract as
    is asked for.
    """

    number: int
    title: str
    href: str
    authors: str
    summary: str
    badges: tuple[Badge, ...]
    causes: tuple[Cause, ...]
    pick: Pick

    @property
    def why(self) -> str:
        """All causes as one phrase; empty when there are none."""
        return why(self.causes)


@dataclass(frozen=True, slots=True)
class Group:
    """The cards of one interest, strongest first."""

    name: str
    cards: tuple[Card, ...]


def groups(edition: Edition, abstract: Abstract = "tldr") -> tuple[Group, ...]:
    """The picks by interest, in the order of each interest's strongest pick."""
    numbers = itertools.count(1)
    return tuple(
        Group(
            name,
            tuple(
                card(
                    pick,
                    next(numbers),
                    abstract,
                    lately=within_a_week(pick.paper, edition.date),
                )
                for pick in members
            ),
        )
        for name, members in by_interest(edition.picks).items()
    )


def by_interest(picks: Iterable[Pick]) -> dict[str, list[Pick]]:
    """``picks``, strongest first, by the shown name of their interest, in the same order."""
    found: dict[str, list[Pick]] = {}
    for pick in picks:
        found.setdefault(interest(pick.interest), []).append(pick)
    return found


def card(pick: Pick, number: int, abstract: Abstract = "tldr", *, lately: bool = False) -> Card:
    """``pick`` in words, with so much of its abstract; ``lately``: its reports are this week's."""
    paper = pick.paper
    counted = reports(pick.reports, pick.reasons)
    return Card(
        number=number,
        title=title(paper),
        href=href(paper),
        authors=authors(paper.authors),
        summary=summary(paper, abstract),
        badges=badges(said(paper.abstract), counted, lately=lately),
        causes=causes(pick.reasons, pick.explore),
        pick=pick,
    )


def title(paper: Paper) -> str:
    """The paper's title as people read it; never empty, never invisible."""
    return _title(paper.title)


@lru_cache(REMEMBERED)
def _title(text: str) -> str:
    text = said(text)
    return shorten(text, TITLE_LIMIT) if is_visible(text) else "Untitled"


def summary(paper: Paper, abstract: Abstract) -> str:
    """So much of the paper's abstract; empty where no sentence of it can stand alone."""
    if abstract == "none":
        return ""
    if abstract == "full":
        return shorten(said(paper.abstract), ABSTRACT_LIMIT)
    return _tldr(said(paper.title), said(paper.abstract))


@lru_cache(REMEMBERED)
def _tldr(title: str, abstract: str) -> str:
    """The TL;DR of readable texts; a short abstract that never had a full stop is its own."""
    whole = len(abstract) <= tldr.LIMIT and not abstract.endswith(("…", "..."))
    return tldr.tldr(title, abstract) or (abstract if whole else "")


def href(paper: Paper) -> str:
    """Where the title leads, as an ASCII http(s) address: the paper's link, else a search."""
    return web_address(plain(paper.href)) or SEARCH + quote_plus(plain(paper.title)[:300])


@lru_cache(REMEMBERED)
def interest(name: str | None) -> str:
    """The name of an interest as plain text."""
    text = shorten(plain(name or ""), NAME_LIMIT)
    return text if is_visible(text) else TRENDING


def authors(names: Sequence[str]) -> str:
    """The first AUTHORS names, and how many more there are; empty when none is known."""
    known = [shorten(plain(name), NAME_LIMIT) for name in names if is_visible(plain(name))]
    more = len(known) - AUTHORS
    return f"{', '.join(known[:AUTHORS])} and {more} more" if more > 0 else listed(known)


def glance(edition: Edition) -> str:
    """The edition in one sentence: how many of how many, from where, and for which interests."""
    picked, considered = len(edition.picks), edition.considered
    if not picked:
        return quiet_glance(edition)
    found = Counter([interest(pick.interest) for pick in edition.picks])
    if considered >= picked:
        what = f"{picked} of {count(considered, 'new paper')}"
    else:
        what = count(picked, "paper")
    sources = [shorten(plain(name), NAME_LIMIT) for name in edition.sources]
    where = f" from {some(sources, 'source')}" if sources else ""
    if len(found) > 1:
        names = [f"{number} for {name}" for name, number in found.items()]
        return f"{what}{where}: {some(names, 'interest')}."
    (alone,) = found
    return f"{what}{where}{'' if alone == TRENDING else f' for {alone}'}."


def quiet_glance(edition: Edition) -> str:
    """What a day without picks has to say for itself."""
    if not edition.considered:
        return "No new papers came in."
    looked = count(edition.considered, "new paper")
    return f"{capitalised(looked)} looked at, none close enough to show you."


def subject(edition: Edition, newsletter: str) -> str:
    """What is inside: the top pick and how many more; a day without picks says so."""
    if not edition.picks:
        nothing = "nothing close enough" if edition.considered else "no new papers"
        return f"{headline(edition.date)}: {nothing} in {header_text(newsletter)}"
    top = _subject_title(edition.picks[0].paper.title)
    more = len(edition.picks) - 1
    return f"{top} and {more} more" if more else top


@lru_cache(REMEMBERED)
def _subject_title(text: str) -> str:
    return shorten(header_text(_title(text)), SUBJECT_TITLE)


def headline(date: dt.date) -> str:
    """The heading of a day without picks."""
    return f"A quiet {DAYS[date.weekday()]}"


def more(number: int, on_the_web: bool) -> str:
    """What to say of picks that did not fit into a mail."""
    return f"{number:,} more {'on the web' if on_the_web else 'did not fit into this mail'}"


def preheader(edition: Edition) -> str:
    """What an inbox shows after the subject: the next titles, or how the day was."""
    others = [title(pick.paper) for pick in edition.picks[1:4]]
    if not others:
        return shorten(plain(edition.note or "") or glance(edition), 130)
    return shorten("Also: " + "; ".join(others), 130)


def day(date: dt.date) -> str:
    """``date`` in words, such as Monday, 3 June 2024."""
    return f"{DAYS[date.weekday()]}, {date.day} {MONTHS[date.month - 1]} {date.year}"


def count(number: int, noun: str) -> str:
    """``number`` and ``noun`` with its plural, such as 1,204 papers."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some(names: Sequence[str], noun: str) -> str:
    """The first NAMED of ``names``, and how many more ``noun`` there are."""
    more = len(names) - NAMED
    return listed([*names[:NAMED], count(more, f"more {noun}")] if more > 0 else names)


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    head, last = ", ".join(names[:-1]), "".join(names[-1:])
    return f"{head} and {last}" if head else last
