"""Which reader understands a file: recognised by its content, never by its name."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Callable
from typing import Protocol

from digest.collect import (
    bibliography,
    bullets,
    comma_separated,
    digest_text,
    feed,
    json_feed,
    labelled,
    listing,
    page_copy,
    records,
    tables,
)
from digest.errors import SourceError
from digest.papers import Report


class Reader(Protocol):
    """The bytes of a source become reports, or a SourceError."""

    def __call__(
        self, data: bytes, name: str, arrived: dt.date, *, salvage: bool = False
    ) -> list[Report]: ...


READERS: dict[str, Reader] = {
    "bibliography": bibliography.read,
    "comma-separated": comma_separated.read,
    "digest": digest_text.read,
    "feed": feed.read,
    "json feed": json_feed.read,
    "labelled": labelled.read,
    "list": bullets.read,
    "listing": listing.read,
    "page": page_copy.read,
    "records": records.read,
    "table": tables.read,
}


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers in ``data``, in its own order, by the reader that understands it.

    ``name`` names the source in reports and errors; ``arrived`` is the day it came, for dates
    without a year. Raises: SourceError.
    """
    return READERS[_kind(data, name)](data, name, arrived, salvage=salvage)


_FIRST_BYTES = 4_096
"""Where the root of a feed is looked for, after its declaration and comments."""

_FEED = re.compile(rb"<(?:.*?<)??(?:\w{1,20}:)?(?:rss|rdf|feed|channel)[\s>/]", re.I | re.S)
_OPML = re.compile(rb"(?:<\?[^<>]*>\s*|<![^<>]*>\s*)*<opml[\s>]", re.I)
_JSON = re.compile(rb"[\[{]\s*[\[{\"\]}]")
_JSON_FEED = re.compile(rb"\"version\"\s*:\s*\"https?:\\?/\\?/(?:www\.)?jsonfeed\.org")
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LOOKED_AT = 400_000
"""Bytes of a text looked at to tell its layout: two hundred papers of a page."""

_LISTING = re.compile(r"^ {0,3}\\\\[ \t]*\n {0,3}(?:arXiv|Paper):", re.M)

_BIBLIOGRAPHY = re.compile(r"\A(?:\s|%[^\n]*\n)*(?:@\w+\s*[{(]|TY  - )")

_LAYOUTS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("bibliography", _BIBLIOGRAPHY.search),
    ("listing", _LISTING.search),
    ("comma-separated", comma_separated.is_csv),
    ("table", tables.is_table),
    ("labelled", labelled.is_labelled),
    ("page", page_copy.is_copy),
    ("list", bullets.is_list),
)
"""The layouts of text in the order in which they are asked for; what is none is a digest file."""


def _kind(data: bytes, name: str) -> str:
    """The kind of source ``data`` looks like. Raises: SourceError when it looks like none."""
    if not data.strip():
        raise SourceError(name, "it is empty")
    start = data[:_FIRST_BYTES]
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<"))
    for bom in _BOMS:
        start = start.removeprefix(bom)
    start = (start.replace(b"\0", b"") if wide else start).lstrip()
    if _OPML.match(start):
        why = "it is an OPML list of feeds; name it in the configuration as a source of kind opml"
        raise SourceError(name, why)
    if _FEED.match(start):
        return "feed"
    if wide:
        raise SourceError(name, "it is UTF-16, not UTF-8 text")
    if _JSON.match(start):
        return "json feed" if _JSON_FEED.search(data) else "records"
    return _layout(data)


def _layout(data: bytes) -> str:
    """The layout of a text, by its beginning; a broken character does not hide it."""
    text = data[:_LOOKED_AT].decode("utf-8-sig", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = (kind for kind, looks_like in _LAYOUTS if kind in READERS and looks_like(text))
    return next(found, "digest")
