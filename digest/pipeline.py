"""The day on one page: collect, compose. Whatever crashes, the step is run again."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from digest.collect import gathering, identity, inbox, readers
from digest.collect.fetch import FetchSettings
from digest.compose import editor, profiles
from digest.compose.background import Background, Learnt, from_bytes, ready, to_bytes
from digest.compose.background import learn as learn_from
from digest.compose.language import terms
from digest.compose.lexicon import shipped
from digest.compose.wishing import wording
from digest.editions import Edition, Explanation
from digest.encode.encoder import Encoder
from digest.encoding import encoded
from digest.errors import RenderError, SourceError
from digest.messages import Message
from digest.papers import Paper, Report
from digest.sources import (
    INBOX,
    LATE,
    USUAL_WEEKS,
    Health,
    Run,
    RunOutcome,
    Source,
    health,
)
from digest.store.backgrounds import Snapshot
from digest.store.editions import Composed
from digest.store.grouping import Rules
from digest.store.papers import NEWS, Added
from digest.store.pruning import forgotten_until
from digest.store.shelves import Store
from digest.store.subscribers import Batch, Due
from digest.subscribers import Subscriber
from digest.votes import Opinion

BATCH = 1_000
"""Readers composed at once: enough to share the work on papers, little enough for memory."""

RESOLVED_WITHIN = dt.timedelta(days=14)
"""Titles older than this are not asked about: their papers are in no edition any more."""

RESOLVED_AT_ONCE = 100
"""Titles asked about in one run, in batches with arXiv's pauses between them."""

LEARNT_FROM = 100_000
"""The latest papers that the archive's language is learnt from; more add time and little else."""

GROWN, DOUBLED = 1.1, 2.0
LEARNT_FOR = dt.timedelta(hours=20)
"""The archive is learnt again when it has grown by a tenth, on the same day when it has doubled."""

Render = Callable[[Edition], Message]


# Collect: files become papers ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Collected:
    """What one file brought, or the problem that kept it out whole."""

    path: Path
    papers: int = 0
    new: int = 0
    repeated: int = 0
    problem: str | None = None


