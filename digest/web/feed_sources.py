"""What each feed answers from: the editions of a reader, or papers of the archive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from digest.render import feed
from digest.render.plain import plain, shorten
from digest.store.searching import Term, terms_of, topic_terms
from digest.subscribers import PUBLIC, Subscriber
from digest.web.desk import Desk

EDITIONS, PAPERS = 20, 100
"""How many of either one document of a feed holds."""

QUERY = 200
"""The most characters of a search that is a feed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Something that can be read as a feed.

    ``name`` is that in its addresses; ``at`` when it last changed, which is quick to find out;
    ``size`` how many editions or papers there are in all, of which a document holds ``each``.
    ``channel`` makes a feed of those that come after ``skip`` newer ones.
    """

    name: str
    each: int
    at: Callable[[], dt.datetime | None]
    size: Callable[[], int]
    channel: Callable[[int], feed.Channel]
    query: str = ""
    whole: bool = False
    private: bool = False


def of_reader(desk: Desk, reader: Subscriber, name: str, *, whole: bool, page: str = "") -> Reading:
    """The feed of a reader's stored editions; of the public ones where the reader is nobody.

    ``whole``: one item an edition, which leads to ``page`` with its date for ``{}``.
    """

    def channel(skip: int) -> feed.Channel:
        editions = desk.store.editions.of(reader, most=EDITIONS, skip=skip)
        return feed.of_editions(
            editions,
            desk.mail,
            desk.env,
            reader=reader,
            base_url=desk.base_url,
            whole=whole,
            page=page,
        )

    def at() -> dt.datetime | None:
        last = desk.store.editions.last(reader.id)
        return last[1] if last else None

    def size() -> int:
        return len(desk.store.editions.contents(reader))

    return Reading(name, EDITIONS, at, size, channel, whole=whole, private=reader.id != PUBLIC)


def of_public(desk: Desk, *, whole: bool = False) -> Reading:
    """The feed of the public editions."""
    return of_reader(desk, desk.public, "public", whole=whole, page=desk.base_url + "/edition/{}")


def of_topic(desk: Desk, category: str, page: str = "") -> Reading | None:
    """The feed of an arXiv category, or of a whole archive such as "cs".

    ``page`` shows the same, by default the search for it.
    """
    name = shorten(plain(category), 40)
    found = topic_terms(name)
    page = page or f"{desk.base_url}/search?q=category%3A{quote(name, safe='')}&by=date"
    return _of_papers(desk, found, f"topic/{name}", name, page) if found else None


def of_search(desk: Desk, asked: str) -> Reading | None:
    """The feed of a saved search."""
    query = shorten(plain(asked), QUERY)
    found = terms_of(query)
    page = f"{desk.base_url}/search?q={quote(query, safe='')}&by=date"
    return _of_papers(desk, found, "search", f"“{query}”", page, query) if found else None


def _of_papers(
    desk: Desk, found: tuple[Term, ...], name: str, what: str, page: str, query: str = ""
) -> Reading:
    archive = desk.store.archive

    def channel(skip: int) -> feed.Channel:
        papers = archive.search(found, order="newest", most=PAPERS, skip=skip).papers
        return feed.of_papers(
            ((one.number, one.paper, one.first_seen_at) for one in papers),
            desk.mail,
            desk.env,
            name=f"{name}/{query}" if query else name,
            what=what,
            base_url=desk.base_url,
            page=page,
        )

    def size() -> int:
        return archive.count(found)

    return Reading(name, PAPERS, archive.latest_at, size, channel, query=query)
