"""Compose on one page: papers and readers become editions. Whatever crashes, it is run again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from digest.compose import editor, profiles
from digest.compose.background import Background
from digest.compose.wishing import wording
from digest.editions import Edition, Explanation
from digest.encode.encoder import Encoder
from digest.encoding import encoded
from digest.errors import RenderError
from digest.learning import background
from digest.messages import Message
from digest.sources import LATE, USUAL_WEEKS, Health, health
from digest.store.editions import Composed
from digest.store.pruning import forgotten_until
from digest.store.shelves import Store
from digest.store.subscribers import Batch, Due
from digest.subscribers import Subscriber
from digest.votes import Opinion

BATCH = 1_000
"""Readers composed at once: enough to share the work on papers, little enough for memory."""

Render = Callable[[Edition], Message]


# Whether sources have brought what there is -----------------------------------------------------


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

    def holds(self, due_at: dt.datetime, now: dt.datetime) -> bool:
        """Whether an edition that was due then waits still."""
        return bool(self.late) and now < due_at + self.hold


OPEN = Gate()


def gate(found: Sequence[Health], hold: dt.timedelta) -> Gate:
    """The gate that sources of this health make."""
    late = tuple(one.sentence for one in found if one.state in LATE)
    return Gate(late, bool(found) and all(one.state == "quiet" for one in found), hold)


# Papers and readers become editions -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What ranking works with beside papers and profiles."""

    background: Background
    encoder: Encoder | None


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
    held = [one for one in due if gate.holds(one.due_at, now)]
    if held:
        due = [one for one in due if not gate.holds(one.due_at, now)]
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
    shared: Day,
    *,
    explain: bool = False,
) -> tuple[Edition, Explanation | None]:
    """What ``compose`` would store for this reader; ``explain`` adds the explanation."""
    last = store.editions.last(subscriber.id)
    due = Due(subscriber.id, date, last and last[0], shared.now)
    (drafted,) = _draft(
        store,
        shared,
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
