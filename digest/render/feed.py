"""Editions as feeds: RSS 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jinja2 import Environment

from digest.editions import Edition, Pick
from digest.render import wording
from digest.render.plain import plain, shorten
from digest.render.settings import MailSettings, is_web
from digest.render.templates import fill
from digest.subscribers import PUBLIC, Subscriber

TAG_YEAR = "2024"
"""The date in every tag: URI (RFC 4151 §2.1): fixed, or all items would come back as new."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""When a feed without editions was last changed: Atom asks for an instant (RFC 4287 §4.2.15)."""

_READER = Subscriber(PUBLIC, None)


@dataclass(frozen=True, slots=True)
class Item:
    """One paper in a feed; ``at`` is when its edition was composed, ``content`` is HTML."""

    id: str
    title: str
    href: str
    at: dt.datetime
    authors: tuple[str, ...]
    interest: str
    content: str


def rss(
    editions: Sequence[Edition],
    settings: MailSettings,
    env: Environment,
    *,
    reader: Subscriber | None = None,
) -> str:
    """``editions``, newest first, as RSS 2.0. Raises RenderError.

    ``reader`` is whose feed it is; by default the reader of the editions, else the public.
    """
    return fill(env, "feed.rss.xml.j2", "feed", **_channel(editions, settings, env, reader))


def atom(
    editions: Sequence[Edition],
    settings: MailSettings,
    env: Environment,
    *,
    reader: Subscriber | None = None,
) -> str:
    """``editions``, newest first, as Atom; otherwise as ``rss``."""
    return fill(env, "feed.atom.xml.j2", "feed", **_channel(editions, settings, env, reader))


def json_feed(
    editions: Sequence[Edition],
    settings: MailSettings,
    env: Environment,
    *,
    reader: Subscriber | None = None,
) -> str:
    """``editions``, newest first, as JSON Feed 1.1; otherwise as ``rss``."""
    channel = _channel(editions, settings, env, reader)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel["title"],
        "home_page_url": channel["home"],
        "feed_url": channel["feed_url"],
        "description": channel["description"],
        "language": "en",
        "items": [_json_item(item) for item in channel["items"]],
    }
    known = {name: value for name, value in feed.items() if value or name == "items"}
    return json.dumps(known, ensure_ascii=False, indent=1) + "\n"


def _json_item(item: Item) -> dict[str, Any]:
    """An item as JSON Feed 1.1 has it."""
    return {
        "id": item.id,
        "url": item.href,
        "title": item.title,
        "content_html": item.content,
        "date_published": item.at.isoformat(),
        "authors": [{"name": name} for name in item.authors],
        "tags": [item.interest],
    }


def _channel(
    editions: Sequence[Edition],
    settings: MailSettings,
    env: Environment,
    reader: Subscriber | None,
) -> dict[str, Any]:
    """The names a feed's template can use; no reader's address is among them."""
    who = reader or (editions[0].subscriber if editions else _READER)
    title, name = plain(settings.title), shorten(plain(who.name or who.id), wording.NAME_LIMIT)
    public = who.id == PUBLIC
    return {
        "id": tag(settings, f"feed/{who.id}"),
        "title": title if public else f"{title} for {name}",
        "description": _description(public, name),
        "author": title,
        "home": _home(settings),
        "feed_url": settings.feed_url if public else "",
        "updated": max((edition.composed_at for edition in editions), default=None),
        "epoch": EPOCH,
        "items": _items(editions, settings, env),
    }


def _description(public: bool, name: str) -> str:
    """One sentence about the feed."""
    if public:
        return "The papers reported most often, highest and most recently."
    return f"New research papers that match the interests of {name}."


def _home(settings: MailSettings) -> str:
    """The page the feed belongs to: the root of the feed's host, else of the sender's domain."""
    if is_web(settings.feed_url):
        return "/".join(settings.feed_url.split("/")[:3]) + "/"
    return f"{'http' if settings.domain == 'localhost' else 'https'}://{settings.domain}/"


def _items(editions: Sequence[Edition], settings: MailSettings, env: Environment) -> list[Item]:
    """One item a paper: where several editions hold it, the newest, by any of its keys."""
    items: list[Item] = []
    seen: set[str] = set()
    for edition in editions:
        for pick in edition.picks:
            if seen.isdisjoint(pick.paper.keys):
                items.append(_item(pick, edition, settings, env))
            seen.update(pick.paper.keys)
    return items


def _item(pick: Pick, edition: Edition, settings: MailSettings, env: Environment) -> Item:
    """``pick`` as an item."""
    card = wording.card(pick, 1, "full")
    names = (shorten(plain(name), wording.NAME_LIMIT) for name in pick.paper.authors)
    return Item(
        id=tag(settings, f"paper/{pick.paper.key}"),
        title=card.title,
        href=card.href,
        at=edition.composed_at.astimezone(dt.UTC),
        authors=tuple(filter(None, names)),
        interest=wording.interest(pick.interest),
        content=fill(env, "feed.item.html.j2", edition.id, card=card),
    )


def tag(settings: MailSettings, name: str) -> str:
    """A tag: URI (RFC 4151) in the sender's domain: kind, a slash, and the rest quoted."""
    kind, _, rest = plain(name).partition("/")
    return f"tag:{settings.domain},{TAG_YEAR}:{kind}/{quote(rest, safe='')}"
