"""The pages of editions: the public ones by date, a reader's own by signed link."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.editions import Edition
from digest.links import open_ticket
from digest.render import wording
from digest.render.plain import plain, shorten
from digest.subscribers import PUBLIC
from digest.web import showing
from digest.web.desk import Desk, desk_of
from digest.web.pages import page

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def public(request: Request, named: str) -> Response:
    """The public edition of a day."""
    desk = desk_of(request)
    try:
        date = dt.date.fromisoformat(named)
    except ValueError:
        raise HTTPException(404) from None
    editions = desk.store.editions.of(desk.public, date=date)
    if not editions:
        raise HTTPException(404)
    return page(request, "edition", **public_values(desk, editions[0]))


def public_values(desk: Desk, edition: Edition) -> dict[str, Any]:
    """What the page of a public edition shows."""
    return {**_values(edition), "groups": showing.groups(desk, edition, "tldr"), "own": ""}


def own(request: Request, token: str) -> Response:
    """A reader's own edition, with the links to vote, for whoever has the link."""
    desk = desk_of(request)
    ticket = open_ticket(token, "edition", desk.keys)
    readers = desk.store.subscribers.get([ticket.subscriber]) if ticket else []
    if ticket is None or not readers or readers[0].id == PUBLIC:
        raise HTTPException(404)
    reader = readers[0]
    editions = desk.store.editions.of(reader, date=ticket.date)
    if not editions:
        raise HTTPException(404)
    edition = editions[0]
    voting = desk.links.vote_token(reader.id, ticket.date)
    abstract = reader.abstract or desk.mail.abstract
    return page(
        request,
        "edition",
        private=True,
        **_values(edition),
        groups=showing.groups(desk, edition, abstract, token=voting),
        own=desk.links.mine_url(reader.id, ticket.date) or "",
    )


def _values(edition: Edition) -> dict[str, Any]:
    """What the pages of all editions show."""
    reader = edition.subscriber
    return {
        "day": wording.day(edition.date),
        "date": edition.date.isoformat(),
        "name": shorten(plain(reader.name), wording.NAME_LIMIT),
        "glance": wording.glance(edition),
        "headline": wording.headline(edition.date),
        "note": plain(edition.note or ""),
    }


def either(request: Request) -> Response:
    """A date is a public edition's, anything else a link's."""
    named = request.path_params["name"]
    return public(request, named) if _DAY.fullmatch(named) else own(request, named)


routes = [Route("/edition/{name}", either)]
