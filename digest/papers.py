"""A paper, its keys, and the reports that mention it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote_plus

SEARCH = "https://arxiv.org/search/?searchtype=title&query="
"""Where the title of a paper without a link leads: a search for that title."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, in plain text: no markup, no control characters, no line breaks.

    ``link`` is an http(s) address or None; ``arxiv_id`` has no version; ``doi`` is in lower case.
    """

    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    link: str | None = None
    arxiv_id: str | None = None
    doi: str | None = None
    published: dt.date | None = None

    @property
    def key(self) -> str:
        """The strongest of ``keys``: the one name of this paper."""
        return self.keys[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """Every name this paper is known by, strongest first: arXiv id, DOI, normalised title."""
        named = (("arxiv", self.arxiv_id), ("doi", self.doi), ("title", title_key(self.title)))
        return tuple(f"{kind}:{value}" for kind, value in named if value)

    @property
    def href(self) -> str:
        """Where the title leads: the paper's own link, else a search for its title."""
        return self.link or SEARCH + quote_plus(self.title)


@dataclass(frozen=True, slots=True)
class Report:
    """A source's mention of a paper: where, how high, and on which day by the source's own word.

    ``position`` counts from 1 within the source; ``date`` is None when the source names none.
    """

    paper: Paper
    source: str
    position: int
    date: dt.date | None = None


def title_key(title: str) -> str:
    """``title`` without case, accents' encodings, punctuation and spacing.

    Two spellings that differ only in those are one paper. A title of nothing but punctuation
    stays as it is, so that it still has a key.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    return " ".join(re.findall(r"\w+", folded.replace("_", " "))) or folded.strip()


@dataclass(frozen=True, slots=True)
class Mention:
    """Where and when a source reported a paper: a place on a page of ``of`` papers.

    ``date`` is the source's own date, or the day it was collected when it names none.
    """

    source: str
    position: int
    of: int
    date: dt.date


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper of the archive as composing sees it: its number there, its terms, its mentions."""

    id: int
    paper: Paper
    terms: tuple[str, ...]
    first_seen_at: dt.datetime
    mentions: tuple[Mention, ...] = ()


def author_key(name: str) -> str:
    """``name`` as last name and first initial: "LeCun, Yann", "Y. LeCun" and "Yann LeCun" agree."""
    last, _, first = name.partition(",")
    if not first:
        *given, last = name.split() or [""]
        first = " ".join(given)
    return f"{title_key(last)} {title_key(first)[:1]}".strip()
