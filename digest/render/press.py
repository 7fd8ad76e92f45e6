"""Prints editions as mails: each card is filled in and encoded once, each mail is a join of them.

Templates are filled in once per press, so that a press serves one run. What a reader shares with
others is kept ready: cards, headings, reasons, and the frame of the day around them.
"""

from __future__ import annotations

import binascii
import datetime as dt
import itertools
import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

from jinja2 import Environment

from digest.editions import Edition, Pick, Reason
from digest.errors import RenderError
from digest.links import Key
from digest.messages import Message
from digest.papers import Paper
from digest.render import mime, values, wording
from digest.render.headers import letterhead, links_of
from digest.render.intro import intro_html, intro_text
from digest.render.plain import shorten, wrap
from digest.render.reasons import printed
from digest.render.reasons import reports as counted
from digest.render.settings import Abstract, MailSettings
from digest.render.stencils import TOKEN, TOKEN_BYTE, Stencil, holes, ready, stencil, unmarked
from digest.render.templates import fill

SUBJECT_TITLE = 120
"""The most of the top pick's title in a subject, in characters."""

KEPT = 2048
"""How many cards are kept ready: about 10 MB, and more than the papers of a fortnight."""

MORE = 400
"""Octets kept free for the line that says what did not fit."""

NUMBER = b"\x02"
"""Where the number goes in the text of a card: an octet that quoted-printable never has."""


class Printed(NamedTuple):
    """One thing in the two forms of a mail, with or without holes."""

    html: Stencil
    text: Stencil


class Parts(NamedTuple):
    """The two forms of a whole mail in quoted-printable, in pieces."""

    text: list[bytes]
    html: list[bytes]


class Words(NamedTuple):
    """What a mail says beside its cards: ``personal`` as ``values.of_reader`` has it.

    ``token`` is for the links of the cards, empty where they have none.
    """

    subject: str
    personal: dict[str, str]
    token: str


class Slip(NamedTuple):
    """A card with its reasons: its HTML with TOKEN_BYTEs, its text around the number.

    ``size`` is that of its HTML in octets, without the ``tokens`` tokens.
    """

    html: bytes
    text: list[bytes]
    size: int
    tokens: int


class Placed(NamedTuple):
    """A pick with its slip, and the name of the interest that it stands under."""

    pick: Pick
    name: str
    slip: Slip


Slips = dict[str, list[Slip]]
"""What an edition shows, by the name of the interest."""


