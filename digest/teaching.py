"""Readers teach what they like: vote by vote, or with a library of papers they have."""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digest.app import App
from digest.collect import inbox, library
from digest.collecting import RULES
from digest.errors import ConfigError
from digest.marked import nearest
from digest.papers import Paper, Report, keys_meant
from digest.subscribers import Subscriber
from digest.votes import Origin, Value, Vote

NEAREST = 3
"""Titles that are named when none is the one asked for."""

NEAR = 60.0
"""Percent: less alike than this, a title is no likely misspelling of another."""


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote with its paper's title; ``new`` unless the reader had said just that already."""

    vote: Vote
    title: str
    new: bool


@dataclass(frozen=True, slots=True)
class Liked:
    """What a library brought: papers ``liked`` now, ``known`` as likes before, and ``unread``."""

    subscriber: str
    liked: int
    known: int
    unread: int


def vote(app: App, who: str, text: str, value: Value, interest: str | None) -> Voted:
    """Store what WHO says of the paper that ``text`` means, unless they said so last.

    A vote without an ``interest`` is for the only one there is, or the one that the paper was
    picked for; ``clear`` is for all. Raises: ConfigError.
    """
    found = ballot(app, _reader(app, who), _paper(app, text), value, interest)
    if found.new:
        app.store.votes.add([found.vote])
    return found


def ballot(
    app: App,
    reader: Subscriber,
    paper: Paper,
    value: Value,
    interest: str | None = None,
    origin: Origin = "command",
) -> Voted:
    """The vote of ``reader`` on ``paper``, not stored yet; their last one if it says the same."""
    about = _interest(reader, interest)
    if about is None:
        picked = app.store.votes.picked_for(reader.id, paper.key)
        about = picked if picked in {one.name for one in reader.interests} else None
    about = None if value == "clear" else about
    cast = Vote(reader.id, paper.key, value, app.clock(), about, origin)
    last = app.store.votes.latest(reader.id, paper.key)
    said = (last.value, last.interest) if last else ("clear", None)
    new = said != (cast.value, cast.interest)
    return Voted(cast if new or last is None else last, paper.title, new)


def cast(app: App, reader: Subscriber, paper: Paper, value: Value, origin: Origin) -> bool:
    """Store what a reader says of a paper, unless they said just that last; whether it was new."""
    found = ballot(app, reader, paper, value, origin=origin)
    if found.new:
        app.store.votes.add([found.vote])
    return found.new


def examples(data: bytes, name: str, arrived: dt.date) -> list[str]:
    """The papers of a library as an interest names its examples. Raises: SourceError."""
    return [
        paper.key if paper.arxiv_id or paper.doi else paper.title
        for paper, _ in library.read(data, name, arrived).papers
    ]


def import_likes(app: App, who: str, file: Path, interest: str | None) -> Liked:
    """Store every paper of a library as one that WHO likes since it was added to it.

    The papers are known to the archive from now on, and news to nobody. The same library again
    adds nothing. Raises: ConfigError, SourceError.
    """
    reader, now = _reader(app, who), app.clock()
    about = _interest(reader, interest)
    data = inbox.load(file, app.settings.collect.max_bytes, follow=True)
    found = library.read(data, file.name, now.date())
    # A "replacement" tells of a paper without announcing it, and counts in no public list.
    reports = [
        Report(paper, file.name, place, announced="replace")
        for place, (paper, _) in enumerate(found.papers, start=1)
    ]
    sha256 = f"{hashlib.sha256(data).hexdigest()}:liked"  # the inbox may still collect this file
    app.store.papers.add(reports, sha256=sha256, name=file.name, now=now, rules=RULES)
    likes = [
        Vote(reader.id, paper.key, "more", min(added or now, now), about, "import")
        for paper, added in found.papers
    ]
    liked = app.store.votes.take_in(likes)
    return Liked(reader.id, liked, len(likes) - liked, found.unread)


def history(app: App, who: str) -> Iterator[tuple[Vote, str]]:
    """Every vote of WHO, oldest first, with its paper's title."""
    cast = app.store.votes.history(app.entry(who).subscriber.id)
    titles = app.store.papers.titles(vote.paper for vote in cast)
    return ((vote, titles.get(vote.paper, vote.paper)) for vote in cast)


def _reader(app: App, who: str) -> Subscriber:
    reader = app.entry(who).subscriber
    if not reader.interests:
        raise ConfigError(f"'{reader.id}' has no interests that a vote could teach; name a reader")
    return reader


def _interest(reader: Subscriber, name: str | None) -> str | None:
    """The name of one of the reader's interests; without one, the only one there is, or None."""
    names = [one.name for one in reader.interests]
    if name is None:
        return names[0] if len(names) == 1 else None
    if name not in names:
        raise ConfigError(f"'{reader.id}' has no interest '{name}'{nearest(name, names)}")
    return name


def _paper(app: App, text: str) -> Paper:
    found = app.store.papers.find(keys_meant(text), text.strip())
    if found:
        return found
    near = _nearest(app, text)
    known = f"; the nearest are {', '.join(f'“{title}”' for title in near)}" if near else ""
    raise ConfigError(
        f"there is no paper '{text}' in the archive{known}; give its title as it stands in an "
        "edition, its arXiv id or its DOI"
    )


def _nearest(app: App, text: str) -> list[str]:
    """The titles in the archive that are most like ``text``, likest first."""
    from rapidfuzz import fuzz, process, utils  # late: only a misspelt title needs it

    alike = process.extract_iter(
        text,
        app.store.papers.all_titles(),
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        score_cutoff=NEAR,
    )
    best = heapq.nsmallest(NEAREST, alike, key=lambda each: (-each[1], each[2]))
    return [title for title, _, _ in best]
