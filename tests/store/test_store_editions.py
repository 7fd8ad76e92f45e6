"""Editions and their queued mails are stored together; what they hold is what a reader has seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from digest.editions import Edition, Reason
from digest.store.schema import papers
from tests.support.builders import a_paper, a_pick, a_subscriber
from tests.support.databases import NOW, collect, composed, engine_of, numbers

DAY = dt.timedelta(days=1)
TODAY = NOW.date()
LONG_AGO = NOW - 400 * DAY


def titles(edition: Edition) -> list[str]:
    return [pick.paper.title for pick in edition.picks]


def test_an_edition_comes_back_as_it_was(store):
    paper = a_paper("Paths", authors=("Ada Lovelace",), link="https://example.org/1")
    collect(store, paper, "Modules")
    made = composed(store, "ada", "Modules", "Paths")
    reasons = (Reason("term", "modular", 0.5), Reason("author", "Ada Lovelace", 0.25))
    picks = (
        a_pick("Modules", score=1.5, interest=None, reasons=(), reports=4),
        a_pick(paper, score=0.75, reasons=reasons),
    )
    edition = replace(made.edition, picks=picks, note="A thin day.", considered=12)
    store.editions.add([replace(made, edition=edition)])
    assert store.editions.of(a_subscriber("ada")) == [edition]


def test_an_edition_and_its_mail_are_stored_together(store):
    assert len(store.editions.add([composed(store, "ada")])) == 1
    assert store.outbox.counts() == {"queued": 1}


def test_an_edition_that_is_not_mailed_queues_nothing(store):
    assert len(store.editions.add([composed(store, "public", mailed=False)])) == 1
    assert store.outbox.counts() == {}
    assert store.editions.last("public") == (TODAY, NOW)


def test_nothing_to_store_stores_nothing(store):
    assert len(store.editions.add([])) == 0
    assert store.editions.last("ada") is None


def test_a_second_edition_for_the_same_day_is_left_out_and_the_others_are_stored(store):
    store.editions.add([composed(store, "ada")])
    assert len(store.editions.add([composed(store, "ada"), composed(store, "bob")])) == 1
    assert store.outbox.counts() == {"queued": 2}
    assert len(store.editions.of(a_subscriber("ada"))) == 1


def test_an_edition_composed_before_somebody_else_stored_another_is_left_out(store):
    slow = composed(store, "ada", date=TODAY, last=TODAY - 2 * DAY)
    store.editions.add([composed(store, "ada", date=TODAY - 2 * DAY)])
    store.editions.add([composed(store, "ada", date=TODAY - DAY, last=TODAY - 2 * DAY)])
    assert len(store.editions.add([slow])) == 0


def test_an_edition_that_follows_the_latest_is_stored(store):
    store.editions.add([composed(store, "ada", date=TODAY - DAY)])
    assert len(store.editions.add([composed(store, "ada", last=TODAY - DAY)])) == 1


def test_a_paper_that_a_reader_had_is_left_out_and_nobody_else_misses_anything(store):
    collect(store, "Paths", "Modules")
    store.editions.add([composed(store, "ada", "Paths", date=TODAY - DAY)])
    again = composed(store, "ada", "Paths", "Modules", last=TODAY - DAY)
    stored = store.editions.add([composed(store, "bob", "Paths"), again])
    assert [titles(one) for one in stored] == [["Paths"], ["Modules"]]
    (edition,) = store.editions.of(a_subscriber("ada"), date=TODAY)
    assert titles(edition) == ["Modules"]
    assert store.outbox.counts() == {"queued": 3}


def test_a_paper_that_was_out_of_sight_and_is_announced_again_holds_up_no_batch(store):
    collect(store, "Paths", "Modules")
    store.editions.add([composed(store, "ada", "Paths", date=TODAY - 30 * DAY)])
    with engine_of(store).begin() as connection:  # as after a split that left it unannounced
        unseen = papers.update().where(papers.c.title == "Paths")
        connection.execute(unseen.values(first_seen_at=None))
    later = NOW + 30 * DAY
    collect(store, "Paths", file="again", at=later)
    assert store.papers.candidates(later - DAY, later)[0].first_seen_at == later
    assert not store.editions.seen(["ada"], later - 7 * DAY)["ada"]
    date = TODAY + 30 * DAY
    editions = [composed(store, who, "Paths", date=date, at=later) for who in ("ada", "bob")]
    editions[0] = replace(editions[0], last=TODAY - 30 * DAY)
    assert [titles(one) for one in store.editions.add(editions)] == [[], ["Paths"]]


def test_who_was_erased_while_their_edition_was_composed_gets_nothing(store):
    collect(store, "Paths")
    edition = composed(store, "ada", "Paths")
    store.subscribers.erase("ada", b"secret", NOW)
    assert store.editions.add([edition, composed(store, "bob", "Paths")])[0].subscriber.id == "bob"
    assert store.outbox.counts() == {"queued": 1}


def test_two_readers_may_have_the_same_paper(store):
    collect(store, "Paths")
    both = [composed(store, "ada", "Paths"), composed(store, "bob", "Paths")]
    assert len(store.editions.add(both)) == 2


def test_a_failure_in_the_middle_leaves_nothing(store):
    collect(store, "Paths")
    broken = composed(store, "bob", "Paths")
    broken = replace(broken, message=replace(broken.message, sender=None))
    with pytest.raises(sa.exc.IntegrityError):
        store.editions.add([composed(store, "ada", "Paths"), broken])
    assert store.editions.last("ada") is None
    assert store.outbox.counts() == {}
    assert store.editions.seen(["ada", "bob"], LONG_AGO) == {"ada": set(), "bob": set()}


def test_an_edition_of_a_paper_that_is_not_in_the_archive_is_refused(store):
    unknown = replace(composed(store, "ada"), papers=(99,))
    unknown = replace(unknown, edition=replace(unknown.edition, picks=(a_pick(),)))
    with pytest.raises(sa.exc.IntegrityError):
        store.editions.add([unknown])
    assert store.editions.last("ada") is None


def test_numbers_go_on_after_those_that_are_there(store):
    for day in range(3):
        last = TODAY + (day - 1) * DAY if day else None
        readers = [
            composed(store, who, date=TODAY + day * DAY, last=last) for who in ("ada", "bob")
        ]
        assert len(store.editions.add(readers)) == 2
    with engine_of(store).connect() as connection:
        ids = connection.execute(sa.text("SELECT id FROM editions ORDER BY id")).scalars().all()
    assert ids == [1, 2, 3, 4, 5, 6]


def test_what_a_reader_has_seen_is_what_their_editions_hold(store):
    collect(store, "Paths", "Modules", "Routing")
    known = numbers(store)
    store.editions.add([composed(store, "ada", "Paths"), composed(store, "bob", "Modules")])
    store.editions.add([composed(store, "ada", "Routing", date=TODAY + DAY, last=TODAY)])
    assert store.editions.seen(["ada", "bob", "eve"], LONG_AGO) == {
        "ada": {known["Paths"], known["Routing"]},
        "bob": {known["Modules"]},
        "eve": set(),
    }
    assert store.editions.seen(["bob"], LONG_AGO) == {"bob": {known["Modules"]}}


def test_only_editions_composed_after_the_windows_start_count_as_seen(store):
    collect(store, "Paths", at=NOW - 2 * DAY)
    store.editions.add([composed(store, "ada", "Paths", at=NOW)])
    assert store.editions.seen(["ada"], NOW - dt.timedelta(microseconds=1))["ada"]
    assert not store.editions.seen(["ada"], NOW)["ada"]


def test_editions_come_newest_first_and_no_more_than_asked_for(store):
    ada = a_subscriber("ada")
    last = None
    for day in (TODAY, TODAY + DAY, TODAY + 2 * DAY):
        store.editions.add([composed(store, ada, date=day, last=last)])
        last = day
    dates = [edition.date for edition in store.editions.of(ada)]
    assert dates == [TODAY + 2 * DAY, TODAY + DAY, TODAY]
    assert [edition.date for edition in store.editions.of(ada, most=1)] == [TODAY + 2 * DAY]
    assert [edition.date for edition in store.editions.of(ada, date=TODAY)] == [TODAY]
    assert store.editions.of(ada, date=TODAY - DAY) == []
    assert store.editions.of(a_subscriber("bob")) == []


def test_the_last_edition_is_that_of_the_latest_date(store):
    assert store.editions.last("ada") is None
    store.editions.add([composed(store, "ada", at=NOW)])
    store.editions.add([composed(store, "ada", date=TODAY + DAY, at=NOW + DAY, last=TODAY)])
    assert store.editions.last("ada") == (TODAY + DAY, NOW + DAY)
    assert store.editions.latest_at(["ada", "bob"]) == {"ada": NOW + DAY}
