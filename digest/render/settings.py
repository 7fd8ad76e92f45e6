"""What the owner decides about how editions look and who they come from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Literal, get_args
from urllib.parse import urlsplit

from digest.links import BOUNCES, mailto

Abstract = Literal["none", "tldr", "full"]
"""How much of an abstract a card shows: nothing, one or two sentences, all of it."""

LEAST_KB = 20
"""Room for the frame of a mail and a few cards, in kilobytes."""

_NAMED = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>]*)>\s*")
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*")
_PLAIN_URL = re.compile(r"[A-Za-z0-9._~:/\[\]-]{1,80}")
"""A URL without query and fragment, short enough for links that fit into a header."""

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The settings of mails, pages and feeds. Raises ValueError when one cannot be used.

    ``title`` names the newsletter. ``sender`` is ``Name <address>`` and has to be monitored, or
    ``reply_to`` set. ``owner`` is the address of a person who answers for the list.
    ``postal_address`` may have several lines. ``intro`` is Markdown shown above the picks.
    ``accent`` is the one colour, ``#rrggbb``. ``unsubscribe`` is the address that takes requests
    to leave, by default the sender's. ``feed_url`` is where the public feed can be fetched.
    ``base_url`` is where the web pages are; without it every link is a mailto:. ``list_id`` is
    the list's name, by default ``digest.`` and the sender's domain. ``bounces`` is the address
    that mails which cannot be delivered come back to, by default the sender's.
    ``abstract`` is how much of an abstract a card shows. ``html_kb`` is how long the HTML of a
    mail may be, in thousands of octets: Gmail hides what comes after 102.
    """

    title: str = "Daily Papers"
    sender: str = "Daily Papers <digest@localhost>"
    reply_to: str = ""
    owner: str = ""
    postal_address: str = ""
    intro: str = ""
    accent: str = "#0f5f8c"
    unsubscribe: str = ""
    feed_url: str = ""
    base_url: str = ""
    list_id: str = ""
    bounces: str = ""
    abstract: Abstract = "tldr"
    html_kb: int = 80

    def __post_init__(self) -> None:
        """Refuse what cannot become a header, a colour or a link."""
        if not self.title.strip() or len(self.title) > 100 or _CONTROL.search(self.title):
            raise ValueError("title: one line of 1 to 100 characters is needed")
        if not _COLOUR.fullmatch(self.accent):
            raise ValueError(f"accent: {self.accent!r} is not a colour such as #0f5f8c")
        if self.feed_url and not is_web(self.feed_url):
            raise ValueError(f"feed_url: {self.feed_url!r} is not an http or https address")
        if self.base_url and not (is_web(self.base_url) and _PLAIN_URL.fullmatch(self.base_url)):
            raise ValueError(
                f"base_url: {self.base_url!r} is not an address such as https://papers.example.org"
            )
        if self.abstract not in get_args(Abstract):
            raise ValueError(f"abstract: {self.abstract!r} is not none, tldr or full")
        if self.html_kb < LEAST_KB:
            raise ValueError(f"html_kb: a mail needs at least {LEAST_KB} kilobytes")
        if self.list_id and not (_DOMAIN.fullmatch(self.list_id) and "." in self.list_id):
            raise ValueError(f"list_id: {self.list_id!r} is not a name such as digest.example.org")
        if len(mailbox(self.bounces)[1].partition("@")[0]) > BOUNCES:
            raise ValueError(f"bounces: at most {BOUNCES} characters can stand before the @")
        for name in ("sender", "reply_to", "owner", "unsubscribe", "bounces"):
            value = getattr(self, name)
            if name == "sender" or value:
                _check_mailbox(name, value)

    @property
    def address(self) -> str:
        """The sender's bare address, its domain as A-labels."""
        return mailbox(self.sender)[1]

    @property
    def domain(self) -> str:
        """The sender's domain as A-labels: the right-hand side of ids and of the list's name."""
        return self.address.rpartition("@")[2]

    @property
    def unsubscribe_url(self) -> str:
        """The mailto: address that takes a reader off the list (RFC 2369 §3.2, RFC 6068 §2)."""
        return mailto(mailbox(self.unsubscribe or self.sender)[1]) + "?subject=unsubscribe"


def mailbox(value: str) -> tuple[str, str]:
    """The display name and the bare address of ``Name <address>`` or ``address``."""
    named = _NAMED.fullmatch(value)
    if named is None:
        return "", ascii_domain(value.strip())
    name = named["name"]
    if name.startswith('"'):
        name = parseaddr(f"{name} <x@localhost>")[0]
    return name, ascii_domain(named["address"].strip())


def ascii_domain(address: str) -> str:
    """``address`` with its domain as A-labels where it has them (RFC 5891 §4.4), else as it is.

    The standard library knows IDNA 2003 only, which turns ``straße`` into ``strasse``, the domain
    of somebody else: such a name stays as it is, and needs SMTPUTF8.
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        labels = domain.encode("idna")
        same = labels.decode("idna") == unicodedata.normalize("NFC", domain).lower()
    except UnicodeError:
        return address
    return f"{local}{at}{labels.decode('ascii')}" if same else address


def is_web(address: str) -> bool:
    """Whether ``address`` is an http(s) address with a host and without spaces or controls."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    spaced = any(mark.isspace() for mark in address) or _CONTROL.search(address)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not spaced


def _check_mailbox(setting: str, value: str) -> None:
    """Raise ValueError unless ``value`` is one mailbox that can stand in a header."""
    local, _, domain = mailbox(value)[1].rpartition("@")
    sound = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    if not sound or _CONTROL.search(value) or len(value) > 320:
        raise ValueError(f"{setting}: {value!r} is not one address such as Name <me@example.org>")
