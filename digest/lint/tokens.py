"""HTML in pieces: tags, texts and raw texts, in linear time whatever the input.

The standard library's parser searches to the end again for every comment or tag left open, which
takes quadratic time on hostile input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Literal

RAW = frozenset({"script", "style", "textarea", "title"})
"""Elements whose content holds no tags."""

_TOKEN = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)"
    r"|<[!?][^>]*+(?:>|\Z)"
    r"|<(?P<slash>/?)(?P<name>[A-Za-z][^\s/>]*+)"
    r"""(?P<rest>(?:[^>=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+)*+)(?:>|\Z)"""
    r"|(?P<text>(?:[^<]++|<(?![A-Za-z/!?]))++|<)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""([^\s=/>"']++)(?:\s*+=\s*+("[^"]*+"?|'[^']*+'?|[^\s>]++))?""",
)
_HUGE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9A-Fa-f]{7,}+);?")


@dataclass(frozen=True, slots=True)
class Token:
    """``name`` is in lower case; ``text`` is decoded, and empty for a tag."""

    kind: Literal["start", "end", "text"]
    name: str = ""
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def tokens(source: str) -> Iterator[Token]:
    """The pieces of ``source`` in order; comments and declarations are left out."""
    at = 0
    while found := _TOKEN.match(source, at):
        at = found.end()
        if found["text"] is not None:
            yield Token("text", text=plain(found["text"]))
        elif found["name"] is not None:
            name = found["name"].lower()
            yield Token("end" if found["slash"] else "start", name, "", _attributes(found["rest"]))
            if name in RAW and not found["slash"]:
                end = re.compile(rf"</{name}", re.IGNORECASE).search(source, at)
                stop = end.start() if end else len(source)
                yield Token("text", text=source[at:stop])
                at = stop


def plain(text: str) -> str:
    """``text`` with its character references decoded.

    Numbers beyond any character are replaced first: ``int`` refuses thousands of digits.
    """
    return unescape(_HUGE.sub("\ufffd", text))


def _attributes(text: str) -> dict[str, str]:
    """The attributes of a tag, names in lower case; of two with one name the first counts."""
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(text):
        bare = value[1:].removesuffix(value[0]) if value[:1] in ("'", '"') else value
        found.setdefault(name.lower(), plain(bare))
    return found
