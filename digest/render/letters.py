"""The other mails: one that asks a new reader to confirm, and notices to one person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from digest.errors import RenderError
from digest.messages import Message
from digest.render import mime, wording
from digest.render.forms import Forms
from digest.render.headers import Letterhead
from digest.render.plain import is_visible, plain, shorten
from digest.render.settings import is_web

PREHEADER = 130
"""The most of the line that an inbox shows after the subject, in characters."""


class Letters:
    """Writes mails to one person, of which no two readers get the same.

    They are no mails of the list: until somebody confirms there is no subscription, and so nothing
    to leave (RFC 8058 §1 speaks of mails sent to a list). Who wants none does nothing.
    """

    def __init__(self, forms: Forms, letterhead: Letterhead, title: str) -> None:
        self._forms, self._letterhead, self._title = forms, letterhead, plain(title)

    def confirmation(
        self,
        address: str,
        name: str,
        confirm_url: str,
        asked_at: dt.datetime,
        interests: Sequence[str],
    ) -> Message:
        """See ``Press.confirmation``."""
        if (
            not (is_web(confirm_url) or confirm_url.startswith("mailto:"))
            or not confirm_url.isascii()
        ):
            raise RenderError(
                f"{confirm_url[:80]!r} is no link; confirming needs http(s) or mailto"
            )
        at = asked_at.astimezone(dt.UTC)
        shown = [shorten(plain(one), wording.NAME_LIMIT) for one in interests if is_visible(one)]
        return self._written(
            "confirmation",
            (address, plain(name)),
            f"Please confirm your subscription to {self._title}",
            asked_at,
            preheader=f"One click, and {self._title} comes to you. If it was not you, do nothing.",
            name=shorten(plain(name), wording.NAME_LIMIT),
            confirm_url=confirm_url,
            asked=f"{wording.day(at.date())} at {at:%H:%M} UTC",
            site=urlsplit(confirm_url).hostname or "",
            interests=wording.some(shown, "interest"),
        )

    def notice(
        self, address: str, subject: str, paragraphs: Sequence[str], at: dt.datetime
    ) -> Message:
        """See ``Press.notice``."""
        shown = [plain(paragraph) for paragraph in paragraphs if is_visible(paragraph)]
        about = f"You get this mail because it is about {self._title}."  # and so no line is short
        preheader = shorten(" ".join([*shown, about]), PREHEADER)
        return self._written(
            "notice", (address, ""), plain(subject), at, preheader=preheader, paragraphs=shown
        )

    def _written(
        self, template: str, to: tuple[str, str], subject: str, at: dt.datetime, **said: Any
    ) -> Message:
        """The mail that a template makes of what is ``said``."""
        address, name = to
        made = self._forms.printed(template, subject=subject, **said)
        text, html = made.text.filled({}), made.html.filled({})
        seed = sha256(b"\0".join([address.encode("utf-8", "backslashreplace"), *text, *html]))
        head = self._letterhead.notice(
            address, name, subject, seed=f"{template} {seed.hexdigest()}", at=at
        )
        data = b"".join([head.data, *mime.alternative(head.message_id, text, html)])
        return Message(head.message_id, head.sender, head.recipient, data)
