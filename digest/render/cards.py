"""The cards and headings of mails: printed once, put into the mail of every reader."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from html import escape
from operator import attrgetter
from typing import NamedTuple

from digest.editions import Pick
from digest.links import Links
from digest.papers import Paper
from digest.render import values
from digest.render.badges import within_a_week
from digest.render.forms import Forms, Parts, Printed
from digest.render.plain import wrap
from digest.render.reasons import printed, reports
from digest.render.settings import Abstract
from digest.render.stencils import TOKEN, holes, ready
from digest.render.wording import card, interest

KEPT = 2048
"""How many cards are kept ready: about 10 MB, and more than the papers of a fortnight."""

SHELVES = 6
"""How many shelves: for each amount of abstract, on the two dates there are around the world."""

NUMBER = b"\x02"
"""Where the number goes in the text of a card: an octet that quoted-printable never has."""


class Slip(NamedTuple):
    """A card with its reasons: its HTML, and its text around the number, with TOKEN_BYTEs.

    ``size`` is at least that of the HTML in octets, without the ``tokens`` tokens. ``paper`` is
    what it is a card of.
    """

    html: bytes
    text: list[bytes]
    size: int
    tokens: int
    paper: Paper


class Heading(NamedTuple):
    """The heading of an interest; ``size`` is that of the HTML in octets."""

    html: bytes
    text: bytes
    size: int


class Group(NamedTuple):
    """What is shown of an interest: the HTML of its slips, and their texts."""

    html: list[bytes]
    texts: list[list[bytes]]


Groups = dict[str, Group]
"""What an edition shows, by the name of the interest."""

Shelf = dict[tuple[object, ...], Slip]
"""Slips at hand: by the ``id`` of the paper, how often it was reported, and what the reasons say.

To hash a paper takes longer than to print it. A slip holds its paper, so that no other object can
have that ``id``. Reasons are known by what they say, for each reader has shares of their own.
"""

_SAID = attrgetter("kind", "text")


class Cards:
    """Prints cards, with links to vote where they can be ``signed``."""

    def __init__(self, forms: Forms, links: Links, *, signed: bool) -> None:
        self._forms, self._links, self._signed = forms, links, signed
        # Not around the functions: what is kept ends with the press.
        self._card: Callable[[Paper, int, bool, Abstract, bool], Printed]
        self._card = lru_cache(KEPT)(self._new_card)
        self._heading: Callable[[str], Heading] = lru_cache(KEPT)(self._new_heading)
        self._shelf: Callable[[Abstract, dt.date], Shelf] = lru_cache(SHELVES)(_new_shelf)

    def chosen(
        self, picks: Iterable[Pick], abstract: Abstract, date: dt.date, room: float, token: int
    ) -> Groups:
        """The cards of the first picks for which there is room, in octets of HTML.

        The first card is always there. ``token`` is the length of what each link holds.
        """
        groups: Groups = {}
        known: dict[str | None, Group] = {}
        shelf = self._shelf(abstract, date)
        for pick in picks:
            said = (id(pick.paper), pick.reports, pick.explore, *map(_SAID, pick.reasons))
            slip = shelf.get(said) or self._shelved(shelf, said, pick, abstract, date)
            html, text, size, tokens, _ = slip
            room -= size + tokens * token
            group = known.get(pick.interest)
            if group is None:
                name = interest(pick.interest)
                group = groups.get(name) or Group([], [])
                room -= 0 if group.html else self._heading(name).size
                if room < 0 and groups:
                    break
                groups[name] = known[pick.interest] = group
            elif room < 0:
                break
            group.html.append(html)
            group.texts.append(text)
        return groups

    def put(self, groups: Groups) -> Parts:
        """The cards under their headings, numbered through."""
        html: list[bytes] = []
        text: list[bytes] = []
        numbers = map(_number, itertools.count(1))
        for name, group in groups.items():
            heading = self._heading(name)
            html += [heading.html, *group.html]
            text.append(heading.text)
            numbered = zip(group.texts, numbers, strict=False)
            text += [number.join(around) for around, number in numbered]
        return Parts(text, html)

    def _shelved(
        self,
        shelf: Shelf,
        said: tuple[object, ...],
        pick: Pick,
        abstract: Abstract,
        date: dt.date,
    ) -> Slip:
        """The slip of ``pick``, put on the ``shelf``."""
        slip = self._new_slip(pick, abstract, date)
        if len(shelf) >= KEPT:
            shelf.clear()
        shelf[said] = slip
        return slip

    def _new_slip(self, pick: Pick, abstract: Abstract, date: dt.date) -> Slip:
        """The card of a paper, shared by all who see so much of it, with one reader's reasons."""
        why = printed(pick.reasons, pick.explore)
        counted = reports(pick.reports, pick.reasons)
        lately = counted > 1 and within_a_week(pick.paper, date)
        made = self._card(pick.paper, counted, bool(why.html), abstract, lately)
        text = b"".join(made.text.filled({"why": [why.text], "number": [NUMBER]}))
        return Slip(
            html=b"".join(made.html.filled({"why": [why.html]})),
            text=text.split(NUMBER),
            size=made.html.size + len(why.html),
            tokens=made.html.tokens,
            paper=pick.paper,
        )

    def _new_card(
        self, paper: Paper, reports: int, why: bool, abstract: Abstract, lately: bool
    ) -> Printed:
        pick = Pick(paper, 0.0, None, (), reports)
        return self._forms.printed(
            "card",
            card=card(pick, 0, abstract, lately=lately),
            votes=values.votes(self._links, TOKEN, paper) if self._signed else {},
            **holes(["number", "why"] if why else ["number"]),
        )

    def _new_heading(self, name: str) -> Heading:
        """The heading of an interest, of which every reader has names of their own."""
        shown = ready(escape(name))
        html = b"".join(self._group.html.filled({"name": [shown]}))
        text = b"".join(self._group.text.filled({"name": [ready(wrap(name.upper()))]}))
        return Heading(html, text, self._group.html.size + len(shown))

    @cached_property
    def _group(self) -> Printed:
        return self._forms.printed("group", **holes(["name"]))


def _new_shelf(_abstract: Abstract, _date: dt.date) -> Shelf:
    return {}


@lru_cache(1024)
def _number(number: int) -> bytes:
    return ready(f"{number:>2}.")
