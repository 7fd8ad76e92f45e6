"""Digest files: plain-text copies of a "daily papers" page, in two layouts.

*Compact*: banner lines, ``Subscribe`` glued to the first title, then title and abstract in turn.
*Spaced*: the same with a blank line between any two, ``Subscribe`` on a line of its own, and a
date, mostly without a year. Both are lines that take turns once blank lines and navigation are
left out, so one rule reads both and the name of the file says nothing.

A file holds together or is rejected whole: a page that lost a line would otherwise give every
later paper the abstract of another.
"""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.collect.banner import Head, is_banner
from digest.collect.comma_separated import is_header
from digest.collect.plain import ABSTRACT_CHARS, TITLE_CHARS, plain
from digest.collect.turns import ends_like_a_text, first_break
from digest.errors import SourceError
from digest.papers import Paper, Report

MAX_LINES = 1_000_000
"""Lines in one file: decades of daily pages. Bounds memory and time where lines are tiny."""

MAX_LINE_BYTES = 1_000_000
"""The longest line read: five hundred times the longest abstract arXiv takes."""

_STRUCTURE = re.compile(
    r"#{1,6}\s|\|\s|\|:?-{2,}|\|[^|]+(?:\|[^|\s][^|]*)+\|\Z"
    r"|```|~~~|[-*+] +!?\[|!\[|(?:-{3,}|={3,})\Z"
    r"|</?(?:table|t[rdh]|thead|tbody|div|p|br|[uo]l|li|h[1-6]|section|article|html|head|body"
    r"|details|summary|img)(?:[\s/][^<>]*)?>|<!(?:--|doctype\b)",
    re.IGNORECASE,
)
"""What begins a line of Markdown or HTML and no title."""

_LINE = re.compile(rb"([^\r\n]*)(?:\r\n?|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file, at which line of it, and how many papers stand whole before."""

    why: str
    line: int | None
    whole: int


@dataclass(slots=True)
class Page:
    """The lines of a file that are titles and abstracts in turn, and where each stood in it.

    ``fault`` is what ended the reading early.
    """

    head: Head
    lines: list[str] = field(default_factory=list)
    numbers: array[int] = field(default_factory=lambda: array("L"))
    fault: Fault | None = None


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a digest file in its order.

    With ``salvage`` a file that does not hold together gives the papers before the line where it
    stops to do so, and without the last one when that is cut off. Raises: SourceError, with that
    line and the number of papers to salvage; also with ``salvage`` when there are none.
    """
    page = _page(data, arrived)
    fault = _fault(page)
    if fault and not (salvage and fault.whole):
        raise SourceError(name, fault.why, line=fault.line, whole=fault.whole)
    count = fault.whole if fault else len(page.lines) // 2
    return [_report(page, number, name) for number in range(count)]


def _report(page: Page, number: int, name: str) -> Report:
    title, abstract = page.lines[2 * number : 2 * number + 2]
    return Report(Paper(plain(title, TITLE_CHARS), abstract), name, number + 1, page.head.date)


def _page(data: bytes, arrived: dt.date) -> Page:
    """The lines that are no navigation, read up to the first that cannot be read.

    Line by line from the bytes, so that the text never stands in memory twice.
    """
    page = Page(Head(arrived))
    number = 0
    try:
        for number, text in _numbered(data):
            _take(page, number, plain(text, ABSTRACT_CHARS))
    except _UnreadableError as error:
        page.fault = Fault(error.why, error.line, len(page.lines) // 2)
    return page


class _UnreadableError(Exception):
    """A line that is no text, or cannot be part of a digest file."""

    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(why)


def _take(page: Page, number: int, line: str) -> None:
    """Put one plain line where it belongs."""
    if not line:
        return
    title = line if page.lines else page.head.title(line)
    if title is None:
        return
    if page.lines and is_banner(line):
        if not page.head.recognised:
            page.lines.clear()  # whatever they are, they are no papers of this page
            raise _UnreadableError(number, "something else stands above the banner of the page")
        raise _UnreadableError(number, "the top of a second page begins in the middle of the file")
    page.lines.append(title)
    page.numbers.append(number)


def _numbered(data: bytes) -> Iterator[tuple[int, str]]:
    """The lines of ``data`` from 1, whether they end in LF, CRLF or CR.

    Raises: _UnreadableError where the bytes are not text.
    """
    for number, match in enumerate(_LINE.finditer(data), start=1):  # split() would copy them all
        if number > MAX_LINES:
            raise _UnreadableError(number, f"it has more than {MAX_LINES:,} lines")
        yield number, _decoded(match[1], number, last=match.end() == len(data))


def _decoded(line: bytes, number: int, *, last: bool) -> str:
    if b"\0" in line:
        raise _UnreadableError(number, "it is binary, not text")
    if len(line) > MAX_LINE_BYTES:
        why = f"a line of more than {MAX_LINE_BYTES:,} bytes is no abstract"
        raise _UnreadableError(number, why)
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        cut = last and error.reason == "unexpected end of data"
        why = "it is cut off in the middle of a character" if cut else "it is not UTF-8 text"
        raise _UnreadableError(number, why) from error


def _fault(page: Page) -> Fault | None:
    """The first thing wrong with the page, or None when it holds together."""
    if not page.lines:
        return page.fault or Fault("it holds no papers", None, 0)
    structure = _structure(page)
    if structure is not None and page.head.recognised:
        why = "Markdown, HTML or a table stands where a title should be"
        return Fault(why, page.numbers[structure], structure // 2)
    if structure is not None or not _is_digest(page):
        misfit = page.numbers[_misfit(page) if structure is None else structure]
        return page.fault or Fault("it is neither a digest file nor a feed", misfit, 0)
    if misplaced := first_break(page.lines):
        index, why = misplaced
        return Fault(why, page.numbers[index], index // 2)
    return page.fault or _cut_off(page)


def _cut_off(page: Page) -> Fault | None:
    """What the end of the page lacks, or None when it ends as a page does."""
    papers, odd = divmod(len(page.lines), 2)
    if odd:
        why = "an odd number of lines: the last title has no abstract"
        return Fault(why, page.numbers[-1], papers)
    if not ends_like_a_text(page.lines[-1]):
        why = "the last abstract stops in the middle of a sentence, so the file is cut off"
        return Fault(why, page.numbers[-1], papers - 1)
    return None


def _structure(page: Page) -> int | None:
    """The index of the first title that is no title but the structure of another kind of file."""
    titles = range(0, len(page.lines), 2)
    return next((index for index in titles if _is_structure(page.lines[index])), None)


def _is_structure(line: str) -> bool:
    return _STRUCTURE.match(line) is not None or is_header(line)


def _misfit(page: Page) -> int:
    """The index of the first line that is no title above an abstract."""
    pairs = zip(page.lines[::2], page.lines[1::2], strict=False)
    alike = (_alike(title, text) for title, text in pairs)
    return next((2 * number for number, fits in enumerate(alike) if not fits), 0)


def _alike(title: str, text: str) -> bool:
    return len(title) < len(text) and ends_like_a_text(text)


def _is_digest(page: Page) -> bool:
    """Whether this is a digest file at all, sound or not.

    The banner says so; without it, most second lines must be longer than the line before and end
    like a text, which prose, mail, code and tables do not.
    """
    if page.head.recognised:
        return True
    pairs = list(zip(page.lines[::2], page.lines[1::2], strict=False))
    alike = sum(_alike(title, text) for title, text in pairs)
    return 2 * alike >= len(pairs) > 0
