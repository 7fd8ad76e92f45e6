"""Answers that a reader has already: ETag, Last-Modified and 304 (RFC 9110 §13)."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256

from jinja2 import Environment
from starlette.requests import Request

from digest.web.desk import Desk

TEMPLATES = ("feed.rss.xml.j2", "feed.atom.xml.j2", "feed.item.html.j2", "feed.edition.html.j2")


def marks(desk: Desk, request: Request, at: dt.datetime | None) -> dict[str, str]:
    """The headers that tell one state of what is at this address from another.

    A weak ETag: the same is sent in gzip and without, and an abstract that a better source
    lengthened is no reason to send a feed again.
    """
    said = f"{_look(desk.env, repr(desk.mail), desk.base_url)} {request.url.path} {at}"
    said += f" {request.url.query} {desk.settings.hub}"
    headers = {"ETag": f'W/"{sha256(said.encode()).hexdigest()[:24]}"'}
    if at:
        headers["Last-Modified"] = format_datetime(at.replace(microsecond=0), usegmt=True)
    return headers


class Printed:
    """The documents printed last, by their ETag: many readers ask for the same."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._texts: OrderedDict[str, str] = OrderedDict()

    def get(self, tag: str, make: Callable[[], str | None]) -> str | None:
        """The document of this tag, made now unless it was lately. Two may make it at once."""
        text = self._texts.pop(tag, None) or make()
        if text is not None:
            self._texts[tag] = text
            while len(self._texts) > self._most:
                self._texts.popitem(last=False)
        return text


def is_known(request: Request, headers: dict[str, str]) -> bool:
    """Whether the reader has what has these marks. If-None-Match decides where it is sent."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        mine = headers["ETag"].removeprefix("W/")
        return tags.strip() == "*" or mine in [
            tag.strip().removeprefix("W/") for tag in tags.split(",")
        ]
    since, changed = request.headers.get("if-modified-since"), headers.get("Last-Modified")
    if not since or not changed:
        return False
    try:
        return parsedate_to_datetime(changed) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


@lru_cache(maxsize=8)
def _look(env: Environment, settings: str, base_url: str) -> str:
    """A hash of what feeds are made with besides the papers: templates and settings."""
    loader = env.loader
    sources = [loader.get_source(env, name)[0] for name in TEMPLATES] if loader else []
    return sha256("\0".join([*sources, settings, base_url]).encode()).hexdigest()
