"""The archive by months and days, and searching it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.render import feed_forms, pages, wording
from digest.render.plain import plain, shorten
from digest.store.searching import terms_of
from digest.web.desk import Desk, desk_of
from digest.web.pages import page
from digest.web.squeezed import SQUEEZED

PAGE = 30
"""Papers on one page."""

OPEN = 2
"""Months whose days stand on the archive's first page."""

LAST = 100_000 // PAGE
"""The furthest page that can be asked for: each row before it has to be passed over."""

ASKED = 200
"""The most characters of a search."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)


def overview(request: Request) -> Response:
    """Every month, and the days of the latest."""
    months = pages.months(desk_of(request).store.archive.days())
    return page(request, "archive", months=months[:OPEN], earlier=months[OPEN:], month=None)


def dated(request: Request) -> Response:
    """The page of a day, or of a month."""
    said = request.path_params["date"]
    if _DAY.fullmatch(said):
        return _day(request, said)
    if _MONTH.fullmatch(said):
        return _month(request, said)
    raise HTTPException(404)


def search(request: Request) -> Response:
    """The papers that a question finds."""
    desk = desk_of(request)
    asked = shorten(plain(request.query_params.get("q", "")), ASKED)
    newest = request.query_params.get("by") == "date"
    terms = terms_of(asked)
    at = number_of_page(request)
    found = desk.store.archive.search(
        terms, order="newest" if newest else "closest", most=PAGE, skip=PAGE * (at - 1)
    )
    if at > 1 and not found.papers:
        raise HTTPException(404)
    by = {"by": "date"} if newest else {}
    return page(
        request,
        "search",
        asked=asked,
        searched=bool(terms),
        newest=newest,
        papers=[pages.plainly(one.paper) for one in found.papers],
        total=found.total,
        counted=wording.count(found.total, "paper"),
        others="/search?" + urlencode({"q": asked} | ({} if newest else {"by": "date"})),
        feeds=[
            (
                feed_forms.NAMES[form],
                feed_forms.MEDIA[form],
                feed_forms.path("search", form, query=asked),
            )
            for form in feed_forms.WRITE
        ],
        **paging("/search?" + urlencode({"q": asked} | by), "&", at, found.total),
    )


def number_of_page(request: Request) -> int:
    """The page that was asked for, from 1. Raises HTTPException for what is none."""
    said = request.query_params.get("page", "1")
    if not re.fullmatch(r"[1-9]\d{0,5}", said, re.ASCII) or int(said) > LAST:
        raise HTTPException(404)
    return int(said)


def paging(path: str, joint: str, at: int, total: int) -> dict[str, Any]:
    """Where the pages before and behind this one are, empty where there is none."""
    last = max(1, -(-total // PAGE))
    before = {1: "", 2: path}.get(at, f"{path}{joint}page={at - 1}")
    return {
        "at": at,
        "last": last,
        "before": before,
        "behind": f"{path}{joint}page={at + 1}" if at < last else "",
    }


def _month(request: Request, said: str) -> Response:
    days = desk_of(request).store.archive.days()
    month = [month for month in pages.months(days) if month.path.endswith(said)]
    if not month:
        raise HTTPException(404)
    return page(request, "archive", months=month, earlier=(), month=month[0])


def _day(request: Request, said: str) -> Response:
    try:
        date = dt.date.fromisoformat(said)
    except ValueError:
        raise HTTPException(404) from None
    desk, at = desk_of(request), number_of_page(request)
    found = desk.store.archive.of_day(date, most=PAGE, skip=PAGE * (at - 1))
    if not found.papers:
        raise HTTPException(404)
    return page(
        request,
        "day",
        day=wording.day(date),
        month=f"/archive/{said[:7]}",
        edition=edition_of(desk, date),
        papers=[pages.plainly(one.paper) for one in found.papers],
        counted=wording.count(found.total, "paper"),
        **paging(f"/archive/{said}", "?", at, found.total),
    )


def edition_of(desk: Desk, date: dt.date) -> str:
    """The path of the public edition of a day; empty where there is none."""
    return f"/edition/{date}" if desk.store.editions.of(desk.public, date=date) else ""


routes = [
    Route("/archive", overview, middleware=SQUEEZED),
    Route("/archive/{date}", dated, middleware=SQUEEZED),
    Route("/search", search, middleware=SQUEEZED),
]
