"""A message as it goes over the wire: envelope addresses checked, data CRLF and dot-stuffed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from digest.deliver.replies import plain
from digest.messages import Message

_ATOM = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,\"]+"  # dots anywhere: real mailboxes have "a..b", "a."
_QUOTED = r"\"[^\s\x00-\x20\x7f<>\\\"]+\""
_LABELS = r"(?:[A-Za-z0-9_-]|[^\x00-\x7f])+(?:\.(?:[A-Za-z0-9_-]|[^\x00-\x7f])+)*"
_LITERAL = r"\[[0-9A-Za-z.:]+\]"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}|{_QUOTED})@(?P<domain>{_LABELS}|{_LITERAL})")

_BARE_CR_OR_LF = re.compile(rb"\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MAIL, RCPT and DATA are made of; every part is safe to put on the wire."""

    sender: str
    recipient: str
    smtputf8: bool
    """An address cannot be said in ASCII (RFC 6531 §3.1)."""
    data: bytes
    """CRLF line ends throughout; not dot-stuffed."""
    envid: str = ""
    """The Message-ID as a parameter of MAIL, for delivery reports (RFC 3461 §4.4)."""

    @property
    def eight_bit(self) -> bool:
        """The data itself holds bytes beyond ASCII."""
        return not self.data.isascii()


def envelope_of(message: Message) -> Envelope:
    """The message's envelope. An empty sender is the null reverse-path ``<>`` (RFC 5321 §4.5.5).

    Raises:
        ValueError: an address cannot be used; the text says which and why.
    """
    sender = wire_address(message.sender) if message.sender else ""
    recipient = wire_address(message.recipient)
    smtputf8 = not (sender.isascii() and recipient.isascii())
    return Envelope(sender, recipient, smtputf8, crlf(message.data), _envid(message.message_id))


def _envid(message_id: str) -> str:
    """The parameter, in xtext; none for an id that is not plain or longer than RFC 3461 allows."""
    bare = message_id.strip("<>").replace("+", "+2B").replace("=", "+3D")
    return f" ENVID={bare}" if re.fullmatch(r"[!-~]{1,100}", bare) else ""


@lru_cache(maxsize=256)  # a run's messages often have one sender
def wire_address(address: str) -> str:
    """``address`` as it stands between angle brackets, its domain in ASCII where that is the same.

    Quoted local parts are taken without spaces and backslashes only, source routes never.

    Raises:
        ValueError: not one bare mailbox (RFC 5321 §4.1.2), or longer than §4.5.3.1 allows.
    """
    shown = f"address {plain(address, 80)!r} cannot be used"
    if not address.isprintable() or any(c.isspace() for c in address):
        raise ValueError(f"{shown}: it holds a space, a line end or an unprintable character")
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ValueError(f"{shown}: it is not one plain mailbox like ada@example.org")
    # Path is at most 256 octets with its brackets, the local part 64 (§4.5.3.1.1, §4.5.3.1.3).
    if len(address.encode()) > 254 or len(found["local"].encode()) > 64:
        raise ValueError(f"{shown}: it is longer than mail addresses can be")
    return f"{found['local']}@{_ascii_domain(found['domain'])}"


def _ascii_domain(domain: str) -> str:
    """The domain's A-labels; itself when it is ASCII or has none that lead back to it.

    The standard library knows IDNA 2003 only, which turns ``straße`` into ``strasse``, another
    domain: such a name stays as it is and needs SMTPUTF8.
    """
    if domain.isascii():
        return domain
    try:
        labels = domain.encode("idna")
        back = labels.decode("idna")
    except UnicodeError:
        return domain
    same = back == unicodedata.normalize("NFC", domain).lower()
    return labels.decode("ascii") if same else domain


def crlf(data: bytes) -> bytes:
    """``data`` with every line end CRLF, a last line end included.

    A bare CR or LF never leaves: servers disagree whether it ends a line, and one that says yes
    would take what follows for commands (SMTP smuggling; RFC 5321 §2.3.8).
    """
    if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):  # rare, and slow
        data = _BARE_CR_OR_LF.sub(b"\r\n", data)
    return data if not data or data.endswith(b"\r\n") else data + b"\r\n"


def dot_stuffed(data: bytes) -> bytes:
    """``data`` (from ``crlf``) ready to follow DATA, the final dot included (RFC 5321 §4.5.2)."""
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + b".\r\n"
