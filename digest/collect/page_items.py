"""A copied page taken apart: its texts, what each is, and to which paper it is linked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from digest.collect.banner import is_banner, is_navigation
from digest.collect.links import CLOSE, OPEN, SHUT, marked, unescaped
from digest.collect.page_dates import page_date
from digest.collect.plain import ABSTRACT_CHARS, plain
from digest.collect.texts import bare, without_front_matter
from digest.collect.turns import ends_like_a_text

Kind = Literal["text", "votes", "date", "authors", "address", "navigation", "noise"]

PAPER = re.compile(
    r"(?:^|huggingface\.co|//|hf\.co)/?papers/(\d{4}\.\d{4,5})(?:v\d+)?/?(?:\?[^#]*)?(#.*)?$", re.A
)
_LOGIN = re.compile(r"/login\?next=/papers/(\d{4}\.\d{4,5})")
_VOTES = re.compile(
    r"(?:(?:upvotes?|votes?|likes?|points?|▲|△|⬆️?|👍|❤️?|\+)\s*:?\s*)?(?:\d{1,6}|\d{1,3}(?:,\d{3})+|\d+\.\d[kK]|[-–—])"
    r"(?:\s*(?:upvotes?|votes?|likes?|points?|▲|👍))?|upvotes?",
    re.IGNORECASE,
)
_AUTHORS = re.compile(r"\+?\d{1,5}\s*authors?", re.IGNORECASE)
_NOISE = re.compile(
    r"[\W_]*|submitted\s+by\b.{0,60}|\d+\s*(?:comments?|replies)|(?:view|read)\s+(?:paper|more|on\s+\w+|arxiv.*|pdf)"
    r"|(?:image|video|thumbnail|avatar)\s*\d*(?::.*)?|pdf|arxiv|github|code|project\s+page|\(button\)|abstract",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"(?:accepted|published|presented|submitted|to\s+appear|(?:code|data|models?)\b.*\bavailable)\b",
    re.IGNORECASE,
)
_MARKS = re.compile(f"{OPEN}\\d+{SHUT}|{CLOSE}")
_BYLINE = re.compile(r"\b\d{1,5} (?:authors?|comments?)\b|[·•]", re.IGNORECASE)
FULL_LINE_CHARS = 55
WRAPPED_CHARS = 130
"""Where no line is longer than this, lines were broken to fit a screen."""


@dataclass(slots=True)
class Item:
    """One text of the page; ``paper`` is the id of the paper it links to, ``href`` any link."""

    line: int
    text: str
    kind: Kind
    paper: str | None = None
    href: str = ""
    heading: bool = False
    login: bool = False


@dataclass(slots=True)
class _Piece:
    """A stretch of one line that is one link, or none."""

    line: int
    text: str
    link: int | None
    block: int
    heading: bool
    tail: int = 0  # length of its last line


def items(text: str, arrived: dt.date) -> list[Item]:
    """The texts of the page in order, joined where they were broken to fit a screen."""
    body, hrefs = marked(without_front_matter(text))
    wrapped = _is_wrapped(_MARKS.sub("", body).split("\n"))
    found: list[Item] = []
    for group in _joined(_pieces(body, wrapped=wrapped), wrapped=wrapped):
        href = hrefs[group.link] if group.link is not None else ""
        found += _items(group, href, arrived)
    return found


def _is_wrapped(lines: list[str]) -> bool:
    """Whether lines were broken to fit a screen: none is long, and somewhere two are full."""
    full = [len(line) >= FULL_LINE_CHARS for line in lines]
    return max(map(len, lines)) <= WRAPPED_CHARS and any(map(min, full, full[1:]))


def paper_at(href: str) -> str | None:
    """The id of the paper whose own page ``href`` is."""
    match = PAPER.search(href)
    return match[1] if match and not match[2] else None


def like_an_abstract(text: str) -> bool:
    """Whether ``text`` by its form is an abstract: as long as two sentences, with an end."""
    if len(text) >= 300:
        return True
    return len(text) >= 40 and ends_like_a_text(text) and not text.endswith("?") and " " in text


def like_a_sentence(text: str) -> bool:
    """Whether ``text`` is a sentence, too short to be known for an abstract by its length alone.

    Most of its words are small, which those of names, titles and venues are not.
    """
    words = text.split()
    small = sum(word[0].islower() for word in words)
    return (
        len(words) >= 4
        and 2 * small > len(words)
        and text.endswith((".", "!", "…"))
        and ends_like_a_text(text)
        and not _REMARK.match(text)
    )


def _pieces(body: str, *, wrapped: bool) -> Iterator[_Piece]:
    """The pieces of every line; a block ends at a blank line, a heading, a list item or a rule."""
    link: int | None = None
    block = 0
    for number, line in enumerate(body.split("\n"), start=1):
        shown = _MARKS.sub("", line)
        heading = re.match(r"\s*#{1,6}\s", shown) is not None
        if (
            not shown.strip(" \t\\")
            or heading
            or re.match(r"\s*([-*+•o]|\d+\.)\s|\s*(:::|\*\*\*|---|===)", shown)
        ):
            block += 1
        for part in re.split(r"(\x02\d+\x03|\x04)", line):
            if part.startswith(OPEN):
                link = int(part[1:-1])
            elif part == CLOSE:
                link = None
            elif part.strip(" \t\\"):
                yield _Piece(number, part, link, block, heading)
        block += heading and not (wrapped and link is not None)


def _joined(pieces: Iterator[_Piece], *, wrapped: bool) -> Iterator[_Piece]:
    """``pieces`` with those put together that are one text."""
    last: _Piece | None = None
    for piece in pieces:
        piece.text = _tidy(piece.text)
        if not piece.text:
            continue
        piece.tail = len(piece.text)
        if last and last.block == piece.block and _is_one(last, piece, wrapped):
            last.text, last.tail = f"{last.text} {piece.text}", piece.tail
        else:
            if last:
                yield last
            last = piece
    if last:
        yield last


def _is_one(last: _Piece, piece: _Piece, wrapped: bool) -> bool:
    if piece.link is not None or last.link is not None:
        return piece.link == last.link
    special = any(
        _VOTES.fullmatch(text)
        or _NOISE.fullmatch(text)
        or (len(text) <= 60 and _BYLINE.search(text))
        or text.startswith("http")
        for text in (last.text, piece.text)
    )
    return wrapped and not special and (piece.line == last.line or last.tail >= 45)


def _tidy(text: str) -> str:
    """One stretch without what converters put around it."""
    text = re.sub(r"\\+(?=\s)|\\+$", " ", text)
    text = re.sub(r"\{[.#:=\"\w\s/\[\]-]*\}\s*$|^\s*:{3,}.*$|^\s*[=_-]{3,}\s*$", "", text)
    text = re.sub(r"^\s*(?:[-*+•]|\d{1,3}\.)\s+(?=\S)", "", text)
    return plain(
        unescaped(bare(re.sub(r"</?(?:br|p|div|span|h\d)[^<>]*>", " ", text))), ABSTRACT_CHARS
    )


def _items(piece: _Piece, href: str, arrived: dt.date) -> Iterator[Item]:
    """The items of one text: most are one, a by-line of parts is several."""
    paper, text = paper_at(href), piece.text
    login = _LOGIN.search(unquote(href))
    if login:
        paper = login[1]
    if not href and (place := text.rfind("http")) >= 0:
        address = text[place:].rstrip(")]>")
        paper = None if " " in address else paper_at(address)
        if paper:
            text, href = text[:place].rstrip(" ([<:–—|-") or address, address
    if paper and text == href:
        yield Item(piece.line, text, "address", paper, href)
        return
    parts = [part.strip() for part in re.split(r"\s*[·•|]\s*", text)]
    if len(parts) > 1 and any(_kind(part, arrived) in ("date", "authors") for part in parts):
        for part in parts:
            if part:
                yield Item(piece.line, part, _byline(part, arrived), None, href)
        return
    kind = "noise" if "#community" in href else _kind(text, arrived)
    if login and kind != "votes":
        kind = "navigation"
    elif href and not paper and kind == "text":
        kind = "noise"  # a person, an organisation, a button
    yield Item(piece.line, text, kind, paper, href, piece.heading, bool(login))


def _byline(part: str, arrived: dt.date) -> Kind:
    kind = _kind(part, arrived)
    count = kind == "votes" and re.search(r"\d", part) and not part.isdigit()  # else of comments
    return kind if kind in ("date", "authors") or count else "noise"


def _kind(text: str, arrived: dt.date) -> Kind:
    if _VOTES.fullmatch(text):
        return "votes"
    if _AUTHORS.fullmatch(text):
        return "authors"
    if is_banner(text) or is_navigation(text):
        return "navigation"
    if page_date(re.sub(r"^(?:published|submitted)\s+(?:on\s+)?", "", text, flags=re.I), arrived):
        return "date"
    return "noise" if _NOISE.fullmatch(text) else "text"