class Press:
    """Prints the mails of one run. ``key`` signs their links; without it none tells who clicks."""

    def __init__(self, settings: MailSettings, env: Environment, key: Key | None = None) -> None:
        self._settings, self._env = settings, env
        self._links = links_of(settings, key)
        self._letterhead = letterhead(settings, self._links)
        self._of_run = values.of_run(settings)
        self._votes = key is not None and bool(settings.base_url or settings.unsubscribe)
        # Not around the functions: what is kept ends with the press.
        self._card: Callable[..., Printed] = lru_cache(KEPT)(self._new_card)
        self._slip: Callable[..., Slip] = lru_cache(KEPT)(self._new_slip)
        self._heading: Callable[[str], Printed] = lru_cache(KEPT)(self._new_heading)
        self._at_hand: dict[tuple[int, Abstract], Placed] = {}
        self._frame: Callable[[dt.date, frozenset[str]], Printed] = lru_cache(64)(self._new_frame)

    def message(self, edition: Edition) -> Message:
        """``edition`` as a mail to its subscriber, ready to send. Raises RenderError."""
        return self.assembled(edition, self.words(edition))

    def words(self, edition: Edition) -> Words:
        """What the mail of ``edition`` says beside its cards."""
        said = values.of_reader(edition, self._links)
        reader, date = edition.subscriber.id, edition.date
        token = self._links.vote_token(reader, date) if self._votes else None
        personal = {name: text for name, text in said.items() if text}
        return Words(subject(edition, self._settings), personal, token or "")

    def assembled(self, edition: Edition, words: Words) -> Message:
        """The mail of ``edition`` that says these ``words``. Raises RenderError."""
        head = self._letterhead.heading(edition, words.subject)
        parts = self._parts(edition, words)
        data = b"".join([head.data, *mime.alternative(head.message_id, parts.text, parts.html)])
        return Message(head.message_id, head.sender, head.recipient, data)

    def html(self, edition: Edition, *, whole: bool = False) -> str:
        """The HTML part of the mail; with all picks, whatever its size, when ``whole``."""
        return _decoded(self._parts(edition, self.words(edition), whole=whole).html)

    def text(self, edition: Edition, *, whole: bool = False) -> str:
        """The plain-text part of the mail, with the same picks as ``html``."""
        return _decoded(self._parts(edition, self.words(edition), whole=whole).text)

    def _parts(self, edition: Edition, words: Words, *, whole: bool = False) -> Parts:
        """Both parts of the mail, as they stand in it. Raises RenderError, naming the edition."""
        try:
            return self._filled(edition, words, whole)
        except RenderError as error:
            raise RenderError(f"{edition.id}: {error}") from error

    def _filled(self, edition: Edition, words: Words, whole: bool) -> Parts:
        said, html = dict(words.personal), _html_values(words.personal)
        slips: Slips = {}
        if edition.picks:
            taken = self._frame(edition.date, frozenset([*said, "cards"])).html.size
            taken += sum(len(piece) for (piece,) in html.values()) + MORE
            room = math.inf if whole else self._settings.html_kb * 1000 - taken
            abstract = edition.subscriber.abstract or self._settings.abstract
            slips = self._slips(edition.picks, abstract, room, len(words.token))
        if left := len(edition.picks) - sum(map(len, slips.values())):
            said["more"] = wording.more(left, "web_url" in said)
            html |= _html_values({"more": said["more"]})
        present = frozenset([*said, "cards"] if slips else said)
        frame = self._frame(edition.date, present)
        text = _text_values(said, frame.text.holes)
        html["cards"], text["cards"] = self._laid_out(slips, words.token)
        return Parts(frame.text.filled(text), frame.html.filled(html))

    def _slips(self, picks: Iterable[Pick], abstract: Abstract, room: float, token: int) -> Slips:
        """The cards of the first picks for which there is room, in octets of HTML.

        The first card is always there. ``token`` is the length of what each link holds.
        """
        slips: Slips = {}
        for pick in picks:
            _, name, slip = self._at_hand.get((id(pick), abstract)) or self._placed(pick, abstract)
            room -= slip.size + slip.tokens * token
            if name not in slips:
                room -= self._heading(name).html.size
            if room < 0 and slips:
                break
            if name not in slips:
                slips[name] = []
            slips[name].append(slip)
        return slips

    def _placed(self, pick: Pick, abstract: Abstract) -> Placed:
        """``pick`` with its slip, kept at hand, for to hash a paper takes longer than to print it.

        What is kept holds its pick, so that no other object can have that ``id``.
        """
        slip = self._slip(pick.paper, pick.reasons, pick.reports, pick.explore, abstract)
        if len(self._at_hand) >= KEPT:
            self._at_hand.clear()
        placed = Placed(pick, wording.interest(pick.interest), slip)
        self._at_hand[id(pick), abstract] = placed
        return placed

    def _laid_out(self, slips: Slips, token: str) -> tuple[list[bytes], list[bytes]]:
        """The cards under their headings in both forms, numbered through."""
        html: list[bytes] = []
        text: list[bytes] = []
        numbers, signed = map(_number, itertools.count(1)), _ready(token)
        for name, members in slips.items():
            heading = self._heading(name)
            html += heading.html.pieces
            text += heading.text.pieces
            html += [slip.html.replace(TOKEN_BYTE, signed) for slip in members]
            text += [number.join(slip.text) for slip, number in zip(members, numbers)]  # noqa: B905
        return html, text

    def _new_slip(
        self,
        paper: Paper,
        reasons: tuple[Reason, ...],
        reports: int,
        explore: bool,
        abstract: Abstract,
    ) -> Slip:
        """The card of ``paper``, shared by all who see so much of it, with one reader's reasons."""
        why = printed(reasons, explore)
        card = self._card(paper, counted(reports, reasons), bool(why.html), abstract)
        html = b"".join(card.html.filled({"why": [why.html]}))
        text = b"".join(card.text.filled({"why": [why.text], "number": [NUMBER]}))
        size = card.html.size + len(why.html)
        return Slip(html, text.split(NUMBER), size, html.count(TOKEN_BYTE))

    def _new_card(self, paper: Paper, reports: int, why: bool, abstract: Abstract) -> Printed:
        pick = Pick(paper, 0.0, None, (), reports)
        return self._printed(
            "card",
            card=wording.card(pick, 0, abstract),
            votes=values.votes(self._links, TOKEN, paper) if self._votes else {},
            **holes(["number", "why"] if why else ["number"]),
        )

    def _new_heading(self, name: str) -> Printed:
        return self._printed("group", name=name)

    def _new_frame(self, date: dt.date, present: frozenset[str]) -> Printed:
        """The mail of a day around what is ``present``."""
        intro = unmarked(self._settings.intro)
        intros = intro_html(intro, self._of_run["accent"]), intro_text(intro)
        frame = self._printed("mail", *intros, **values.of_day(date), **holes(present))
        for form, made in zip(("html", "txt"), frame, strict=True):
            for name in sorted(present & {"cards", "leave_url"} - set(made.holes)):
                raise RenderError(f"the template mail.{form}.j2 does not show {name}; add it")
        return frame

    def _printed(self, template: str, /, *intros: str, **given: Any) -> Printed:
        """Both forms of a template, filled in."""
        values = self._of_run | given
        forms = zip(("html", "txt"), intros or ("", ""), strict=True)
        html, text = (
            stencil(fill(self._env, f"{template}.{form}.j2", "", intro=intro, **values))
            for form, intro in forms
        )
        return Printed(html, text)


def subject(edition: Edition, settings: MailSettings) -> str:
    """What is inside: the top pick and how many more; a day without picks says so."""
    if not edition.picks:
        nothing = "nothing close enough" if edition.considered else "no new papers"
        title = mime.header_text(settings.title)
        return f"{wording.headline(edition.date)}: {nothing} in {title}"
    top = shorten(mime.header_text(wording.title(edition.picks[0].paper)), SUBJECT_TITLE)
    more = len(edition.picks) - 1
    return f"{top} and {more} more" if more else top


def _html_values(personal: dict[str, str]) -> dict[str, list[bytes]]:
    """What goes into the holes of the HTML, in ASCII, which is encoded soonest."""
    return {
        name: [_ready(words if words.isascii() else _referred(words))]
        for name, words in ((name, escape(words)) for name, words in personal.items())
    }


def _referred(words: str) -> str:
    return words.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _text_values(personal: dict[str, str], needed: Iterable[str]) -> dict[str, list[bytes]]:
    """What is ``needed`` of it, wrapped."""
    return {name: [_ready(wrap(personal[name]))] for name in needed if name != "cards"}


_ready = lru_cache(256)(ready)
"""``ready``, for what mostly stands in both forms of a mail, and so is asked for twice."""


@lru_cache(1024)
def _number(number: int) -> bytes:
    return ready(f"{number:>2}.")


def _decoded(pieces: list[bytes]) -> str:
    return binascii.a2b_qp(b"".join(pieces)).decode().replace("\r\n", "\n")
