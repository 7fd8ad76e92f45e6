"""Collect: files and sources become papers. Whatever crashes, it is run again."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from digest.collect import gathering, identity, inbox, readers
from digest.collect.settings import CollectSettings, FetchSettings
from digest.compose.language import terms
from digest.errors import SourceError
from digest.papers import Paper, Report
from digest.sources import INBOX, Collected, Run, RunOutcome, Source
from digest.store.grouping import Rules
from digest.store.papers import NEWS, Added
from digest.store.shelves import Store

RESOLVED_WITHIN = dt.timedelta(days=14)
"""Titles older than this are not asked about: their papers are in no edition any more."""

RESOLVED_AT_ONCE = 100
"""Titles asked about in one run, in batches with arXiv's pauses between them."""


def collect_inbox(
    store: Store, folder: Path, now: dt.datetime, settings: CollectSettings
) -> Iterator[Collected]:
    """Collect the inbox, file by file: each is moved away once its papers are stored.

    A crash in between leaves a file that is known by its bytes and brings nothing the next time.
    """
    try:
        waiting = inbox.waiting(folder, time.time(), settings.settle_s)
    except SourceError as unreadable:
        yield Collected(folder, problem=str(unreadable))
        return
    for path in waiting:
        collected, error = _collect(store, path, now, settings)
        try:
            if error:
                inbox.reject(path, error)
                collected = replace(
                    collected,
                    problem=f"{error}; it is in rejected/ now, with a .why file beside it",
                )
            else:
                inbox.accept(path)
        except SourceError as trouble:
            if not path.exists():  # another process was faster, and says what became of it
                continue
            collected = replace(collected, problem=collected.problem or str(trouble))
        store.sources.record(_run(collected, now))
        yield collected


def collect_files(
    store: Store,
    paths: Iterable[Path],
    now: dt.datetime,
    settings: CollectSettings,
    *,
    salvage: bool = False,
) -> Iterator[Collected]:
    """Collect the named files, which stay where they are; ``salvage`` takes what is whole."""
    for path in paths:
        collected, _ = _collect(store, path, now, settings, named=True, salvage=salvage)
        store.sources.record(_run(collected, now))
        yield collected


def _run(collected: Collected, now: dt.datetime) -> Run:
    """The run of the inbox, as a source, that a file stands for."""
    outcome: RunOutcome = "rejected" if collected.problem else "fetched"
    return Run(INBOX, now, outcome, collected.papers, collected.new, collected.problem)


def _collect(
    store: Store,
    path: Path,
    now: dt.datetime,
    settings: CollectSettings,
    *,
    named: bool = False,
    salvage: bool = False,
) -> tuple[Collected, SourceError | None]:
    try:
        data = inbox.load(path, settings.max_bytes, follow=named)
        # What was salvaged is a part: the damaged file itself stays one that is rejected.
        sha256 = hashlib.sha256(data).hexdigest() + (":salvaged" if salvage else "")
        added = store.papers.known_file(sha256)
        if added is None:
            reports = readers.read(data, path.name, now.date(), salvage=salvage)
            del data  # a large file need not be in memory beside its papers
            announce = frozenset(settings.announce)
            added = _store(store, reports, sha256, path.name, now, announce)
    except SourceError as error:
        return Collected(path, problem=str(error)), error
    return Collected(path, added.papers, added.new, added.repeated), None


def _store(
    store: Store,
    reports: Sequence[Report],
    sha256: str,
    name: str,
    now: dt.datetime,
    announce: Collection[str] = NEWS,
    source: str = INBOX,
) -> Added:
    return store.papers.add(
        reports,
        sha256=sha256,
        name=name,
        now=now,
        rules=RULES,
        announce=announce,
        source=source,
    )


def _terms(paper: Paper) -> str:
    return " ".join(terms(f"{paper.title} {paper.abstract}"))


RULES = Rules(identity.same, identity.blocks, _terms)
"""What the archive is told of papers: when two are one, and what they are about."""


def poll(
    store: Store,
    sources: Sequence[Source],
    now: dt.datetime,
    settings: FetchSettings,
    *,
    at_once: bool = False,
) -> Iterator[Run]:
    """Ask every source whose time has come, or ``at_once`` all of them, and store what is new.

    Each source's papers are stored before what makes it send them only once is remembered.
    """
    latest = store.sources.latest()
    due = [
        source
        for source in sources
        if at_once
        or source.name not in latest
        or now - latest[source.name] >= dt.timedelta(minutes=source.every_m)
    ]
    for gathered in gathering.gather(due, store.sources.known(), settings, now):
        run = _stored(store, gathered, now)
        store.sources.record(run, gathered.facts)
        if not isinstance(gathered, gathering.Same):
            gathered.done()
        yield run


def resolve(
    store: Store, now: dt.datetime, settings: CollectSettings, asking: FetchSettings
) -> Iterator[Run]:
    """Ask for ids and links of papers known by title alone, each title once."""
    facts = store.sources.known().get(gathering.TITLES, {})
    waiting = store.papers.titles_alone(now - RESOLVED_WITHIN)
    asked = set(facts.get("asked", ())) & waiting.keys()  # what is past the window is forgotten
    titles = [title for key, title in waiting.items() if key not in asked][:RESOLVED_AT_ONCE]
    if not titles:
        return
    gathered = gathering.resolve(titles, facts, settings.resolve_url, asking, now)
    if gathered is None:
        return
    if not isinstance(gathered, gathering.Trouble):
        asked |= {key for key, title in waiting.items() if title in titles}
    run = _stored(store, gathered, now)
    store.sources.record(run, {**(gathered.facts or {}), "asked": sorted(asked)})
    yield run


def _stored(store: Store, gathered: gathering.Gathered, now: dt.datetime) -> Run:
    name = gathered.source.name
    if isinstance(gathered, gathering.Trouble):
        return Run(
            name, now, "unreachable" if gathered.unreachable else "rejected", why=gathered.why
        )
    if isinstance(gathered, gathering.Same):
        return Run(name, now, "unchanged")
    added = store.papers.known_file(gathered.sha256)
    outcome: RunOutcome = "unchanged" if added else "fetched"
    announce = frozenset(gathered.source.announce)
    added = added or _store(
        store, gathered.reports, gathered.sha256, name, now, announce, source=name
    )
    return Run(name, now, outcome, added.papers, added.new)
