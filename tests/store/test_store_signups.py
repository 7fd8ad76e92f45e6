"""Signups, consents and leavings; and what is left of a reader who is erased."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from digest.bounces import Bounce, Suppression
from digest.messages import Message
from digest.store.schema import metadata, outbox
from digest.store.signups import Consent, Leaving, Signup
from digest.store.suppressions import erased
from digest.votes import Vote
from tests.support.builders import a_subscriber
from tests.support.databases import NOW, TODAY, collect, composed, engine_of

SECRET = bytes(range(32))
DAY = dt.timedelta(days=1)


def letter(address: str = "new@example.org", n: int = 1) -> Message:
    return Message(f"<{n}.{address}>", "digest@example.org", address, b"Hello")


def asks(store, id_: str = "r1", address: str = "new@example.org", at: dt.datetime = NOW) -> bool:
    reader = a_subscriber(id_, address=address)
    return store.signups.ask(Signup(reader, at, "192.0.2.1"), letter(address, len(id_)))


def agrees(at: dt.datetime = NOW, who: str = "", what="subscribed") -> Consent:
    return Consent(who, at, what, "1", "192.0.2.1")


def confirms(store, id_: str = "r1", at: dt.datetime = NOW) -> str | None:
    return store.signups.confirm(id_, agrees(at), [SECRET])


def test_a_signup_is_stored_with_its_mail_which_leaves_before_all_others(store):
    store.editions.add([composed(store, "ada")])
    assert asks(store)
    found = store.signups.find("r1")
    assert (found.reader.address, found.asked_at, found.network) == (
        "new@example.org",
        NOW,
        "192.0.2.1",
    )
    (first, _) = store.outbox.claim(9, NOW, DAY)
    assert first.message == letter("new@example.org", len("r1"))


def test_an_address_gets_one_mail_a_day_whatever_its_case(store):
    assert asks(store)
    assert not asks(store, "r2", "NEW@example.org", NOW + DAY / 2)
    assert store.signups.find("r2") is None
    assert not store.signups.answer("", "new@example.org", letter(n=2), NOW + DAY / 2)
    assert store.signups.had_letter("New@example.org", NOW + DAY / 2)
    assert not store.signups.had_letter("new@example.org", NOW + DAY)
    assert asks(store, "r3", at=NOW + DAY)


def test_an_answer_without_a_mail_counts_all_the_same(store):
    assert store.signups.answer("", "new@example.org", None, NOW)
    assert store.outbox.counts() == {}
    assert not asks(store)


def test_who_confirms_is_a_subscriber_with_a_consent(store):
    asks(store)
    assert store.subscribers.find("r1") is None
    assert confirms(store, at=NOW + DAY) == "r1"
    entry = store.subscribers.find("new@example.org")
    assert (entry.subscriber, entry.state) == (
        a_subscriber("r1", address="new@example.org"),
        "active",
    )
    assert (entry.origin, entry.joined_at) == ("store", NOW + DAY)
    (given,) = store.signups.consents("r1")
    assert given == Consent("r1", NOW + DAY, "subscribed", "1", "192.0.2.1")


def test_confirming_again_changes_nothing(store):
    asks(store)
    confirms(store)
    store.subscribers.leave("r1", NOW)
    assert confirms(store, at=NOW + DAY) == "r1"
    assert store.subscribers.find("r1").state == "left"
    assert len(store.signups.consents("r1")) == 1


def test_nobody_confirms_what_nobody_asked(store):
    assert confirms(store, "r9") is None
    assert store.signups.find("r9") is None


@pytest.mark.parametrize("how", ["leave", "pause"])
def test_who_was_a_subscriber_before_is_that_one_again(store, how):
    store.subscribers.add([a_subscriber("ada", size=3)], NOW)
    getattr(store.subscribers, how)("ada", NOW)
    asks(store, address="ADA@example.org")
    assert confirms(store) == "ada"
    entry = store.subscribers.find("ada")
    assert (entry.state, entry.subscriber.size) == ("active", 10)


def test_of_a_reader_of_the_file_only_the_wish_to_get_mails_is_taken(store):
    ada = a_subscriber("ada", size=3)
    store.subscribers.sync([ada], NOW)
    store.subscribers.leave("ada", NOW)
    asks(store, address="ada@example.org")
    assert confirms(store) == "ada"
    entry = store.subscribers.find("ada")
    assert (entry.subscriber, entry.state, entry.origin) == (ada, "active", "file")


def test_one_whom_the_file_no_longer_names_becomes_their_own(store):
    store.subscribers.sync([a_subscriber("ada", size=3)], NOW)
    store.subscribers.sync([], NOW)
    asks(store, address="ada@example.org")
    assert confirms(store) == "ada"
    entry = store.subscribers.find("ada")
    assert (entry.state, entry.origin, entry.subscriber.size) == ("active", "store", 10)


def test_who_left_lately_can_come_back_and_others_not(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    assert not store.signups.come_back(agrees(NOW, "ada", "came back"), NOW - DAY)
    store.subscribers.leave("ada", NOW)
    assert not store.signups.come_back(agrees(NOW + DAY, "ada", "came back"), NOW + DAY / 2)
    assert store.subscribers.find("ada").state == "left"
    assert store.signups.come_back(agrees(NOW + DAY, "ada", "came back"), NOW)
    assert store.subscribers.find("ada").state == "active"
    assert [one.what for one in store.signups.consents("ada")] == ["came back"]


def test_the_last_reason_for_leaving_counts(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.signups.say_why(Leaving("ada", NOW, "many"))
    assert store.signups.leavings() == []
    store.subscribers.leave("ada", NOW)
    store.signups.say_why(Leaving("ada", NOW, "many"))
    store.signups.say_why(Leaving("ada", NOW, "fit", "Too old"))
    assert store.signups.leavings("ada") == [Leaving("ada", NOW, "fit", "Too old")]
    assert store.signups.leavings("bob") == []


def test_after_a_month_signups_and_network_addresses_are_forgotten(store):
    asks(store, "r1", "one@example.org")
    asks(store, "r2", "two@example.org")
    confirms(store, "r2")
    store.signups.forget(NOW + 29 * DAY)
    assert store.signups.find("r1") is not None
    assert store.signups.consents("r2")[0].network == "192.0.2.1"
    store.signups.forget(NOW + 30 * DAY)
    assert store.signups.find("r1") is None
    assert store.signups.find("r2").subscriber == "r2"
    assert store.signups.consents("r2")[0].network is None


def test_a_feed_address_is_good_until_it_is_renewed(store):
    assert store.subscribers.feed_revision("ada") is None
    store.subscribers.add([a_subscriber("ada")], NOW)
    assert store.subscribers.feed_revision("ada") == 0
    store.subscribers.renew_feed("ada")
    store.subscribers.add([a_subscriber("ada", size=3)], NOW)
    assert store.subscribers.feed_revision("ada") == 1


# Erasing ---------------------------------------------------------------------------------------


def everything(store) -> str:
    with engine_of(store).connect() as connection:
        return "\n".join(
            str(tuple(row))
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table))
        )


@pytest.fixture
def full(store):
    """A store with all that can be known of a reader."""
    collect(store, "Paths", "Trees")
    asks(store, "r77", "zoe@example.org")
    confirms(store, "r77")
    zoe = store.subscribers.find("r77").subscriber
    store.editions.add([composed(store, zoe, "Paths")])
    store.editions.add([composed(store, "bob", "Paths")])
    store.votes.add([Vote("r77", "title:paths", "more", NOW)])
    store.bounces.record(
        Bounce("x", "<m@x>", "r77", "zoe@example.org", TODAY, "soft", NOW), lambda _: None
    )
    asks(store, "r78", "ZOE@example.org", NOW + DAY)
    store.subscribers.leave("r77", NOW)
    store.signups.say_why(Leaving("r77", NOW, "many"))
    return store


def test_nothing_is_left_but_a_hash(full):
    full.subscribers.erase("r77", SECRET, NOW + DAY)
    text = everything(full).lower()
    for name in ("zoe@", "r77", "r78"):
        assert name not in text
    (one,) = full.suppressions.all()
    assert (one.address, one.reason) == (erased("zoe@example.org", SECRET), "erased")


def test_others_keep_what_they_have(full):
    full.subscribers.erase("r77", SECRET, NOW)
    (edition,) = full.editions.of(a_subscriber("bob"))
    assert [pick.paper.title for pick in edition.picks] == ["Paths"]
    assert full.outbox.counts()["queued"] == 1


def test_a_reason_that_the_reader_cannot_undo_outlives_the_name(full):
    full.suppressions.add([Suppression("zoe@example.org", "operator", NOW)])
    full.subscribers.erase("r77", SECRET, NOW)
    (one,) = full.suppressions.all()
    assert (one.address[:5], one.reason) == ("hmac:", "operator")
    assert full.suppressions.any_erased()


def test_erasing_nobody_changes_nothing(full):
    before = everything(full)
    full.subscribers.erase("r1", SECRET, NOW)
    assert everything(full) == before


@pytest.mark.parametrize("state", ["claimed", "sending", "deferred", "failed", "uncertain"])
def test_a_mail_on_its_way_is_never_sent_again(store, state):
    store.subscribers.add([a_subscriber("ada")], NOW)
    store.editions.add([composed(store, "ada")])
    (claim,) = store.outbox.claim(1, NOW, DAY)
    with engine_of(store).begin() as connection:
        connection.execute(outbox.update().values(state=state))
    store.subscribers.erase("ada", SECRET, NOW)
    store.outbox.retry(["failed", "uncertain", "deferred"], NOW)
    assert store.outbox.claim(9, NOW + 9 * DAY, DAY, resend=True) == []
    assert store.outbox.claim(9, NOW + 99 * DAY, DAY, resend=True) == []
    assert claim.subscriber == "ada"


def test_an_edition_that_was_composed_while_its_reader_left_is_not_stored(store):
    """F28."""
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], NOW)
    drafts = [composed(store, "ada"), composed(store, "bob")]
    store.subscribers.leave("ada", NOW)
    assert [one.subscriber.id for one in store.editions.add(drafts)] == ["bob"]
