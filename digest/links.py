"""Signed links that go out in mails and come back: to the web, to a mailbox, as bounces.

A token is ``number | tag | hidden``: the number of its key, 16 octets of HMAC-SHA256 over what it
says, and what it says, masked by a stream that the tag starts. That is deterministic authenticated
encryption with a synthetic IV, as in RFC 5297, with HMAC in the place of CMAC: a token shows
nobody who reads, cannot be made or changed without the key, and is the same whenever a mail is
written again. Each purpose has keys of its own, so that a link to vote can never unsubscribe.
Nothing expires: a link is valid as long as somebody has the mail and we have the key.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Literal
from urllib.parse import quote

from digest.votes import Value

Purpose = Literal["unsubscribe", "vote", "confirm", "edition", "mine", "feed", "session", "bounce"]

SECRET = 32
"""The octets of a key's secret: as many as HMAC-SHA256 has of output (RFC 2104 §3)."""

TAG = 16
"""The octets of a tag: 128 bits, of which guessing finds none."""

MARK = 12
"""The octets of a hash in a Message-ID: among a billion mails two are alike once in 10**11."""

BOUNCES = 11
"""The most characters of the local part that a token follows: 64 in all (RFC 5321 §4.5.3.1.1)."""

_DATE = 3
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_LONGEST = 500
_MESSAGE_ID = re.compile(rf"<(\d{{4}}-\d\d-\d\d)\.([0-9a-f]{{{2 * MARK}}})@[^<>@]+>", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """A secret of SECRET octets; ``number``, 1 to 255, stands in its tokens so that keys rotate."""

    number: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 255 or len(self.secret) != SECRET:
            raise ValueError(f"a key has a number from 1 to 255 and {SECRET} octets")

    def __hash__(self) -> int:  # tokens are looked up by key a few times a mail
        return self.number


@dataclass(frozen=True, slots=True)
class Ticket:
    """What most tokens say: which subscriber, and the local date of the edition it stood in."""

    subscriber: str
    date: dt.date


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links of every mail.

    ``unsubscribe`` and ``bounces`` are bare addresses. ``base_url`` is where the web pages are,
    without a slash at its end. Without it links are mailto: addresses, which the program reads
    from a mailbox; without a ``key`` they say nothing about the reader.
    """

    unsubscribe: str
    base_url: str = ""
    bounces: str = ""
    key: Key | None = None

    @property
    def archive_url(self) -> str | None:
        return self._page("archive")

    @property
    def help_url(self) -> str | None:
        return self._page("help")

    def unsubscribe_url(self, subscriber: str, date: dt.date) -> str | None:
        """The page that takes this reader off the list, by one click too (RFC 8058)."""
        return self._page("leave", self._ticket("unsubscribe", subscriber, date))

    def unsubscribe_mailto(self, subscriber: str, date: dt.date) -> str:
        """The same by mail (RFC 2369 §3.2).

        The token stands in the subject, where it needs no address with a plus and keeps its case.
        """
        token = self._ticket("unsubscribe", subscriber, date)
        return mailto(self.unsubscribe, "unsubscribe" + (" " if token else "")) + (token or "")

    def leave_url(self, subscriber: str, date: dt.date) -> str:
        """The best of the two for a person who reads the mail."""
        return self.unsubscribe_url(subscriber, date) or self.unsubscribe_mailto(subscriber, date)

    def vote_token(self, subscriber: str, date: dt.date) -> str | None:
        """What allows a reader to vote on the papers of one edition.

        It is one for all the links in a mail, for whoever has one of them has all; and a mail of
        twenty papers would else cost sixty tokens.
        """
        return self._ticket("vote", subscriber, date)

    def vote_url(self, token: str, value: Value, paper: int | str) -> str:
        """The link that says ``value`` of ``paper``, its number or key; it holds ``token`` as is.

        Whoever takes it has to look whether the edition of the token held that paper.
        """
        which = quote(str(paper), safe=":")
        page = self._page("vote", token, value, which)
        return page or mailto(self.unsubscribe, f"vote {value} {which} ") + token

    def edition_url(self, subscriber: str, date: dt.date) -> str | None:
        """The page that shows this edition, to this reader."""
        return self._page("edition", self._ticket("edition", subscriber, date))

    def mine_url(self, subscriber: str, date: dt.date) -> str | None:
        """The page of this reader's interests, votes and editions; asked for on ``date``."""
        return self._page("mine", self._ticket("mine", subscriber, date))

    def feed_token(self, subscriber: str, revision: int) -> str | None:
        """What stands in the addresses of a reader's own feeds, good until ``revision`` changes."""
        if self.key is None:
            return None
        said = revision.to_bytes(_DATE) + subscriber.encode("utf-8", "surrogatepass")
        return seal(said, "feed", self.key)

    def confirm_url(self, subscriber: str, date: dt.date) -> str | None:
        """The page where a new reader says that the address is theirs; asked on ``date``."""
        return self._page("confirm", self._ticket("confirm", subscriber, date))

    def envelope_sender(self, message_id: str) -> str | None:
        """The address that this mail's bounces come back to (VERP), which says which mail it was.

        Its token has only small letters and digits, for servers that do not keep the case.
        Raises ValueError for a Message-ID that is not of this program's form.
        """
        if not self.bounces or self.key is None:
            return None
        found = _MESSAGE_ID.fullmatch(message_id)
        if not found:
            raise ValueError(f"{message_id!r} is no Message-ID of this program")
        said = _day(dt.date.fromisoformat(found[1])) + bytes.fromhex(found[2])
        local, _, domain = self.bounces.rpartition("@")
        return f"{local}+{seal(said, 'bounce', self.key)}@{domain}"

    def _ticket(self, purpose: Purpose, subscriber: str, date: dt.date) -> str | None:
        if self.key is None:
            return None
        return _ticket(subscriber, date, purpose, self.key)

    def _page(self, name: str, *parts: str | None) -> str | None:
        """The page's address; None without a web server or without one of the ``parts``."""
        if not self.base_url or None in parts:
            return None
        return "/".join([self.base_url, name, *filter(None, parts)])


@lru_cache(maxsize=256)
def mailto(address: str, subject: str = "") -> str:
    """``address`` as a mailto: URI, with the ``subject`` of the mail to write (RFC 6068 §2)."""
    link = "mailto:" + quote(address, safe="@.-_~!$'*")
    return f"{link}?subject={quote(subject, safe='')}" if subject else link


@lru_cache(maxsize=256)  # the links to leave in a mail's header, text and HTML have one token
def _ticket(subscriber: str, date: dt.date, purpose: Purpose, key: Key) -> str:
    return seal(_said(subscriber, date), purpose, key)


def seal(said: bytes, purpose: Purpose, key: Key) -> str:
    """The token that says ``said``, for one purpose alone; the same for the same."""
    first, signing, masking = _subkeys(key, purpose)
    tag = hmac.digest(signing, said, "sha256")[:TAG]
    return _written(first + tag + _masked(said, tag, masking), purpose)


def open_token(token: str, purpose: Purpose, keys: Sequence[Key]) -> bytes | None:
    """What a token of this purpose says; None unless one of ``keys`` made it. Never raises."""
    raw = _read(token, purpose)
    key = next((key for key in keys if raw and key.number == raw[0]), None)
    if not raw or key is None or len(raw) <= TAG:
        return None
    _, signing, masking = _subkeys(key, purpose)
    tag = raw[1 : TAG + 1]
    said = _masked(raw[TAG + 1 :], tag, masking)
    right = hmac.digest(signing, said, "sha256")[:TAG]
    return said if hmac.compare_digest(tag, right) else None


def open_ticket(token: str, purpose: Purpose, keys: Sequence[Key]) -> Ticket | None:
    """The ticket in a token of this purpose; None for a token that is not ours."""
    said = open_token(token, purpose, keys)
    if said is None or len(said) < _DATE:
        return None
    return Ticket(said[_DATE:].decode("utf-8", "surrogatepass"), _date(said))


def open_feed(token: str, keys: Sequence[Key]) -> tuple[str, int] | None:
    """The subscriber and the revision in a token of ``feed_token``; None for one not ours."""
    said = open_token(token, "feed", keys)
    if said is None or len(said) < _DATE:
        return None
    return said[_DATE:].decode("utf-8", "surrogatepass"), int.from_bytes(said[:_DATE])


def returned(address: str, domain: str, keys: Sequence[Key]) -> str | None:
    """The Message-ID, at ``domain``, of the mail that came back to ``address``.

    None for an address without a token of ours: such a bounce is forged, and changes nothing.
    """
    token = address.rpartition("@")[0].rpartition("+")[2]
    said = open_token(token, "bounce", keys)
    if said is None or len(said) != _DATE + MARK:
        return None
    return message_id(_date(said), said[_DATE:], domain)


def message_id(date: dt.date, digest: bytes, domain: str) -> str:
    """The Message-ID, in angle brackets, that the first MARK octets of ``digest`` are for."""
    return f"<{date.isoformat()}.{digest[:MARK].hex()}@{domain}>"


@lru_cache(maxsize=64)
def _subkeys(key: Key, purpose: Purpose) -> tuple[bytes, bytes, bytes]:
    """The octet that tokens of ``key`` begin with; the keys that sign and mask for one purpose."""
    names = (f"digest links 1 {what} {key.number} {purpose}" for what in ("sign", "mask"))
    signing, masking = (hmac.digest(key.secret, name.encode(), "sha256") for name in names)
    return bytes([key.number]), signing, masking


def _masked(said: bytes, tag: bytes, masking: bytes) -> bytes:
    """``said`` under the stream that ``tag`` starts, and back.

    SHA-256 with the key in front serves, for what it is given has always the same length.
    """
    size, stream = len(said), b""
    for n in range((size + 31) // 32):
        stream += sha256(b"%b%b%c" % (masking, tag, n)).digest()
    stream = stream[:size]
    return (int.from_bytes(said) ^ int.from_bytes(stream)).to_bytes(size)


def _written(raw: bytes, purpose: Purpose) -> str:
    """``raw`` as URL-safe base64 (RFC 4648 §5), for bounces as base32 in lower case (§6)."""
    if purpose == "bounce":
        return base64.b32encode(raw).decode().rstrip("=").lower()
    plain = binascii.b2a_base64(raw, newline=False).rstrip(b"=")
    return plain.translate(_URL_SAFE).decode("ascii")


def _read(token: str, purpose: Purpose) -> bytes | None:
    """The octets of a token; None unless it is the one way to write them."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    if purpose == "bounce":
        token = token.lower()
    try:
        if purpose == "bounce":
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        else:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if _written(raw, purpose) == token else None


def _said(subscriber: str, date: dt.date) -> bytes:
    return _day(date) + subscriber.encode("utf-8", "surrogatepass")


def _day(date: dt.date) -> bytes:
    return date.toordinal().to_bytes(_DATE)


def _date(said: bytes) -> dt.date:
    return dt.date.fromordinal(int.from_bytes(said[:_DATE]))
