"""Who reads, since when, who is due; and that those who left stay so."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.store.claims import Done
from digest.store.subscribers import Due
from digest.subscribers import Interest, Schedule, Subscriber
from tests.support.builders import a_subscriber
from tests.support.databases import NOW, composed, mail

LATER = NOW + dt.timedelta(hours=1)
TODAY = NOW.date()
LEASE = dt.timedelta(minutes=15)


def states(store) -> dict[str, str]:
    return {entry.subscriber.id: entry.state for entry in store.subscribers.all()}


def seven(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(7), dt.UTC)


def due(store, now: dt.datetime = LATER) -> list[str]:
    return [one.id for one in store.subscribers.due(now)]


def test_a_subscriber_comes_back_as_they_were(store):
    ada = Subscriber(
        "ada",
        "Ada@Example.org",
        "Ada Lovelace ☕",
        Schedule("Asia/Kolkata", 5, ("mon", "wed")),
        7,
        (
            Interest("Agents", "tool use", ("agent",), ("arxiv:2403.10616",), ("Y. LeCun",), 2.5),
            Interest("Vision", keywords=("video generation", "NeRF")),
        ),
        ("survey", "medical imaging"),
        abstract="full",
        quiet="none",
    )
    store.subscribers.add([ada], NOW)
    entry = store.subscribers.find("ada")
    assert entry.subscriber == ada
    assert (entry.state, entry.origin, entry.joined_at) == ("active", "store", NOW)


def test_the_file_brings_subscribers_in_and_keeps_when_they_joined(store):
    store.subscribers.sync([a_subscriber("ada"), a_subscriber("bob")], NOW)
    store.subscribers.sync([a_subscriber("ada", size=3), a_subscriber("bob")], LATER)
    entry = store.subscribers.find("ada")
    assert (entry.subscriber.size, entry.joined_at, entry.origin) == (3, NOW, "file")
    assert states(store) == {"ada": "active", "bob": "active"}


def test_whom_the_file_no_longer_names_is_unlisted_and_their_queued_mail_withdrawn(store):
    store.subscribers.sync([a_subscriber("ada"), a_subscriber("bob")], NOW)
    mail(store, ["ada", "bob"])
    store.subscribers.sync([a_subscriber("bob")], LATER)
    assert states(store) == {"ada": "unlisted", "bob": "active"}
    assert store.outbox.counts() == {"withdrawn": 1, "queued": 1}
    assert due(store) == []


def test_whom_the_file_names_again_is_active_again(store):
    store.subscribers.sync([a_subscriber("ada")], NOW)
    store.subscribers.sync([], NOW)
    store.subscribers.sync([a_subscriber("ada")], LATER)
    assert states(store) == {"ada": "active"}
    assert store.subscribers.find("ada").joined_at == NOW


def test_whom_the_file_never_named_stays_when_it_is_read(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.subscribers.sync([], LATER)
    assert states(store) == {"ada": "active"}


@pytest.mark.parametrize("reader", [a_subscriber("ada"), a_subscriber("ada", size=3)])
def test_who_paused_or_left_stays_so_whatever_the_file_says(store, reader):
    store.subscribers.sync([a_subscriber("ada"), a_subscriber("bob")], NOW)
    store.subscribers.pause("ada", NOW)
    store.subscribers.leave("bob", NOW)
    store.subscribers.sync([reader, a_subscriber("bob", size=3)], LATER)
    assert states(store) == {"ada": "paused", "bob": "left"}
    store.subscribers.sync([], LATER)
    store.subscribers.sync([reader, a_subscriber("bob", size=3)], LATER)
    assert states(store) == {"ada": "paused", "bob": "left"}


@pytest.mark.parametrize("event", ["pause", "leave"])
def test_who_pauses_or_leaves_gets_nothing_more_not_even_what_is_queued(store, event):
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], NOW)
    store.editions.add([composed(store, "ada")])
    getattr(store.subscribers, event)("ada", NOW)
    assert store.outbox.counts() == {"withdrawn": 1}
    assert due(store) == ["bob"]
    assert store.outbox.claim(10, LATER, LEASE) == []


@pytest.mark.parametrize("event", ["pause", "leave"])
def test_a_mail_that_was_being_tried_when_they_went_is_not_tried_again(store, event):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada"])
    (claim,) = store.outbox.claim(10, NOW, LEASE)
    store.outbox.step((), [claim], NOW, LEASE)
    getattr(store.subscribers, event)("ada", NOW)
    store.outbox.step([Done(claim, "deferred", "451", NOW)], (), NOW, LEASE)
    assert store.outbox.counts() == {"withdrawn": 1}
    assert store.outbox.claim(10, LATER, LEASE) == []


@pytest.mark.parametrize("event", ["pause", "leave"])
def test_who_resumes_gets_editions_again(store, event):
    store.subscribers.add([a_subscriber("ada")], NOW)
    getattr(store.subscribers, event)("ada", NOW)
    assert due(store) == []
    store.subscribers.resume("ada")
    assert states(store) == {"ada": "active"}
    assert due(store) == ["ada"]


def test_who_paused_and_then_left_has_left(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.subscribers.pause("ada", NOW)
    store.subscribers.leave("ada", LATER)
    assert states(store) == {"ada": "left"}


@pytest.mark.parametrize("address", ["ada@example.org", "Ada@Example.ORG"])
def test_an_address_that_left_does_not_come_back_under_another_id(store, address):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.subscribers.leave("ada", NOW)
    store.subscribers.sync([a_subscriber("lovelace", address=address)], LATER)
    assert states(store) == {"ada": "left", "lovelace": "left"}


def test_an_address_that_left_does_not_come_back_by_changing_the_one_of_another(store):
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], NOW)
    store.subscribers.leave("ada", NOW)
    store.subscribers.add([a_subscriber("bob", address="ada@example.org")], LATER)
    assert states(store)["bob"] == "left"


def test_an_address_that_only_paused_may_come_under_another_id(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.subscribers.pause("ada", NOW)
    store.subscribers.add([a_subscriber("lovelace", address="ada@example.org")], LATER)
    assert states(store)["lovelace"] == "active"


def test_who_resumed_under_another_id_stays_when_the_file_changes_them(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.subscribers.leave("ada", NOW)
    store.subscribers.add([a_subscriber("lovelace", address="ada@example.org")], LATER)
    store.subscribers.resume("lovelace")
    store.subscribers.add([a_subscriber("lovelace", address="ada@example.org", size=3)], LATER)
    assert states(store)["lovelace"] == "active"


def test_the_public_edition_has_no_address_that_could_have_left(store):
    store.subscribers.add([a_subscriber("public", address=None, interests=())], NOW)
    store.subscribers.leave("public", NOW)
    store.subscribers.add([a_subscriber("second", address=None, interests=())], NOW)
    assert states(store) == {"public": "left", "second": "active"}


def test_somebody_is_found_by_id_or_by_address_in_any_case(store):
    store.subscribers.add([a_subscriber("ada", address="Ada@Example.org")], NOW)
    for who in ("ada", "Ada@Example.org", "ada@example.ORG"):
        assert store.subscribers.find(who).subscriber.id == "ada"
    assert store.subscribers.find("bob") is None
    assert store.subscribers.find("ADA") is None


def test_an_address_with_other_letters_is_found_as_it_is_written(store):
    store.subscribers.add([a_subscriber("jurgen", address="JÜRGEN@example.org")], NOW)
    assert store.subscribers.find("JÜRGEN@example.org").subscriber.id == "jurgen"


def test_of_several_with_one_address_the_active_one_is_found(store):
    same = [a_subscriber(who, address="us@example.org") for who in ("ada", "bob", "eve")]
    store.subscribers.add(same, NOW)
    store.subscribers.pause("ada", NOW)
    store.subscribers.pause("eve", NOW)
    assert store.subscribers.find("us@example.org").subscriber.id == "bob"
    assert store.subscribers.find("eve").subscriber.id == "eve"


def test_nouns_and_due_come_in_one_order_whatever_the_databases_language(store):
    names = ["bob", "Carol", "a-b", "ab", "Ábel", "ada", "Zoe"]
    store.subscribers.add([a_subscriber(who) for who in names], NOW)
    assert [one.id for one in store.subscribers.get(names)] == sorted(names)
    assert [entry.subscriber.id for entry in store.subscribers.all()] == sorted(names)
    assert due(store) == sorted(names)


def test_only_the_named_are_got_and_the_unknown_are_left_out(store):
    store.subscribers.add([a_subscriber(who) for who in ("ada", "bob", "eve")], NOW)
    assert [one.id for one in store.subscribers.get(["eve", "ada", "nobody"])] == ["ada", "eve"]


# Who is due ------------------------------------------------------------------------------------


def at(zone: str, hour: int, *weekdays: str) -> Schedule:
    return Schedule(zone, hour, weekdays or Schedule().weekdays)


def test_everybody_whose_hour_has_come_is_due_by_their_own_clock(store):
    hours = {
        "utc6": at("UTC", 6),
        "utc7": at("UTC", 7),
        "berlin8": at("Europe/Berlin", 8),
        "berlin9": at("Europe/Berlin", 9),
        "tokyo15": at("Asia/Tokyo", 15),
        "tokyo16": at("Asia/Tokyo", 16),
        "wednesdays": at("UTC", 6, "wed"),
        "thursdays": at("UTC", 6, "thu"),
    }
    store.subscribers.add([a_subscriber(who, schedule=when) for who, when in hours.items()], NOW)
    assert due(store, NOW) == ["berlin8", "tokyo15", "utc6", "wednesdays"]


def test_the_date_is_the_readers_own(store):
    early = dt.datetime(2026, 5, 20, 23, 30, tzinfo=dt.UTC)
    readers = [("auckland", at("Pacific/Auckland", 7)), ("utc", at("UTC", 7))]
    store.subscribers.add([a_subscriber(who, schedule=when) for who, when in readers], NOW)
    assert store.subscribers.due(early) == [
        Due("auckland", dt.date(2026, 5, 21), None, dt.datetime(2026, 5, 20, 19, tzinfo=dt.UTC)),
        Due("utc", dt.date(2026, 5, 20), None, dt.datetime(2026, 5, 20, 7, tzinfo=dt.UTC)),
    ]


def test_who_had_todays_edition_is_not_due_again_and_who_had_yesterdays_is(store):
    yesterday = TODAY - dt.timedelta(days=1)
    store.subscribers.add([a_subscriber(who) for who in ("ada", "bob", "eve")], NOW)
    store.editions.add([composed(store, "ada"), composed(store, "bob", date=yesterday)])
    assert store.subscribers.due(LATER) == [
        Due("bob", TODAY, yesterday, seven(TODAY)),
        Due("eve", TODAY, None, seven(TODAY)),
    ]


def test_a_missed_edition_is_made_up_for_who_had_one_and_not_for_who_never_had(store):
    last = TODAY - dt.timedelta(days=3)
    night = dt.datetime(2026, 5, 20, 0, 30, tzinfo=dt.UTC)
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], NOW)
    store.editions.add([composed(store, "ada", date=last)])
    missed = TODAY - dt.timedelta(days=1)
    assert store.subscribers.due(night) == [Due("ada", missed, last, seven(missed))]


def test_the_paused_the_left_and_the_unlisted_are_never_due(store):
    store.subscribers.sync([a_subscriber("ada")], NOW)
    store.subscribers.sync([a_subscriber("bob"), a_subscriber("eve"), a_subscriber("dan")], NOW)
    store.subscribers.pause("bob", NOW)
    store.subscribers.leave("eve", NOW)
    assert due(store) == ["dan"]
