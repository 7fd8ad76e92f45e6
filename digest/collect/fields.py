"""What a source says of one paper under its own field names, as one paper."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from digest.collect.page_dates import page_date
from digest.collect.people import AUTHOR_CHARS, AUTHORS
from digest.collect.plain import ABSTRACT_CHARS, TITLE_CHARS, plain, safe_link
from digest.papers import Paper, Report, arxiv_id_in, doi_in

CATEGORIES = 50
CATEGORY_CHARS = 100

NAMES = {
    "title": "title papertitle headline paper name",
    "abstract": "abstract paperabstract summary summarytext description abs abstracttext synopsis"
    " contenttext tldr aisummary shortsummary tl;dr body text content",
    "authors": "authors author authorlist authornames creators creator by",
    "link": "url link abs absurl abslink paperurl paperlink arxivurl arxivlink htmlurl html href"
    " hfurl huggingfaceurl huggingface entryid externalurl doiurl links source pdf pdfurl"
    " pdflink download",
    "id": "arxivid arxiv id paperid arxivnumber",
    "doi": "doi",
    "date": "published publishedat publisheddate publicationdate datepublished pubdate date"
    " publishdate submitted submittedon submissiondate created createdat updated updatedat",
    "votes": "upvotes upvote votes likes upvotecount numupvotes stars score",
    "categories": "categories category tags primarycategory maincategory"
    " subjects subject topics topic",
}
"""Field names as sources write them, in small letters and without signs; the better ones first."""


def meaning(label: str) -> list[tuple[int, str]]:
    """What ``label`` may name, with its rank among the names of the same thing (0 is best)."""
    word = re.sub(r"[^\w;]|_", "", label.strip().casefold())
    return _MEANINGS.get(word, [])


_MEANINGS: dict[str, list[tuple[int, str]]] = {}
for _what, _words in NAMES.items():
    for _rank, _word in enumerate(_words.split()):
        _MEANINGS.setdefault(_word, []).append((_rank, _what))


@dataclass(slots=True)
class Found:
    """What was found of one paper, in the source's own words; the best of each first."""

    title: str = ""
    abstract: str = ""
    authors: Sequence[str] = ()
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    published: dt.date | None = None
    votes: int | None = None
    categories: Sequence[str] = ()
    reported: dt.date | None = None


def paper_of(found: Found) -> Paper | None:
    """The paper, or None without a title of at least one visible character.

    A paper with an arXiv id and no address of its own leads to arXiv's page of it.
    """
    title = plain(found.title, TITLE_CHARS)
    if not visible(title):
        return None
    arxiv = next(filter(None, map(arxiv_id_in, [*found.ids, *found.links])), None)
    links = (safe_link(link) for link in found.links)
    link = next(filter(None, links), None)
    doi = next(filter(None, map(doi_in, [*found.ids, *found.links])), None)
    return Paper(
        title=title,
        abstract=plain(found.abstract, ABSTRACT_CHARS),
        authors=_tidy(found.authors, AUTHOR_CHARS, AUTHORS),
        link=link or (f"https://arxiv.org/abs/{arxiv[0]}" if arxiv else None),
        arxiv_id=arxiv[0] if arxiv else None,
        doi=plain(doi, 300) if doi else None,
        published=found.published,
        categories=_tidy(found.categories, CATEGORY_CHARS, CATEGORIES),
        version=arxiv[1] if arxiv else 0,
    )


def reports_of(papers: Iterable[Found], name: str) -> list[Report]:
    """The reports of what was found, in order; what has no title is left out."""
    made = [(paper, found) for found in papers if (paper := paper_of(found))]
    return [
        Report(paper, name, position, found.reported, votes=found.votes)
        for position, (paper, found) in enumerate(made, start=1)
    ]


def visible(title: str) -> bool:
    """Whether ``title`` shows at least one character, so that its paper has a key."""
    return any(unicodedata.category(char)[0] in "LNPS" for char in title)


def names_in(text: str) -> list[str]:
    """The authors a text lists: by semicolons, else by commas and "and"; "et al." is nobody."""
    text = re.sub(r"[,;\s]*\bet\.?\s*al\.?\s*$", "", text.strip(), flags=re.IGNORECASE)
    if ";" in text:
        return text.split(";")
    parts = [part.strip() for part in re.split(r",|\band\b|&", text) if part.strip()]
    surnames = len(parts) > 1 and len(parts) % 2 == 0
    if surnames and all(re.fullmatch(r"(?:\w\.[\s-]?)+", part) for part in parts[1::2]):
        return [f"{last}, {first}" for last, first in zip(parts[::2], parts[1::2], strict=True)]
    return parts


def like_names(text: str) -> bool:
    """Whether ``text`` lists people: a few words with capitals between commas."""
    parts = names_in(re.sub(r"^by\s+", "", text, flags=re.I))
    people = [len(part.split()) <= 5 and part.strip()[:1].isupper() for part in parts]
    return bool(people) and sum(people) * 4 >= 3 * len(people) and not re.search(r"\d{2}", text)


def day_in(text: str, arrived: dt.date) -> dt.date | None:
    """The day (UTC) a text names, in ISO 8601, RFC 2822, in words or in seconds since 1970."""
    text = text.strip()[:80]
    try:
        if re.fullmatch(r"\d{10}|\d{13}", text, re.ASCII):
            return dt.datetime.fromtimestamp(int(text[:10]), dt.UTC).date()
        if re.match(r"\d{4}-\d\d-\d\d[T ]", text, re.ASCII):
            return _utc(dt.datetime.fromisoformat(text.replace(" UTC", "+00:00")))
        if match := re.match(r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)(?!\d)", text, re.ASCII):
            return dt.date(*map(int, match.groups()))
        if day := page_date(text, arrived):
            return day
        return _utc(email.utils.parsedate_to_datetime(text))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def votes_in(text: str) -> int | None:
    """The number of votes a text names ("101", "1,024", "1.2k", "▲ 12 upvotes"); None for none."""
    match = re.search(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(\d))?\s?([kK])?(?!\w)", text)
    if not match:
        return None
    number = int(match[1].replace(",", ""))
    return number * 1000 + int(match[2] or 0) * 100 if match[3] else number


def _utc(when: dt.datetime) -> dt.date:
    return (when.astimezone(dt.UTC) if when.tzinfo else when).date()


def _tidy(texts: Iterable[str], chars: int, count: int) -> tuple[str, ...]:
    tidy = (plain(text, chars) for text in texts)
    return tuple(dict.fromkeys(text for text in tidy if visible(text)))[:count]
