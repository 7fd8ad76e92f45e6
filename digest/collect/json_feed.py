"""JSON Feed, versions 1 and 1.1, becomes reports of papers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from digest.collect.fields import Found, day_in, reports_of
from digest.collect.markup import shown
from digest.collect.plain import ABSTRACT_CHARS, plain
from digest.collect.records import objects
from digest.errors import SourceError
from digest.papers import Report

WHOLE_TEXT_CHARS = 5_000
"""The longest content taken for an abstract where a summary is there too: beyond it is a post."""


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of a JSON Feed in its order; none when it is empty.

    Items without a title are left out, as in other feeds. Raises: SourceError.
    """
    del salvage  # one JSON text, whole or not at all
    feed = objects(data, name)
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise SourceError(name, "it is no whole JSON Feed: it has no list of items", line=1)
    items = [item for item in feed["items"] if isinstance(item, dict)]
    return reports_of((_found(item, feed, arrived) for item in items), name)


def _found(item: dict[str, Any], feed: dict[str, Any], arrived: dt.date) -> Found:
    links = list(_strings(item, "url", "external_url", "id"))
    dates = (day_in(date, arrived) for date in _strings(item, "date_published", "date_modified"))
    day = next(filter(None, dates), None)
    tags = item.get("tags")
    return Found(
        title=next(_strings(item, "title"), ""),
        abstract=_abstract(item),
        authors=_authors(item) or _authors(feed),  # "the top-level authors apply" (JSON Feed 1.1)
        links=[link for link in links if "://" in link],
        ids=links[::-1],
        published=day,
        categories=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        reported=day,
    )


def _abstract(item: dict[str, Any]) -> str:
    """The item's content, or its summary where the content is a whole post."""
    markup = next(_strings(item, "content_html"), "")[: 10 * ABSTRACT_CHARS]
    content = next(_strings(item, "content_text"), "") or shown(
        re.sub(r"<!--.*?-->", "", markup, flags=re.S)
    )
    summary = next(_strings(item, "summary"), "")
    content = plain(content, ABSTRACT_CHARS)
    return summary if summary and not 0 < len(content) <= WHOLE_TEXT_CHARS else content


def _authors(thing: dict[str, Any]) -> list[str]:
    """Their names: a list in version 1.1, one object in version 1."""
    authors = thing.get("authors")
    people = authors if isinstance(authors, list) and authors else [thing.get("author")]
    return [name for one in people if isinstance(one, dict) for name in _strings(one, "name")]


def _strings(thing: dict[str, Any], *keys: str) -> Iterator[str]:
    """The texts under ``keys``, without those that are blank."""
    return (v for key in keys if isinstance(v := thing.get(key), str) and v.strip())
