"""Mail as bytes: header fields, encoded bodies, multipart; pieces that only need joining.

The standard library's EmailMessage is not used to write mail. CPython before 3.11.10 folds an
encoded word that hides CR LF back into a header of its own (CVE-2024-6923), and EmailPolicy turns
long tokens of structured fields into encoded words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

from digest.render.plain import plain, shorten

LINE = 78
"""What a header line should not exceed, in characters (RFC 5322 §2.1.1)."""

WORD = 64
"""The longest token that is not folded; leaves room for any field name on the first line."""

_NAME_LIMIT = 200
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_AT_START = re.compile(rb"^(?:F(?=rom )|\.+)", re.MULTILINE)


def header_text(text: str) -> str:
    """``text`` as it may stand in a header: plain, and not to be taken for an encoded word.

    ``=?`` would be harmless inside our own encoding, but not to a relay or a reader that decodes
    and writes it again.
    """
    return plain(text).replace("=?", "= ?")


def field(name: str, tokens: Sequence[str]) -> bytes:
    """A header field of ``tokens``, folded between them only (RFC 5322 §2.2.3), with its CRLF.

    Raises ValueError for a token with a control character: no input may add a field.
    """
    lines = [f"{name}: {tokens[0]}"]
    for token in tokens[1:]:
        if len(lines[-1]) + 1 + len(token) <= LINE - 2:  # 76 where encoded words stand, RFC 2047 §2
            lines[-1] += f" {token}"
        else:
            lines.append(f" {token}")
    if any(_CONTROL.search(line) for line in lines):
        raise ValueError(f"a control character in the header {name}")
    return "\r\n".join([*lines, ""]).encode()


def unstructured(text: str) -> list[str]:
    """The tokens of free text such as a subject, encoded where needed (RFC 2047 §5(1))."""
    text = header_text(text)
    words = text.split(" ")
    if text.isascii() and max(map(len, words)) <= WORD:
        return words
    return encoded_words(text)


def mailbox(name: str, address: str) -> list[str]:
    """The tokens of one mailbox (RFC 5322 §3.4); ``address`` has to be valid already."""
    name = shorten(header_text(name), _NAME_LIMIT)
    return [*phrase(name), f"<{address}>"] if name else [address]


def phrase(text: str) -> list[str]:
    """The tokens of a display name: atoms, a quoted string, or encoded words (RFC 2047 §5(3))."""
    text = header_text(text)
    if _ATOMS.fullmatch(text) and max(map(len, text.split(" "))) <= WORD:
        return text.split(" ")
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return [quoted] if text.isascii() and len(quoted) <= WORD else encoded_words(text)


def encoded_words(text: str) -> list[str]:
    """``text`` as RFC 2047 encoded words of at most WORD characters, of whole characters each."""
    size = len(text.encode())
    if sum(map(_q_size, text)) <= size * 4 // 3:
        chunks = _chunks(text, [_q_size(mark) for mark in text], WORD - 12)
        return [f"=?utf-8?q?{''.join(map(_q, chunk))}?=" for chunk in chunks]
    chunks = _chunks(text, [len(mark.encode()) for mark in text], (WORD - 12) // 4 * 3)
    return [f"=?utf-8?b?{base64.b64encode(chunk.encode()).decode()}?=" for chunk in chunks]


def _chunks(text: str, sizes: Sequence[int], limit: int) -> list[str]:
    """``text`` in pieces whose characters' ``sizes`` add up to at most ``limit``."""
    found, start, used = [], 0, 0
    for at, size in enumerate(sizes):
        if used + size > limit:
            found.append(text[start:at])
            start, used = at, 0
        used += size
    return [*found, text[start:]]


def _q(mark: str) -> str:
    """One character in the Q encoding, as it may stand in a phrase too (RFC 2047 §4.2, §5(3))."""
    if mark == " ":
        return "_"
    return "".join(chr(b) if b in _Q_SAFE else f"={b:02X}" for b in mark.encode())


def _q_size(mark: str) -> int:
    """The length of ``_q(mark)``."""
    return 1 if mark == " " else sum(1 if b in _Q_SAFE else 3 for b in mark.encode())


def part(kind: str, text: str) -> bytes:
    """A text part of type ``kind`` with its headers, in the shorter transfer encoding."""
    data = "\r\n".join(re.split(r"\r\n|\r|\n", text)).encode()
    printable, sixty_four = quoted_printable(data), _base64(data)
    name, body = ("quoted-printable", printable)
    if len(sixty_four) < len(printable):
        name, body = ("base64", sixty_four)
    head = f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {name}\r\n\r\n"
    return head.encode() + body


def quoted_printable(data: bytes) -> bytes:
    """``data``, lines ended by CRLF, as quoted-printable (RFC 2045 §6.7).

    Dots and ``From`` at the start of a line are encoded too, for relays that mishandle them
    (RFC 2049 §3), followed by a soft break so that no line grows over its 76 characters.
    """
    encoded = binascii.b2a_qp(b"\r\n" + data, istext=True)[2:]  # the first break sets the kind
    return _AT_START.sub(_hexed, encoded)


def _hexed(found: re.Match[bytes]) -> bytes:
    """What was found, every octet encoded, in lines that end in soft breaks."""
    octets = [b"=%02X" % octet for octet in found[0]]
    return b"".join(b"".join(octets[n : n + 24]) + b"=\r\n" for n in range(0, len(octets), 24))


def _base64(data: bytes) -> bytes:
    """``data`` as base64 in lines of 76 characters, ended by CRLF (RFC 2045 §6.8)."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def alternative(seed: str, parts: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The Content-Type field and the body that hold ``parts``, plainest first (RFC 2046 §5.1.4)."""
    mark = boundary(seed, parts)
    head = b'Content-Type: multipart/alternative;\r\n boundary="%s"\r\n' % mark
    body = b"".join(b"--%s\r\n%s\r\n" % (mark, piece) for piece in parts)
    return head, body + b"--%s--\r\n" % mark


def boundary(seed: str, parts: Sequence[bytes]) -> bytes:
    """A boundary from ``seed`` that occurs in none of ``parts`` (RFC 2046 §5.1.1).

    ``=_`` occurs in neither transfer encoding (RFC 2045 §6.7); the look makes sure of it.
    """
    number = 0
    while True:
        mark = b"=_" + hashlib.sha256(f"{seed}#{number}".encode()).hexdigest()[:32].encode()
        if not any(mark in piece for piece in parts):
            return mark
        number += 1
