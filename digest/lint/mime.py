"""The MIME tree of a mail: its parts, their types, and their contents decoded."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.lint.fields import Head, head, split

DEPTH, PARTS = 6, 50
"""How deep multiparts may stand in each other, and how many parts may stand in one."""

_TYPE_LIMIT = 2_000
"""The most of a Content-Type that is read: an open quote is looked for again at each ";"."""

_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s;"]*+)')
_NO_DIGITS = bytes(
    octet
    for octet in range(256)
    if not (chr(octet).isascii() and (chr(octet).isalnum() or chr(octet) in "+/"))
)
_KIND = re.compile(r"[!#$&.+^_a-z0-9-]+/[!#$&.+^_a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One part; ``body`` is as it came, ``data`` without its transfer encoding.

    ``mark`` is the boundary of a multipart, ``closed`` whether its last delimiter was found, and
    ``refused`` whether DEPTH or PARTS kept it from being read whole.
    """

    head: Head
    body: bytes
    kind: str
    parameters: dict[str, str]
    parts: tuple[Part, ...] = ()
    closed: bool = True
    refused: bool = False
    data: bytes = field(default=b"", repr=False)

    @property
    def encoding(self) -> str:
        """The transfer encoding in lower case; 7bit when none is named (RFC 2045 §6.1)."""
        return (self.head.first("Content-Transfer-Encoding") or "7bit").lower()

    @property
    def mark(self) -> str:
        return self.parameters.get("boundary", "")

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "").lower()

    @property
    def text(self) -> str:
        """The content as text; octets that are no UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", "replace")

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in the order of the mail."""
        yield self
        for part in self.parts:
            yield from part.walk()


def read(header: Head, body: bytes, depth: int = 0) -> Part:
    """The tree of a mail or part that has ``header`` and ``body``."""
    kind, parameters = content_type(header.first("Content-Type"))
    leaf = Part(header, body, kind, parameters)
    if not kind.startswith("multipart/"):
        return Part(header, body, kind, parameters, data=_decoded(leaf.encoding, body))
    if depth == DEPTH or not leaf.mark:
        return Part(header, body, kind, parameters, closed=bool(leaf.mark), refused=True)
    pieces, closed = _pieces(body, leaf.mark)
    found = tuple(_piece(piece, depth + 1) for piece in pieces[:PARTS])
    return Part(header, body, kind, parameters, found, closed, len(pieces) > PARTS)


def _piece(data: bytes, depth: int) -> Part:
    header, body = split(data)
    return read(head(header), body, depth)


def delimiters(body: bytes, mark: str) -> Iterator[re.Match[bytes]]:
    """What stands between the parts of a multipart (RFC 2046 §5.1.1); group 1 ends the last."""
    name = re.escape(mark.encode("utf-8", "surrogateescape"))
    pattern = re.compile(rb"--%s(--)?[ \t]*+(?=\r?\n|\Z)" % name)  # searched by its first octets
    for found in pattern.finditer(body):
        if found.start() == 0 or body[found.start() - 1] == ord("\n"):
            yield found


def _pieces(body: bytes, mark: str) -> tuple[list[bytes], bool]:
    """What stands between the delimiters of ``body``, and whether the closing one was found."""
    pieces: list[bytes] = []
    start = None
    for found in delimiters(body, mark):
        if start is not None:
            pieces.append(_inner(body[start : found.start()]))
        if found[1] or len(pieces) > PARTS:
            return pieces, True
        start = found.end()
    if start is not None:
        pieces.append(_inner(body[start:]))
    return pieces, False


def _inner(piece: bytes) -> bytes:
    """``piece`` without the line ends that belong to the delimiters around it."""
    return piece.removeprefix(b"\r").removeprefix(b"\n").removesuffix(b"\n").removesuffix(b"\r")


def content_type(value: str | None) -> tuple[str, dict[str, str]]:
    """The type in lower case and its parameters; text/plain without a usable one, §5.2."""
    if value is None:
        return "text/plain", {}
    kind, semicolon, rest = value.partition(";")
    kind = kind.strip().lower()
    parameters: dict[str, str] = {}
    for found in _PARAMETER.finditer((semicolon + rest)[:_TYPE_LIMIT]):
        text = found[2]
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        parameters.setdefault(found[1].lower(), text)
    return (kind if _KIND.fullmatch(kind) else "text/plain"), parameters


def _decoded(encoding: str, body: bytes) -> bytes:
    """``body`` without ``encoding``, as far as it can be undone."""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding == "base64":
        kept = body.translate(None, _NO_DIGITS)
        return binascii.a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")
    return body
