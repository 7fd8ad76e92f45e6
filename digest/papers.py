"""A paper, its keys, and the reports that mention it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote_plus

Announced = Literal["new", "cross", "replace", "replace-cross"]
"""arXiv's announce types: a first version, the same listed in another category, a later one."""

SEARCH = "https://arxiv.org/search/?searchtype=title&query="
"""Where the title of a paper without a link leads: a search for that title."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, in plain text: no markup, no control characters, no line breaks.

    ``link`` is an http(s) address or None; ``arxiv_id`` has no version; ``doi`` is in lower case.
    ``version`` is arXiv's, from 1, and 0 when the source names none.
    """

    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    link: str | None = None
    arxiv_id: str | None = None
    doi: str | None = None
    published: dt.date | None = None
    categories: tuple[str, ...] = ()
    version: int = 0

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
    ``announced`` says what the source reports of the paper; only sources with announcements know
    other things than ``new``. ``votes`` is how many readers of the source liked it, if it says so.
    """

    paper: Paper
    source: str
    position: int
    date: dt.date | None = None
    announced: Announced = "new"
    votes: int | None = None


_ARXIV_ID = re.compile(
    r"""(?:^|(?:arxiv\.org/(?:abs|pdf|html|ps|format|e-print)/) | (?:huggingface\.co/papers/) |
        (?:alphaxiv\.org/(?:abs|pdf)/) | (?:10\.48550/arxiv\.) | (?:oai:arxiv\.org:) |
        (?:arxiv:\s?))
        (?P<id>\d{4}\.\d{4,5} | [a-z][a-z-]+(?:\.[a-z]{2})?/\d{7})
        (?:v(?P<version>\d{1,3}))?(?![\d.]*\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_DOI = re.compile(r"(?:^|doi\.org/|doi:\s?)(?P<doi>10\.\d{4,9}/[^\s\"<>?#]+)", re.IGNORECASE)


def arxiv_id_in(text: str) -> tuple[str, int] | None:
    """The arXiv id a text is, or names in an address, and its version (0 for none).

    Known guises: ``2401.00001v2``, ``math/0601001``, ``arXiv:…``, abs, pdf and html addresses on
    any host of arXiv, Hugging Face's paper pages, ``doi:10.48550/arXiv.…`` and ``oai:arXiv.org:…``.
    An old id's subject class is dropped (``math.GT/0309136`` is ``math/0309136``), as arXiv does.
    """
    found = _ARXIV_ID.search(text.strip())
    if not found:
        return None
    archive, slash, number = found["id"].lower().rpartition("/")
    return f"{archive.partition('.')[0]}{slash}{number}", int(found["version"] or 0)


def doi_in(text: str) -> str | None:
    """The DOI a text is, or names in an address, in lower case; None for arXiv's own DOIs."""
    found = _DOI.search(text.strip())
    doi = found["doi"].rstrip(".,;)]}").lower() if found else None
    return None if doi is None or doi.startswith("10.48550/arxiv.") else doi


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
