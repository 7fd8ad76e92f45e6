"""The admin pages: how the newsletter is doing, for whoever runs it."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from digest.messages import STATES
from digest.render.bars import bars
from digest.render.press import Press
from digest.store.figures import Days
from digest.store.listings import LAST, Page
from digest.web.attention import TROUBLED, sentences
from digest.web.desk import Desk, desk_of
from digest.web.forms import Form, posted
from digest.web.pages import PRIVATE, page
from digest.web.protection import HEADERS
from digest.web.sessions import (
    PATH,
    Doorkeeper,
    Visitor,
    form_mark,
    is_marked,
    is_open,
    sign_in,
    sign_out,
    visitor_of,
)
from digest.web.subscribing import glance

log = logging.getLogger("digest")

RETRIED = ("failed", "uncertain", "deferred")
"""States of mails that can be queued again."""

ENDED = ("sent", "withdrawn", "superseded", "failed", "uncertain", "unmailed")
"""States in which nothing more happens by itself; the others wait."""

DAYS, GROWTH_DAYS = 14, 90
"""How far back the charts go."""

MAILS = {"sent": "on", "waiting": "off", "failed": "bad"}
GROWTH = {"joined": "on", "left": "bad"}
VOTES = {"save": "on", "more": "on", "less": "bad"}
"""What the charts draw, and the class of each in the stylesheet."""

EDITION_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox"
)
"""For an edition as it looks in a mail, in a frame: it has its styles inside, and does nothing."""

Shown = Callable[[Request, Visitor], Response]


def overview(request: Request, visitor: Visitor) -> Response:
    """What needs looking at, today's editions, and those of the last days."""
    desk = desk_of(request)
    now = desk.clock()
    days = _grouped(desk.store.figures.editions(_since(now, DAYS)))
    healths, counts = desk.healths(), desk.store.outbox.counts()
    today = days.get(now.date(), {})
    return _page(
        request,
        visitor,
        "overview",
        troubles=sentences(healths, counts, desk.store.figures.overdue_since(now), now),
        due=len(desk.store.subscribers.due(now)),
        composed=sum(today.values()),
        today=today,
        days=sorted(days.items(), reverse=True),
        chart=bars(_columns(days, now, DAYS), MAILS, "Mails of each day: sent, waiting, failed"),
        unwell=[one for one in healths if one.state in TROUBLED],
        sources=len(healths),
    )


def runs(request: Request, visitor: Visitor) -> Response:
    """What every poll and every file of the inbox came to; of one ``source`` when it is named."""
    source = _text(request, "source")
    found = desk_of(request).store.listings.runs(_number(request), source=source or None)
    return _page(request, visitor, "runs", source=source, **_listed(request, found))


def sources(request: Request, visitor: Visitor) -> Response:
    """How every source is doing, those in trouble first."""
    healths = sorted(desk_of(request).healths(), key=lambda one: one.state not in TROUBLED)
    drawn = {one.source: _month(one.source, one.days) for one in healths}
    return _page(request, visitor, "sources", healths=healths, drawn=drawn, troubled=TROUBLED)


def outbox(request: Request, visitor: Visitor) -> Response:
    """Mails on their way, by state and by day, and the button that sends some again."""
    store = desk_of(request).store
    state, date = _text(request, "state"), _date(request)
    if state not in ("", *STATES):
        raise HTTPException(404)
    found = store.listings.outbox(_number(request), state=state or None, date=date)
    counts = store.outbox.counts()
    return _page(
        request,
        visitor,
        "outbox",
        states=[(name, counts.get(name, 0)) for name in STATES],
        state=state,
        date=date,
        retried=[(name, counts[name]) for name in RETRIED if counts.get(name)],
        again=_count(request, "again"),
        **_listed(request, found),
    )


def bounces(request: Request, visitor: Visitor) -> Response:
    """What came back of mails."""
    found = desk_of(request).store.listings.bounces(_number(request))
    return _page(request, visitor, "bounces", **_listed(request, found))


def suppressions(request: Request, visitor: Visitor) -> Response:
    """Addresses that get nothing, and why."""
    found = desk_of(request).store.listings.suppressions(_number(request))
    return _page(request, visitor, "suppressions", **_listed(request, found))


