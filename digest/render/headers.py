"""The header of a mail: one part the same for a whole run, one part for each reader.

Every field is written here, folded between tokens only. What comes from outside is made plain
first, and encoded only where words may be (RFC 2047 §5): in Subject and in display names.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from digest.editions import Edition
from digest.errors import RenderError
from digest.links import Key, Links, mailto
from digest.links import message_id as identity
from digest.render import mime
from digest.render.addresses import addr_spec, one_address
from digest.render.settings import MailSettings, mailbox

_ONE_CLICK = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
"""What a POST to the page to leave has to say (RFC 8058 §3.1)."""

HARD = 998
"""The most octets of a line, without its CRLF (RFC 5322 §2.1.1)."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_SHORT = 60  # of a name and an address, so that their line needs no fold


class Heading(NamedTuple):
    """``data`` is every field but Content-Type, each ended by CRLF, without the empty line.

    ``sender`` and ``recipient`` are the bare addresses of the envelope; ``message_id`` stands in
    angle brackets.
    """

    message_id: str
    sender: str
    recipient: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What is the same on every mail of a run, written once: see ``letterhead``."""

    links: Links
    sender: str
    """The bare address that mails come from; ``domain`` is what their Message-IDs end in."""
    domain: str
    origin: bytes
    """From."""
    common: bytes
    """What else every kind of mail has."""
    listed: bytes
    """The fields of a list and of a mass mailing: for editions alone."""
    feedback: str
    """Feedback-ID, but for the campaign."""

    def envelope(self, edition: Edition) -> tuple[str, str, str]:
        """The Message-ID of this edition's mail, its sender and its recipient. Raises RenderError.

        They are the same whenever it is written.
        """
        id_ = _identity(edition.id, edition.date, self.domain)
        return id_, self._bounces(id_), recipient(edition)

    def heading(
        self, edition: Edition, subject: str, ways: Ways | None = None, id_: str = ""
    ) -> Heading:
        """The heading of this edition's mail. Raises RenderError.

        ``subject`` is any text; it is the same on every retry, as all the rest is. ``ways`` are the
        edition's own, where they have been worked out; ``id_`` is the Message-ID that its mail
        waits under, where it does.
        """
        reader = edition.subscriber
        id_ = id_ or _identity(edition.id, edition.date, self.domain)
        address = recipient(edition)
        try:
            personal = _personal(reader.name, address, subject, id_, edition.composed_at)
            leaving = self._leaving(edition, ways or ways_of(edition, self.links))
        except ValueError as error:
            raise RenderError(f"{edition.id}: cannot be written as a mail: {error}") from error
        data = b"".join((self.origin, personal, self.common, self.listed, leaving))
        return Heading(id_, self._bounces(id_), address, data)

    def notice(
        self, address: str, name: str, subject: str, *, seed: str, at: dt.datetime
    ) -> Heading:
        """The heading of a mail to one person about their subscription, such as a confirmation.

        Equal ``seed`` and ``at`` make an equal Message-ID. Raises RenderError.
        """
        try:
            bare = one_address(address)
            id_ = _identity(
                f"notice {seed} {at.timestamp()}", at.astimezone(dt.UTC).date(), self.domain
            )
            personal = _personal(name, bare, subject, id_, at)
        except ValueError as error:
            raise RenderError(f"the notice {seed!r} cannot be written: {error}") from error
        return Heading(id_, self._bounces(id_), bare, self.origin + personal + self.common)

    def _bounces(self, id_: str) -> str:
        """The envelope's sender, which tells whose bounce it is when it can."""
        return self.links.envelope_sender(id_) or self.sender

    def _leaving(self, edition: Edition, ways: Ways) -> bytes:
        """The fields of the list that are about this edition of this reader.

        Links are made of safe characters, so there is nothing to check but their length.
        """
        page, by_mail, web_copy = _secure(ways.page), ways.by_mail, _secure(ways.web_copy)
        first = f"<{page}>,\r\n <{by_mail}>\r\n{_ONE_CLICK}" if page else f"<{by_mail}>\r\n"
        archived = f"Archived-At: <{web_copy}>\r\n" if web_copy else ""  # RFC 5064 §2
        block = (  # RFC 2369 §3.2
            f"List-Unsubscribe: {first}{archived}"
            f"Feedback-ID: {edition.date.isoformat()}:{self.feedback}\r\n"
        )
        if len(block) > HARD and max(map(len, block.split("\r\n"))) > HARD:
            who = edition.subscriber.id
            raise ValueError(f"the links of the subscriber {who[:80]!r} are too long")
        return block.encode("ascii")


class Ways(NamedTuple):
    """Where a reader goes from a mail: to leave by ``page`` or ``by_mail``, to see its web copy."""

    page: str | None
    by_mail: str
    web_copy: str | None


def ways_of(edition: Edition, links: Links) -> Ways:
    """Where the reader of ``edition`` goes from its mail."""
    who, date = edition.subscriber.id, edition.date
    return Ways(
        links.unsubscribe_url(who, date),
        links.unsubscribe_mailto(who, date),
        links.edition_url(who, date),
    )


