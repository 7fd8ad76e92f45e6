"""My digest: what one reader said, got and thinks, to look at, change, take along and erase."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.editions import Edition
from digest.links import open_ticket
from digest.render import feed_forms, wording
from digest.store.subscribers import Entry
from digest.subscribers import Subscriber
from digest.votes import Value
from digest.web.confirming import agreed, next_edition
from digest.web.desk import desk_of
from digest.web.exporting import everything
from digest.web.forms import Form, mark, marked, posted
from digest.web.pages import PRIVATE, page
from digest.web.scripts import script
from digest.web.stating import Stated, shown, stated, zones
from digest.web.subscribing import cards, fragment, glance

EDITIONS, VOTES = 60, 200
"""The latest editions and votes that the page lists; the export has all."""

FEEDS: tuple[tuple[feed_forms.Form, str], ...] = (
    ("atom", "Atom"),
    ("rss", "RSS"),
    ("json", "JSON Feed"),
)

SURE = "yes"

Change = Callable[[Request, Entry, Form], Response]


def show(request: Request) -> Response:
    """The page."""
    return _page(request, _entry(request))


def save(request: Request, entry: Entry, form: Form) -> Response:
    """Store what the reader wants from now on."""
    found = _stated(request, entry, form)
    if found.problems:
        return _page(request, entry, found, status=422)
    desk = desk_of(request)
    desk.store.subscribers.add([found.reader], desk.clock())
    return _page(request, _entry(request), said="Saved. Your next edition follows what you said.")


def preview(request: Request, entry: Entry, form: Form) -> Response:
    """What the next edition would hold with what is in the form, which is not saved."""
    found = _stated(request, entry, form)
    edition = None if found.problems else glance(desk_of(request), found.reader)
    if form.one("fragment"):
        return fragment(request, edition, found)
    return _page(request, entry, found, edition=edition)


def pause(request: Request, entry: Entry, _form: Form) -> Response:
    desk = desk_of(request)
    if entry.state == "active":
        desk.store.subscribers.pause(entry.subscriber.id, desk.clock())
    return _page(request, _entry(request), said="Paused. Nothing comes until you resume.")


def resume(request: Request, entry: Entry, _form: Form) -> Response:
    """Bring back who paused; who left agrees anew by that."""
    desk, who = desk_of(request), entry.subscriber.id
    if entry.state == "left":
        desk.store.signups.come_back(agreed(request, who, "came back"))
    if entry.state == "paused":
        desk.store.subscribers.resume(who)
    entry = _entry(request)
    said = "Welcome back. Your next edition comes as planned." if entry.state == "active" else ""
    return _page(request, entry, said=said)


def leave(request: Request, entry: Entry, _form: Form) -> Response:
    desk = desk_of(request)
    if entry.state != "left":
        desk.store.subscribers.leave(entry.subscriber.id, desk.clock())
    return _page(request, _entry(request), said="You have left. Nothing more is sent to you.")


def vote(request: Request, entry: Entry, form: Form) -> Response:
    """Vote on a paper of the reader's editions, or take a vote back."""
    desk, key = desk_of(request), form.one("paper")
    value = next((one for one in get_args(Value) if one == form.one("value")), None)
    known = desk.store.votes.latest(entry.subscriber.id, key) is not None
    mine = known or desk.store.votes.picked_for(entry.subscriber.id, key) is not None
    paper = desk.store.papers.find([key], key) if mine else None
    if value is None or paper is None:
        raise HTTPException(400)
    desk.cast(entry.subscriber, paper, value)
    said = {
        "more": "More like it will come.",
        "less": "Less like it will come.",
        "save": "Saved.",
        "clear": "Taken back: it no longer counts.",
    }[value]
    return _page(request, entry, said=f"“{wording.title(paper)}”: {said}")


def renew_feed(request: Request, entry: Entry, _form: Form) -> Response:
    """A new secret address for the reader's own feeds; the old one leads nowhere."""
    desk_of(request).store.subscribers.renew_feed(entry.subscriber.id)
    return _page(request, entry, said="Your feed has a new address; the old one no longer works.")


def export(request: Request) -> Response:
    """All that is stored about the reader, as JSON."""
    entry = _entry(request)
    text = json.dumps(everything(desk_of(request), entry), ensure_ascii=False, indent=2)
    headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="my-digest.json"'}
    return Response(text.encode("utf-8", "replace"), 200, headers, "application/json")


