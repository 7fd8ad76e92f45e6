"""Who is due, cut into batches: everybody in one of them, whatever else happens meanwhile."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import count
from typing import Literal

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.store.pruning import prune
from digest.store.retention import RetentionSettings
from digest.store.schema import editions, subscribers
from digest.store.subscribers import Batch
from digest.subscribers import WEEKDAYS, Schedule, due_date
from tests.support.builders import a_subscriber
from tests.support.databases import NOW, composed, engine_of, scripts

DAY = dt.timedelta(days=1)
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Niue")
Fate = Literal["active", "paused", "left", "unlisted", "suppressed"]

# What the store keeps of one example is emptied by the next: making databases takes longer.
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@dataclass(frozen=True)
class Known:
    """A reader as a test has them stored."""

    id: str
    schedule: Schedule
    last: dt.date | None
    fate: Fate


schedules = st.builds(
    Schedule,
    st.sampled_from(ZONES),
    st.integers(0, 23),
    st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(
        lambda days: tuple(day for day in WEEKDAYS if day in days)
    ),
)
few_schedules = st.lists(schedules, min_size=1, max_size=3)
ids = st.text("aAbBzZ019-_.äß", min_size=1, max_size=4)
lasts = st.sampled_from([None, *(NOW.date() - n * DAY for n in (-1, 0, 1, 2, 9))])
fates = st.sampled_from(["active"] * 8 + ["paused", "left", "unlisted", "suppressed"])


@st.composite
def readers(draw: st.DrawFn) -> list[Known]:
    """Readers of few schedules and dates, so that some share them."""
    shared = draw(few_schedules)
    names = draw(st.lists(ids, max_size=25, unique=True))
    return [Known(name, draw(st.sampled_from(shared)), draw(lasts), draw(fates)) for name in names]


def keep(store, known: list[Known]) -> None:
    """Store these readers, and nobody else."""
    with engine_of(store).begin() as connection:
        connection.execute(sa.text("DELETE FROM suppressions"))
        connection.execute(subscribers.delete())
    store.subscribers.add(
        [
            a_subscriber(one.id, address=f"{n}@example.org", schedule=one.schedule)
            for n, one in enumerate(known)
        ],
        NOW,
    )
    with engine_of(store).begin() as connection:
        for n, one in enumerate(known):
            values: dict[str, object] = {"last_date": one.last}
            if one.fate in ("paused", "left", "unlisted"):
                values[f"{one.fate}_at"] = NOW
            row = subscribers.update().where(subscribers.c.id == one.id)
            connection.execute(row.values(values))
            if one.fate == "suppressed":
                store_suppressed(connection, f"{n}@example.org")


def store_suppressed(connection: sa.Connection, address: str) -> None:
    connection.execute(
        sa.text("INSERT INTO suppressions (address, reason, detail, at) VALUES (:a, 'x', '', :at)"),
        {"a": address, "at": NOW},
    )


def in_all(store, batches: list[Batch], now: dt.datetime = NOW) -> list[str]:
    """The ids in each of these batches, one after the other."""
    return [one.id for batch in batches for one in store.subscribers.in_batch(batch, now)]


@EXAMPLES
@given(known=readers(), size=st.integers(1, 7), hours=st.integers(0, 47))
def test_everybody_who_is_due_is_in_exactly_one_batch_and_nobody_else(store, known, size, hours):
    keep(store, known)
    now = NOW + dt.timedelta(hours=hours)
    due = {
        one.id: due_date(one.schedule, one.last, now)
        for one in known
        if one.fate == "active" and due_date(one.schedule, one.last, now)
    }
    batches = list(store.subscribers.batches(now, size))
    assert sorted(in_all(store, batches, now)) == sorted(due)
    for batch in batches:
        found = store.subscribers.in_batch(batch, now)
        assert len(found) <= size and batch
        assert {one.id: one.date for one in found} == {one.id: due[one.id] for one in found}
    suppressed = sum(
        one.fate == "suppressed" and due_date(one.schedule, one.last, now) is not None
        for one in known
    )
    assert store.subscribers.count_due(now) == len(due) + suppressed
    assert len(batches) <= len(due) + suppressed


def many(store, number: int) -> list[str]:
    """So many readers who are due, of one schedule; their ids as they sort nowhere by themselves."""
    names = [f"{'aB-_ä'[n % 5]}{n * 7919 % 1000}" for n in range(number)]
    schedule = Schedule("UTC", 0)
    store.subscribers.add([a_subscriber(name, schedule=schedule) for name in names], NOW)
    return names


def test_who_was_composed_for_meanwhile_drops_out_of_their_batch_and_the_others_stay(store):
    names = many(store, 25)
    batches = list(store.subscribers.batches(NOW, 10))
    assert [len(store.subscribers.in_batch(one, NOW)) for one in batches] == [10, 10, 5]
    gone = {one.id for one in store.subscribers.in_batch(batches[1], NOW)[:4]} | {names[0]}
    store.editions.add([composed(store, a_subscriber(one)) for one in sorted(gone)])
    assert sorted(in_all(store, batches)) == sorted(set(names) - gone)


def test_readers_who_are_composed_for_while_it_is_cut_put_nobody_into_two_batches(store):
    names = many(store, 40)
    gone: list[str] = []
    batches = []
    for batch in store.subscribers.batches(NOW, 8):
        batches.append(batch)
        first = store.subscribers.in_batch(batch, NOW)[0].id
        gone.append(first)
        store.editions.add([composed(store, a_subscriber(first))])
    found = in_all(store, batches)
    assert sorted(found) == sorted(set(names) - set(gone))


COMPOSES = """
import datetime as dt, random, sys
from tests.support.databases import NOW, composed, opened
from tests.support.builders import a_subscriber
with opened(sys.argv[1]) as store:
    print("ready", flush=True)
    input()
    many = 0
    for batch in store.subscribers.batches(NOW, random.randint(5, 40)):
        ids = [one.id for one in store.subscribers.in_batch(batch, NOW)]
        random.shuffle(ids)
        many += len(store.editions.add([composed(store, a_subscriber(one)) for one in ids]))
    print(many)
