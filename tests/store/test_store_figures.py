"""An operator's figures and listings say what is in the store, on both databases."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest

from digest.bounces import Bounce, Suppression
from digest.messages import Message
from digest.sources import Run, health
from digest.store.listings import LAST, ROWS
from digest.votes import Vote
from tests.support.builders import a_subscriber
from tests.support.databases import NOW, TODAY, collect, composed, mail

DAY = dt.timedelta(days=1)
YESTERDAY = TODAY - DAY


def test_editions_are_counted_by_date_and_by_the_state_of_their_mail(store):
    mail(store, ["ada", "bob"])
    store.editions.add([composed(store, "public", mailed=False)])
    store.editions.add([composed(store, "cyn", date=YESTERDAY, at=NOW - DAY)])
    store.outbox.claim(1, NOW, DAY)
    assert store.figures.editions(YESTERDAY) == {
        TODAY: {"queued": 2, "unmailed": 1},
        YESTERDAY: {"claimed": 1},
    }
    assert store.figures.editions(TODAY).keys() == {TODAY}


def test_growth_counts_who_joined_and_who_left_by_utc_day(store):
    # In Auckland, an hour before midnight UTC is another day already.
    late = NOW.replace(hour=23).astimezone(dt.timezone(dt.timedelta(hours=12)))
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], late)
    store.subscribers.add([a_subscriber("public", address=None)], NOW)
    store.subscribers.add([a_subscriber("cyn")], NOW - 40 * DAY)
    store.subscribers.leave("cyn", NOW)
    assert store.figures.growth(YESTERDAY) == {TODAY: {"joined": 2, "left": 1}}


def test_subscribers_are_counted_by_state_as_entries_tell_it(store):
    store.subscribers.add([a_subscriber(who) for who in ("ada", "bob", "cyn", "dan")], NOW)
    store.subscribers.add([a_subscriber("public", address=None)], NOW)
    store.subscribers.pause("bob", NOW)
    store.subscribers.leave("cyn", NOW)
    store.suppressions.add([Suppression("dan@example.org", "operator", NOW)])
    told = [entry.state for entry in store.subscribers.all() if entry.subscriber.address]
    assert store.figures.subscribers() == {state: told.count(state) for state in told}
    assert set(told) == {"active", "paused", "left", "suppressed"}


def test_votes_are_counted_by_day_and_value(store):
    collect(store, "A", "B")
    said = (("title:a", "more", NOW), ("title:b", "more", NOW), ("title:a", "less", NOW - DAY))
    votes = [Vote("ada", _key(store, key), value, at) for key, value, at in said]
    assert store.votes.add(votes) == 3
    assert store.figures.votes(YESTERDAY) == {TODAY: {"more": 2}, YESTERDAY: {"less": 1}}
    assert store.figures.votes(TODAY + DAY) == {}


def _key(store, key: str) -> str:
    title = key.removeprefix("title:").upper()
    found = store.papers.candidates(NOW - DAY, NOW + DAY)
    return next(one.paper.key for one in found if one.paper.title == title)


def test_composed_is_how_many_editions_there_were_and_when_the_latest_was(store):
    assert store.figures.composed() == (0, None)
    mail(store, ["ada", "bob"])
    before, at = store.figures.composed()
    assert before >= 2 and at == NOW
    mail(store, ["cyn", "dan", "eve"], NOW + DAY)
    assert store.figures.composed() == (before + 3, NOW + DAY)


def test_overdue_since_is_when_the_longest_waiting_mail_could_have_left(store):
    assert store.figures.overdue_since(NOW) is None
    mail(store, ["ada"], NOW + DAY)
    assert store.figures.overdue_since(NOW) is None
    assert store.figures.overdue_since(NOW + 2 * DAY) == NOW + DAY


def test_a_mail_that_leaves_before_all_others_waits_since_it_was_queued(store):
    message = Message("<1@example.org>", "digest@example.org", "ada@example.org", b"Hi")
    store.outbox.queue("ada", message, "confirmation", NOW, first=True)
    assert store.figures.overdue_since(NOW + DAY) == NOW


def test_overdue_since_looks_at_no_more_than_the_first_entries_of_an_index(store):
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans a few rows without any index")
    mail(store, ["ada", "bob"])
    plans = _plans(store, lambda: store.figures.overdue_since(NOW))
    assert any("outbox_waiting" in plan for plan in plans), plans
    assert not any("SCAN" in plan for plan in plans), plans


def test_collected_is_what_each_source_reported_and_what_of_it_was_new(store):
    assert store.figures.collected() == {}
    collect(store, "A", "B")
    collect(store, "B", "C", "D", file="tuesday.txt")
    assert store.figures.collected() == {"inbox": (5, 4)}


def test_messages_are_counted_by_state_but_for_those_that_were_sent(store):
    assert store.figures.messages() == (0, {})
    mail(store, ["ada", "bob", "cyn"])
    store.outbox.claim(1, NOW, DAY)
    number, counts = store.figures.messages()
    assert number >= 3 and counts == {"queued": 2, "claimed": 1}
    if store.engine.dialect.name == "sqlite":
        plans = _plans(store, store.figures.messages)
        wanted = "SEARCH outbox USING COVERING INDEX outbox_waiting"
        assert any(wanted in plan for plan in plans), plans


def test_recent_messages_are_those_that_could_leave_from_then_on(store):
    mail(store, ["ada"], NOW - 2 * DAY)
    mail(store, ["bob", "cyn"], NOW)
    message = Message("<1@example.org>", "digest@example.org", "dan@example.org", b"Hi")
    store.outbox.queue("dan", message, "confirmation", NOW, first=True)
    store.outbox.claim(1, NOW - DAY, DAY)
    assert store.figures.due_since(NOW - DAY) == {"queued": 2}
    assert store.figures.due_since(NOW - 3 * DAY) in ({"queued": 3}, {"queued": 2, "claimed": 1})
    if store.engine.dialect.name == "sqlite":
        plans = _plans(store, lambda: store.figures.due_since(NOW))
        wanted = "SEARCH outbox USING COVERING INDEX outbox_waiting"
        assert any(wanted in plan for plan in plans), plans


def test_a_page_of_the_outbox_is_of_one_state_or_one_day_and_newest_first(store):
    mail(store, ["ada", "bob"])
    store.editions.add([composed(store, "cyn", date=YESTERDAY, at=NOW - DAY)])
    store.outbox.claim(1, NOW, DAY)
    assert _who(store.listings.outbox()) == ["cyn", "bob", "ada"]
    assert _who(store.listings.outbox(state="queued")) == ["bob", "ada"]
    assert _who(store.listings.outbox(date=TODAY)) == ["bob", "ada"]
    assert _who(store.listings.outbox(date=YESTERDAY, state="claimed")) == ["cyn"]
    assert _who(store.listings.outbox(date=YESTERDAY, state="sent")) == []


def _who(page) -> list[str]:
    return [row.subscriber for row in page.rows]


def test_a_mail_that_is_no_edition_has_a_line_too(store):
    message = Message("<1@example.org>", "digest@example.org", "ada@example.org", b"Hi")
    store.outbox.queue("ada", message, "confirmation", NOW)
    assert [(row.kind, row.date) for row in store.listings.outbox().rows] == [
        ("confirmation", None)
    ]


def test_a_page_is_bounded_and_the_next_one_goes_on_where_it_ended(store):
    mail(store, [f"r{n:03}" for n in range(ROWS + 3)])
    first, second = store.listings.outbox(1), store.listings.outbox(2)
    assert (len(first.rows), first.more) == (ROWS, True)
    assert _who(second) == ["r002", "r001", "r000"]
    assert (second.number, second.more) == (2, False)
    assert store.listings.outbox(LAST).rows == ()


def test_a_page_of_runs_is_of_all_sources_or_of_one(store):
    for n, source in enumerate(("arXiv", "blog", "arXiv")):
        store.sources.record(Run(source, NOW + n * DAY, "fetched", n, n))
    assert [run.source for run in store.listings.runs().rows] == ["arXiv", "blog", "arXiv"]
    assert [run.at for run in store.listings.runs(source="arXiv").rows] == [NOW + 2 * DAY, NOW]


def test_what_came_back_and_who_gets_nothing_are_listed_newest_first(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    bounce = Bounce("1", "<1@example.org>", "ada", "ada@example.org", TODAY, "soft", NOW, "4.2.2")
    for one in (bounce, replace(bounce, report="2", at=NOW + DAY)):
        store.bounces.record(one, lambda _: None)
    assert [one.report for one in store.listings.bounces().rows] == ["2", "1"]
    for who, at in (("a", NOW), ("b", NOW + DAY)):
        store.suppressions.add([Suppression(f"{who}@example.org", "operator", at)])
    listed = store.listings.suppressions().rows
    assert [one.address for one in listed] == ["b@example.org", "a@example.org"]


def test_subscribers_are_listed_with_who_came_last_first(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.subscribers.add([a_subscriber("bob")], NOW - DAY)
    store.subscribers.pause("bob", NOW)
    rows = store.listings.subscribers().rows
    assert [(row.subscriber.id, row.state) for row in rows] == [
        ("ada", "active"),
        ("bob", "paused"),
    ]


def test_votes_are_listed_with_the_titles_of_their_papers(store):
    collect(store, "A")
    store.votes.add([Vote("ada", _key(store, "title:a"), "save", NOW)])
    (row,) = store.listings.votes().rows
    assert (row.subscriber, row.title, row.value, row.at) == ("ada", "A", "save", NOW)


def test_runs_summed_by_day_tell_the_same_of_a_source_as_all_of_them(store):
    chance, every = random.Random(7), {}
    for n in range(300):
        at = NOW - n * dt.timedelta(hours=5)
        outcome = chance.choice(["fetched", "unchanged", "unchanged", "rejected", "unreachable"])
        new = chance.randrange(9) if outcome == "fetched" else 0
        why = f"reason {n}" if outcome in ("rejected", "unreachable") else None
        run = Run(f"s{n % 4}", at, outcome, new * 2, new, why)
        store.sources.record(run)
        every.setdefault(run.source, []).append(run)
    for hours in (0, 3, 30, 200):
        now = NOW - dt.timedelta(hours=hours)
        summed = store.sources.summed(now - 57 * DAY, now)
        assert summed.keys() == every.keys()
        for name, runs in every.items():
            assert health(name, summed[name], now) == health(name, runs, now)


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "outbox"),
        ({"state": "sent"}, "outbox_waiting"),
        ({"date": TODAY}, "editions_by_date"),
        ({"date": TODAY, "state": "sent"}, "editions_by_date"),
    ],
    ids=lambda v: "-".join(v) if isinstance(v, dict) else v,
)
def test_a_page_of_the_outbox_is_read_along_an_index(store, asked, index):
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans a few rows without any index")
    plans = _plans(store, lambda: store.listings.outbox(**asked))
    assert any(index in plan for plan in plans), plans
    assert not any("TEMP B-TREE" in plan for plan in plans), plans


def _plans(store, ask) -> list[str]:
    import sqlalchemy as sa

    asked: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    sa.event.listen(store.engine, "before_cursor_execute", note)
    ask()
    sa.event.remove(store.engine, "before_cursor_execute", note)
    with store.engine.connect() as connection:
        return [
            row[3]
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
