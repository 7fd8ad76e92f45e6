"""The page that a confirmation mail leads to: a button, and what comes after it."""

from __future__ import annotations

import datetime as dt

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.links import open_ticket
from digest.render import wording
from digest.store.signups import Consent, What
from digest.store.subscribers import Entry
from digest.subscribers import due_date, next_date, zone
from digest.web.asking import network
from digest.web.desk import Desk, desk_of
from digest.web.forms import Form, posted
from digest.web.pages import page

WORDING = "2026-11"
"""The version of the words on pages and in the mail that a reader agrees to."""


def show(request: Request) -> Response:
    """The button. It changes nothing: what scans mails follows their links."""
    desk = desk_of(request)
    signup = desk.store.signups.find(_id(desk, request))
    if signup is None:
        return page(request, "confirm", private=True, status=404, reader=None)
    if signup.subscriber:
        return _confirmed(request, desk, signup.subscriber, again=True)
    return page(
        request,
        "confirm",
        private=True,
        reader=signup.reader,
        here=f"/confirm/{request.path_params['token']}",
    )


def confirm(request: Request, _form: Form) -> Response:
    """Make the subscriber; a second time is as good as the first."""
    desk = desk_of(request)
    id_ = _id(desk, request)
    known = desk.store.signups.find(id_)
    who = desk.store.signups.confirm(id_, agreed(request, "", "subscribed"), desk.secrets)
    if who is None:
        return page(request, "confirm", private=True, status=404, reader=None)
    return _confirmed(request, desk, who, again=bool(known and known.subscriber))


def agreed(request: Request, who: str, what: What) -> Consent:
    """What somebody agrees to by sending this request."""
    return Consent(who, desk_of(request).clock(), what, WORDING, network(request))


def next_edition(entry: Entry, last: dt.date | None, now: dt.datetime) -> str:
    """When a reader's next edition comes, as the end of a sentence."""
    schedule = entry.subscriber.schedule
    if due_date(schedule, last, now):
        return "within the hour"
    today = now.astimezone(zone(schedule.timezone)).date()
    before = max(today - dt.timedelta(days=1), last or dt.date.min)
    day = next_date(schedule, before)
    words = {0: "today", 1: "tomorrow"}.get((day - today).days, f"on {wording.day(day)}")
    return f"{words} at about {schedule.hour:02}:00 ({schedule.timezone})"


def _id(desk: Desk, request: Request) -> str:
    ticket = open_ticket(request.path_params["token"], "confirm", desk.keys)
    if ticket is None:
        raise HTTPException(404)
    return ticket.subscriber


def _confirmed(request: Request, desk: Desk, who: str, *, again: bool) -> Response:
    entry, now = desk.store.subscribers.find(who), desk.clock()
    if entry is None:
        raise HTTPException(404)
    last = desk.store.editions.last(who)
    return page(
        request,
        "confirmed",
        private=True,
        reader=entry.subscriber,
        state=entry.state,
        again=again,
        coming=next_edition(entry, last and last[0], now),
        mine=desk.links.mine_url(who, now.date()),
        sender=desk.mail.address,
    )


routes = [
    Route("/confirm/{token}", show),
    Route("/confirm/{token}", posted(confirm), methods=["POST"]),
]