def subscribers(request: Request, visitor: Visitor) -> Response:
    """How many read, how that grew, and who came last."""
    desk = desk_of(request)
    now, figures = desk.clock(), desk.store.figures
    columns = _columns(figures.growth(_since(now, GROWTH_DAYS)), now, GROWTH_DAYS)
    return _page(
        request,
        visitor,
        "subscribers",
        states=sorted(figures.subscribers().items()),
        growth=_totals(columns, GROWTH),
        chart=bars(columns, GROWTH, "Subscribers who joined and who left on each day"),
        **_listed(request, desk.store.listings.subscribers(_number(request))),
    )


def votes(request: Request, visitor: Visitor) -> Response:
    """What readers say of papers, by day and one by one."""
    desk = desk_of(request)
    now = desk.clock()
    columns = _columns(desk.store.figures.votes(_since(now, GROWTH_DAYS)), now, GROWTH_DAYS)
    return _page(
        request,
        visitor,
        "votes",
        said=_totals(columns, VOTES),
        chart=bars(columns, VOTES, "Votes of each day: save and more, less"),
        **_listed(request, desk.store.listings.votes(_number(request))),
    )


def preview(request: Request, visitor: Visitor) -> Response:
    """What any subscriber would get now, in a frame of its own."""
    who = _text(request, "who")
    found = desk_of(request).store.subscribers.find(who) if who else None
    response = _page(
        request,
        visitor,
        "preview",
        status=404 if who and found is None else 200,
        who=who,
        found=found,
        frame=urlencode({"who": found.subscriber.id}) if found else "",
    )
    policy = HEADERS["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = f"{policy}; frame-src 'self'"
    return response


def edition(request: Request, _visitor: Visitor) -> Response:
    """The edition that a subscriber would get now, as it looks in a mail.

    Its links are none of theirs: whoever looks here must not leave or vote for somebody.
    """
    desk = desk_of(request)
    found = desk.store.subscribers.find(_text(request, "who"))
    if found is None:
        raise HTTPException(404)
    text = Press(desk.mail, desk.env).html(glance(desk, found.subscriber), whole=True)
    headers = {"Content-Security-Policy": EDITION_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(text, headers=PRIVATE | headers)


def routes() -> list[BaseRoute]:
    """The routes of these pages, with a doorkeeper of their own."""
    doorkeeper = Doorkeeper()

    def asked(request: Request) -> Response:
        _check_open(request)
        return page(request, "admin-sign-in", private=True, wrong=False)

    def signed_in(request: Request, form: Form) -> Response:
        desk, host = _check_open(request), request.client.host if request.client else ""
        if not doorkeeper.may_try(request):
            raise HTTPException(429)
        if not doorkeeper.knows(desk, form.one("password")):
            said = {"event": "sign_in_refused", "host": host}
            log.warning("a wrong password for the admin pages, from %s", host, extra=said)
            return page(request, "admin-sign-in", status=403, private=True, wrong=True)
        said = {"event": "signed_in", "host": host}
        log.info("somebody signed in to the admin pages, from %s", host, extra=said)
        response = _redirect(request, PATH)
        sign_in(request, response)
        return response

    shown = {
        "": overview,
        "/runs": runs,
        "/sources": sources,
        "/outbox": outbox,
        "/bounces": bounces,
        "/suppressions": suppressions,
        "/subscribers": subscribers,
        "/votes": votes,
        "/preview": preview,
        "/preview/edition": edition,
    }
    return [
        Route(f"{PATH}/sign-in", asked),
        Route(f"{PATH}/sign-in", posted(signed_in), methods=["POST"]),
        Route(f"{PATH}/sign-out", posted(_signed_out), methods=["POST"]),
        Route(f"{PATH}/outbox/retry", posted(_retried), methods=["POST"]),
        *(Route(PATH + path, _inside(show)) for path, show in shown.items()),
    ]


def _signed_out(request: Request, form: Form) -> Response:
    _check_form(request, form)
    response = _redirect(request, f"{PATH}/sign-in")
    sign_out(request, response)
    return response


def _retried(request: Request, form: Form) -> Response:
    """Queue mails again that were not delivered."""
    desk = _check_form(request, form)
    state = form.one("state")
    if state not in RETRIED:
        raise HTTPException(400)
    number = desk.store.outbox.retry([state], desk.clock())
    said = {"event": "messages_queued_again", "messages": number, "state": state}
    text = "%s mails that were %s are queued again, from the admin pages"
    log.info(text, number, state, extra=said)
    return _redirect(request, f"{PATH}/outbox?again={number}")


def _inside(show: Shown) -> Callable[[Request], Response]:
    """An endpoint for those who have signed in; others are asked to."""

    def endpoint(request: Request) -> Response:
        desk = _check_open(request)
        visitor = visitor_of(request)
        if visitor is not None:
            return show(request, visitor)
        if not desk.settings.admin_password:
            raise HTTPException(403)
        return _redirect(request, f"{PATH}/sign-in")

    return endpoint


def _check_open(request: Request) -> Desk:
    desk = desk_of(request)
    if not is_open(desk):
        raise HTTPException(404)
    return desk


def _check_form(request: Request, form: Form) -> Desk:
    """The desk, for a form from a page of somebody who has signed in."""
    desk, visitor = _check_open(request), visitor_of(request)
    if visitor is None or not is_marked(desk, visitor, form.one("mark")):
        raise HTTPException(403)
    return desk


def _redirect(request: Request, path: str) -> Response:
    return RedirectResponse(desk_of(request).root + path, 303, PRIVATE)


def _page(
    request: Request, visitor: Visitor, name: str, *, status: int = 200, **more: Any
) -> Response:
    return page(
        request,
        f"admin-{name}",
        status=status,
        private=True,
        visitor=visitor,
        mark=form_mark(desk_of(request), visitor),
        when=_when,
        **more,
    )


def _listed(request: Request, found: Page[Any]) -> dict[str, Any]:
    """The rows of a page, and what stands behind the links to those beside it."""
    others = [(k, v) for k, v in request.query_params.multi_items() if k in ("state", "date")]
    others += [("source", _text(request, "source"))] if _text(request, "source") else []

    def to(number: int) -> str:
        return "?" + urlencode([*others, ("page", str(number))])

    return {
        "rows": found.rows,
        "number": found.number,
        "newer": to(found.number - 1) if found.number > 1 else "",
        "older": to(found.number + 1) if found.more else "",
    }


def _grouped(days: Days) -> Days:
    """Editions of each day whose mail was sent, failed or waits; others ended without."""
    found: Days = {}
    for day, states in days.items():
        sent, failed = states.get("sent", 0), states.get("failed", 0) + states.get("uncertain", 0)
        waiting = sum(number for state, number in states.items() if state not in ENDED)
        without = sum(states.values()) - sent - failed - waiting
        found[day] = {"sent": sent, "waiting": waiting, "failed": failed, "without": without}
    return found


def _since(now: dt.datetime, days: int) -> dt.date:
    return now.date() - dt.timedelta(days=days - 1)


def _columns(days: Days, now: dt.datetime, number: int) -> list[tuple[str, dict[str, int]]]:
    every = [_since(now, number) + dt.timedelta(days=n) for n in range(number)]
    return [(day.isoformat(), days.get(day, {})) for day in every]


def _totals(columns: Sequence[tuple[str, dict[str, int]]], kinds: dict[str, str]) -> dict[str, int]:
    return {kind: sum(parts.get(kind, 0) for _, parts in columns) for kind in kinds}


def _month(source: str, days: Sequence[int]) -> str:
    columns = [(f"{len(days) - 1 - n} days ago", {"new": new}) for n, new in enumerate(days)]
    return bars(
        [*columns[:-1], ("today", columns[-1][1])] if columns else [], {"new": "on"}, source
    )


def _number(request: Request) -> int:
    """The number of the page that is asked for. Raises HTTPException 404."""
    text = request.query_params.get("page", "1")
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= LAST:
        raise HTTPException(404)
    return int(text)


def _count(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


def _date(request: Request) -> dt.date | None:
    text = request.query_params.get("date", "")
    if not text:
        return None
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError as error:
        raise HTTPException(404) from error


def _text(request: Request, name: str) -> str:
    """A word of the query, without what a database refuses."""
    return request.query_params.get(name, "").replace("\0", "").strip()


def _when(at: dt.datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
