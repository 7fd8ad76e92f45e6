"""What came back is stored once, together with all that follows from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial

import pytest

from digest.bounces import Bounce, Suppression
from digest.returns.settings import ReturnsSettings
from digest.returns.verdict import suppresses
from digest.store.bounces import Recorded, Sent
from digest.votes import Vote
from tests.support.builders import a_subscriber
from tests.support.databases import NOW, TODAY, collect, composed, mail

VERDICT = partial(suppresses, settings=ReturnsSettings(), now=NOW)
MESSAGE = f"<ada/{TODAY}@example.org>"


@pytest.fixture
def store(store):
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], NOW)
    return store


def a_bounce(report: str = "1", **known) -> Bounce:
    bounce = Bounce(report, MESSAGE, "ada", "ada@example.org", TODAY, "hard", NOW, "5.1.1", "no")
    return replace(bounce, **known)


def states(store) -> dict[str, str]:
    return {entry.subscriber.id: entry.state for entry in store.subscribers.all()}


def names(store) -> list[str]:
    return [one.address for one in store.suppressions.all()]


def test_a_mail_of_ours_is_found_by_its_message_id_and_by_its_edition(store):
    edition = composed(store, "ada")
    store.editions.add([edition])
    message = edition.message
    ours = Sent(message.message_id, "ada", "ada@example.org", TODAY)
    assert store.bounces.sent(message.message_id) == ours
    assert store.bounces.sent_on("ada", TODAY) == ours
    assert store.bounces.sent("<forged@example.org>") is None
    assert store.bounces.sent_on("bob", TODAY) is None


def test_a_report_that_there_is_no_such_address_suppresses_it_and_withdraws_what_is_queued(store):
    mail(store, ["ada", "bob"])
    assert store.bounces.record(a_bounce(), VERDICT) == Recorded(True, "bounce")
    assert states(store) == {"ada": "suppressed", "bob": "active"}
    assert store.outbox.counts() == {"withdrawn": 1, "queued": 1}
    assert store.suppressions.all() == [Suppression("ada@example.org", "bounce", NOW, "5.1.1 no")]


def test_a_report_that_is_read_twice_counts_once(store):
    assert store.bounces.record(a_bounce(kind="soft"), VERDICT).new
    assert not store.bounces.record(a_bounce(kind="soft"), VERDICT).new
    assert len(store.bounces.latest()) == 1


def test_soft_reports_add_up_until_they_are_too_many(store):
    for ago in (3, 2, 1):
        date = TODAY - dt.timedelta(days=ago)
        soft = a_bounce(f"{ago}", kind="soft", date=date)
        assert store.bounces.record(soft, VERDICT).suppressed is None
    assert store.bounces.record(a_bounce("0", kind="soft"), VERDICT).suppressed == "bounce"


def test_reports_on_another_address_do_not_add_up(store):
    for ago in (3, 2, 1, 0):
        soft = a_bounce(
            f"{ago}",
            kind="soft",
            date=TODAY - dt.timedelta(days=ago),
            address=f"ada{ago}@example.org",
        )
        assert store.bounces.record(soft, VERDICT).suppressed is None


def test_only_the_address_that_the_mail_went_to_is_suppressed(store):
    store.subscribers.add([a_subscriber("ada", address="new@example.org")], NOW)
    store.bounces.record(a_bounce(), VERDICT)
    assert names(store) == ["ada@example.org"]
    assert states(store)["ada"] == "active"


def test_an_address_is_suppressed_whatever_its_capitals(store):
    store.subscribers.add([a_subscriber("eve", address="Eve@Example.ORG")], NOW)
    store.bounces.record(a_bounce(subscriber="eve", address="EVE@example.org"), VERDICT)
    assert states(store)["eve"] == "suppressed"


def test_a_domain_beyond_ascii_is_suppressed_as_its_reader_writes_it(store):
    store.subscribers.add([a_subscriber("eve", address="eve@bücher.example")], NOW)
    bounce = a_bounce(subscriber="eve", address="eve@xn--bcher-kva.example")
    store.bounces.record(bounce, VERDICT)
    assert states(store)["eve"] == "suppressed"


def test_a_second_reason_changes_nothing(store):
    store.bounces.record(a_bounce(), VERDICT)
    again = a_bounce("2", kind="complaint", at=NOW + dt.timedelta(days=1))
    assert store.bounces.record(again, VERDICT) == Recorded(True, None)
    assert [one.reason for one in store.suppressions.all()] == ["bounce"]


def test_an_error_in_the_verdict_stores_nothing(store):
    def fails(history):
        raise KeyError("a fault")

    with pytest.raises(KeyError):
        store.bounces.record(a_bounce(), fails)
    assert store.bounces.latest() == []


def test_a_mail_that_asks_to_leave_is_obeyed_once(store):
    mail(store, ["ada"])
    asked = a_bounce(kind="request")
    assert store.bounces.leave(asked)
    assert states(store)["ada"] == "left"
    assert store.outbox.counts() == {"withdrawn": 1}
    store.subscribers.resume("ada")
    assert not store.bounces.leave(asked)
    assert states(store)["ada"] == "active"


def test_a_vote_by_mail_is_stored_once(store):
    collect(store, "Paths")
    key = store.papers.find(("title:paths",), "").key
    vote = Vote("ada", key, "more", NOW, origin="mail")
    asked = a_bounce(kind="request")
    assert store.bounces.vote(asked, vote)
    assert not store.bounces.vote(asked, vote)
    assert [(one.value, one.origin) for one in store.votes.history("ada")] == [("more", "mail")]


def test_the_latest_reports_come_first(store):
    for n in range(3):
        store.bounces.record(a_bounce(f"{n}", kind="full", at=NOW + dt.timedelta(hours=n)), VERDICT)
    assert [one.report for one in store.bounces.latest(2)] == ["2", "1"]
