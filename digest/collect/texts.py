"""The bytes of a text file as text, bounded, with the line where they stop being text."""

from __future__ import annotations

import re

from digest.errors import SourceError

MAX_TEXT_BYTES = 16_000_000
"""The largest list read whole: the largest day of arXiv's largest list has a tenth of it."""


def text_of(data: bytes, name: str, *, salvage: bool = False) -> str:
    """``data`` as text without a byte order mark, every line ended by LF.

    With ``salvage`` the text before the first byte that is none. Raises: SourceError.
    """
    if len(data) > MAX_TEXT_BYTES:
        why = f"it is larger than the {MAX_TEXT_BYTES // 1_000_000} MB such a list may have"
        raise SourceError(name, why)
    end, why = data.find(b"\0"), "it is binary, not text"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if end < 0 or error.start < end:
            end, why = error.start, "it is not UTF-8 text"
        text = data[:end].decode("utf-8-sig", "ignore")
    if end >= 0 and not salvage:
        raise SourceError(name, why, line=data.count(b"\n", 0, end) + 1)
    text = text.partition("\0")[0]
    return text.replace("\r\n", "\n").replace("\r", "\n")


def bare(text: str) -> str:
    """``text`` without the signs that only format a line: quote marks, bold, a heading's ``#``."""
    text = text.strip().lstrip("#> \t").rstrip("# \t")
    for sign in ("**", "__", "*", "_"):
        if len(text) > 2 * len(sign) and text.startswith(sign) and text.endswith(sign):
            text = text[len(sign) : -len(sign)].strip()
    return text


_FRONT = re.compile(r"\s*---\n(?:[a-z][\w-]*:[^\n]*\n|[ \t-][^\n]*\n){1,60}?(?:---|\.\.\.)[ \t]*\n")


def without_front_matter(text: str) -> str:
    """``text`` with the fields some converters write above a page made blank lines."""
    match = _FRONT.match(text)
    return "\n" * match[0].count("\n") + text[match.end() :] if match else text
