"""Mail as bytes: header fields, encoded bodies, multipart; two parts as one body.

The standard library's EmailMessage is not used to write mail. CPython before 3.11.10 folds an
encoded word that hides CR LF back into a header of its own (CVE-2024-6923), and EmailPolicy turns
long tokens of structured fields into encoded words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

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
    line = f"{name}: {' '.join(tokens)}"
    if len(line) <= LINE - 2 and line.isprintable():
        return f"{line}\r\n".encode()
    lines = [f"{name}: {tokens[0]}"]
    for token in tokens[1:]:
        if len(lines[-1]) + 1 + len(token) <= LINE - 2:  # 76 where encoded words stand, RFC 2047 §2
            lines[-1] += f" {token}"
        else:
            lines.append(f" {token}")
    if not all(line.isprintable() for line in lines) and _CONTROL.search("".join(lines)):
        raise ValueError(f"a control character in the header {name}")
    return "\r\n".join([*lines, ""]).encode()


@lru_cache(1024)  # many readers have the same top pick
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
    return [*_phrase(name), f"<{address}>"] if name else [address]


def phrase(text: str) -> list[str]:
    """The tokens of a display name: atoms, a quoted string, or encoded words (RFC 2047 §5(3))."""
    return _phrase(header_text(text))


def _phrase(text: str) -> list[str]:
    """The same of what is ``header_text`` already."""
    if not text.isascii():
        return encoded_words(text)
    if _ATOMS.fullmatch(text) and max(map(len, text.split(" "))) <= WORD:
        return text.split(" ")
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return [quoted] if len(quoted) <= WORD else encoded_words(text)


def encoded_words(text: str) -> list[str]:
    """``text`` as RFC 2047 encoded words of at most WORD characters, of whole characters each."""
    short, most = _q(text), len(text.encode()) * 4 // 3
    if len(short) <= WORD - 12 and len(short) <= most:
        return [f"=?utf-8?q?{short}?="]
    sizes = [len(_q(mark)) for mark in text]
    if sum(sizes) <= most:
        chunks = _chunks(text, sizes, WORD - 12)
        return [f"=?utf-8?q?{_q(chunk)}?=" for chunk in chunks]
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


_Q = [
    "_" if octet == 0x20 else chr(octet) if octet in _Q_SAFE else f"={octet:02X}"
    for octet in range(256)
]
"""Every octet in the Q encoding, as it may stand in a phrase too (RFC 2047 §4.2, §5(3))."""


def _q(text: str) -> str:
    return "".join([_Q[octet] for octet in text.encode()])


def quoted_printable(data: bytes) -> bytes:
    """``data``, lines ended by CRLF, as quoted-printable (RFC 2045 §6.7).

    Dots and ``From`` at the start of a line are encoded too, for relays that mishandle them
    (RFC 2049 §3), followed by a soft break so that no line grows over its 76 characters.
    """
    encoded = binascii.b2a_qp(b"\r\n" + data, istext=True)  # the first break sets the kind
    if b"\n." not in encoded and b"\nF" not in encoded:  # mostly; the search takes longer
        return encoded[2:]
    return _AT_START.sub(_hexed, encoded[2:])


def _hexed(found: re.Match[bytes]) -> bytes:
    """What was found, every octet encoded, in lines that end in soft breaks."""
    octets = [b"=%02X" % octet for octet in found[0]]
    return b"".join(b"".join(octets[n : n + 24]) + b"=\r\n" for n in range(0, len(octets), 24))


def alternative(seed: str, plain_part: Iterable[bytes], rich_part: Iterable[bytes]) -> list[bytes]:
    """Content-Type, the empty line and the body of a mail that says one thing in two forms.

    The parts are plain text and HTML in pieces of quoted-printable, the plainer first (RFC 2046
    §5.1.4).
    """
    mark = boundary(seed)
    return [_PLAIN % (mark, mark), *plain_part, _RICH % mark, *rich_part, _END % mark]


_PART = (
    b"\r\n--%%s\r\nContent-Type: text/%s; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)
"""What stands before a part; before the first, its empty line ends the header of the mail."""

_PLAIN = b'Content-Type: multipart/alternative;\r\n boundary="%s"\r\n' + _PART % b"plain"
_RICH, _END = _PART % b"html", b"\r\n--%s--\r\n"


def boundary(seed: str) -> bytes:
    """A boundary made of ``seed`` (RFC 2046 §5.1.1).

    In quoted-printable ``=`` is followed by hex digits or a line end, never by ``_`` (RFC 2045
    §6.7), so that it occurs in no part and need not be looked for.
    """
    return b"=_" + hashlib.sha256(seed.encode()).hexdigest()[:32].encode()
