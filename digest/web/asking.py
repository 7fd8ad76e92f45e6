"""Mails that somebody asks for on a page: to subscribe, or to get to one's own page again.

The answer is the same whoever asks and whatever address it is for, so that nobody learns who reads
this newsletter; and an address gets at most one such mail a day, so that nobody can be flooded.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.store.signups import Signup
from digest.subscribers import Subscriber
from digest.web.desk import Desk, desk_of
from digest.web.forms import Form, posted
from digest.web.pages import page
from digest.web.scripts import script
from digest.web.working import Work
from digest.wishes import check_address

TRAP = "website"
"""A field that no person sees; a program that fills it in is thanked and ignored."""

BACK = ("left", "erased")
"""Reasons for which an address is suppressed that its owner can undo by confirming."""

HERE = ("active", "paused")
"""States of subscribers who need not confirm anything."""


@dataclass(frozen=True)
class Asked:
    """What a form says about who sends it: the address, and what is wrong with the form."""

    address: str
    problems: dict[str, str]
    trapped: bool


def asked(form: Form) -> Asked:
    """Who sends a form that has mail sent; the work is looked at only where the rest is right."""
    address, problems = form.one("address"), {}
    if not address:
        problems["address"] = "Where shall we write to? Please give your mail address."
    else:
        try:
            check_address(address)
        except ValueError:
            problems["address"] = "This is no mail address; please check it."
    return Asked(address, problems, bool(form.one(TRAP)))


def unworked(request: Request, form: Form) -> str | None:
    """Why the form's work does not do, if it does not."""
    work: Work = request.app.state.work
    return work.problem(
        form.one("challenge"),
        form.one("answer"),
        form.one("address"),
        network(request),
        desk_of(request).clock(),
    )


def network(request: Request) -> str:
    """The network address that a request came from."""
    return request.client.host if request.client else ""


def tools(request: Request, form: Form | None = None) -> dict[str, Any]:
    """What the template of such a form needs beside what is typed."""
    work: Work = request.app.state.work
    return {
        "challenge": work.kept(form.one("challenge") if form else "", desk_of(request).clock()),
        "bits": work.bits,
        "script": script("asking.js"),
        "worker": script("work.js"),
    }


def invite(desk: Desk, reader: Subscriber, network: str) -> None:
    """Send the mail that fits to whoever has the reader's address, unless they had one today."""
    now, address = desk.clock(), reader.address or ""
    if desk.store.signups.had_letter(address, now):
        return
    reader = replace(reader, id=f"r{secrets.token_hex(8)}")
    link = desk.links.confirm_url(reader.id, now.date()) or ""
    names = [interest.name for interest in reader.interests]
    message = desk.confirmation(address, reader.name, link, now, names)
    if refused(desk, address) or present(desk, address):
        remind(desk, address)
    else:
        desk.store.signups.ask(Signup(reader, now, network), message)


def remind(desk: Desk, address: str) -> None:
    """Send a reader the link to their own page, unless the address had a mail today.

    For an address that nobody has here, or that gets nothing, it is only noted that one asked.
    """
    now, entry = desk.clock(), desk.store.subscribers.find(address)
    who = entry.subscriber.id if entry else ""
    link = desk.links.mine_url(who, now.date()) or ""
    title = desk.mail.title
    message = desk.notice(
        address,
        f"Your link to {title}",
        (
            f"Somebody, we hope you, asked for the link to your page at {title}. There you can "
            "change what you get and when, see your past editions and votes, pause, or leave.",
            link,
            "Keep the link to yourself: whoever has it can change all that. If it was not you who "
            "asked, do nothing.",
        ),
        now,
    )
    known = entry is not None and entry.state != "unlisted" and not refused(desk, address)
    desk.store.signups.answer(who, address, message if known else None, now)


def present(desk: Desk, address: str) -> bool:
    """Whether the address is a subscriber's who needs to confirm nothing."""
    entry = desk.store.subscribers.find(address)
    return entry is not None and entry.state in HERE


def refused(desk: Desk, address: str) -> bool:
    """Whether the address gets nothing, for a reason that its owner cannot undo here."""
    found = desk.store.suppressions.find(address, desk.secrets)
    return found is not None and found.reason not in BACK


# The page that asks for the link ---------------------------------------------------------------


def show(request: Request) -> Response:
    """The page where readers ask for the link to their own."""
    return page(request, "ask", values={}, problems={}, **tools(request))


def ask(request: Request, form: Form) -> Response:
    """Send the link, and say the same to everybody."""
    found = asked(form)
    problems = found.problems
    if not problems and not found.trapped and (problem := unworked(request, form)):
        problems["send"] = problem
    if problems:
        return page(
            request,
            "ask",
            status=422,
            values=form.typed,
            problems=problems,
            **tools(request, form),
        )
    if not found.trapped:
        remind(desk_of(request), found.address)
    return page(request, "sent", private=True, what="link", address=found.address)


def must_be_open(desk: Desk) -> None:
    """Raises HTTPException 404 where nobody may subscribe on a page."""
    if not desk.settings.signup:
        raise HTTPException(404)


routes = [Route("/mine", show), Route("/mine", posted(ask), methods=["POST"])]
