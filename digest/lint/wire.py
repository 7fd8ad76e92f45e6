"""Checks of the octets on the wire: line ends, line lengths, transfer encodings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.lint.findings import Finding, counted, must, should, shown
from digest.lint.mails import Mail
from digest.lint.mime import Part

HARD, ENCODED = 998, 76
"""The most octets of a line (RFC 5321 §4.5.3.1.6), and of an encoded one (RFC 2045 §6.7, §6.8)."""

_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*+\r?\n|[ \t]*+\Z)")
_BAD_SPACE = re.compile(rb"[ \t](?:\r?\n|\Z)")
_BAD_DIGIT = re.compile(rb"[^A-Za-z0-9+/=\r\n]")
_PADDED = re.compile(rb"[A-Za-z0-9+/]*+={0,2}\Z")
_WHITE = b" \t\r\n"


def line_ends(mail: Mail) -> Iterator[Finding]:
    """H9: every line ends in CRLF, and neither CR nor LF stands alone."""
    data = mail.data
    pairs = data.count(b"\r\n")
    feeds, returns = data.count(b"\n") - pairs, data.count(b"\r") - pairs
    if (feeds or returns) and not pairs:
        text = "Every line ends in a bare LF or CR, as an editor saves it: write CRLF."
        yield must("H9", text, "RFC 5321 §2.3.8")
    elif feeds or returns:
        line = _line(data, re.search(rb"\r(?!\n)|(?<!\r)\n", data))
        alone = ((feeds, "bare LF"), (returns, "bare CR"))
        found = " and ".join(counted(number, what) for number, what in alone if number)
        text = f"{found}, first in line {line}: others may read a second mail there; write CRLF."
        yield must("H9", text, "RFC 5321 §2.3.8")
    elif data and not data.endswith(b"\r\n"):
        yield should("H9", "The last line has no end: add CRLF.", "RFC 5321 §4.1.1.4")


def _line(data: bytes, found: re.Match[bytes] | None) -> int:
    return data.count(b"\n", 0, found.start()) + 1 if found else 0


def octets(mail: Mail) -> Iterator[Finding]:
    """H9: no NUL in the body, and no line longer than SMTP carries."""
    if b"\0" in mail.body:
        text = f"The body holds {counted(mail.body.count(0), 'NUL')}: encode the part it stands in."
        yield must("H9", text, "RFC 2045 §2.7")
    start = long_line(mail.body, HARD)
    if start is not None:
        line = mail.raw_head.count(b"\n") + mail.body.count(b"\n", 0, start) + 1
        text = f"Line {line} is longer than {HARD} octets: encode the part or break the line."
        yield must("H9", text, "RFC 5321 §4.5.3.1.6")


def long_line(data: bytes, most: int) -> int | None:
    """Where the first line of over ``most`` octets starts; looks at few octets twice."""
    start = 0
    while len(data) - start > most:
        end = data.rfind(b"\n", start, start + most + 2)
        if end < 0:
            return start
        start = end + 1
    return None


def encodings(mail: Mail) -> Iterator[Finding]:
    """H9: each part names a transfer encoding that fits SMTP, and keeps to it."""
    for part in mail.root.walk():
        multiple = len(part.head.all("Content-Transfer-Encoding")) > 1
        if multiple and part is not mail.root:
            text = f"A {part.kind} part names its encoding more than once: keep one."
            yield must("H9", text, "RFC 2045 §6")
        fault = _fault(part)
        if fault:
            text = f"The {part.kind} part {fault[0]}: encode it anew."
            yield must("H9", text, fault[1])


def _fault(part: Part) -> tuple[str, str] | None:
    """What is wrong with the encoding of ``part``, and where the rule stands."""
    name = part.encoding
    if part.parts or part.mark:
        allowed = name in ("7bit", "8bit", "binary")
        return None if allowed else (f"is encoded whole as {shown(name)}", "RFC 2045 §6.4")
    if name == "quoted-printable":
        return _quoted_printable(part.body)
    if name == "base64":
        return _base64(part.body)
    if name != "7bit":
        return f"is sent as {shown(name)}, which not every server takes", "RFC 2045 §6.2"
    if not part.body.isascii():
        return "has octets beyond ASCII in 7bit", "RFC 2045 §2.7"
    return None


def _quoted_printable(body: bytes) -> tuple[str, str] | None:
    if not body.isascii():
        return "has octets beyond ASCII in quoted-printable", "RFC 2045 §6.7(1)"
    if found := _BAD_ESCAPE.search(body):
        shape = body[found.start() : found.start() + 3].decode("ascii")
        return f"has {shown(shape)} in quoted-printable", "RFC 2045 §6.7(1)"
    if _BAD_SPACE.search(body):
        return "has white space at the end of a quoted-printable line", "RFC 2045 §6.7(3)"
    if long_line(body, ENCODED) is not None:
        return f"has a quoted-printable line over {ENCODED} octets", "RFC 2045 §6.7(5)"
    return None


def _base64(body: bytes) -> tuple[str, str] | None:
    digits = body.translate(None, _WHITE)
    if _BAD_DIGIT.search(body.translate(None, b" \t")):
        return "has a character that base64 does not know", "RFC 2045 §6.8"
    if len(digits) % 4 or not _PADDED.match(digits):
        return "has base64 that ends in the middle", "RFC 2045 §6.8"
    if long_line(body, ENCODED) is not None:
        return f"has a base64 line over {ENCODED} octets", "RFC 2045 §6.8"
    return None
