"""Text from outside as plain text: cleaned, shortened, wrapped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

COLUMNS = 72
"""Width of the plain-text forms, in columns."""

_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # C0 and C1, but for those that are white space
    "\u202a-\u202e\u2066-\u2069"  # bidi overrides and isolates: they reorder what stands around
    "\ufdd0-\ufdef"  # never text (Unicode 16 §23.7): they mark the holes of a stencil
    "\ufeff\ufffe\uffff\ud800-\udfff]"  # marks and halves that XML 1.0 §2.2 does not allow
)
_INVISIBLE = ("Cf", "Cn", "Co", "Mn", "Zs")
_CLOSING = "、。，．）」』】！？：；"


def plain(text: str) -> str:
    """``text`` on one line: no controls, no bidi overrides, single spaces, valid in XML."""
    # mostly; ten times as fast: what is hidden, and white space but the space, is not printable
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return " ".join(_HIDDEN.sub("", text).split())


def is_visible(text: str) -> bool:
    """Whether a reader sees anything of ``text``."""
    return any(unicodedata.category(mark) not in _INVISIBLE for mark in text)


def shorten(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters: cut after a word and marked with an ellipsis."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 1 and unicodedata.combining(text[end]):
        end -= 1
    cut = text[:end]
    if text[end] != " " and " " in cut[limit // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:–—-") + "…"


def wrap(text: str, indent: str = "", first: str | None = None, width: int = COLUMNS) -> str:
    """``text`` in lines of at most ``width`` columns, each after ``indent``, the first ``first``.

    Words, and so links, are never broken; scripts without spaces break between characters.
    """
    start = indent if first is None else first
    if text.isascii() and start.isascii():
        if len(start) + len(text) <= width and text.isprintable() and "  " not in text:
            return start + text.strip(" ")
        return _wrapped_ascii(plain(text), indent, start, width)
    lines, fresh = [start], True
    used = _columns(start)
    for space, unit in _units(plain(text)):
        size = _columns(unit) + (0 if fresh else len(space))
        if not fresh and used + size > width and unit not in _CLOSING:
            lines.append(indent)
            used, fresh, size = _columns(indent), True, _columns(unit)
        lines[-1] += unit if fresh else space + unit
        used, fresh = used + size, False
    return "\n".join(lines)


def _wrapped_ascii(text: str, indent: str, start: str, width: int) -> str:
    """The same where every character takes a column: much quicker, and mostly the case."""
    lines: list[str] = []
    first, *words = text.split(" ")
    line = start + first
    for word in words:
        if len(line) + 1 + len(word) > width:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}"
    return "\n".join([*lines, line])


def _units(text: str) -> Iterator[tuple[str, str]]:
    """What must stay together, with the space before it: words, or single wide characters."""
    narrow = text.isascii()
    for word in text.split():
        if not narrow and any(map(_is_wide, word)) and "://" not in word:
            yield from ((" " if n == 0 else "", mark) for n, mark in enumerate(word))
        else:
            yield " ", word


def _is_wide(mark: str) -> bool:
    """Whether ``mark`` takes two columns (Unicode Standard Annex 11)."""
    return not mark.isascii() and unicodedata.east_asian_width(mark) in ("W", "F")


def _columns(text: str) -> int:
    """How many columns ``text`` takes in a fixed-width font."""
    return len(text) if text.isascii() else sum(2 if _is_wide(mark) else 1 for mark in text)
