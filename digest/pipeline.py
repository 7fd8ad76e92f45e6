"""The day on one page: collect, compose, deliver. Whatever crashes, the step is run again."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from digest.collect import inbox, readers
from digest.compose import editor
from digest.compose.language import terms
from digest.deliver.outcomes import Transport
from digest.deliver.retry import RetrySettings, next_state
from digest.editions import Edition, LeftOut
from digest.errors import RenderError, SourceError
from digest.messages import Message
from digest.store.editions import Composed
from digest.store.outbox import Claim
from digest.store.papers import Added
from digest.store.shelves import Store
from digest.store.subscribers import Due
from digest.subscribers import Subscriber

BATCH = 1_000
"""Readers composed at once: enough to share the work on papers, little enough for memory."""

CLAIMED = 50
"""Messages claimed at once; a stop gives back those that were not tried."""

LEASE = dt.timedelta(minutes=15)
"""How long a claim holds: longer than a message's longest wait, ten minutes after the dot."""

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
            else:
                inbox.accept(path)
        except SourceError as trouble:
            collected = replace(collected, problem=collected.problem or str(trouble))
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
        yield _collect(store, path, now, settings, named=True, salvage=salvage)[0]


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
        sha256 = hashlib.sha256(data).hexdigest()
        added = store.papers.known_file(sha256) or _add(store, path, data, sha256, now, salvage)
    except SourceError as error:
        return Collected(path, problem=str(error)), error
    return Collected(path, added.papers, added.new, added.repeated), None


def _add(
    store: Store, path: Path, data: bytes, sha256: str, now: dt.datetime, salvage: bool
) -> Added:
    reports = readers.read(data, path.name, now.date(), salvage=salvage)
    found = [
        (report, " ".join(terms(f"{report.paper.title} {report.paper.abstract}")))
        for report in reports
    ]
    return store.papers.add(found, sha256=sha256, name=path.name, now=now)


# Compose: papers and readers become editions ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """Subscribers who are due and have nothing to get yet: their first edition waits for it."""

    ids: tuple[str, ...]


def compose(
    store: Store, render: Render, now: dt.datetime, settings: editor.EditorSettings
) -> Iterator[Edition | Waiting | RenderError]:
    """Store every due edition together with its queued mail, batch by batch."""
    window = _window(store, now, settings)
    due = store.subscribers.due(now)
    waiting: list[str] = []
    for start in range(0, len(due), BATCH):
        batch = due[start : start + BATCH]
        ready: list[Composed] = []
        for one, drafted in zip(batch, _draft(store, window, batch, now, settings), strict=True):
            if not drafted.edition.picks and one.last is None:
                waiting.append(one.id)
                continue
            try:
                message = render(drafted.edition) if drafted.edition.subscriber.address else None
            except RenderError as error:
                yield error
                continue
            ready.append(Composed(drafted.edition, drafted.papers, message, one.last))
        store.editions.add(ready)
        yield from (composed.edition for composed in ready)
    if waiting:
        yield Waiting(tuple(waiting))


def preview(
    store: Store,
    subscriber: Subscriber,
    date: dt.date,
    now: dt.datetime,
    settings: editor.EditorSettings,
    *,
    explain: bool = False,
) -> tuple[Edition, tuple[LeftOut, ...]]:
    """What ``compose`` would store for this reader.

    ``explain`` adds every reason of each pick, and the best papers that would be left out.
    """
    window = _window(store, now, settings)
    last = store.editions.last(subscriber.id)
    due = Due(subscriber.id, date, last and last[0])
    (drafted,) = _draft(store, window, [due], now, settings, readers_=[subscriber], explain=explain)
    return drafted.edition, drafted.left_out


def _window(store: Store, now: dt.datetime, settings: editor.EditorSettings) -> editor.Window:
    since = now - dt.timedelta(days=settings.compose.window_days)
    return editor.Window(
        tuple(store.papers.candidates(since, now)), since, store.papers.latest_new_at(now)
    )


def _draft(
    store: Store,
    window: editor.Window,
    due: Sequence[Due],
    now: dt.datetime,
    settings: editor.EditorSettings,
    *,
    readers_: Sequence[Subscriber] | None = None,
    explain: bool = False,
) -> list[editor.Draft]:
    """Gather what a batch's editions are made of, and have them made: one query a kind of fact."""
    ids = [one.id for one in due]
    subscribers = readers_ or store.subscribers.get(ids)
    seen = store.editions.seen(ids, window.since)
    latest = store.editions.latest_at(ids)
    liked = store.papers.terms(editor.example_keys(subscribers))
    desk = [
        editor.Reader(reader, one.date, frozenset(seen[reader.id]), latest.get(reader.id))
        for reader, one in zip(subscribers, due, strict=True)
    ]
    return editor.draft(desk, window, liked, now, settings, explain=explain)


# Deliver: queued messages leave ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one message; ``state`` as drawn in the outbox."""

    subscriber: str
    recipient: str
    state: str
    reply: str


def deliver(
    store: Store,
    transport: Transport,
    clock: Callable[[], dt.datetime],
    settings: RetrySettings,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Delivered]:
    """Send what is queued and due: claim, send, record, one message after the other.

    Raises MailServerDown after giving back what was not tried; no attempt is counted then.
    """
    with store.outbox.alone() as ours:
        while ours and not stopping():
            claims = store.outbox.claim(CLAIMED, clock(), LEASE)
            if not claims:
                return
            tried = 0
            try:
                for claim in claims:
                    if stopping():
                        break
                    yield _send(store, transport, claim, clock, settings)
                    tried += 1
            finally:
                store.outbox.release(claims[tried:])


def _send(
    store: Store,
    transport: Transport,
    claim: Claim,
    clock: Callable[[], dt.datetime],
    settings: RetrySettings,
) -> Delivered:
    outcome = transport.send(claim.message)
    now, seed = clock(), claim.message.message_id
    after = next_state(outcome, claim.attempts + 1, now, seed=seed, settings=settings)
    store.outbox.record(
        claim, state=after.state, reply=after.reply, not_before=after.not_before, now=now
    )
    return Delivered(claim.subscriber, claim.message.recipient, after.state, after.reply)
