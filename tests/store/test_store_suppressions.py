"""Addresses that get nothing: nothing composed, nothing sent, and no way around it."""

from __future__ import annotations

import datetime as dt
from functools import partial

import pytest

from digest.bounces import Bounce, Suppression
from digest.returns.settings import ReturnsSettings
from digest.returns.verdict import suppresses
from digest.store.suppressions import erased
from tests.support.builders import a_subscriber
from tests.support.databases import NOW, TODAY, mail

LATER = NOW + dt.timedelta(hours=1)
SECRET = bytes(range(32))
VERDICT = partial(suppresses, settings=ReturnsSettings(), now=NOW)


@pytest.fixture
def store(store):
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], NOW)
    return store


def of(address: str = "ada@example.org", **known) -> Suppression:
    return Suppression(**({"address": address, "reason": "operator", "at": NOW} | known))


def due(store) -> list[str]:
    return [one.id for one in store.subscribers.due(LATER)]


def state(store, who: str = "ada") -> str:
    return store.subscribers.find(who).state


def test_a_suppressed_address_is_never_due(store):
    assert due(store) == ["ada", "bob"]
    assert store.suppressions.add([of("ADA@example.org")]) == 1
    assert due(store) == ["bob"]
    assert state(store) == "suppressed"


def test_what_is_queued_for_it_is_withdrawn(store):
    mail(store, ["ada", "bob"])
    store.suppressions.add([of()])
    assert store.outbox.counts() == {"withdrawn": 1, "queued": 1}


def test_an_address_that_is_on_the_list_stays_as_it_was(store):
    store.suppressions.add([of(reason="complaint", detail="abuse")])
    assert store.suppressions.add([of(at=LATER), of("eve@example.org")]) == 1
    assert store.suppressions.find("ada@example.org").reason == "complaint"


def test_the_list_comes_by_address(store):
    store.suppressions.add([of("z@x"), of("a@x"), of("M@x")])
    assert [one.address for one in store.suppressions.all()] == ["a@x", "m@x", "z@x"]


def test_who_is_taken_off_the_list_is_due_again(store):
    store.suppressions.add([of()])
    assert store.suppressions.remove("Ada@Example.org", (), LATER)
    assert due(store) == ["ada", "bob"]
    assert not store.suppressions.remove("ada@example.org", (), LATER)


def test_what_came_back_before_an_address_was_taken_off_counts_no_more(store):
    def report(n: int, kind) -> Bounce:
        return Bounce(f"{n}", "<m@x>", "ada", "ada@example.org", TODAY, kind, NOW)

    store.bounces.record(report(1, "hard"), VERDICT)
    store.suppressions.remove("ada@example.org", (), LATER)
    assert store.bounces.record(report(2, "soft"), VERDICT).suppressed is None
    assert store.bounces.record(report(3, "hard"), VERDICT).suppressed == "bounce"


def test_adding_a_subscriber_does_not_take_the_address_off(store):
    store.suppressions.add([of("eve@example.org")])
    store.subscribers.add([a_subscriber("eve")], NOW)
    store.subscribers.sync([a_subscriber("dan", address="EVE@example.org")], NOW)
    assert due(store) == ["ada", "bob"]


def test_resuming_does_not_take_the_address_off(store):
    store.suppressions.add([of()])
    store.subscribers.resume("ada")
    assert state(store) == "suppressed"


def test_who_left_is_shown_as_such_whatever_else(store):
    store.suppressions.add([of()])
    store.subscribers.leave("ada", NOW)
    assert state(store) == "left"


def test_the_reader_without_an_address_is_not_touched(store):
    store.subscribers.add([a_subscriber("public", address=None)], NOW)
    store.suppressions.add([of()])
    assert due(store) == ["bob", "public"]


def test_an_address_that_was_erased_is_known_by_its_hash_alone(store):
    hashed = erased("Eve@example.org", SECRET)
    store.suppressions.add([of(hashed, reason="erased")])
    assert "eve" not in hashed
    assert store.suppressions.any_erased()
    assert store.suppressions.find("eve@EXAMPLE.org", [SECRET]).reason == "erased"
    assert store.suppressions.find("eve@example.org", [bytes(32)]) is None
    assert store.suppressions.find("eve@example.org") is None


def test_an_erased_address_that_somebody_brings_back_gets_nothing(store):
    store.suppressions.add([of(erased("eve@example.org", SECRET), reason="erased")])
    addresses = ["ada@example.org", "Eve@example.org"]
    assert store.suppressions.recall(addresses, [SECRET], NOW) == ["Eve@example.org"]
    store.subscribers.add([a_subscriber("eve", address="eve@example.org")], NOW)
    assert due(store) == ["ada", "bob"]


def test_an_erased_address_is_taken_off_by_name(store):
    store.suppressions.add([of(erased("eve@example.org", SECRET), reason="erased")])
    store.suppressions.recall(["eve@example.org"], [SECRET], NOW)
    assert store.suppressions.remove("eve@example.org", [SECRET], NOW)
    assert store.suppressions.all() == []


def test_an_address_that_stands_twice_in_a_list_counts_once_as_it_stood_first(store):
    twice = [of("eve@x", detail="first"), of("EVE@x", detail="second")]
    assert store.suppressions.add(twice) == 1
    assert store.suppressions.find("eve@x").detail == "first"


def test_a_long_list_is_taken_in_twice_without_harm(store):
    long = [of(f"{n}@x") for n in range(11_000)]
    assert store.suppressions.add(long[:6_000]) == 6_000
    assert store.suppressions.add(long) == 5_000
