"""Mails that came back take their effect: bounces, complaints, and what readers ask for by mail.

Who a mail is about is told by a token of ours in it and by nothing else. Addresses are written by
whoever sends a report, and Message-IDs can be worked out by anybody who knows a reader's id, so
one who could forge a report could have a reader suppressed. Two kinds of token are taken: that in
the return path, which the mail server that had the mail knows, and that in the link to leave,
which a complaint often quotes where the return path and the address were struck out. Whoever has
either has had the mail, and could use its link to leave anyway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from digest.app import App
from digest.bounces import Bounce, Kind
from digest.config import password
from digest.editions import Edition
from digest.errors import ConfigError
from digest.failpoints import reach
from digest.keys import LINK_KEYS, link_keys
from digest.links import Key, open_ticket, returned
from digest.papers import Paper, keys_meant
from digest.render.values import vote_name
from digest.returns.mailboxes import opened
from digest.returns.recognition import recognise
from digest.returns.returned import Request, Returned
from digest.returns.settings import Place, place
from digest.returns.verdict import suppresses
from digest.store.bounces import Sent
from digest.subscribers import Subscriber
from digest.teaching import ballot

Outcome = Literal["suppressed", "recorded", "left", "voted", "noted", "known", "not ours"]
"""The address gets nothing more; the report counts; the reader left; their vote is stored; nothing
follows from it; it was read before; no token in it is ours, and it stays where it is.
"""

RECORDED: tuple[Kind, ...] = ("hard", "soft", "full", "policy", "delayed", "complaint")


@dataclass(frozen=True, slots=True)
class Handled:
    """What one mail was, and what came of it; of what is not ours nothing is believed."""

    kind: Kind
    outcome: Outcome
    subscriber: str = ""
    address: str = ""
    status: str = ""
    words: str = ""


def read(
    app: App, mailbox: str = "", stopping: Callable[[], bool] = lambda: False
) -> Iterator[Handled]:
    """Read a mailbox, or the one of the settings: each mail is removed once its effect is stored.

    Raises: ConfigError, SourceError.
    """
    settings = app.settings.bounces
    where = _place(mailbox or settings.mailbox)
    secret = password(settings) if where.host else ""
    keys = link_keys(app.settings.file.parent / LINK_KEYS)
    with opened(where, settings, secret) as waiting:
        for mail in waiting:
            handled = handle(app, keys, mail.data)
            reach("returns.stored")
            (mail.leave if handled.outcome == "not ours" else mail.done)()
            reach("returns.removed")
            yield handled
            if stopping():
                return


def handle(app: App, keys: Sequence[Key], data: bytes) -> Handled:
    """Store what follows from one mail, in one transaction."""
    found = recognise(data)
    report = hashlib.sha256(data).hexdigest()
    if found.request:
        return _request(app, keys, found.request, report)
    sent = None if found.kind == "unknown" else _sent(app, keys, found)
    if sent is None:
        return Handled(found.kind, "not ours", words=found.words)
    outcome = _recorded(app, found, sent, report) if found.kind in RECORDED else "noted"
    return Handled(found.kind, outcome, sent.subscriber, sent.address, found.status, found.words)


def _place(mailbox: str) -> Place:
    if not mailbox:
        raise ConfigError(
            "no mailbox is named that mails come back to; set bounces.mailbox, or give --mailbox"
        )
    try:
        return place(mailbox)
    except ValueError as error:
        raise ConfigError(str(error)) from error


# Reports ---------------------------------------------------------------------------------------


def _sent(app: App, keys: Sequence[Key], found: Returned) -> Sent | None:
    """The mail of ours that a report tells of; None unless a token in it proves that."""
    domain = app.settings.mail.domain
    for address in found.addresses:
        message_id = returned(address, domain, keys)
        if message_id and (sent := app.store.bounces.sent(message_id)):
            return sent
    for token in found.tickets:
        ticket = open_ticket(token, "unsubscribe", keys)
        if ticket and (sent := app.store.bounces.sent_on(ticket.subscriber, ticket.date)):
            return sent
    return None


def _recorded(app: App, found: Returned, sent: Sent, report: str) -> Outcome:
    now = app.clock()
    bounce = Bounce(
        report=report,
        message_id=sent.message_id,
        subscriber=sent.subscriber,
        address=sent.address,
        date=sent.date or now.date(),  # a mail without an edition, such as a confirmation
        kind=found.kind,
        at=now,
        status=found.status,
        words=found.words,
    )
    verdict = partial(suppresses, settings=app.settings.bounces, now=now)
    recorded = app.store.bounces.record(bounce, verdict)
    if not recorded.new:
        return "known"
    return "suppressed" if recorded.suppressed else "recorded"


# Requests --------------------------------------------------------------------------------------


def _request(app: App, keys: Sequence[Key], asked: Request, report: str) -> Handled:
    """A request that no token signs is left to a person: who sent it, nobody knows."""
    ticket = open_ticket(asked.token, "vote" if asked.value else "unsubscribe", keys)
    readers = app.store.subscribers.get([ticket.subscriber]) if ticket else []
    if ticket is None or not readers:
        return Handled("request", "not ours")
    reader = readers[0]
    words = f"vote {asked.value} {asked.paper}" if asked.value else "unsubscribe"
    noted = Bounce(
        report=report,
        message_id="",
        subscriber=reader.id,
        address=reader.address or "",
        date=ticket.date,
        kind="request",
        at=app.clock(),
        words=words[:200],
    )
    outcome: Outcome = (
        _voted(app, reader, asked, noted)
        if asked.value
        else "left"
        if app.store.bounces.leave(noted)
        else "known"
    )
    return Handled("request", outcome, reader.id, reader.address or "", words=noted.words)


def _voted(app: App, reader: Subscriber, asked: Request, noted: Bounce) -> Outcome:
    """A vote counts for papers of the edition that its token was made for, and for no others."""
    editions = app.store.editions.of(reader, date=noted.date)
    paper = _paper(app, editions[0], asked.paper) if editions else None
    if paper is None or asked.value is None:
        return "noted"
    found = ballot(app, reader, paper, asked.value, origin="mail")
    if not found.new:
        return "known"
    return "voted" if app.store.bounces.vote(noted, found.vote) else "known"


def _paper(app: App, edition: Edition, name: str) -> Paper | None:
    """The paper of the edition that the link's name means, also where its key is another by now."""
    papers = [pick.paper for pick in edition.picks]
    named = next((one for one in papers if name in (vote_name(one), one.key)), None)
    if named:
        return named
    known = app.store.papers.find(keys_meant(name), name)
    return known if known and known.key in {one.key for one in papers} else None
