"""Votes from mails and pages: a link shows the paper and a button, the button votes."""

from __future__ import annotations

from typing import get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.editions import Edition
from digest.links import open_ticket
from digest.papers import Paper, keys_meant
from digest.render import wording
from digest.render.values import vote_name
from digest.subscribers import Subscriber
from digest.votes import Value
from digest.web.desk import Desk, desk_of
from digest.web.forms import Form, posted
from digest.web.pages import page


def show(request: Request) -> Response:
    """The paper and a button. Nothing changes: what scans mails follows their links."""
    _, paper, value = _meant(request)
    return _page(request, "vote", paper, value)


def vote(request: Request, _form: Form) -> Response:
    """Store the vote, say so, and offer to take it back."""
    reader, paper, value = _meant(request)
    new = desk_of(request).cast(reader, paper, value)
    return _page(request, "voted", paper, value, new=new)


def paper_in(desk: Desk, edition: Edition, name: str) -> Paper | None:
    """The paper of the edition that a link names, also where its key is another by now."""
    papers = [pick.paper for pick in edition.picks]
    named = next((one for one in papers if name in (vote_name(one), one.key)), None)
    if named:
        return named
    known = desk.store.papers.find(keys_meant(name), name)
    return known if known and known.key in {one.key for one in papers} else None


def _meant(request: Request) -> tuple[Subscriber, Paper, Value]:
    """Who votes, on what, and how; a token is good for the papers of its edition alone."""
    desk, said = desk_of(request), request.path_params
    ticket = open_ticket(said["token"], "vote", desk.keys)
    value = next((one for one in get_args(Value) if one == said["value"]), None)
    readers = desk.store.subscribers.get([ticket.subscriber]) if ticket else []
    if ticket is None or value is None or not readers or readers[0].address is None:
        raise HTTPException(404)
    editions = desk.store.editions.of(readers[0], date=ticket.date)
    paper = paper_in(desk, editions[0], said["paper"]) if editions else None
    if paper is None:
        raise HTTPException(404)
    return readers[0], paper, value


def _page(
    request: Request, name: str, paper: Paper, value: Value, *, new: bool = False
) -> Response:
    desk, token = desk_of(request), request.path_params["token"]
    ticket = open_ticket(token, "vote", desk.keys)
    ways = {each: desk.links.vote_url(token, each, vote_name(paper)) for each in get_args(Value)}
    return page(
        request,
        name,
        private=True,
        title=wording.title(paper),
        href=wording.href(paper),
        authors=wording.authors(paper.authors),
        abstract=paper.abstract,
        value=value,
        new=new,
        ways={each: _path(desk, url) for each, url in ways.items()},
        mine=desk.links.mine_url(ticket.subscriber, ticket.date) if ticket else None,
        edition=desk.links.edition_url(ticket.subscriber, ticket.date) if ticket else None,
    )


def _path(desk: Desk, url: str) -> str:
    """The path of a page of ours: a form is sent to the host that it came from."""
    return desk.root + url.removeprefix(desk.base_url)


routes = [
    Route("/vote/{token}/{value}/{paper:path}", show),
    Route("/vote/{token}/{value}/{paper:path}", posted(vote), methods=["POST"]),
]
