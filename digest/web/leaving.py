"""Leaving by one click (RFC 8058) or by a button, saying why, and coming back if it was a slip."""

from __future__ import annotations

import datetime as dt

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.links import open_ticket
from digest.render.plain import plain
from digest.store.signups import Leaving
from digest.store.subscribers import Entry
from digest.web.confirming import agreed
from digest.web.desk import Desk, desk_of
from digest.web.forms import Form, posted
from digest.web.pages import page

SLIP = dt.timedelta(days=7)
"""How long after leaving the same link brings a reader back: mails lie about for years."""

REASONS = {
    "fit": "The papers did not fit my interests",
    "many": "Too many mails",
    "long": "The mails were too long",
    "asked": "I never asked for this",
    "time": "I have no time to read them",
    "other": "Something else",
}

WORDS = 500
"""The most characters of a reason in a reader's own words."""


def show(request: Request) -> Response:
    """The button. Nothing changes before it is pressed."""
    who, entry = _found(request)
    return _page(request, "left" if entry is None or entry.state == "left" else "leave", who, entry)


async def leave(request: Request) -> Response:
    """Take the reader off the list: whatever the body says, whoever sends it, however often.

    The request comes from the reader's mail provider, without cookies, and must not be redirected
    (RFC 8058 §3.1). What it says, List-Unsubscribe=One-Click, adds nothing to the token; so the
    body is not even read.
    """
    return await run_in_threadpool(_leave, request)


def _leave(request: Request) -> Response:
    who, entry = _found(request)
    if entry and entry.state != "left":
        desk = desk_of(request)
        desk.store.subscribers.leave(who, desk.clock())
        entry = desk.store.subscribers.find(who)
    return _page(request, "left", who, entry)


def come_back(request: Request, _form: Form) -> Response:
    """Undo it, within a few days."""
    who, entry = _found(request)
    desk = desk_of(request)
    since = desk.clock() - SLIP
    back = entry is not None and desk.store.signups.come_back(
        agreed(request, who, "came back"), since
    )
    return _page(request, "back", who, desk.store.subscribers.find(who), back=back)


def say_why(request: Request, form: Form) -> Response:
    """Note why, and say thank you."""
    who, entry = _found(request)
    reason, words = form.one("reason"), plain(form.one("words"))[:WORDS]
    reason = reason if reason in REASONS else "other" if words else ""
    if entry and reason:
        desk = desk_of(request)
        desk.store.signups.say_why(Leaving(who, desk.clock(), reason, words))
    return _page(request, "left", who, entry, thanks=bool(reason))


def masked(address: str) -> str:
    """An address that its owner recognises, and that tells others little."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def _found(request: Request) -> tuple[str, Entry | None]:
    """Who the link is for, and what is known of them: nothing, once they are erased."""
    desk: Desk = desk_of(request)
    ticket = open_ticket(request.path_params["token"], "unsubscribe", desk.keys)
    if ticket is None:
        raise HTTPException(404)
    entry = desk.store.subscribers.find(ticket.subscriber)
    known = entry is not None and entry.subscriber.id == ticket.subscriber
    return ticket.subscriber, entry if known and entry and entry.subscriber.address else None


def _page(
    request: Request,
    name: str,
    who: str,
    entry: Entry | None,
    *,
    back: bool = False,
    thanks: bool = False,
) -> Response:
    desk = desk_of(request)
    address = entry.subscriber.address if entry else None
    mine = desk.links.mine_url(who, desk.clock().date()) if back else None
    return page(
        request,
        name,
        private=True,
        here=f"/leave/{request.path_params['token']}",
        address=masked(address) if address else "",
        state=entry.state if entry else "",
        origin=entry.origin if entry else "",
        reasons=REASONS,
        thanks=thanks,
        back=back,
        mine=mine,
    )


routes = [
    Route("/leave/{token}", show),
    Route("/leave/{token}", leave, methods=["POST"]),
    Route("/leave/{token}/back", posted(come_back), methods=["POST"]),
    Route("/leave/{token}/why", posted(say_why), methods=["POST"]),
]
