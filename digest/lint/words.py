"""Encoded words of a header, decoded with all that is wrong with them (RFC 2047)."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

WORD, LINE = 75, 76
"""The most characters of an encoded word and of a line that holds one (RFC 2047 §2)."""

CHARSETS = re.compile(
    r"utf-8|us-ascii|iso-8859-(?:1|2|15)|windows-125[0-2]|koi8-r|gb2312|gbk|gb18030|big5"
    r"|shift_jis|euc-(?:jp|kr)|iso-2022-jp"
)
"""What is decoded here; Python knows more, but some of it takes quadratic time."""

MARK = "=?"
ENCODED = re.compile(r"=\?([^?\s]*+)\?([^?\s]*+)\?([^?]*+)\?=")
_GAP = re.compile(r"(\?=)[ \t]+(?==\?[^?\s]*+\?[bBqQ]\?)")


@dataclass(frozen=True, slots=True)
class Words:
    """``text`` is what a reader sees; ``faults`` are words, each with what is wrong with it."""

    text: str
    faults: tuple[tuple[str, str], ...]


def words(value: str) -> Words:
    """``value``, free text of a header, decoded once."""
    joined = _GAP.sub(r"\1", value)
    text, faults, at = [], [], 0
    for found in ENCODED.finditer(joined):
        text.append(joined[at : found.start()])
        decoded, fault = _decoded(found)
        text.append(decoded)
        faults += [(found[0], fault)] if fault else []
        at = found.end()
    text.append(joined[at:])
    return Words("".join(text), (*faults, *_glued(value)))


def _glued(value: str) -> list[tuple[str, str]]:
    """Encoded words without white space around them, which are not decoded (RFC 2047 §5)."""
    return [
        (found[0], "has no white space around it")
        for found in ENCODED.finditer(value)
        if value[max(found.start() - 1, 0) : found.start()].strip(" \t(")
        or value[found.end() : found.end() + 1].strip(" \t)")
    ]


def _decoded(found: re.Match[str]) -> tuple[str, str]:
    """The text of one encoded word, and what is wrong with it."""
    whole, charset, encoding, content = found[0], found[1].lower().split("*")[0], found[2], found[3]
    if not CHARSETS.fullmatch(charset):
        return whole, f"names the unknown charset {charset or '(none)'}"
    try:
        return _octets(encoding.lower(), content).decode(charset), _shape(whole, content)
    except (ValueError, binascii.Error):
        return "\ufffd", "cannot be decoded by itself"


def _octets(encoding: str, content: str) -> bytes:
    data = content.encode("ascii")
    if encoding == "b":
        return binascii.a2b_base64(data, strict_mode=True) if data else b""
    if encoding == "q" and not re.search(rb"=(?![0-9A-Fa-f]{2})", data):
        return binascii.a2b_qp(data, header=True)
    raise ValueError(encoding)


def _shape(whole: str, content: str) -> str:
    if len(whole) > WORD:
        return f"has {len(whole)} characters, and {WORD} is the most"
    return "holds a space" if " " in content or "\t" in content else ""
