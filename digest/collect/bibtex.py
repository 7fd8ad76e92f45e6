"""BibTeX as entries of plain fields, each entry for itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_ENTRY = re.compile(r"(?<![\w.])@\s*(?P<kind>[A-Za-z]{1,30})\s*(?P<open>[{(])")
_LINE_ENTRY = re.compile(r"(?m)^[ \t]*@\s*[A-Za-z]{1,30}\s*[{(]")
_NAME = re.compile(r"[\s,]*([^\s=,{}()\"#]{1,60})\s*=\s*")
_KEY = re.compile(r"\s*[^,={}\"\s]*\s*(?:,|(?=[})]))")
_WORD = re.compile(r"[^\s,#{}()\"=]{1,200}")
_BRACES = re.compile(r"(?<!\\)[{}]")
_QUOTES = re.compile(r'(?<!\\)[{}"]')
_END = re.compile(r"[\s,]*[})]")
_GLUE = re.compile(r"\s*#\s*")

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class _Broken(Exception):
    """The entry ends before it is closed, or has no form."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: the offset where it begins, and its fields by lower-case name.

    ``fields`` is None when the entry is broken, as the last one of a file that was cut.
    """

    start: int
    fields: dict[str, str] | None


def entries(text: str) -> list[Entry]:
    """Every entry in ``text`` in its order; comments, preambles and abbreviations are none.

    An ``@word{`` at the start of a line always begins an entry, so that a missing brace costs one
    entry and not the rest of the file. Text between entries is a comment, as in BibTeX.
    """
    found: list[Entry] = []
    macros = {month: str(number) for number, month in enumerate(MONTHS, start=1)}
    starts = [match.start() for match in _LINE_ENTRY.finditer(text)]
    edges = sorted({0, *starts, len(text)})
    for start, end in pairwise(edges):
        chunk, position = text[start:end], 0
        while match := _ENTRY.search(chunk, position):
            kind = match["kind"].lower()
            try:
                fields, position = _fields(chunk, match.end(), kind, macros)
            except _Broken:
                if kind != "comment":
                    found.append(Entry(start + match.start(), None))
                break
            if kind == "string":
                macros.update(fields)
            elif kind not in ("comment", "preamble"):
                found.append(Entry(start + match.start(), fields))
    return found


def _fields(
    chunk: str, position: int, kind: str, macros: dict[str, str]
) -> tuple[dict[str, str], int]:
    """The fields of the entry whose brace opened before ``position``, and where it ends."""
    if kind in ("comment", "preamble"):
        return {}, _closing(chunk, position)
    if kind != "string":
        key = _KEY.match(chunk, position)
        if not key:
            raise _Broken
        position = key.end()
    fields: dict[str, str] = {}
    while name := _NAME.match(chunk, position):
        value, position = _value(chunk, name.end(), macros)
        fields.setdefault(name[1].lower(), value)
    rest = _END.match(chunk, position)
    if not rest:
        raise _Broken
    return fields, rest.end()


def _value(chunk: str, position: int, macros: dict[str, str]) -> tuple[str, int]:
    """A value, its parts joined by ``#``, and where it ends."""
    parts: list[str] = []
    while True:
        char = chunk[position : position + 1]
        if char == "{":
            end = _closing(chunk, position + 1)
            parts.append(chunk[position + 1 : end - 1])
        elif char == '"':
            end = _closing_quote(chunk, position + 1)
            parts.append(chunk[position + 1 : end - 1])
        elif word := _WORD.match(chunk, position):
            end = word.end()
            parts.append(macros.get(word[0].lower(), word[0]))
        else:
            raise _Broken
        glue = _GLUE.match(chunk, end)
        if not glue:
            return "".join(parts), end
        position = glue.end()


def _closing(chunk: str, position: int) -> int:
    """The offset behind the brace that closes the one before ``position``."""
    depth = 1
    for brace in _BRACES.finditer(chunk, position):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.end()
    raise _Broken


def _closing_quote(chunk: str, position: int) -> int:
    """The offset behind the quote that ends a value; quotes in braces belong to it."""
    depth = 0
    for mark in _QUOTES.finditer(chunk, position):
        if mark[0] == '"' and depth <= 0:
            return mark.end()
        depth += {"{": 1, "}": -1, '"': 0}[mark[0]]
    raise _Broken