def collect_inbox(
    store: Store, folder: Path, now: dt.datetime, settings: readers.CollectSettings
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
    settings: readers.CollectSettings,
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
    settings: readers.CollectSettings,
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
    store: Store, now: dt.datetime, settings: readers.CollectSettings, asking: FetchSettings
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


def healths(store: Store, names: Iterable[str], now: dt.datetime) -> list[Health]:
    """The health of these sources, in their order, from their runs."""
    runs = store.sources.summed(now - dt.timedelta(weeks=USUAL_WEEKS, days=1), now)
    return [health(name, runs.get(name, ()), now) for name in names]


@dataclass(frozen=True, slots=True)
class Gate:
    """What keeps an edition waiting: a sentence for each source that is ``late`` today.

    ``hold`` is how long after its hour an edition waits; ``quiet`` is true when every source says
    that it has nothing today.
    """

    late: tuple[str, ...] = ()
    quiet: bool = False
    hold: dt.timedelta = dt.timedelta(0)


OPEN = Gate()


def gate(found: Sequence[Health], hold: dt.timedelta) -> Gate:
    """The gate that sources of this health make."""
    late = tuple(one.sentence for one in found if one.state in LATE)
    return Gate(late, bool(found) and all(one.state == "quiet" for one in found), hold)


# Learn: the archive teaches what words mean ------------------------------------------------------


def learn(store: Store, now: dt.datetime) -> bool:
    """Learn the archive's language again when the archive has grown by a tenth; whether it had.

    Not twice within a day, unless it has doubled: an archive that is filled would learn all day.
    """
    made, papers = store.backgrounds.made(), store.papers.count()
    if made:
        before, at = made
        grown = GROWN if now - at >= LEARNT_FOR else DOUBLED
        if papers < max(before * grown, before + 1):
            return False
    store.backgrounds.keep(Snapshot(papers, now, to_bytes(_learnt(store))))
    return True


@dataclass(frozen=True, slots=True)
class Known:
    """What ranking works with beside papers and profiles."""

    background: Background
    encoder: Encoder | None


def background(store: Store) -> Background:
    """What the archive has taught; of an archive that has not been learnt, what it would teach."""
    snapshot = store.backgrounds.latest()
    return _taught(snapshot.data) if snapshot else ready(_learnt(store), shipped())


@lru_cache(maxsize=1)  # a page that shows previews asks again and again for the same
def _taught(snapshot: bytes) -> Background:
    return ready(from_bytes(snapshot), shipped())


def _learnt(store: Store) -> Learnt:
    """What the latest papers teach, but for those that readers judged: a space that was fitted to
    them would find them alike for being known, not for what they say.
    """
    corpus = store.papers.corpus(LEARNT_FROM, unless=store.votes.judged())
    return learn_from((tuple(terms.split()) for _, terms in corpus), shipped())


# Compose: papers and readers become editions ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """Subscribers who are due, and wait a little for sources that are late, and why."""

    ids: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Subscribers who are due and have nothing to get yet: their first edition waits for it."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """What all batches share that are composed at one instant."""

    now: dt.datetime
    settings: editor.EditorSettings
    gate: Gate
    today: editor.Today
    known: Known


def day(
    store: Store,
    now: dt.datetime,
    settings: editor.EditorSettings,
    gate: Gate = OPEN,
    encoder: Encoder | None = None,
) -> Day:
    """What is read once, however many readers are composed for."""
    window = _window(store, now, settings, gate)
    known, papers = Known(background(store), encoder), [one.id for one in window.papers]
    ours = encoded(store.vectors, encoder, papers, ()) if encoder else None
    today = editor.today(window, known.background, now, settings, ours)
    return Day(now, settings, gate, today, known)


def compose(
    store: Store,
    render: Render,
    now: dt.datetime,
    settings: editor.EditorSettings,
    gate: Gate = OPEN,
    encoder: Encoder | None = None,
) -> Iterator[Edition | Waiting | Held | RenderError]:
    """Store every due edition together with its queued mail, batch by batch.

    While sources are late the ``gate`` holds editions back, for so long after their hour.
    """
    shared: Day | None = None  # as at most ticks of a clock nothing is read for nobody
    for batch in store.subscribers.batches(now, BATCH):
        shared = shared or day(store, now, settings, gate, encoder)
        yield from compose_batch(store, render, shared, batch)


def compose_batch(
    store: Store, render: Render, shared: Day, batch: Batch
) -> Iterator[Edition | Waiting | Held | RenderError]:
    """Store the due editions of a batch, each with its queued mail, in one transaction.

    Done again it does what is left, which is nothing after a crash that came behind that.
    """
    now, gate = shared.now, shared.gate
    due = store.subscribers.in_batch(batch, now)
    if gate.late:
        held = [one for one in due if now < one.due_at + gate.hold]
        due = [one for one in due if now >= one.due_at + gate.hold]
        if held:
            yield Held(tuple(one.id for one in held), " ".join(gate.late))
    if not due:
        return
    undelivered = store.editions.undelivered([one.id for one in due])
    drafts = _draft(store, shared, due, undelivered)
    ready: list[Composed] = []
    waiting: list[str] = []
    for one, drafted in zip(due, drafts, strict=True):
        edition = drafted.edition
        if not edition.picks and one.last is None:
            waiting.append(one.id)
            continue
        try:
            mailed = edition.subscriber.address and not edition.silent
            message = render(edition) if mailed else None
        except RenderError as error:
            yield error
            continue
        supersedes = tuple(undelivered.get(one.id, ()))
        ready.append(Composed(edition, drafted.papers, message, one.last, supersedes))
    yield from store.editions.add(ready)
    if waiting:
        yield Waiting(tuple(waiting))


def preview(
    store: Store,
    subscriber: Subscriber,
    date: dt.date,
    now: dt.datetime,
    settings: editor.EditorSettings,
    gate: Gate = OPEN,
    encoder: Encoder | None = None,
    *,
    explain: bool = False,
) -> tuple[Edition, Explanation | None]:
    """What ``compose`` would store for this reader; ``explain`` adds the explanation."""
    last = store.editions.last(subscriber.id)
    due = Due(subscriber.id, date, last and last[0], now)
    (drafted,) = _draft(
        store,
        day(store, now, settings, gate, encoder),
        [due],
        store.editions.undelivered([subscriber.id]),
        readers_=[subscriber],
        explain=explain,
    )
    return drafted.edition, drafted.explanation


def _window(
    store: Store, now: dt.datetime, settings: editor.EditorSettings, gate: Gate
) -> editor.Window:
    since = now - dt.timedelta(days=settings.compose.window_days)
    since = max(since, forgotten_until(store.engine) or since)  # who had what before is not known
    papers = tuple(store.papers.candidates(since, now))
    return editor.Window(papers, since, store.papers.latest_new_at(now), gate.late, gate.quiet)


def _draft(
    store: Store,
    shared: Day,
    due: Sequence[Due],
    undelivered: Mapping[str, Sequence[int]],
    *,
    readers_: Sequence[Subscriber] | None = None,
    explain: bool = False,
) -> list[editor.Draft]:
    """Gather what a batch's editions are made of, and have them made: one query a kind of fact.

    What the ``undelivered`` mails hold, by subscriber, is still news to them.
    """
    window, known = shared.today.window, shared.known
    ids = [one.id for one in due]
    subscribers = readers_ or store.subscribers.get(ids)
    never = [mail for mails in undelivered.values() for mail in mails]
    seen = store.editions.seen(ids, window.since, never)
    latest = store.editions.latest_at(ids)
    opinions = store.votes.opinions(ids)
    theirs: dict[str, list[Opinion]] = {}
    for opinion in opinions:
        theirs.setdefault(opinion.subscriber, []).append(opinion)
    desk = [
        editor.Reader(
            reader,
            one.date,
            frozenset(seen[reader.id]),
            latest.get(reader.id),
            tuple(theirs.get(reader.id, ())),
        )
        for reader, one in zip(subscribers, due, strict=True)
    ]
    named = store.papers.named(profiles.example_keys(subscribers))
    voted = store.papers.numbered(opinion.paper for opinion in opinions)
    ours = None
    if known.encoder:
        papers = {one.id for one in (*named.values(), *voted.values())}
        said = {wording(one) for each in subscribers for one in each.interests}
        ours = encoded(store.vectors, known.encoder, papers, said - {""})
    library = editor.Library(named, voted, ours)
    return editor.draft(desk, shared.today, library, explain=explain)
