"""Prints editions as mails: each card is filled in and encoded once, each mail is a join of them.

Templates are filled in once per press, so that a press serves one run. What a reader shares with
others is kept ready: cards, headings, reasons, and the frame of the day around them.
"""

from __future__ import annotations

import binascii
import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from html import escape
from typing import NamedTuple

from jinja2 import Environment

from digest.editions import Edition
from digest.errors import RenderError
from digest.links import Key
from digest.messages import Message
from digest.render import mime, values, wording
from digest.render.cards import Cards
from digest.render.forms import Forms, Parts, Printed
from digest.render.headers import Ways, letterhead, links_of, ways_of
from digest.render.intro import intro_html, intro_text
from digest.render.letters import Letters
from digest.render.plain import wrap
from digest.render.settings import MailSettings
from digest.render.stencils import holes, joined, ready, unmarked

MORE = 400
"""Octets kept free for the line that says what did not fit."""


Said = dict[str, str]
"""What a mail says of its own, by the names of ``values.of_reader``."""

Values = dict[str, Sequence[bytes]]
"""What goes into holes, by their names."""


class Words(NamedTuple):
    """What a mail says beside its cards.

    ``token`` is for the links of the cards, empty where they have none; ``ways`` lead away from it.
    """

    subject: str
    personal: Said
    token: str
    ways: Ways


