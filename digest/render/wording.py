"""What an edition says in words, the same in every form: groups, cards, reasons, summary lines."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from digest.editions import Edition, Pick, Reason
from digest.papers import SEARCH, Paper
from digest.render.plain import excerpt, is_visible, plain, shorten
from digest.render.settings import is_web

TRENDING = "Trending"
"""The name of the group of picks that no interest asked for."""

TITLE_LIMIT, NAME_LIMIT, TERMS, AUTHORS = 400, 80, 4, 6
"""The most of a title and a name in characters; the most terms and authors on one card."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)  # not strftime: its names follow the locale of the machine


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason in words: ``lead``, then the ``names`` worth emphasis, then ``tail``."""

    lead: str
    names: tuple[str, ...] = ()
    tail: str = ""

    def __str__(self) -> str:
        """The reason as one phrase."""
        return f"{self.lead} {', '.join(self.names)}".rstrip() + self.tail


@dataclass(frozen=True, slots=True)
class Card:
    """A pick as it is shown; ``number`` counts from 1 through the whole edition."""

    number: int
    title: str
    href: str
    authors: str
    excerpt: str
    causes: tuple[Cause, ...]
    pick: Pick

    @property
    def why(self) -> str:
        """All causes as one phrase; empty when there are none."""
        return "; ".join(map(str, self.causes))


@dataclass(frozen=True, slots=True)
class Group:
    """The cards of one interest, strongest first."""

    name: str
    cards: tuple[Card, ...]


def groups(edition: Edition) -> tuple[Group, ...]:
    """The picks by interest, in the order of each interest's strongest pick."""
    picks: dict[str, list[Pick]] = {}
    for pick in edition.picks:
        picks.setdefault(interest(pick.interest), []).append(pick)
    numbers = itertools.count(1)
    return tuple(
        Group(name, tuple(card(pick, next(numbers)) for pick in members))
        for name, members in picks.items()
    )


def card(pick: Pick, number: int) -> Card:
    """``pick`` in words."""
    paper = pick.paper
    return Card(
        number=number,
        title=title(paper),
        href=href(paper),
        authors=authors(paper.authors),
        excerpt=excerpt(paper.abstract),
        causes=causes(pick),
        pick=pick,
    )


def title(paper: Paper) -> str:
    """The paper's title as plain text; never empty, never invisible."""
    text = plain(paper.title)
    return shorten(text, TITLE_LIMIT) if is_visible(text) else "Untitled"


def href(paper: Paper) -> str:
    """Where the title leads, as an ASCII http(s) address: the paper's link, else a search."""
    link = plain(paper.href)
    if not is_web(link):
        link = SEARCH + quote_plus(plain(paper.title)[:300])
    return quote(link, safe="%:/?#[]@!$&'()*+,;=~")


def interest(name: str | None) -> str:
    """The name of an interest as plain text."""
    text = shorten(plain(name or ""), NAME_LIMIT)
    return text if is_visible(text) else TRENDING


def authors(names: Sequence[str]) -> str:
    """The first AUTHORS names, and how many more there are; empty when none is known."""
    known = [shorten(plain(name), NAME_LIMIT) for name in names if is_visible(plain(name))]
    more = len(known) - AUTHORS
    return f"{', '.join(known[:AUTHORS])} and {more} more" if more > 0 else listed(known)


def causes(pick: Pick) -> tuple[Cause, ...]:
    """Why the pick is here, largest part first, one cause a kind of reason."""
    kinds = dict.fromkeys(reason.kind for reason in pick.reasons)
    found = [cause for kind in kinds for cause in _causes(pick.reasons, kind)]
    told = any("reported" in reason.text for reason in pick.reasons if reason.kind == "trend")
    if pick.reports > 1 and not told:
        found.append(Cause(f"reported {pick.reports} times"))
    return tuple(
        Cause(capitalised(c.lead), c.names, c.tail) if n == 0 else c for n, c in enumerate(found)
    )


def _causes(reasons: Iterable[Reason], kind: str) -> list[Cause]:
    """The causes made of all reasons of one kind."""
    texts = (
        shorten(plain(reason.text), 2 * NAME_LIMIT) for reason in reasons if reason.kind == kind
    )
    names = tuple(dict.fromkeys(text for text in texts if text))
    if not names:
        return []
    match kind:
        case "term":
            return [Cause("matches", names[:TERMS])]
        case "author":
            return [Cause("by", names[:3], ", whom you follow")]
        case "example":
            return [Cause("close to a paper you liked:", names[:1])]
        case _:
            return [Cause(name) for name in names]


def glance(edition: Edition) -> str:
    """The edition in one sentence: how many of how many, and for which interests."""
    picked, considered = len(edition.picks), edition.considered
    if not picked:
        return quiet_glance(edition)
    of = f" from {count(considered, 'new paper')}" if considered >= picked else ""
    found = Counter(interest(pick.interest) for pick in edition.picks)
    if len(found) > 1:
        names = (f"{number} for {name}" for name, number in found.items())
        return f"{count(picked, 'pick')}{of}: {', '.join(names)}."
    (alone,) = found
    return f"{count(picked, 'pick')}{of}{'' if alone == TRENDING else f' for {alone}'}."


def quiet_glance(edition: Edition) -> str:
    """What a day without picks has to say for itself."""
    if not edition.considered:
        return "No new papers came in."
    looked = count(edition.considered, "new paper")
    return f"{capitalised(looked)} looked at, none close enough to show you."


def headline(edition: Edition) -> str:
    """The heading of a day without picks."""
    return f"A quiet {DAYS[edition.date.weekday()]}"


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


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    head, last = ", ".join(names[:-1]), "".join(names[-1:])
    return f"{head} and {last}" if head else last


def capitalised(text: str) -> str:
    """``text`` with its first letter in upper case and the rest as it is."""
    return text[:1].upper() + text[1:]
