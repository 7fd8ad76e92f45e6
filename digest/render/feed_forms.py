"""The forms of a feed: RSS 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1; and lists of feeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from jinja2 import Environment

from digest.render.feed import EPOCH, Channel, Item, as_html
from digest.render.templates import fill

Form = Literal["rss", "atom", "json"]

MEDIA: dict[Form, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
NAMES: dict[Form, str] = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}


@dataclass(frozen=True, slots=True)
class Ways:
    """The addresses that a document of a feed names, empty for those it has not.

    ``itself`` is its own. The feed's past is in archive documents (RFC 5005 §4): ``previous`` is
    the one before, ``following`` the one behind, and ``current`` is where the feed is now.
    ``hub`` is where it can be subscribed to by WebSub.
    """

    itself: str = ""
    previous: str = ""
    following: str = ""
    current: str = ""
    hub: str = ""

    @property
    def archived(self) -> bool:
        """Whether the document is an archive document, which never changes."""
        return bool(self.current)


NOWHERE = Ways()


def rss(channel: Channel, env: Environment, ways: Ways = NOWHERE) -> str:
    """The feed as RSS 2.0. Raises RenderError."""
    return _filled("feed.rss.xml.j2", channel, env, ways)


def atom(channel: Channel, env: Environment, ways: Ways = NOWHERE) -> str:
    """The feed as Atom. Raises RenderError."""
    return _filled("feed.atom.xml.j2", channel, env, ways)


def json_feed(channel: Channel, _env: Environment, ways: Ways = NOWHERE) -> str:
    """The feed as JSON Feed 1.1."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": ways.itself,
        "description": channel.description,
        "favicon": channel.icon,
        "next_url": ways.previous,
        "authors": [{"name": channel.author}],
        "language": "en",
        "hubs": [{"type": "WebSub", "url": ways.hub}] if ways.hub else [],
        "items": [_json_item(item) for item in channel.items],
    }
    return json.dumps(_known(feed), ensure_ascii=False, indent=1) + "\n"


WRITE: dict[Form, Callable[[Channel, Environment, Ways], str]] = {
    "rss": rss,
    "atom": atom,
    "json": json_feed,
}


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in a list of feeds."""

    title: str
    feed_url: str
    page_url: str


def opml(title: str, groups: Sequence[tuple[str, Sequence[Outline]]], env: Environment) -> str:
    """Feeds, in named groups, as OPML 2.0. Raises RenderError."""
    return fill(env, "feeds.opml.xml.j2", "feeds", title=title, groups=groups)


def path(
    name: str, form: Form, *, query: str = "", whole: bool = False, block: int | None = None
) -> str:
    """The path of a feed: its name, its form, and behind a question mark what narrows it.

    ``whole``: one item an edition; ``block``: the archive document of this number.
    """
    asked = [
        f"q={quote(query, safe='', errors='replace')}" if query else "",
        "per=edition" if whole else "",
        "" if block is None else f"archive={block}",
    ]
    said = "&".join(filter(None, asked))
    return f"/feed/{quote(name, safe='/')}.{form}{'?' if said else ''}{said}"


def autodiscovered(root: str) -> list[tuple[str, str, str]]:
    """Name, media type and path of the public feed in every form."""
    return [
        (NAMES[form], MEDIA[form], root + path("public", form)) for form in ("atom", "rss", "json")
    ]


def _filled(name: str, channel: Channel, env: Environment, ways: Ways) -> str:
    return fill(env, name, "feed", channel=channel, ways=ways, epoch=EPOCH, html=as_html)


def _json_item(item: Item) -> dict[str, Any]:
    """An item as JSON Feed 1.1 has it."""
    return _known(
        {
            "id": item.id,
            "url": item.href,
            "title": item.title,
            "content_html": item.content,
            "summary": item.summary,
            "date_published": item.at.isoformat(),
            "authors": [{"name": name} for name in item.authors],
            "tags": list(item.categories),
        }
    )


def _known(said: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in said.items() if value or name in ("items", "content_html")
    }
