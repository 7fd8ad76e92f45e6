"""Text and addresses from outside, made plain and bounded: the one gate into the program."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

TITLE_CHARS = 2_000
"""The longest title kept: ten times the longest seen on arXiv, and still one screen of a mail."""

ABSTRACT_CHARS = 20_000
"""The longest abstract kept: ten times arXiv's own limit of 1,920 characters."""

LINK_CHARS = 2_000
"""The longest address kept: what every browser and mail program follows."""

MARKS_IN_A_ROW = 30
"""Combining marks kept on one letter (the Stream-Safe Text Format, UAX #15 section 13)."""

_UNWANTED = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # C0 and C1; the rest of them count as white space
    "\xad\u200b\u2060\ufeff"  # invisible: they would make two spellings of one title differ
    "\u202a-\u202e\u2066-\u2069"  # bidi overrides and isolates: they reorder what follows
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # no characters at all: UTF-8 or XML refuse them
    "]"
)
_MAYBE_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{MARKS_IN_A_ROW},}}")
_NEVER_IN_A_LINK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\"'<>\\^`{|}]")


def plain(text: str, limit: int) -> str:
    """``text`` on one line in NFC, at most ``limit`` characters; longer text ends in "…".

    Control characters, bidi overrides, invisible characters and lone surrogates are gone; every
    run of white space is one space. Done twice it changes nothing. What looks like markup stays:
    here it is text.
    """
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _few_marks(_UNWANTED.sub("", text)))
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def safe_link(url: str) -> str | None:
    """``url`` when it is a whole http(s) address that names a host and no user, else None.

    An address with quotes, angle brackets, spaces or control characters is refused, not mended:
    what a mended one leads to is anyone's guess.
    """
    url = url.strip()
    if len(url) > LINK_CHARS or _NEVER_IN_A_LINK.search(url) or plain(url, LINK_CHARS) != url:
        return None
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port out of range, half an IPv6 address
        return None
    return url if whole and "@" not in parts.netloc else None


def _few_marks(text: str) -> str:
    """``text`` with long runs of combining marks cut.

    Normalising sorts each run in quadratic time: 80,000 marks took nine seconds.
    """
    if not _MAYBE_MARKS.search(text):
        return text
    kept, run = [], 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)
