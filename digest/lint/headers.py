"""Checks of how the header is written: characters, encoded words, lines and folds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.lint.fields import HEAD_LIMIT, Field
from digest.lint.findings import Finding, must, several, should, shown
from digest.lint.mails import Mail
from digest.lint.origin import needs_utf8
from digest.lint.words import ENCODED, LINE, words

HARD, SOFT = 998, 78
"""The most a line may have and should have, in octets without its end (RFC 5322 §2.1.1)."""

PHRASES = frozenset({"from", "sender", "reply-to", "to", "cc", "bcc", "list-id"})
"""Structured fields where an encoded word may stand, outside quotes and angle brackets."""

STRUCTURED = re.compile(
    r"date|message-id|in-reply-to|references|mime-version|content-(?:type|transfer-encoding"
    r"|language)|auto-submitted|precedence|return-path|feedback-id|archived-at"
    r"|list-(?:unsubscribe|unsubscribe-post|help|subscribe|post|owner|archive)"
)
"""Fields where no encoded word may stand (RFC 2047 §5)."""

_ADDED = re.compile(r"received|return-path|delivered-to|arc-|authentication-|dkim-|x-")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)|<[^<>]*+>')


def characters(mail: Mail) -> Iterator[Finding]:
    """H5: a header is ASCII, unless an address needs UTF-8, and has no NUL."""
    fields = mail.head.fields
    if names := [field.name for field in fields if any(b"\0" in line for line in field.lines)]:
        yield must("H5", f"{several(names)} holds a NUL: remove it.", "RFC 5322 §4.1")
    raw = [field for field in fields if not all(line.isascii() for line in field.lines)]
    broken = [field.name for field in raw if re.search("[\udc80-\udcff]", field.raw)]
    if broken:
        text = f"{several(broken)} holds octets that are no UTF-8: encode it."
        yield must("H5", text, "RFC 2047 §2; RFC 6532 §3.1")
    elif raw and not needs_utf8(mail):
        text = f"{several([field.name for field in raw])} holds letters beyond ASCII: encode them."
        yield must("H5", text, "RFC 5322 §2.2; RFC 2047 §2")


def subject(mail: Mail) -> Iterator[Finding]:
    """H5: Subject says something, and each of its encoded words can be decoded alone."""
    value = mail.head.first("Subject")
    if value is None:
        return
    read = words(value)
    if not read.text.strip():
        yield must("H5", "Subject is empty: say what is inside.", "RFC 5322 §3.6.5")
    if read.faults:
        word, fault = read.faults[0]
        text = f"Subject: {shown(word)} {fault}; encode it anew."
        yield must("H5", text, "RFC 2047 §2, §5")
    long = [field for field in mail.head.fields if any(map(_is_long, field.lines))]
    if long and not read.faults:
        text = f"{long[0].name} has a line with an encoded word and over {LINE} octets: fold it."
        yield must("H5", text, "RFC 2047 §2")


def _is_long(line: bytes) -> bool:
    return LINE < len(line) <= HARD and bool(ENCODED.search(line.decode("latin-1")))


def structured(mail: Mail) -> Iterator[Finding]:
    """H6: encoded words stand in free text and display names alone."""
    for field in mail.head.fields:
        value = field.value
        if field.name.lower() in PHRASES:
            value = " ".join(_QUOTED.findall(value))
        elif not STRUCTURED.fullmatch(field.name.lower()):
            continue
        if found := ENCODED.search(value):
            text = (
                f"{field.name} holds {shown(found[0])}, which nobody decodes there: write it out."
            )
            yield must("H6", text, "RFC 2047 §5(3)")


def lines(mail: Mail) -> Iterator[Finding]:
    """H6: the header consists of fields, folded at white space into lines of a fair length."""
    if len(mail.raw_head) > HEAD_LIMIT:
        text = f"The header has {len(mail.raw_head):,} octets: keep it below {HEAD_LIMIT:,}."
        yield must("H6", text, "RFC 5322 §2.1.1")
    if mail.head.junk:
        line = mail.head.junk[0].decode("utf-8", "replace")
        text = f"{shown(line)} in the header is no field: write 'Name: value', or end the header."
        yield must("H6", text, "RFC 5322 §2.2")
    for field in mail.head.fields:
        yield from _folds(field)


def _folds(field: Field) -> Iterator[Finding]:
    longest = max(map(len, field.lines))
    if any(not line.strip() for line in field.lines):
        text = f"{field.name} is folded with a line of white space: remove that line."
        yield must("H6", text, "RFC 5322 §3.2.2")
    if longest > HARD:
        text = f"{field.name} has a line of {longest:,} octets, and {HARD} is the most: fold it."
        yield must("H6", text, "RFC 5322 §2.1.1")
    elif not _ADDED.match(field.name.lower()) and any(map(_could_be_folded, field.lines)):
        text = f"{field.name} has a line of {longest} octets: fold it at white space below {SOFT}."
        yield should("H6", text, "RFC 5322 §2.1.1")


def _could_be_folded(line: bytes) -> bool:
    """Whether ``line`` is long and has white space to fold at, but for that after its name."""
    return len(line) > SOFT and len(line.split(None, 2)) > (1 if line[:1] in b" \t" else 2)
