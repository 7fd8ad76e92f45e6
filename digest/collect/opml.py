"""Lists of feeds, as feed readers export them (OPML 1 and 2)."""

from __future__ import annotations

import html
import re
from xml.parsers import expat

from digest.collect.guards import decoded, mended_ampersands, refuse_entities, refuse_foreign
from digest.collect.plain import plain, safe_link
from digest.errors import SourceError

MAX_FEEDS = 2_000
"""Feeds of one list: what can be asked within an hour at one request a second and more."""

MAX_OPML_BYTES = 4_000_000
"""The largest list read: 2,000 feeds with 2 kB each."""

_TITLE_CHARS = 200

_ATTRIBUTE = re.compile(
    rb"""\s(?P<name>xmlUrl|title|text)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""", re.I
)


def feeds(data: bytes, name: str) -> list[tuple[str, str]]:
    """Title and address of each feed in its order, each address once; folders are looked into.

    Addresses that are not http(s) are left out. Bare ampersands and tags in attributes are
    forgiven: several programs write them. Raises: SourceError when it is no OPML, when it is
    broken or too large, or when it names no feed.
    """
    if len(data) > MAX_OPML_BYTES:
        raise SourceError(name, f"it is larger than {MAX_OPML_BYTES // 1_000_000} MB")
    refuse_foreign(data, name, "an OPML file")
    refuse_entities(data, name)
    found = _outlines(data)
    if found is None:
        found = _outlines(mended_ampersands(data))
    if found is None:
        found = _guessed(data)
    if found is None:
        raise SourceError(name, "it is not well-formed OPML")
    if not found:
        raise SourceError(name, "it names no feeds with an http(s) address")
    if len(found) > MAX_FEEDS:
        raise SourceError(name, f"it names more than {MAX_FEEDS} feeds")
    return [(title, url) for url, title in found.items()]


def _guessed(data: bytes) -> dict[str, str] | None:
    """The outlines of a file that is no XML, by their attributes; None when its end is missing.

    Descriptions with HTML in them, quotes included, hide nothing then.
    """
    if b"<opml" not in data[:4_096] or not data.rstrip().endswith(b"</opml>"):
        return None
    found: dict[str, str] = {}
    for outline in data.split(b"<outline")[1:]:
        named: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(outline):
            value = html.unescape(decoded(match["double"] or match["single"] or b""))
            named.setdefault(match["name"].decode().lower(), value)
        _add(found, named)
    return found


def _add(found: dict[str, str], named: dict[str, str]) -> None:
    """Adds the feed of an outline with these attributes, when it has one that is not known."""
    url = safe_link(named.get("xmlurl", ""))
    if url:
        title = plain(named.get("title") or named.get("text") or "", _TITLE_CHARS)
        found.setdefault(url, title or url)


def _outlines(data: bytes) -> dict[str, str] | None:
    """The title of each address of the outlines; None when it is no well-formed OPML."""
    found: dict[str, str] = {}
    roots: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        local = tag.lower().rpartition(":")[2]
        if not roots:
            roots.append(local)
        if local == "outline":
            _add(found, {key.lower(): value for key, value in attributes.items()})

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):
        return None
    return found if roots == ["opml"] else None
