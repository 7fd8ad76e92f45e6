"""A paper, its keys, and the reports that mention it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeVar
from urllib.parse import quote_plus

Announced = Literal["new", "cross", "replace", "replace-cross"]
"""arXiv's announce types: a first version, the same listed in another category, a later one."""

_Text = TypeVar("_Text", str, tuple[str, ...])

SEARCH = "https://arxiv.org/search/?searchtype=title&query="
"""Where the title of a paper without a link leads: a search for that title."""


KEY_CHARS = 400
"""Of a title in its key: PostgreSQL indexes 2,704 bytes, and a letter has up to four."""


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
        """Where the title leads: the paper's own link, else a search for its title.

        arXiv's address has no version, and so leads to the latest one.
        """
        if self.arxiv_id and (not self.link or "arxiv.org/" in self.link):
            return f"https://arxiv.org/abs/{self.arxiv_id}"
        return self.link or SEARCH + quote_plus(self.title[:300], errors="replace")


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


def contradict(a: Paper, b: Paper) -> bool:
    """Whether ids say that the two are different papers: another arXiv id, or another DOI.

    A DOI says nothing against a common arXiv id: a preprint and its journal have one each.
    """
    if a.arxiv_id and b.arxiv_id:
        return a.arxiv_id != b.arxiv_id
    return bool(a.doi and b.doi and a.doi != b.doi)


def merged(a: Paper, b: Paper) -> Paper:
    """The best of two reports of one paper, field by field.

    Commutative, associative and idempotent, so a paper is the same whatever came first. The text
    is that of the latest version that comes with an abstract (an unknown version counts as the
    first), and the longer one within a version; the link is arXiv's page where there is one.
    """
    if a == b:
        return a
    latest = max(_edition(a), _edition(b))
    texts = [paper for paper in (a, b) if _edition(paper) == latest]
    links = [paper.link for paper in (a, b) if paper.link]
    return Paper(
        title=max((paper.title for paper in texts), key=_title_rank),
        abstract=max((paper.abstract for paper in texts), key=_rank),
        authors=max(a.authors, b.authors, key=_rank),
        link=min(links, key=_link_rank, default=None),
        arxiv_id=_least(a.arxiv_id, b.arxiv_id),
        doi=_least(a.doi, b.doi),
        published=min(filter(None, (a.published, b.published)), default=None),
        categories=tuple(sorted({*a.categories, *b.categories})),
        version=max(paper.version for paper in texts),
    )


def _edition(paper: Paper) -> tuple[bool, int]:
    return bool(paper.abstract), max(paper.version, 1)


def _rank(value: _Text) -> tuple[int, _Text]:
    return len(value), value


def _title_rank(title: str) -> tuple[bool, bool, int, str]:
    """Whole titles in small letters and capitals go first: not cut off, not with "v2:" before."""
    mixed = not (title.islower() or title.isupper())
    return not _SPOILT_TITLE.search(title), mixed, len(title), title


def _link_rank(link: str) -> tuple[bool, bool, int, str]:
    return "//arxiv.org/abs/" not in link, not link.startswith("https:"), len(link), link


def _least(a: str | None, b: str | None) -> str | None:
    return min(filter(None, (a, b)), default=None)


_SPOILT_TITLE = re.compile(r"(?:…|\.\.\.)$|^\W*v\d+\s*:", re.IGNORECASE)
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
    stays as it is, so that it still has a key; of a very long one a hash stands for the end.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    key = " ".join(re.findall(r"\w+", folded.replace("_", " "))) or folded.strip()
    if len(key) <= KEY_CHARS:
        return key
    return f"{key[:KEY_CHARS]}… {hashlib.sha256(key.encode()).hexdigest()[:16]}"


def keys_meant(text: str) -> tuple[str, ...]:
    """The keys that a text may mean, likeliest first: an id in any guise, a key, a title."""
    arxiv, doi = arxiv_id_in(text), doi_in(text)
    kind, _, rest = text.strip().partition(":")
    guessed = (
        f"arxiv:{arxiv[0]}" if arxiv else "",
        f"doi:{doi}" if doi else "",
        f"{kind}:{rest}" if kind in ("arxiv", "doi") else "",
        f"title:{title_key(rest)}" if kind == "title" else "",
        f"title:{title_key(text)}",
    )
    return tuple(dict.fromkeys(filter(None, guessed)))


@dataclass(frozen=True, slots=True)
class Mention:
    """Where and when a source reported a paper: a place on a page of ``of`` papers.

    ``source`` is the name of a polled source, or ``sources.INBOX`` for a file. ``date`` is the
    source's own date, or the day it was collected when it names none; ``votes`` and ``announced``
    are as in the report.
    """

    source: str
    position: int
    of: int
    date: dt.date
    announced: Announced = "new"
    votes: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper of the archive as composing sees it: its number there, its terms, its mentions."""

    id: int
    paper: Paper
    terms: tuple[str, ...]
    first_seen_at: dt.datetime
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Archived:
    """What the archive knows of a paper that somebody judged: its number, title and terms."""

    id: int
    title: str
    terms: tuple[str, ...]


def author_key(name: str) -> str:
    """``name`` as last name and first initial: "LeCun, Yann", "Y. LeCun" and "Yann LeCun" agree."""
    last, _, first = name.partition(",")
    if not first:
        *given, last = name.split() or [""]
        first = " ".join(given)
    return f"{title_key(last)} {title_key(first)[:1]}".strip()
