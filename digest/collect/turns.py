"""Whether titles and abstracts take turns in a list of lines, and where they stop doing so.

Nothing marks a line as a title; only its form tells. A title is short and breaks off without a
full stop; an abstract is several times as long, holds sentences and ends like a text. No such
rule is sure of one line alone, so a line is only called misplaced when its length *and* its
sentences say so, both measured by the habits of its own file. A file where the two kinds do not
differ plainly is believed as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median_high, median_low

LONG_CHARS = 400
"""Three sentences of this length are no title in any file: the longest title seen has 164."""

PLAINLY_LONGER = 2.0
"""Usual abstracts are at least this many times usual titles where length is to tell them apart."""

_FULL_STOP = (
    "。！？\uff61\u0964\u0965\u061f\u06d4\u0589\u1362\u104b"  # scripts that need no space after it
)
_STOP = rf"[.!?…{_FULL_STOP}]"
_CLOSING = r"[)\]}\"'”’»›」』）】]"
_END = re.compile(rf"(?:{_STOP}{_CLOSING}*|(?<=\S){_CLOSING})\s*\Z")
_SHORTENED = re.compile(r"(?:^|[\s(\[])(?:e\.g|i\.e|vs|cf|w\.r\.t|resp)\.\Z", re.IGNORECASE)
_BREAK = re.compile(rf"[.!?…]{_CLOSING}*\s+[\"'“‘(\[]?[^\W_a-z]|[{_FULL_STOP}]{_CLOSING}*\s*\w")


def ends_like_a_text(line: str) -> bool:
    """Whether ``line`` ends as a text may: a full stop, a closing bracket or quote, an address.

    "e.g." is no end, nor is an address cut before its domain is whole.
    """
    end = line[-12:]
    if _END.search(end):
        return not _SHORTENED.search(end)
    return any(map(_is_address, line[-2_500:].split()[-1:]))  # no address is longer


def _is_address(word: str) -> bool:
    """Whether ``word`` ends in a web address, ``github.com/a/b`` too, or a DOI.

    Taken apart at its first slash rather than searched, which takes time with hostile words.
    """
    _, scheme, rest = word.lower().removeprefix("doi:").rpartition("://")
    host, slash, path = rest.partition("/")
    name, _, domain = host.partition(":")[0].rpartition(".")
    if domain.isdigit():
        return bool(path) and name.endswith("10") and len(domain) >= 4
    return bool((scheme or slash) and name) and domain.isalpha() and len(domain) >= 2


@dataclass(frozen=True, slots=True)
class Habits:
    """What titles and abstracts usually look like in one file.

    ``titles_tell`` when titles mostly do without sentences, ``abstracts_tell`` when abstracts
    mostly end like a text: then a line that does otherwise says something.
    """

    title_chars: int
    abstract_chars: int
    titles_tell: bool
    abstracts_tell: bool

    def like_a_title(self, line: str) -> bool:
        """Whether the length of ``line`` is, in ratio, nearer to a title's than an abstract's."""
        return len(line) ** 2 < self.title_chars * self.abstract_chars


def habits(pairs: list[tuple[str, str]]) -> Habits:
    """The habits of a file, by the shorter and the longer line of each pair.

    By length and not by place, so that a file whose lines are shifted by one has the same habits.
    """
    short = [min(pair, key=len) for pair in pairs]
    long = [max(pair, key=len) for pair in pairs]
    title_chars = median_low(map(len, short))
    abstract_chars = median_high(map(len, long))
    plainly = abstract_chars >= PLAINLY_LONGER * title_chars
    return Habits(
        title_chars,
        abstract_chars,
        titles_tell=plainly and 4 * sum(map(_sentences, short)) <= len(short),
        abstracts_tell=plainly and 2 * sum(map(ends_like_a_text, long)) >= len(long),
    )


def first_break(lines: list[str]) -> tuple[int, str] | None:
    """The index of the first line that is not in its place, and what is wrong; None if none is.

    ``lines`` are a title, its abstract, the next title and so on; an odd last line is not looked
    at. An abstract in a title's place means that a title is missing before it, unless the line
    before it is as short as a title: then that title's abstract is missing.
    """
    pairs = list(zip(lines[::2], lines[1::2], strict=False))
    if not pairs:
        return None
    usual = habits(pairs)
    for number, (title, abstract) in enumerate(pairs):
        if _is_abstract(title, usual):
            if number and usual.abstracts_tell and usual.like_a_title(pairs[number - 1][1]):
                return 2 * number - 1, "two titles in a row"
            return 2 * number, "two abstracts in a row" if number else "an abstract without title"
        if _is_title(abstract, usual):
            return 2 * number + 1, "two titles in a row"
    return None


def _is_abstract(line: str, usual: Habits) -> bool:
    """Whether ``line`` is surely no title: sentences, and too long for one."""
    if len(line) >= LONG_CHARS and len(_BREAK.findall(line)) >= 2:
        return True
    return (
        usual.titles_tell
        and not usual.like_a_title(line)
        and _sentences(line)
        and ends_like_a_text(line)
    )


def _is_title(line: str, usual: Habits) -> bool:
    """Whether ``line`` is surely no abstract: no sentence, no end, and as short as a title."""
    return (
        usual.abstracts_tell
        and usual.like_a_title(line)
        and not _sentences(line)
        and not ends_like_a_text(line)
    )


def _sentences(line: str) -> bool:
    """Whether ``line`` holds more than one sentence."""
    return _BREAK.search(line) is not None
