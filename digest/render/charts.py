"""Small charts as inline SVG, coloured by the stylesheet: where and when a paper was reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from html import escape

from digest.papers import Mention
from digest.render import wording
from digest.render.plain import plain, shorten
from digest.sources import INBOX

DAYS, SOURCES = 14, 4
"""The most columns and rows; what is left out is said in words."""

LABEL, CELL, ROW, FOOT = 104, 13, 16, 15
"""Width of the names, of a day, height of a source, and of the line of dates, in pixels."""

NAME_LIMIT = 17
"""Characters of a source's name that fit into LABEL."""

HIGH = 0.34
"""Of a page: a place in its upper third is drawn larger."""


def seen(mentions: Sequence[Mention], until: dt.date) -> str:
    """A grid of sources by the DAYS up to ``until``; empty where nothing falls into them.

    A mark is a report, larger the higher up it stood. The same is said in words in its title.
    """
    first = until - dt.timedelta(days=DAYS - 1)
    shown = [one for one in mentions if first <= one.date <= until]
    if not shown:
        return ""
    rows = _rows(shown)
    height = ROW * len(rows) + FOOT
    width = LABEL + CELL * DAYS
    parts = [
        f'<svg class="chart" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><title>{escape(words(shown))}</title>'
    ]
    for number, (source, found) in enumerate(rows):
        parts.append(_row(source, found, first, ROW * number + ROW // 2))
    bottom = height - 3
    parts.append(f'<text x="{LABEL}" y="{bottom}">{_short(first)}</text>')
    parts.append(f'<text class="end" x="{width}" y="{bottom}">{_short(until)}</text></svg>')
    return "".join(parts)


def words(mentions: Sequence[Mention]) -> str:
    """What the chart of these mentions shows, in one sentence."""
    days = {one.date for one in mentions}
    names = list(dict.fromkeys(source_name(one.source) for one in mentions))
    when = f"on {_long(min(days))}"
    if len(days) > 1:
        when = f"between {_long(min(days))} and {_long(max(days))}"
    often = {1: "once", 2: "twice"}.get(len(mentions), f"{len(mentions)} times")
    return f"Reported {often} by {wording.some(names, 'source')}, {when}"


def _rows(mentions: Sequence[Mention]) -> list[tuple[str, list[Mention]]]:
    """The sources with most reports, and their reports; ties by name."""
    found: dict[str, list[Mention]] = {}
    for one in mentions:
        found.setdefault(source_name(one.source), []).append(one)
    ranked = sorted(found.items(), key=lambda row: (-len(row[1]), row[0].casefold(), row[0]))
    if len(ranked) <= SOURCES:
        return ranked
    rest = [one for _, some in ranked[SOURCES - 1 :] for one in some]
    return [*ranked[: SOURCES - 1], (f"{len(ranked) - SOURCES + 1} more", rest)]


def _row(source: str, mentions: Sequence[Mention], first: dt.date, y: int) -> str:
    highest: dict[dt.date, bool] = {}
    for one in mentions:
        highest[one.date] = highest.get(one.date, False) or one.position <= HIGH * one.of
    marks = []
    for day in range(DAYS):
        high = highest.get(first + dt.timedelta(days=day))
        kind, size = ("off", 1.5) if high is None else ("on", 5 if high else 3.5)
        x = LABEL + CELL * day + CELL / 2
        marks.append(f'<circle class="{kind}" cx="{x:g}" cy="{y}" r="{size:g}"/>')
    label = escape(shorten(source, NAME_LIMIT))
    return f'<text x="0" y="{y + 4}">{label}</text>{"".join(marks)}'


def source_name(source: str) -> str:
    """What readers are told a source is called; the inbox is nothing to them."""
    return "Digest file" if source == INBOX else plain(source) or "Unnamed"


def _short(date: dt.date) -> str:
    return f"{date.day} {wording.MONTHS[date.month - 1][:3]}"


def _long(date: dt.date) -> str:
    return f"{date.day} {wording.MONTHS[date.month - 1]}"
