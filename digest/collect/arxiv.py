"""arXiv's API: which addresses to ask, when to stop, and the papers that come back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from digest.collect import feed
from digest.errors import SourceError
from digest.papers import Paper, Report, arxiv_id_in, title_key

ENDPOINT = "https://export.arxiv.org/api/query"

PAUSE_S = 3.0
"""Seconds between two requests (arXiv API Terms of Use: one request every three seconds)."""

PAGE_SIZE = 200
"""Papers asked for at once; arXiv allows 2,000 and answers large pages slowly or short."""

LIMIT = 10_000
"""Papers taken of one query; arXiv itself answers none beyond 30,000."""

RETRIES = 3
"""How often a page is asked for again that is shorter than it must be: a known fault of arXiv."""

TITLES_AT_ONCE = 8
"""Titles in one query: addresses stay under 2,000 characters."""

Fetch = Callable[[str], bytes]
Pause = Callable[[float], None]

_TOTAL = re.compile(rb"<(?:\w{1,20}:)?totalResults[^<>]{0,200}>\s*(\d{1,9})\s*<")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its papers in their order, and how many the whole query has (None: not said)."""

    reports: tuple[Report, ...]
    total: int | None


def pages(
    query: str, page_size: int = PAGE_SIZE, limit: int = LIMIT, endpoint: str = ENDPOINT
) -> Iterator[str]:
    """The addresses of the answers to ``query``, newest papers first, ``limit`` papers in all."""
    for start in range(0, limit, page_size):
        asked = {
            "search_query": query, "sortBy": "submittedDate", "sortOrder": "descending",
            "start": start, "max_results": min(page_size, limit - start),
        }  # fmt: skip
        yield f"{endpoint}?{urlencode(asked)}"


def page(data: bytes, name: str) -> Page:
    """What one answer holds. Raises: SourceError, with arXiv's words when it is an error."""
    reports = feed.read(data, name, dt.date.min)
    total = _TOTAL.search(data)
    return Page(tuple(reports), int(total[1]) if total else None)


def is_short(found: Page, start: int, asked: int) -> bool:
    """Whether the answer from ``start`` has fewer papers than the query still has to give."""
    return len(found.reports) < min(asked, (found.total or 0) - start)


def is_last(found: Page, end: int, newest_after: dt.date | None) -> bool:
    """Whether nothing wanted can follow an answer that ends at ``end``.

    So it is when it is empty, when the query has no more, or when its last papers are older than
    ``newest_after``, for the newest come first.
    """
    dates = [report.paper.published for report in found.reports if report.paper.published]
    old = bool(newest_after and dates and min(dates) < newest_after)
    return not found.reports or old or end >= (found.total or 0)


def read_all(
    fetch: Fetch,
    pause: Pause,
    *,
    query: str,
    newest_after: dt.date | None = None,
    limit: int = LIMIT,
    page_size: int = PAGE_SIZE,
    name: str = "arxiv",
    endpoint: str = ENDPOINT,
) -> list[Report]:
    """The papers of ``query`` submitted on ``newest_after`` or later, newest first, each once.

    One request at a time, three seconds apart. An answer that is empty or short in the middle is
    asked for again; what arXiv keeps back even then is left to the next run. Papers that move
    down a page while it is read are not taken twice. Raises: SourceError, also when arXiv counts
    papers and gives none; and what ``fetch`` raises.
    """
    taken: dict[str, Report] = {}
    found = Page((), None)
    for number, url in enumerate(pages(query, page_size, limit, endpoint)):
        if number:
            pause(PAUSE_S)
        start, asked = number * page_size, min(page_size, limit - number * page_size)
        found = _fullest(fetch, pause, url, start, asked, name, found.total)
        for report in found.reports:
            day = report.paper.published
            if newest_after is None or day is None or day >= newest_after:
                taken.setdefault(report.paper.key, report)
        if is_last(found, start + asked, newest_after):
            break
    if not taken and found.total and not found.reports:
        raise SourceError(name, f"arXiv counts {found.total} papers and gives none")
    return [replace(report, position=n) for n, report in enumerate(taken.values(), start=1)]


def resolve(
    fetch: Fetch, pause: Pause, titles: Iterable[str], *, endpoint: str = ENDPOINT
) -> dict[str, Paper]:
    """The paper of each title that arXiv knows under just this title, and no other paper.

    Titles agree by ``title_key``; two papers of one title are nobody's. Raises: SourceError.
    """
    wanted = [title for title in dict.fromkeys(titles) if _phrase(title)]
    found: dict[str, Paper] = {}
    for number, batch in enumerate(_batches(wanted, TITLES_AT_ONCE)):
        if number:
            pause(PAUSE_S)
        query = " OR ".join(f'ti:"{_phrase(title)}"' for title in batch)
        asked = {"search_query": query, "max_results": 10 * len(batch)}
        answer = page(fetch(f"{endpoint}?{urlencode(asked)}"), "arxiv")
        papers = [report.paper for report in answer.reports]
        for title in batch:
            same = {p.key: p for p in papers if title_key(p.title) == title_key(title)}
            if len(same) == 1:
                found[title] = next(iter(same.values()))
    return found


def look_up(
    fetch: Fetch, pause: Pause, ids: Iterable[str], *, endpoint: str = ENDPOINT
) -> dict[str, Paper]:
    """The paper of each arXiv id, in any of its guises, that arXiv knows. Raises: SourceError."""
    known = {text: found[0] for text in ids if (found := arxiv_id_in(text))}
    papers: dict[str, Paper] = {}
    for number, batch in enumerate(_batches(sorted(set(known.values())), 100)):
        if number:
            pause(PAUSE_S)
        asked = {"id_list": ",".join(batch), "max_results": len(batch)}
        answer = page(fetch(f"{endpoint}?{urlencode(asked)}"), "arxiv")
        papers |= {r.paper.arxiv_id: r.paper for r in answer.reports if r.paper.arxiv_id}
    return {text: papers[number] for text, number in known.items() if number in papers}


def _fullest(
    fetch: Fetch, pause: Pause, url: str, start: int, asked: int, name: str, total: int | None
) -> Page:
    """The fullest of the answers to ``url``, asked for again while it is too short.

    ``total`` is what an earlier answer counted: a faulty one counts nothing.
    """
    best = page(fetch(url), name)
    best = replace(best, total=max(best.total or 0, total or 0))
    for _ in range(RETRIES):
        if not is_short(best, start, asked):
            break
        pause(PAUSE_S)
        again = page(fetch(url), name)
        if len(again.reports) >= len(best.reports):
            best = replace(again, total=max(again.total or 0, best.total or 0))
    return best


def _phrase(title: str) -> str:
    """``title`` as arXiv's search takes it in quotes: words alone."""
    return " ".join(re.findall(r"\w+", title.replace("_", " ")))[:200]


def _batches(things: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (things[start : start + size] for start in range(0, len(things), size))
