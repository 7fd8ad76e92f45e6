"""What else a paper brings: code, a project page, how often it was reported."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from digest.papers import Paper
from digest.render.escaping import web_address

_SITES = r"(?:(?:www\.)?(?:github|gitlab)\.com|huggingface\.co|[\w-]+\.git(?:hub|lab)\.io)/"
_LINK = re.compile(
    rf"(?:https?://|(?<![\w./@-])(?={_SITES}))[^\s<>\"'`(){{}}\[\]|\\^]+", re.IGNORECASE
)
_FORGES = {"github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "huggingface.co"}
_NO_REPOSITORY = {"papers", "blog", "docs", "collections", "about", "features", "topics", "orgs"}
"""What a forge has at the place of an owner's name."""

_SHELVES = {"datasets", "spaces"}
"""What Hugging Face puts before an owner's name."""

_PAGES = (".github.io", ".gitlab.io")
_INTRODUCED = re.compile(
    r"\b(?:project|web|home) ?-?(?:page|site|website)s?\b[^.!?]{0,30}$|\bwebsites?\b[^.!?]{0,30}$",
    re.IGNORECASE,
)
_BEFORE = 60
"""Characters before an address that may say what it is the address of."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A few words on a card; ``href`` is where they lead, or empty."""

    label: str
    href: str = ""


WEEK = dt.timedelta(days=7)


def within_a_week(paper: Paper, date: dt.date) -> bool:
    """Whether all reports of ``paper`` are of the week that ends on ``date``: it came out in it."""
    return paper.published is not None and paper.published > date - WEEK


def badges(abstract: str, reports: int, *, lately: bool = False) -> tuple[Badge, ...]:
    """The badges of a paper with this abstract, reported so often: one of a kind at most.

    ``lately``: all those reports are of this week.
    """
    found: dict[str, Badge] = {}
    for label, href in _linked(abstract):
        found.setdefault(label, Badge(label, href))
    links = [found[label] for label in ("Code", "Project page") if label in found]
    often = "twice" if reports == 2 else f"{reports} times"
    told = Badge(f"Reported {often}{' this week' if lately else ''}")
    return (*links, told) if reports > 1 else tuple(links)


def _linked(abstract: str) -> Iterator[tuple[str, str]]:
    """The kind and the address of every link of ``abstract`` whose kind is known."""
    for link in _LINK.finditer(abstract):
        text = link[0].rstrip(".,;:!?*'’”")
        href = web_address(text if "://" in text else f"https://{text}")
        kind = href and _kind(href, abstract[max(0, link.start() - _BEFORE) : link.start()])
        if href and kind:
            yield kind, href


def _kind(href: str, before: str) -> str:
    """What ``href`` is the address of; empty when nothing says so."""
    parts = urlsplit(href)
    host = (parts.hostname or "").removeprefix("www.")
    if host in _FORGES:
        owner, *rest = [part for part in parts.path.split("/") if part] or [""]
        depth = len(rest) - (owner in _SHELVES)
        return "Code" if depth >= 1 and owner not in _NO_REPOSITORY else ""
    return "Project page" if host.endswith(_PAGES) or _INTRODUCED.search(before) else ""
