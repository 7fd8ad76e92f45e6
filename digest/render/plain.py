"""Text from outside as plain text: cleaned, shortened, cut into sentences, wrapped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

COLUMNS = 72
"""Width of the plain-text forms, in columns."""

EXCERPT, EXCERPT_SHORT, EXCERPT_LONG = 300, 120, 450
"""Characters of an abstract to show: the aim, what is too little, what is too much."""

_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # C0 and C1, but for those that are white space
    "\u202a-\u202e\u2066-\u2069"  # bidi overrides and isolates: they reorder what stands around
    "\ufeff\ufffe\uffff\ud800-\udfff]"  # marks and halves that XML 1.0 §2.2 does not allow
)
_INVISIBLE = ("Cf", "Cn", "Co", "Mn", "Zs")
_END = re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？]")
_OPENING = "\"'“‘(["
_NO_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|etc|cf|vs|resp|approx|w\.r\.t|a\.k\.a|viz|ca|Fig|Figs|Eq|Eqs|Sec"
    r"|Tab|Alg|Thm|Ref|Refs|No|Vol|Dr|Prof|Mr|Mrs|Ms|St|Inc|Ltd)|(?:^|[\s(.])[A-Z])\.$"
)
_LONGEST = 10
"""Characters before a full stop that tell whether it closes an abbreviation."""

_CLOSING = "、。，．）」』】！？：；"


def plain(text: str) -> str:
    """``text`` on one line: no controls, no bidi overrides, single spaces, valid in XML."""
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


def sentences(text: str) -> Iterator[str]:
    """The sentences of one-line ``text``, in order, found as they are asked for.

    A full stop ends a sentence unless it closes an abbreviation or an initial, or a lower-case
    letter follows.
    """
    start = 0
    for end in _END.finditer(text):
        stop = text[max(start, end.start() - _LONGEST) : end.start() + 1]
        after = text[end.end() :].lstrip(_OPENING)[:1]
        if after.islower() or _NO_END.search(stop):
            continue
        yield text[start : end.end()].rstrip()
        start = end.end()
    if rest := text[start:].strip():
        yield rest


def excerpt(text: str) -> str:
    """The first sentences of ``text``, about EXCERPT characters, never cut inside a sentence.

    Only a first sentence longer than EXCERPT_LONG is cut, after a word, with an ellipsis.
    """
    text, end = plain(text), 0
    for sentence in sentences(text):
        longer = text.index(sentence, end) + len(sentence)
        if longer > (EXCERPT_LONG if end < EXCERPT_SHORT else EXCERPT):
            return text[:end] or shorten(sentence, EXCERPT)
        end = longer
    return text[:end]


def wrap(text: str, indent: str = "", first: str | None = None, width: int = COLUMNS) -> str:
    """``text`` in lines of at most ``width`` columns, each after ``indent``, the first ``first``.

    Words, and so links, are never broken; scripts without spaces break between characters.
    """
    lines, fresh = [indent if first is None else first], True
    used = _columns(lines[0])
    for space, unit in _units(plain(text)):
        size = _columns(unit) + (0 if fresh else len(space))
        if not fresh and used + size > width and unit not in _CLOSING:
            lines.append(indent)
            used, fresh, size = _columns(indent), True, _columns(unit)
        lines[-1] += unit if fresh else space + unit
        used, fresh = used + size, False
    return "\n".join(lines)


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