class Press:
    """Prints the mails of one run. ``key`` signs their links; without it none tells who clicks."""

    def __init__(self, settings: MailSettings, env: Environment, key: Key | None = None) -> None:
        self._settings, self._tried = settings, False
        self._links = links_of(settings, key)
        self._letterhead = letterhead(settings, self._links)
        self._votes = key is not None and bool(settings.base_url or settings.unsubscribe)
        self._forms = Forms(settings, env)
        self._letters = Letters(self._forms, self._letterhead, settings.title)
        self._cards = Cards(self._forms, self._links, signed=self._votes)
        # Not around the function: what is kept ends with the press.
        self._frame: Callable[[dt.date, tuple[str, ...]], Printed] = lru_cache(64)(self._new_frame)

    def message(self, edition: Edition) -> Message:
        """``edition`` as a mail to its subscriber, ready to send. Raises RenderError."""
        return self.assembled(edition, self.words(edition))

    def unprinted(self, edition: Edition) -> Message:
        """The same without its bytes, for ``printed``. Raises RenderError.

        The first is printed all the same: a template that is wrong should hold up editions while
        they are composed, and not each of their mails.
        """
        if not self._tried:
            self.message(edition)
            self._tried = True
        return Message(*self._letterhead.envelope(edition), data=b"")

    def printed(self, edition: Edition, waiting: Message) -> Message:
        """The mail that was ``unprinted``: to the same address, under the same Message-ID.

        Raises RenderError.
        """
        if edition.subscriber.address != waiting.recipient:
            reader = replace(edition.subscriber, address=waiting.recipient)
            edition = replace(edition, subscriber=reader)
        return self.assembled(edition, self.words(edition), waiting.message_id)

    def confirmation(
        self,
        to_address: str,
        name: str,
        confirm_url: str,
        asked_at: dt.datetime,
        interests: Sequence[str] = (),
    ) -> Message:
        """The mail that asks whoever has this address to confirm that they want the newsletter.

        ``confirm_url`` is an http(s) or mailto address; ``asked_at`` is aware. Raises RenderError.
        """
        return self._letters.confirmation(to_address, name, confirm_url, asked_at, interests)

    def notice(
        self, to_address: str, subject: str, paragraphs: Sequence[str], at: dt.datetime
    ) -> Message:
        """A short mail about the newsletter to its owner or a reader, such as a report of trouble.

        The same text to the same address at the same time is the same mail. Raises RenderError.
        """
        return self._letters.notice(to_address, subject, paragraphs, at)

    def words(self, edition: Edition) -> Words:
        """What the mail of ``edition`` says beside its cards."""
        ways = ways_of(edition, self._links)
        said = values.of_reader(edition, ways.page or ways.by_mail, ways.web_copy or "")
        token = None
        if self._votes:
            token = self._links.vote_token(edition.subscriber.id, edition.date)
        personal = {name: text for name, text in said.items() if text}
        subject = wording.subject(edition, self._settings.title)
        return Words(subject, personal, token or "", ways)

    def assembled(self, edition: Edition, words: Words, id_: str = "") -> Message:
        """The mail of ``edition`` that says these ``words``, under this Message-ID if it has one.

        Raises RenderError.
        """
        head = self._letterhead.heading(edition, words.subject, words.ways, id_)
        parts = self._parts(edition, words)
        pieces = [head.data, *mime.alternative(head.message_id, parts.text, parts.html)]
        data = joined(pieces, ready(words.token))
        return Message(head.message_id, head.sender, head.recipient, data)

    def html(self, edition: Edition, *, whole: bool = False) -> str:
        """The HTML part of the mail; with all picks, whatever its size, when ``whole``."""
        words = self.words(edition)
        return _decoded(self._parts(edition, words, whole=whole).html, words.token)

    def text(self, edition: Edition, *, whole: bool = False) -> str:
        """The plain-text part of the mail, with the same picks as ``html``."""
        words = self.words(edition)
        return _decoded(self._parts(edition, words, whole=whole).text, words.token)

    def _parts(self, edition: Edition, words: Words, *, whole: bool = False) -> Parts:
        """Both parts of the mail, as they stand in it. Raises RenderError, naming the edition."""
        try:
            return self._filled(edition, words, whole)
        except RenderError as error:
            raise RenderError(f"{edition.id}: {error}") from error

    def _filled(self, edition: Edition, words: Words, whole: bool) -> Parts:
        said = words.personal
        if not edition.picks:
            frame = self._frame(edition.date, tuple(said))
            text, html = _values(said, frame)
            return Parts(frame.text.filled(text), frame.html.filled(html))
        present = (*said, "cards")
        frame = self._frame(edition.date, present)
        text, html = _values(said, frame)
        taken = frame.html.size + MORE + sum([len(piece) for (piece,) in html.values()])
        groups = self._cards.chosen(
            edition.picks,
            edition.subscriber.abstract or self._settings.abstract,
            edition.date,
            math.inf if whole else self._settings.html_kb * 1000 - taken,
            len(words.token),
        )
        if left := len(edition.picks) - sum([len(group.html) for group in groups.values()]):
            frame = self._frame(edition.date, (*present, "more"))
            more = {"more": wording.more(left, "web_url" in said)}
            text, html = _values(said | more, frame)
        text["cards"], html["cards"] = self._cards.put(groups)
        return Parts(frame.text.filled(text), frame.html.filled(html))

    def _new_frame(self, date: dt.date, present: tuple[str, ...]) -> Printed:
        """The mail of a day around what is ``present``."""
        intro = unmarked(self._settings.intro)
        intros = intro_html(intro, self._forms.accent), intro_text(intro)
        frame = self._forms.printed("mail", *intros, **values.of_day(date), **holes(present))
        for form, made in zip(("html", "txt"), frame, strict=True):
            for name in sorted({*present} & {"cards", "leave_url"} - {*made.holes}):
                raise RenderError(f"the template mail.{form}.j2 does not show {name}; add it")
        return frame


def _values(said: Said, frame: Printed) -> tuple[Values, Values]:
    """What goes into the holes of the frame: of the text wrapped, of the HTML in ASCII.

    Mostly the two are alike, and then encoded once.
    """
    text: Values = {}
    html: Values = {}
    wrapped = frame.text.holes
    for name, words in said.items():
        shown = escape(words)
        if not shown.isascii():  # references are encoded soonest
            shown = shown.encode("ascii", "xmlcharrefreplace").decode("ascii")
        html[name] = (ready(shown),)
        if name in wrapped:
            lines = wrap(words)
            text[name] = html[name] if lines == shown else (ready(lines),)
    return text, html


def _decoded(pieces: list[bytes], token: str) -> str:
    return binascii.a2b_qp(joined(pieces, ready(token))).decode().replace("\r\n", "\n")