def erase(request: Request, entry: Entry, form: Form) -> Response:
    """Erase the reader, once they say that they are sure."""
    if form.one("sure") != SURE:
        problem = {"sure": "Tick the box first: what is erased cannot be brought back."}
        return _page(request, entry, problems=problem, status=422)
    desk = desk_of(request)
    desk.store.subscribers.erase(entry.subscriber.id, desk.keys[0].secret, desk.clock())
    return page(request, "erased", private=True, origin=entry.origin, owner=desk.mail.address)


def _entry(request: Request) -> Entry:
    """Whose page it is. Raises HTTPException 404."""
    desk = desk_of(request)
    ticket = open_ticket(request.path_params["token"], "mine", desk.keys)
    entry = desk.store.subscribers.find(ticket.subscriber) if ticket else None
    if ticket is None or entry is None or entry.subscriber.id != ticket.subscriber:
        raise HTTPException(404)
    if entry.subscriber.address is None:
        raise HTTPException(404)
    return entry


def _stated(request: Request, entry: Entry, form: Form) -> Stated:
    """What the form says; nothing new of a reader whose interests stand in the owner's file."""
    reader = entry.subscriber
    if _is_listed(entry):
        raise HTTPException(403)
    return stated(desk_of(request), form, reader.id, reader.address)


def _is_listed(entry: Entry) -> bool:
    return entry.origin == "file"


def changing(change: Change) -> Callable[[Request, Form], Response]:
    """A handler for forms that were sent from the reader's own page."""

    def handler(request: Request, form: Form) -> Response:
        entry = _entry(request)
        if not marked(desk_of(request).keys, request.path_params["token"], form.one("mark")):
            raise HTTPException(403)
        return change(request, entry, form)

    return handler


def _page(
    request: Request,
    entry: Entry,
    found: Stated | None = None,
    *,
    status: int = 200,
    said: str = "",
    problems: dict[str, str] | None = None,
    edition: Edition | None = None,
) -> Response:
    desk, reader, token = desk_of(request), entry.subscriber, request.path_params["token"]
    found = found or shown(reader)
    editions = desk.store.editions.of(reader, most=EDITIONS)
    last = editions[0].date if editions else None
    revision = desk.store.subscribers.feed_revision(reader.id) or 0
    feed = desk.links.feed_token(reader.id, revision) or ""
    return page(
        request,
        "mine",
        status=status,
        private=True,
        here=f"/mine/{token}",
        mark=mark(desk.keys, token),
        entry=entry,
        reader=reader,
        listed=_is_listed(entry),
        form=found,
        values=found.values,
        problems={**found.problems, **(problems or {})},
        zones=zones(),
        said=said,
        coming=next_edition(entry, last, desk.clock()),
        preview=cards(edition),
        why="",
        script=script("asking.js"),
        editions=[_listed(desk.links.edition_url(reader.id, one.date), one) for one in editions],
        opinions=_opinions(request, reader),
        feeds=[(name, desk.base_url + feed_forms.path(feed, form)) for form, name in FEEDS],
    )


def _listed(link: str | None, edition: Edition) -> dict[str, object]:
    papers = wording.count(len(edition.picks), "paper")
    return {"day": wording.day(edition.date), "href": link, "papers": papers}


def _opinions(request: Request, reader: Subscriber) -> list[dict[str, object]]:
    """What the reader thinks of papers by now, the latest first."""
    store = desk_of(request).store
    latest = sorted(store.votes.opinions([reader.id]), key=lambda one: one.at, reverse=True)
    archived = store.papers.numbered(one.paper for one in latest[:VOTES])
    titles = {one.id: one.title for one in archived.values()}
    history = {vote.paper: vote for vote in store.votes.history(reader.id)}
    keys = store.papers.named(history)
    by_number = {archived_.id: key for key, archived_ in keys.items()}
    return [
        {
            "title": titles[one.paper],
            "key": by_number[one.paper],
            "liked": one.liked,
            "saved": one.saved,
            "day": wording.day(one.at.date()),
        }
        for one in latest[:VOTES]
        if one.paper in titles and one.paper in by_number
    ]


CHANGES: dict[str, Change] = {
    "": save,
    "/preview": preview,
    "/pause": pause,
    "/resume": resume,
    "/leave": leave,
    "/vote": vote,
    "/feed": renew_feed,
    "/erase": erase,
}

routes = [
    Route("/mine/{token}", show),
    Route("/mine/{token}/export", export),
    *(
        Route(f"/mine/{{token}}{path}", posted(changing(change)), methods=["POST"])
        for path, change in CHANGES.items()
    ),
]
