"""What every page works with: the store, the settings, and what only the shell can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jinja2 import Environment
from starlette.requests import Request

from digest.editions import Edition
from digest.links import Key, Links
from digest.messages import Message
from digest.papers import Paper
from digest.render.settings import MailSettings
from digest.sources import Health
from digest.store.shelves import Store
from digest.subscribers import Subscriber
from digest.votes import Value
from digest.web.settings import WebSettings

if TYPE_CHECKING:
    from starlette.applications import Starlette


GLANCES, LINE = 2, 8
"""Previews ranked at once, each of which takes a processor for a good part of a second; and those
that may wait for it, for each holds a thread that other pages need.
"""


@dataclass(frozen=True)
class Desk:
    """One installation, as its pages see it.

    ``keys`` open and sign links, the first one signs. ``preview`` is what a reader would get now.
    ``confirmation`` is the mail that asks ``address`` to confirm at a link, ``notice`` a short one
    of a subject and paragraphs; ``imported`` makes titles and ids of an uploaded library of
    papers, or raises SourceError. ``cast`` stores what a reader says of a paper on a page, unless
    they said just that last; whether it was new. ``healths`` is how the sources are doing.
    """

    store: Store
    settings: WebSettings
    mail: MailSettings
    env: Environment
    keys: tuple[Key, ...]
    base_url: str
    clock: Callable[[], dt.datetime]
    preview: Callable[[Subscriber], Edition]
    confirmation: Callable[[str, str, str, dt.datetime, Sequence[str]], Message]
    notice: Callable[[str, str, Sequence[str], dt.datetime], Message]
    imported: Callable[[bytes, str], Sequence[str]]
    cast: Callable[[Subscriber, Paper, Value], bool]
    public: Subscriber
    healths: Callable[[], Sequence[Health]] = tuple
    glances: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(GLANCES))
    line: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(GLANCES + LINE))

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """What the hashes of erased addresses are keyed with."""
        return tuple(key.secret for key in self.keys)

    @property
    def links(self) -> Links:
        """The signed links that lead to these pages."""
        return Links(self.mail.address, self.base_url, key=self.keys[0])

    @property
    def root(self) -> str:
        """The path before every page's, without a slash at its end: empty for a site of its own."""
        return urlsplit(self.base_url).path.rstrip("/")


def desk_of(request: Request) -> Desk:
    """The desk of the site that a request came to."""
    app: Starlette = request.app
    desk: Desk = app.state.desk
    return desk
