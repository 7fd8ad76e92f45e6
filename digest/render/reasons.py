"""Why a pick is here: in words, and ready to stand in a mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import NamedTuple

from digest.editions import Reason, ReasonKind
from digest.render.plain import shorten, wrap
from digest.render.reading import capitalised, said
from digest.render.stencils import ready

TERMS, TEXT_LIMIT = 4, 160
"""The most terms on one card, and the most characters of each reason."""

INDENT = "    "
"""Before everything that belongs to a numbered title in plain text."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason in words: ``lead``, then the ``names`` worth emphasis, then ``tail``."""

    lead: str
    names: tuple[str, ...] = ()
    tail: str = ""

    def __str__(self) -> str:
        """The reason as one phrase."""
        return f"{self.lead} {', '.join(self.names)}".rstrip() + self.tail


class Why(NamedTuple):
    """Why a pick is here in the two forms, each ready; empty where there are no reasons."""

    html: bytes
    text: bytes


def reports(counted: int, reasons: Iterable[Reason]) -> int:
    """How often a paper was reported, for a badge; 0 where a reason says so already."""
    told = any(reason.kind == "trend" and "reported" in reason.text for reason in reasons)
    return 0 if told else counted


def causes(reasons: Sequence[Reason], explore: bool = False) -> tuple[Cause, ...]:
    """Why a pick is here, largest part first, one cause a kind of reason."""
    said_of: dict[ReasonKind, dict[str, None]] = {}
    for reason in reasons:
        name = _name(reason.text)
        if name:
            said_of.setdefault(reason.kind, {})[name] = None
    found = [cause for kind, names in said_of.items() for cause in _causes(kind, tuple(names))]
    if explore:
        found.insert(0, Cause("something different, to find out whether you like it"))
    if found:
        first = found[0]
        found[0] = Cause(capitalised(first.lead), first.names, first.tail)
    return tuple(found)


def why(causes: Iterable[Cause]) -> str:
    """All causes as one phrase; empty when there are none."""
    return "; ".join(map(str, causes))


@lru_cache(maxsize=4096)  # terms and liked papers stand on the cards of many readers
def _name(text: str) -> str:
    return shorten(said(text), TEXT_LIMIT)


def _causes(kind: ReasonKind, names: tuple[str, ...]) -> list[Cause]:
    """The causes made of the names of one kind, of which there is at least one."""
    match kind:
        case "term":
            return [Cause("matches", names[:TERMS])]
        case "author":
            return [Cause("by", names[:3], ", whom you follow")]
        case "example":
            return [Cause("close to a paper you liked:", names[:1])]
        case "category" | "source":
            return [Cause("from", names[:TERMS], ", which you prefer")]
        case "trend":
            return [Cause(name) for name in names]


def printed(reasons: Sequence[Reason], explore: bool) -> Why:
    """The reasons of a pick; both empty where there are none."""
    found = causes(reasons, explore)
    html = "; ".join([_html(cause) for cause in found])
    text = why(found)
    return Why(ready(html), ready(wrap(f"{text}.", INDENT)) if text else b"")


def _html(cause: Cause) -> str:
    names = ", ".join([_strong(name) for name in cause.names])
    return " ".join(filter(None, (escape(cause.lead), names))) + escape(cause.tail)


@lru_cache(maxsize=4096)
def _strong(name: str) -> str:
    """``name`` with emphasis; scripts that run from the right do not turn what stands around."""
    direction = "" if name.isascii() else ' dir="auto"'
    return f"<b{direction}>{escape(name)}</b>"
