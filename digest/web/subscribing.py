"""The page where people subscribe, and see first what they would get."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.editions import Edition
from digest.render import wording
from digest.subscribers import WEEKDAYS, Schedule, Subscriber
from digest.web.asking import asked, invite, must_be_open, network, tools, unworked
from digest.web.desk import Desk, desk_of
from digest.web.forms import Form, posted
from digest.web.pages import page
from digest.web.stating import Stated, shown, stated, zones

NEW = "-"
"""The id of somebody who is not a subscriber yet; no subscriber has it."""

BUSY_S = 5
"""How long a glance at an edition waits for its turn."""


def show(request: Request) -> Response:
    """The empty form."""
    must_be_open(desk_of(request))
    reader = Subscriber(NEW, None, schedule=Schedule("", 7, WEEKDAYS[:5]))
    return _form(request, shown(reader))


def subscribe(request: Request, form: Form) -> Response:
    """Send the mail that asks to confirm; or show what is wrong, with all that was typed."""
    desk = desk_of(request)
    must_be_open(desk)
    who = asked(form)
    found = stated(desk, form, NEW, who.address)
    found.problems |= who.problems
    if not found.problems and not who.trapped and (problem := unworked(request, form)):
        found.problems["send"] = problem
    if found.problems:
        return _form(request, found, form, status=422)
    if not who.trapped:
        invite(desk, found.reader, network(request))
    return page(request, "sent", private=True, what="confirmation", address=who.address)


def preview(request: Request, form: Form) -> Response:
    """What today's edition would hold: the whole page, or for a script only that part."""
    desk = desk_of(request)
    must_be_open(desk)
    found = stated(desk, form, NEW, None)
    edition = None if found.problems else glance(desk, found.reader)
    if form.one("fragment"):
        return fragment(request, edition, found)
    return _form(request, found, form, edition=edition)


def glance(desk: Desk, reader: Subscriber) -> Edition:
    """What a reader would get now. Raises HTTPException 503 while too many others ask that."""
    if not desk.line.acquire(blocking=False):
        raise HTTPException(503)
    try:
        if not desk.glances.acquire(timeout=BUSY_S):
            raise HTTPException(503)
        try:
            return desk.preview(reader)
        finally:
            desk.glances.release()
    finally:
        desk.line.release()


def fragment(request: Request, edition: Edition | None, found: Stated) -> Response:
    """The preview alone, which a script puts into the page."""
    why = next(iter(found.problems.values()), "")
    return page(request, "preview", private=True, preview=cards(edition), why=why)


def cards(edition: Edition | None) -> dict[str, object] | None:
    """What a template shows of an edition in few words."""
    if edition is None:
        return None
    return {
        "groups": wording.groups(edition, edition.subscriber.abstract or "tldr"),
        "count": len(edition.picks),
        "considered": edition.considered,
        "note": edition.note,
    }


def _form(
    request: Request,
    found: Stated,
    form: Form | None = None,
    *,
    status: int = 200,
    edition: Edition | None = None,
) -> Response:
    return page(
        request,
        "subscribe",
        status=status,
        private=form is not None,
        form=found,
        values=found.values,
        problems=found.problems,
        zones=zones(),
        preview=cards(edition),
        why="",
        **tools(request, form),
    )


routes = [
    Route("/subscribe", show),
    Route("/subscribe", posted(subscribe), methods=["POST"]),
    Route("/subscribe/preview", posted(preview), methods=["POST"]),
]
