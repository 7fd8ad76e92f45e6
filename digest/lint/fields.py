"""The header of a mail as it stands, octet by octet: nothing is repaired."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD_LIMIT = 128 * 1024
"""The most of a header that is read, in octets; receivers refuse far less (Postfix: 100 KiB)."""

_END = re.compile(rb"\r?\n\r?\n")
_LINE = re.compile(rb"\r?\n")
_NAME = re.compile(rb"[!-9;-~]+")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field; ``lines`` are its physical lines, without their ends."""

    name: str
    lines: tuple[bytes, ...]

    @property
    def raw(self) -> str:
        """The value unfolded (RFC 5322 §2.2.3), octets that are no UTF-8 as lone halves."""
        whole = b"".join(self.lines).partition(b":")[2]
        return whole.decode("utf-8", "surrogateescape")

    @property
    def value(self) -> str:
        """The value without outer white space, and with a bare CR or a NUL as a space."""
        return self.raw.replace("\r", " ").replace("\0", " ").strip(" \t")


@dataclass(frozen=True, slots=True)
class Head:
    """The fields of one header, in order; ``junk`` are the lines that are no field."""

    fields: tuple[Field, ...] = ()
    junk: tuple[bytes, ...] = ()

    def all(self, name: str) -> list[Field]:
        """Every field called ``name``, in any case."""
        return [field for field in self.fields if field.name.lower() == name.lower()]

    def first(self, name: str) -> str | None:
        """The value of the first field called ``name``."""
        found = self.all(name)
        return found[0].value if found else None


def split(data: bytes) -> tuple[bytes, bytes]:
    """The header with the empty line that ends it, and the body, of a mail or a MIME part."""
    if data[:1] == b"\n" or data[:2] == b"\r\n":
        return b"", data[1 if data[:1] == b"\n" else 2 :]
    end = _END.search(data)
    if not end:
        return data, b""
    return data[: end.end()], data[end.end() :]


def head(data: bytes) -> Head:
    """The fields of ``data``, a header; what stands beyond HEAD_LIMIT is left out."""
    fields: list[Field] = []
    junk: list[bytes] = []
    for group in _groups(data[:HEAD_LIMIT]):
        name, colon, _ = group[0].partition(b":")
        bare = name.rstrip(b" \t")
        if colon and _NAME.fullmatch(bare):
            fields.append(Field(bare.decode("ascii"), tuple(group)))
            if bare != name:
                junk.append(group[0])
        else:
            junk.append(group[0])
    return Head(tuple(fields), tuple(junk))


def _groups(data: bytes) -> list[list[bytes]]:
    """The lines of ``data``, each first line with the folded ones that follow it."""
    groups: list[list[bytes]] = []
    for line in _LINE.split(data):
        if line[:1] in (b" ", b"\t") and groups:
            groups[-1].append(line)
        elif line:
            groups.append([line])
    return groups
