"""What feeds hold, whatever their form: one item a paper, or one an edition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from jinja2 import Environment

from digest.editions import Edition, Pick
from digest.papers import Paper
from digest.render import wording
from digest.render.plain import plain, shorten
from digest.render.settings import MailSettings, is_web
from digest.render.templates import fill
from digest.subscribers import PUBLIC, Subscriber

TAG_YEAR = "2024"
"""The date in every tag: URI (RFC 4151 §2.1): fixed, or all items would come back as new."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""When a feed without editions was last changed: Atom asks for an instant (RFC 4287 §4.2.15)."""

MICROSECONDS = 1_000_000

_READER = Subscriber(PUBLIC, None)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a feed; ``summary`` is plain text, ``content`` is HTML.

    No two items of a feed have the same ``at``: readers sort by it, and W3C's validator warns.
    """

    id: str
    title: str
    href: str
    at: dt.datetime
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    summary: str
    content: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A feed: ``home`` is the page it belongs to, ``updated`` None while it is empty."""

    id: str
    title: str
    description: str
    author: str
    home: str
    items: tuple[Item, ...]
    updated: dt.datetime | None
    icon: str = ""


def of_editions(
    editions: Sequence[Edition],
    settings: MailSettings,
    env: Environment,
    *,
    reader: Subscriber | None = None,
    base_url: str = "",
    whole: bool = False,
    page: str = "",
) -> Channel:
    """``editions``, newest first, as a feed. Raises RenderError.

    ``reader`` is whose feed it is; by default the reader of the editions, else the public.
    ``whole``: one item an edition, which leads to ``page`` with the edition's date for ``{}``.
    """
    who = reader or (editions[0].subscriber if editions else _READER)
    title, name = plain(settings.title), shorten(plain(who.name or who.id), wording.NAME_LIMIT)
    public = who.id == PUBLIC
    if whole:
        where = page or home(settings, base_url)
        items = [_edition_item(one, settings, env, where) for one in editions if one.picks]
    else:
        items = _items(editions, settings, env)
    return Channel(
        id=tag(settings, f"feed/{who.id}{'/editions' if whole else ''}"),
        title=title if public else f"{title} for {name}",
        description=_description(public, name),
        author=title,
        home=home(settings, base_url),
        items=tuple(items),
        updated=max((edition.composed_at for edition in editions), default=None),
        icon=f"{base_url}/favicon.svg" if base_url else "",
    )


def of_papers(
    papers: Iterable[tuple[int, Paper, dt.datetime]],
    settings: MailSettings,
    env: Environment,
    *,
    name: str,
    what: str,
    base_url: str,
    page: str,
) -> Channel:
    """Papers of the archive, newest first, as a feed. Raises RenderError.

    Each comes with its number and with when it came into sight. ``name`` tells the feed from
    others, ``what`` says in a few words what is in it, ``page`` shows the same.
    """
    items = tuple(
        _item(
            Pick(paper, 0.0, None, ()),
            # Papers of one file came at one instant; their numbers tell them apart.
            first_seen_at.replace(microsecond=number % MICROSECONDS),
            settings,
            env,
        )
        for number, paper, first_seen_at in papers
    )
    said = shorten(plain(what), 200)
    return Channel(
        id=tag(settings, f"feed/{name}"),
        title=f"{plain(settings.title)}: {said}",
        description=f"New research papers: {said}.",
        author=plain(settings.title),
        home=page,
        items=items,
        updated=max((item.at for item in items), default=None),
        icon=f"{base_url}/favicon.svg" if base_url else "",
    )


def home(settings: MailSettings, base_url: str = "") -> str:
    """The page a feed belongs to: the site's, the root of the feed's host, or of the sender's."""
    if base_url:
        return base_url + "/"
    if is_web(settings.feed_url):
        return "/".join(settings.feed_url.split("/")[:3]) + "/"
    return f"{'http' if settings.domain == 'localhost' else 'https'}://{settings.domain}/"


def tag(settings: MailSettings, name: str) -> str:
    """A tag: URI (RFC 4151) in the sender's domain: kind, a slash, and the rest quoted."""
    kind, _, rest = plain(name).partition("/")
    return f"tag:{settings.domain},{TAG_YEAR}:{kind}/{quote(rest, safe='')}"


def _description(public: bool, name: str) -> str:
    """One sentence about the feed."""
    if public:
        return "The papers reported most often, highest and most recently."
    return f"New research papers that match the interests of {name}."


def _items(editions: Sequence[Edition], settings: MailSettings, env: Environment) -> list[Item]:
    """One item a paper: where several editions hold it, the newest, by any of its keys.

    The first pick has the instant of its edition, each further one is a second older.
    """
    items: list[Item] = []
    seen: set[str] = set()
    for edition in editions:
        for place, pick in enumerate(edition.picks):
            if seen.isdisjoint(pick.paper.keys):
                at = edition.composed_at - dt.timedelta(seconds=place)
                items.append(_item(pick, at, settings, env))
            seen.update(pick.paper.keys)
    return items


def _item(pick: Pick, at: dt.datetime, settings: MailSettings, env: Environment) -> Item:
    """``pick`` as an item."""
    card = wording.card(pick, 1, "full")
    names = (shorten(plain(name), wording.NAME_LIMIT) for name in pick.paper.authors)
    interest = [wording.interest(pick.interest)] if pick.interest else []
    known = dict.fromkeys(map(plain, [*interest, *pick.paper.categories]))
    return Item(
        id=tag(settings, f"paper/{pick.paper.key}"),
        title=card.title,
        href=card.href,
        at=at.astimezone(dt.UTC),
        authors=tuple(filter(None, names)),
        categories=tuple(filter(None, known)),
        summary=wording.summary(pick.paper, "tldr"),
        content=fill(env, "feed.item.html.j2", "feed", card=card),
    )


def _edition_item(edition: Edition, settings: MailSettings, env: Environment, page: str) -> Item:
    """A whole edition as an item."""
    groups = wording.groups(edition)
    return Item(
        id=tag(settings, f"edition/{edition.id}"),
        title=f"{wording.day(edition.date)}: {wording.subject(edition, settings.title)}",
        href=page.replace("{}", edition.date.isoformat()),
        at=edition.composed_at.astimezone(dt.UTC),
        authors=(),
        categories=tuple(group.name for group in groups),
        summary=wording.glance(edition),
        content=fill(env, "feed.edition.html.j2", edition.id, edition=edition, groups=groups),
    )


def as_html(text: str) -> str:
    """Plain text as HTML, which RSS takes its descriptions for."""
    return escape(text, quote=False)
