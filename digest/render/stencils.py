"""Templates filled in but for what is personal, encoded once; a mail is these pieces, joined.

A hole is one character that no text has (a noncharacter, Unicode 16 §23.7); ``plain`` takes it out
of whatever comes from outside. A template may test a hole and must put it out as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from digest.render.mime import quoted_printable

HOLES = (
    *("cards", "more", "preheader", "glance", "note", "reader", "address", "watching"),
    *("leave_url", "web_url", "number", "why", "name"),
)
"""What may be missing from a stencil, to be put in for each mail."""

_MARKS = {name: chr(0xFDD0 + n) for n, name in enumerate(HOLES)}
_NAMES = {mark: name for name, mark in _MARKS.items()}
_MARK = re.compile(f"([{''.join(_NAMES)}])")

TOKEN = "\ufdef"  # noqa: S105 - a place for one
"""Stands in addresses for what tells whose mail it is."""

TOKEN_BYTE = b"\x01"
"""The same in a piece: an octet that quoted-printable never has (RFC 2045 §6.7)."""

_SOFT = b"=\r\n"
"""Ends a line of quoted-printable and is no part of the text."""

_LINE = 75
"""The most of a line with a soft break behind it (RFC 2045 §6.7)."""

_NEVER_FIRST = frozenset(".F")
"""What may not start a line as it is, or might not: dots and ``From``."""


@dataclass(frozen=True, slots=True)
class Stencil:
    """``pieces`` of quoted-printable around ``holes``, one more than those.

    ``size`` is that of the text in octets, without what the holes and the ``tokens`` tokens take.
    """

    pieces: tuple[bytes, ...]
    holes: tuple[str, ...]
    size: int
    tokens: int

    def filled(self, values: Mapping[str, Iterable[bytes]]) -> list[bytes]:
        """The pieces with these values, each of ``ready`` pieces, in the holes of their names.

        Not one string: a mail is joined once, for every copy of it costs as much as its cards.
        """
        found = [self.pieces[0]]
        for name, piece in zip(self.holes, self.pieces[1:], strict=True):
            found += values[name]
            found.append(piece)
        return found


def holes(present: Iterable[str]) -> dict[str, str]:
    """For a template: the mark of every hole of ``present``, and nothing for the others."""
    marked = set(present)
    return {name: mark if name in marked else "" for name, mark in _MARKS.items()}


def unmarked(text: str) -> str:
    """``text`` without what would be taken for a hole: for what was never ``plain``."""
    return _MARK.sub("", text).replace(TOKEN, "")


def stencil(text: str) -> Stencil:
    """The stencil of a filled-in template."""
    first, *rest = _MARK.split(text)
    shown = unmarked(text).replace("\n", "\r\n")
    return Stencil(
        pieces=tuple(map(_piece, [first, *rest[1::2]])),
        holes=tuple(_NAMES[mark] for mark in rest[::2]),
        size=len(shown.encode()),
        tokens=text.count(TOKEN),
    )


def _piece(text: str) -> bytes:
    """A text without holes, with TOKEN_BYTE in the places for tokens."""
    return TOKEN_BYTE.join(map(ready, text.split(TOKEN)))


def joined(pieces: Iterable[bytes], token: bytes) -> bytes:
    """``pieces`` as one, the ``ready`` token in every place for one."""
    return b"".join(pieces).replace(TOKEN_BYTE, token)


def ready(text: str) -> bytes:
    """``text`` as quoted-printable that anything ``ready`` can follow."""
    if text.isascii() and text.isprintable() and "=" not in text and text[:1] > " ":
        if len(text) <= _LINE and text[0] not in _NEVER_FIRST:
            return text.encode("ascii") + _SOFT
        lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
        if _NEVER_FIRST.isdisjoint([line[0] for line in lines]):
            return "=\r\n".join([*lines, ""]).encode("ascii")
    if text.endswith("\n") or not text:
        return quoted_printable(text.replace("\n", "\r\n").encode())
    # a letter more keeps room for the soft break: encoded alone, a line may have all of its 76
    data = quoted_printable(text.replace("\n", "\r\n").encode() + b"x")[:-1]
    return data if data.endswith(_SOFT) else data + _SOFT
