"""Feeds: the public edition, topics, searches, readers' own; and the list of them all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.links import open_feed
from digest.render import feed_forms
from digest.render.feed_forms import MEDIA, NAMES, Form, Outline, Ways, path
from digest.render.plain import plain
from digest.web.desk import Desk, desk_of
from digest.web.feed_sources import Reading, of_public, of_reader, of_search, of_topic
from digest.web.pages import page
from digest.web.squeezed import SQUEEZED
from digest.web.unchanged import Printed, is_known, marks

FORMS: tuple[Form, ...] = get_args(Form)

OFTEN = "max-age=900"
"""A reader may ask again after a quarter of an hour; there is an edition a day."""

TOPICS, LATELY = 60, dt.timedelta(days=30)
"""Topics that are listed: those with most papers lately."""

ANYWHERE = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Feed readers that are web pages may read what is public."""


def feed(request: Request) -> Response:
    """A feed in one of its forms; 304 where the reader has it already."""
    desk = desk_of(request)
    name, _, form = request.path_params["name"].rpartition(".")
    reading = _named(desk, name, request) if form in FORMS else None
    if reading is None:
        raise HTTPException(404)
    headers = {**marks(desk, request, reading.at()), **_headers(desk, reading, form)}
    if is_known(request, headers):
        return Response(status_code=304, headers=headers)
    printed: Printed = request.app.state.printed
    block = _block(request)
    text = printed.get(headers["ETag"], lambda: document(desk, reading, form, block))
    if text is None:
        raise HTTPException(404)
    return Response(text, media_type=f"{MEDIA[form]}; charset=utf-8", headers=headers)


def document(
    desk: Desk,
    reading: Reading,
    form: Form,
    block: int | None = None,
    to: Callable[[str], str] | None = None,
    past: int | None = None,
) -> str | None:
    """A feed as it is now, or its archive document of this number, from 0 for the oldest.

    Archive documents hold a fixed number each and so never change; the newest belong to none
    until there are enough of them. None for one that does not exist. ``to`` makes the whole
    address of a path, by default that of these pages; ``past`` is how many archive documents
    there are, by default as many as are full.
    """
    size = reading.size()
    full = size // reading.each if past is None else past
    if block is not None and block >= full:
        return None
    skip = 0 if block is None else size - reading.each * (block + 1)
    ways = _ways(desk, reading, form, block, full, to or (lambda path: desk.base_url + path))
    return feed_forms.WRITE[form](reading.channel(skip), desk.env, ways)


def listed(request: Request) -> Response:
    """Every feed there is, and how to make one of a search."""
    return page(request, "feeds", **feeds_values(topics(desk_of(request))))


def feeds_values(known: list[tuple[str, int]]) -> dict[str, Any]:
    """What the page of all feeds shows."""
    return {
        "forms": [(NAMES[form], path("public", form)) for form in FORMS],
        "whole": [(NAMES[form], path("public", form, whole=True)) for form in FORMS],
        "topics": [
            (name, count, [(NAMES[form], path(f"topic/{name}", form)) for form in FORMS])
            for name, count in known
        ],
    }


def topics(desk: Desk) -> list[tuple[str, int]]:
    """The topics with most papers lately, by name, and how many."""
    found = desk.store.archive.topics(desk.clock() - LATELY)[:TOPICS]
    return sorted((plain(name), count) for name, count in found if plain(name))


def opml(request: Request) -> Response:
    """Every feed, for a reader that takes them all at once."""
    desk = desk_of(request)
    names = [name for name, _ in topics(desk)]
    headers = {"Cache-Control": f"public, {OFTEN}", **ANYWHERE}
    return Response(outlines(desk, names), media_type="text/x-opml", headers=headers)


def outlines(desk: Desk, names: list[str], to: Callable[[str], str] | None = None) -> str:
    """The public feed and those of these topics as OPML; ``to`` as in ``document``."""
    title, to = plain(desk.mail.title), to or (lambda path: desk.base_url + path)
    whole = f"{title}, one item an edition"
    general = [
        Outline(title, to(path("public", "atom")), to("/")),
        Outline(whole, to(path("public", "atom", whole=True)), to("/archive")),
    ]
    of_topics = [
        Outline(f"{title}: {name}", to(path(f"topic/{name}", "atom")), to("/feeds"))
        for name in names
    ]
    groups = [(title, general), *([("Topics", of_topics)] if of_topics else [])]
    return feed_forms.opml(title, groups, desk.env)


def _named(desk: Desk, name: str, request: Request) -> Reading | None:
    """What the feed of that name reads; None where there is none."""
    whole = request.query_params.get("per") == "edition"
    if name == "public":
        return of_public(desk, whole=whole)
    if name == "search":
        return of_search(desk, request.query_params.get("q", ""))
    if name.startswith("topic/"):
        return of_topic(desk, name.removeprefix("topic/"))
    return _own(desk, name, whole=whole)


def _own(desk: Desk, token: str, *, whole: bool) -> Reading | None:
    """A reader's own feed, as long as its address was not taken back."""
    opened = open_feed(token, desk.keys)
    if opened is None:
        return None
    who, revision = opened
    if desk.store.subscribers.feed_revision(who) != revision:
        return None
    reader = desk.store.subscribers.get([who])[0]
    return of_reader(desk, reader, token, whole=whole)


def _headers(desk: Desk, reading: Reading, form: Form) -> dict[str, str]:
    if reading.private:
        return {"Cache-Control": f"private, {OFTEN}", "X-Robots-Tag": "noindex"}
    headers = {"Cache-Control": f"public, {OFTEN}", **ANYWHERE}
    if desk.settings.hub:
        itself = desk.base_url + _path(reading, form)
        headers["Link"] = f'<{desk.settings.hub}>; rel="hub", <{itself}>; rel="self"'
    return headers


def _ways(
    desk: Desk,
    reading: Reading,
    form: Form,
    block: int | None,
    full: int,
    to: Callable[[str], str],
) -> Ways:
    previous = (full if block is None else block) - 1
    following = None if block is None or block + 1 >= full else block + 1
    return Ways(
        itself=to(_path(reading, form, block)),
        previous=to(_path(reading, form, previous)) if previous >= 0 else "",
        following="" if following is None else to(_path(reading, form, following)),
        current="" if block is None else to(_path(reading, form)),
        hub="" if reading.private or block is not None else desk.settings.hub,
    )


def _path(reading: Reading, form: Form, block: int | None = None) -> str:
    return path(reading.name, form, query=reading.query, whole=reading.whole, block=block)


def _block(request: Request) -> int | None:
    """The archive document that was asked for. Raises HTTPException for what is none."""
    said = request.query_params.get("archive")
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) < 7):
        raise HTTPException(404)
    return int(said)


routes = [
    Route("/feeds", listed, middleware=SQUEEZED),
    Route("/feeds.opml", opml, middleware=SQUEEZED),
    Route("/feed/{name:path}", feed, middleware=SQUEEZED),
]