def links_of(settings: MailSettings, key: Key | None) -> Links:
    """The links that these settings and this key make."""
    return Links(
        unsubscribe=mailbox(settings.unsubscribe or settings.sender)[1],
        base_url=settings.base_url.rstrip("/"),
        bounces=mailbox(settings.bounces)[1],
        key=key,
    )


def letterhead(settings: MailSettings, links: Links) -> Letterhead:
    """What the mails of one run share."""
    reply_to = mime.mailbox(*mailbox(settings.reply_to)) if settings.reply_to else []
    origin = [("From", mime.mailbox(*mailbox(settings.sender)))]
    common = [
        ("MIME-Version", ["1.0"]),
        ("Reply-To", reply_to),
        ("Content-Language", ["en"]),  # RFC 3282
        ("Auto-Submitted", ["auto-generated"]),  # RFC 3834 §5: no holiday replies
        ("X-Auto-Response-Suppress", ["OOF,", "AutoReply"]),  # the same for Exchange
    ]
    return Letterhead(
        links=links,
        sender=settings.address,
        domain=settings.domain,
        origin=_block(origin),
        common=_block(common),
        listed=_block(_listed(settings, links)),
        feedback=_feedback(settings),
    )


def _listed(settings: MailSettings, links: Links) -> list[tuple[str, list[str]]]:
    """The fields of the list itself (RFC 2369, RFC 2919)."""
    owner = mailbox(settings.owner or settings.reply_to or settings.sender)[1]
    archive = _secure(links.archive_url)
    return [
        ("List-Id", [*mime.phrase(settings.title), f"<{list_id(settings)}>"]),
        ("List-Help", [f"<{_secure(links.help_url) or mailto(owner, 'help')}>"]),
        ("List-Owner", [f"<{mailto(owner)}>"]),
        ("List-Archive", [f"<{archive}>"] if archive else []),
        ("List-Post", ["NO"]),  # RFC 2369 §3.4
        ("Precedence", ["bulk"]),  # not standard; quiets old responders
    ]


def _personal(name: str, address: str, subject: str, id_: str, at: dt.datetime) -> bytes:
    """The fields that differ from mail to mail of any kind."""
    dated = f"{_date(at)}Message-ID: {id_}\r\n".encode("ascii")
    return _to(name, address) + dated + _subject(subject)


def _to(name: str, address: str) -> bytes:
    """The field To. Names of a few plain words, as most are, need no second look."""
    if _PLAIN_NAME.fullmatch(name) and len(name) + len(address) <= _SHORT and address.isascii():
        return f"To: {name} <{addr_spec(address)}>\r\n".encode("ascii")
    return mime.field("To", mime.mailbox(name, addr_spec(address)))


@lru_cache(maxsize=1024)  # many readers have the same paper on top
def _subject(subject: str) -> bytes:
    return mime.field("Subject", mime.unstructured(subject))


def list_id(settings: MailSettings) -> str:
    """The name of the list, the same in every edition (RFC 2919 §4)."""
    return settings.list_id or f"digest.{settings.domain}"


def message_id(edition: Edition, settings: MailSettings) -> str:
    """The Message-ID of ``edition``, the same on every retry (RFC 5322 §3.6.4)."""
    return _identity(edition.id, edition.date, settings.domain)


def _identity(name: str, date: dt.date, domain: str) -> str:
    seed = f"{name}\0{domain}".encode("utf-8", "backslashreplace")
    return identity(date, hashlib.sha256(seed).digest(), domain)


def recipient(edition: Edition) -> str:
    """The subscriber's bare address, its domain as A-labels. Raises RenderError."""
    address = edition.subscriber.address
    if address is None:
        raise RenderError(f"{edition.id}: has no address, so there is no mail; preview it as html")
    try:
        return one_address(address)
    except ValueError as error:
        raise RenderError(f"{edition.id}: {error}; correct the subscriber") from error


def _secure(link: str | None) -> str | None:
    """``link`` where it may stand in a header: https alone, which does not show its token."""
    return link if link and link.startswith("https://") else None


@lru_cache(maxsize=64)  # a batch is composed at one instant
def _date(at: dt.datetime) -> str:
    """The field Date, in UTC with a numeric zone (RFC 5322 §3.3): equal instants, equal texts."""
    return f"Date: {format_datetime(at.astimezone(dt.UTC))}\r\n"


def _feedback(settings: MailSettings) -> str:
    """The parts of Feedback-ID after the campaign: list, kind of mail, sender; nobody's data.

    The sender is the same in all mails and has 5 to 15 characters, as Gmail's loop asks.
    """
    sender = re.sub(r"[^a-z0-9]", "", settings.domain.lower())[:15]
    return f"{list_id(settings).partition('.')[0]}:edition:{sender:x<5}"


def _block(fields: Iterable[tuple[str, Sequence[str]]]) -> bytes:
    """Fields by name and tokens; one without tokens is left out. Raises ValueError."""
    return b"".join(mime.field(name, tokens) for name, tokens in fields if tokens)
