"""The home page, and the page that says what all this is."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.render import pages, wording
from digest.render.plain import plain
from digest.web import showing
from digest.web.desk import Desk, desk_of
from digest.web.pages import page
from digest.web.squeezed import SQUEEZED

EARLIER = 5
"""Editions before today's that the home page names."""


def home_values(desk: Desk) -> dict[str, Any]:
    """Today's public edition, and the ones before it."""
    editions = desk.store.editions.of(desk.public, most=1)
    edition = editions[0] if editions else None
    return {
        "edition": edition,
        "day": wording.day(edition.date) if edition else "",
        "glance": wording.glance(edition) if edition else "",
        "note": plain(edition.note or "") if edition else "",
        "groups": showing.groups(desk, edition, "tldr") if edition else (),
        "earlier": earlier(desk)[1 : EARLIER + 1],
    }


def earlier(desk: Desk) -> list[pages.Day]:
    """Every public edition, newest first."""
    return [
        pages.Day(f"/edition/{date}", wording.day(date), picks)
        for date, picks in desk.store.editions.contents(desk.public)
    ]


def home(request: Request) -> Response:
    """Today's public edition and the ways to get one's own."""
    return page(request, "home", **home_values(desk_of(request)))


def about(request: Request) -> Response:
    """What this is, how papers are chosen, what is known of readers, and whom to ask."""
    return page(request, "help", postal=postal(desk_of(request)))


def postal(desk: Desk) -> str:
    """The owner's postal address on one line."""
    return ", ".join(filter(None, map(plain, desk.mail.postal_address.splitlines())))


routes = [
    Route("/", home, middleware=SQUEEZED),
    Route("/help", about, middleware=SQUEEZED),
]
