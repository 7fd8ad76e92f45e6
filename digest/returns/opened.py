"""A mail from outside, cut to a size that is soon read, taken apart and made plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from functools import cached_property
from html import unescape
from itertools import islice

LARGEST = 1_048_576
"""The octets of a mail that are read. What it says stands in front; then comes our own mail."""

LINES = 8_000
"""Lines that are read: each can be a header, a part or a block, which take much more memory."""

WIDE = 2_000
"""Octets of a line that are read; RFC 5321 §4.5.3.1.6 allows 1,000."""

FOLDS = 20
"""Lines after the first of one field: the standard library takes quadratic time for parameters."""

PARTS = 64
"""Fields Content-Type beyond which nothing is taken apart: each may hold another, and the standard
library descends into them by recursion.
"""

WORDS = 300
"""Characters of the server's words that are kept."""

_TYPE = re.compile(rb"^content-type[ \t]*:", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<(/?[a-z0-9]{0,20})[^<>]{0,1000}>", re.IGNORECASE)
_HIDDEN = ("style", "script", "title")


class Opened:
    """A mail with its parts; those of a mail within it are its parts, too."""

    def __init__(self, data: bytes) -> None:
        self.message = _parsed(data)
        self.parts = tuple(islice(self.message.walk(), 2 * PARTS))

    def values(self, name: str) -> list[str]:
        """What stands in the mail's own fields of this name."""
        return values(self.message, name)

    @cached_property
    def subject(self) -> str:
        return next(iter(self.values("subject")), "")

    def of_type(self, *kinds: str) -> Iterator[Message]:
        return (part for part in self.parts if part.get_content_type() in kinds)

    @cached_property
    def text(self) -> str:
        """The first text of the mail that is not empty, decoded; of HTML, what it shows."""
        found = [text_of(part) for part in self.of_type("text/plain", "text/html")]
        if not found and not self.message.is_multipart():  # its boundary stands nowhere
            found = [text_of(self.message)]
        return next((text for text in found if text.strip()), "")


def values(message: Message, name: str) -> list[str]:
    """What stands in the fields of this name, unfolded and decoded; at most a few of them."""
    found = message.get_all(name, [])
    return [_decoded(str(value)) for value in found[:PARTS]]


def text_of(part: Message) -> str:
    """The text of a part that is one, with line feeds."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        charset = part.get_content_charset("utf-8")
    except (TypeError, ValueError, LookupError):  # parameters that continue where none began
        charset = "utf-8"
    text = _in_charset(data, charset)
    if part.get_content_type() == "text/html":
        text = unescape("\n".join(_shown(text)))
    return "\n".join(text.splitlines())


def within(part: Message) -> list[Message]:
    """The messages or groups of fields that a part of type message/* holds."""
    payload = part.get_payload() if part.is_multipart() else []
    return [each for each in payload if isinstance(each, Message)]


def plain(text: str, most: int = WORDS) -> str:
    """``text`` as one printable line of at most ``most`` characters."""
    shown = "".join(c if c.isprintable() else " " for c in text[: 20 * most])
    shown = _SPACE.sub(" ", shown).strip()
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _parsed(data: bytes) -> Message:
    """The mail, or its header alone where it has more parts than anybody sends."""
    lines = list(_bounded(data[:LARGEST]))
    flat = sum(1 for line in lines if _TYPE.match(line)) > PARTS
    text = b"\n".join(lines)
    if flat:
        text = text.partition(b"\n\n")[0]
    try:
        return message_from_bytes(text, policy=policy.compat32)
    except (TypeError, ValueError, LookupError, AttributeError):  # as it does on some parameters
        untyped = b"\n".join(line for line in lines if not _TYPE.match(line))
        return message_from_bytes(untyped, policy=policy.compat32)


def _bounded(data: bytes) -> Iterator[bytes]:
    folded = 0
    for line in islice(data.splitlines(), LINES):
        folded = folded + 1 if line[:1] in (b" ", b"\t") else 0
        if folded <= FOLDS:
            yield line[:WIDE]


def _shown(html: str) -> Iterator[str]:
    """The pieces of text between the tags."""
    hidden, end = "", 0
    for tag in _TAG.finditer(html):
        if not hidden:
            yield html[end : tag.start()]
        end, name = tag.end(), tag[1].lower()
        if hidden:
            hidden = "" if name == f"/{hidden}" else hidden
        elif name in _HIDDEN:
            hidden = name
    if not hidden:
        yield html[end:]


def _decoded(value: str) -> str:
    """A field with its encoded words decoded (RFC 2047), in one line."""
    value = re.sub(r"[\r\n]+", "", value)
    if "=?" not in value:
        return value.strip()
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError, LookupError):
        return value.strip()
    text = (
        _in_charset(piece, charset or "utf-8") if isinstance(piece, bytes) else piece
        for piece, charset in pieces
    )
    return re.sub(r"[\r\n]+", "", "".join(text)).strip()


def _in_charset(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace")
    except (LookupError, ValueError, TypeError):  # a name that is none, or of no character set
        return data.decode("utf-8", "replace")