"""


def test_programs_that_compose_for_the_same_readers_at_once_store_one_edition_each(store, url):
    names = many(store, 60)
    with scripts(COMPOSES, url, count=3) as programs:
        for one in programs:
            assert one.line() == "ready"
        for one in programs:
            one.tell("go")
        assert sum(int(one.rest()) for one in programs) == len(names)
    with engine_of(store).connect() as connection:
        had = connection.execute(sa.select(editions.c.subscriber)).scalars().all()
        told = connection.execute(sa.text("SELECT subscriber FROM outbox")).scalars().all()
    assert sorted(had) == sorted(told) == sorted(names)


# The date of the latest edition ------------------------------------------------------------------

EVENTS = ("edition", "supersede", "pause", "resume", "leave", "erase", "prune", "sync")


@EXAMPLES
@given(events=st.lists(st.tuples(st.sampled_from(EVENTS), st.sampled_from("ab")), max_size=15))
def test_the_date_kept_with_a_reader_is_that_of_their_latest_edition(store, events):
    for table in ("picks", "outbox_data", "outbox", "editions", "subscribers"):
        with engine_of(store).begin() as connection:
            connection.execute(sa.text(f"DELETE FROM {table}"))
    latest: dict[str, dt.date | None] = {}
    days = count(1)
    for event, who in events:
        now = NOW + next(days) * 20 * DAY
        had = latest.get(who)
        if event in ("edition", "supersede"):
            one = composed(store, who, date=now.date(), at=now, last=had)
            if store.editions.add([one]):
                latest[who] = now.date()
        elif event == "erase":
            store.subscribers.erase(who, b"secret", now)
            latest.pop(who, None)
        elif event == "prune":
            list(prune(store.engine, RetentionSettings(mails_days=30, editions_days=60), now))
        elif event == "sync":
            store.subscribers.sync([], now)
        elif store.subscribers.find(who):
            getattr(store.subscribers, event)(who, *(() if event == "resume" else (now,)))
        with engine_of(store).connect() as connection:
            kept = dict(
                connection.execute(sa.select(subscribers.c.id, subscribers.c.last_date)).all()
            )
            newest = sa.select(editions.c.subscriber, sa.func.max(editions.c.date))
            there = dict(connection.execute(newest.group_by(editions.c.subscriber)).all())
        assert {who: date for who, date in kept.items() if date} == {
            who: date for who, date in latest.items() if date
        }
        assert kept == {who: there.get(who) for who in kept}
