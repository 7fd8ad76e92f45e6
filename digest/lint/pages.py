"""The HTML of a mail as elements and runs of text, each with its look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.lint.looks import Look, declarations, look
from digest.lint.tokens import Token, tokens

DEPTH = 200
"""How deep elements may stand in each other before they are taken as siblings."""

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

_VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr")
_BLOCK = re.compile("address|blockquote|div|dl|h[1-6]|hr|li|ol|p|pre|table|td|th|tr|ul")
_CLOSES = {
    "li": {"li", "p"},
    "td": {"td", "th", "p"},
    "th": {"td", "th", "p"},
    "tr": {"td", "th", "tr", "p"},
}
_UNSEEN = frozenset({"head", "script", "style", "title", "textarea", "template"})


@dataclass(slots=True)
class Element:
    """``first`` to ``last`` are the runs of text inside it; ``table`` counts the one around it."""

    name: str
    attributes: dict[str, str]
    style: dict[str, str]
    look: Look
    table: int | None
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """Text between two tags, as it looks; ``inside`` is the name of the element around it."""

    text: str
    look: Look
    inside: str

    @property
    def unseen(self) -> bool:
        return self.look.hidden or self.inside in _UNSEEN or not self.text.strip()


@dataclass(slots=True)
class Page:
    """Elements and runs in the order of the source, whether shown or not."""

    elements: list[Element] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[Element]:
        return (element for element in self.elements if element.name in names)

    def words(self, element: Element) -> str:
        """The text inside ``element``, shown or not, on one line."""
        return " ".join(
            "".join(run.text for run in self.runs[element.first : element.last]).split()
        )

    @property
    def seen(self) -> str:
        """All text that a reader sees, with a line for each run."""
        return "\n".join(run.text for run in self.runs if not run.unseen)


def page(source: str) -> Page:
    """The elements and texts of ``source``; any text will do."""
    builder = _Builder()
    for token in tokens(source):
        builder.add(token)
    builder.close(0)
    return builder.page


class _Builder:
    """Elements still open, and the page so far."""

    def __init__(self) -> None:
        self.page = Page()
        self.open: list[tuple[int, Element]] = []
        self.names: Counter[str] = Counter()

    def add(self, token: Token) -> None:
        if token.kind == "text":
            name, above = self._top()
            self.page.runs.append(Run(token.text, above, name))
        elif token.kind == "start":
            self._start(token)
        elif self.names[token.name]:
            while self._pop().name != token.name:
                pass

    def close(self, count: int) -> None:
        """Close elements until ``count`` are open."""
        while len(self.open) > count:
            self._pop()

    def _top(self) -> tuple[str, Look]:
        return (self.open[-1][1].name, self.open[-1][1].look) if self.open else ("", Look())

    def _start(self, token: Token) -> None:
        closes = _CLOSES.get(token.name, {"p"} if _BLOCK.fullmatch(token.name) else set())
        while self.open and self.open[-1][1].name in closes:
            self._pop()
        written = token.attributes.get("style")
        style = declarations(written) if written else {}
        appearance = look(self._top()[1], token.name, token.attributes, style)
        now = len(self.page.runs)
        element = Element(token.name, token.attributes, style, appearance, self._table(), now, now)
        self.page.elements.append(element)
        if not _VOID.fullmatch(token.name) and len(self.open) < DEPTH:
            self.open.append((len(self.page.elements) - 1, element))
            self.names[token.name] += 1

    def _table(self) -> int | None:
        """The number of the table that is open."""
        if not self.open:
            return None
        number, element = self.open[-1]
        return number if element.name == "table" else element.table

    def _pop(self) -> Element:
        element = self.open.pop()[1]
        self.names[element.name] -= 1
        element.last = len(self.page.runs)
        return element
