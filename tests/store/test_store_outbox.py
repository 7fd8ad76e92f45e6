"""Mails on their way: claimed once, marked, sent, recorded; and what a killed process leaves."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from digest.bounces import Suppression
from digest.messages import Message
from digest.store.claims import Claim, Done
from digest.store.outbox import FIRST
from digest.store.shelves import Store
from tests.support.builders import a_subscriber
from tests.support.databases import (
    NOW,
    collect,
    composed,
    engine_of,
    mail,
    numbers,
    opened,
    scripts,
)

LEASE = dt.timedelta(minutes=15)
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
TOMORROW = NOW.date() + dt.timedelta(days=1)

DELIVERS_AND_HANGS = """
import datetime as dt, sys, time
from digest.store.shelves import open_store
store = open_store(sys.argv[1])
now, lease = dt.datetime.fromisoformat(sys.argv[2]), dt.timedelta(minutes=15)
with store.outbox.present(now, resend=False):
    claims = store.outbox.claim(2, now, lease)
    started = store.outbox.step((), claims[:1], now, lease).started
    print(len(claims), len(started), flush=True)
    time.sleep(600)
"""
CLAIMS_ALL = r"""
import datetime as dt, os, sys
from digest.store.shelves import open_store
now = dt.datetime.fromisoformat(sys.argv[2])
gate, opens = os.pipe()
for _ in range(4):
    if os.fork():
        continue
    store = open_store(sys.argv[1])
    os.close(opens)
    os.read(gate, 1)  # ends for all at once, when the last hand lets go
    while claims := store.outbox.claim(5, now, dt.timedelta(minutes=15)):
        line = " ".join(str(claim.id) for claim in claims)
        os.write(1, f"{len(claims)} {line}\n".encode())  # whole, among those of the others
    os._exit(0)
os.close(opens)
for _ in range(4):
    assert os.wait()[1] == 0
"""


def claims_of(store: Store, most: int = 50, now: dt.datetime = NOW, **known: Any) -> list[Claim]:
    return store.outbox.claim(most, now, LEASE, **known)


def claimed(store: Store, most: int = 50, now: dt.datetime = NOW) -> list[str]:
    return [claim.subscriber for claim in claims_of(store, most, now)]


def start(store: Store, *claims: Claim, now: dt.datetime = NOW) -> set[int]:
    """Those of the claims that are marked as being sent: their ids."""
    return set(store.outbox.step((), claims, now, LEASE).started)


def sending(store: Store, now: dt.datetime = NOW) -> Claim:
    """The next message, claimed and marked."""
    (claim,) = claims_of(store, 1, now)
    assert start(store, claim, now=now) == {claim.id}
    return claim


def record(
    store: Store,
    claim: Claim,
    state: str,
    not_before: dt.datetime | None = None,
    *,
    tried: bool = True,
    now: dt.datetime = NOW,
) -> bool:
    done = Done(claim, state, "said", not_before, tried)
    return claim.id in store.outbox.step([done], (), now, LEASE).recorded


def go(store: Store, state: str, not_before: dt.datetime | None = None) -> Claim:
    """The next message, sent, with this outcome recorded."""
    claim = sending(store)
    assert record(store, claim, state, not_before)
    return claim


def row(store: Store, who: str = "ada") -> Any:
    with engine_of(store).connect() as connection:
        query = sa.text(
            "SELECT outbox.*, data FROM outbox LEFT JOIN outbox_data ON message = outbox.id"
            " WHERE subscriber = :who ORDER BY outbox.id"
        )
        return connection.execute(query, {"who": who}).first()


def crash(store: Store, *, resend: bool = False, now: dt.datetime = NOW) -> None:
    """What the next one to deliver does with what dead workers left."""
    with store.outbox.present(now, resend=resend):
        pass


def next_edition(store: Store, *titles: str, at: dt.datetime = NOW + HOUR) -> int:
    """Compose and store Ada's edition of tomorrow, as a day does; how many were stored."""
    undelivered = tuple(store.editions.undelivered(["ada"]).get("ada", ()))
    one = composed(store, "ada", *titles, date=TOMORROW, at=at, last=NOW.date())
    return len(store.editions.add([replace(one, supersedes=undelivered)]))


def seen(store: Store) -> set[str]:
    """The titles of the papers that Ada had."""
    titles = {number: title for title, number in numbers(store).items()}
    since = NOW - dt.timedelta(days=30)
    return {titles[number] for number in store.editions.seen(["ada"], since)["ada"]}


def goes(store: Store, how: str) -> None:
    if how == "suppressed":
        found = Suppression("ada@example.org", "bounce", NOW, "no such user")
        store.suppressions.add([found])
    elif how == "unlisted":
        store.subscribers.sync([], NOW)
    else:
        getattr(store.subscribers, how)("ada", NOW)


GOING = ["leave", "pause", "suppressed"]


# Claiming ----------------------------------------------------------------------------------------


def test_messages_are_claimed_in_the_order_they_were_queued(store):
    mail(store, ["eve", "ada", "bob"])
    mail(store, ["aaron"])
    assert claimed(store, 2) == ["eve", "ada"]
    assert claimed(store) == ["bob", "aaron"]
    assert claimed(store) == []


def test_a_claim_carries_the_whole_message(store):
    one = composed(store, "ada")
    store.editions.add([one])
    (claim,) = claims_of(store)
    assert claim.message == one.message
    assert (claim.subscriber, claim.attempts) == ("ada", 0)


def test_a_message_is_claimed_from_its_time_on_and_not_before(store):
    mail(store, ["ada"], at=NOW)
    assert claimed(store, now=NOW - MINUTE) == []
    assert claimed(store, now=NOW) == ["ada"]


def test_what_is_claimed_is_not_claimed_again(store):
    mail(store, ["ada"])
    assert claimed(store) == ["ada"]
    assert claimed(store) == []
    assert store.outbox.counts() == {"claimed": 1}


def test_what_is_given_back_can_be_claimed_again_and_counts_no_attempt(store):
    mail(store, ["ada", "bob"])
    claims = claims_of(store)
    store.outbox.release(claims[1:])
    (again,) = claims_of(store)
    assert (again.subscriber, again.attempts) == ("bob", 0)


def test_what_is_given_back_with_a_time_waits_until_then(store):
    mail(store, ["ada"])
    store.outbox.release(claims_of(store), NOW + MINUTE)
    assert store.outbox.next_at() == NOW + MINUTE
    assert claimed(store, now=NOW + MINUTE - SECOND) == []
    assert claimed(store, now=NOW + MINUTE) == ["ada"]


def test_giving_back_nothing_is_fine(store):
    store.outbox.release([])
    assert store.outbox.counts() == {}


def test_what_is_being_sent_cannot_be_given_back(store):
    mail(store, ["ada"])
    store.outbox.release([sending(store)])
    assert store.outbox.counts() == {"sending": 1}


def test_a_message_whose_lease_ended_is_claimed_again_and_the_late_worker_cannot_mark_it(store):
    mail(store, ["ada"])
    (late,) = claims_of(store)
    assert claims_of(store, now=NOW + LEASE) == []
    (ours,) = claims_of(store, now=NOW + LEASE + SECOND)
    assert start(store, late) == set()
    assert start(store, ours) == {ours.id}


def test_a_claim_that_a_worker_holds_is_not_taken_from_itself_when_the_clock_jumps(store):
    mail(store, ["ada"])
    claim = sending(store)
    assert claims_of(store, now=NOW + 10 * LEASE, own=[claim.id]) == []
    assert record(store, claim, "sent")


# Marking, recording ------------------------------------------------------------------------------


def test_only_what_is_marked_can_be_recorded(store):
    mail(store, ["ada"])
    (claim,) = claims_of(store)
    assert not record(store, claim, "sent")
    assert store.outbox.counts() == {"claimed": 1}
    assert start(store, claim) == {claim.id}
    assert record(store, claim, "sent")
    assert not record(store, claim, "failed")
    assert store.outbox.counts() == {"sent": 1}


def test_what_is_marked_cannot_be_marked_again(store):
    mail(store, ["ada"])
    claim = sending(store)
    assert start(store, claim) == set()


def test_an_outcome_is_recorded_with_the_mark_on_the_next_message_or_neither_is(store):
    mail(store, ["ada", "bob", "eve"])
    ada, bob, eve = claims_of(store)
    start(store, ada)
    stepped = store.outbox.step([Done(ada, "sent", "250")], [bob, eve], NOW, LEASE)
    assert (stepped.recorded, stepped.started) == ({ada.id}, {bob.id, eve.id})
    broken = Done(eve, None, "a state that cannot be stored")
    with pytest.raises(Exception, match=r"(?i)not.null"):
        store.outbox.step([Done(bob, "sent", "250"), broken], (), NOW, LEASE)
    assert store.outbox.counts() == {"sent": 1, "sending": 2}


@pytest.mark.parametrize(
    ("state", "not_before"),
    [("sent", None), ("failed", None), ("uncertain", None), ("deferred", NOW + HOUR)],
)
def test_an_outcome_is_stored_with_its_reply_and_counts_an_attempt(store, state, not_before):
    mail(store, ["ada"])
    go(store, state, not_before)
    found = row(store)
    assert (found.state, found.attempts, found.reply) == (state, 1, "said")
    assert claimed(store, now=NOW + HOUR - SECOND) == []


def test_what_was_not_tried_after_all_is_queued_and_counts_no_attempt(store):
    mail(store, ["ada"])
    assert record(store, sending(store), "queued", tried=False)
    (again,) = claims_of(store)
    assert again.attempts == 0


def test_a_deferred_message_waits_until_its_time_and_counts_its_attempts(store):
    mail(store, ["ada"])
    claim = go(store, "deferred", NOW + HOUR)
    assert claimed(store, now=NOW + HOUR - MINUTE) == []
    (again,) = claims_of(store, now=NOW + HOUR)
    assert (again.id, again.attempts) == (claim.id, 1)
    assert again.message == claim.message


@pytest.mark.parametrize("state", ["sent", "failed", "uncertain"])
def test_a_message_that_was_decided_is_not_tried_again(store, state):
    mail(store, ["ada"])
    go(store, state)
    assert claimed(store, now=NOW + 100 * HOUR) == []


def test_a_late_workers_step_records_nothing(store):
    mail(store, ["ada"])
    late = sending(store)
    ours = claims_of(store, now=NOW + LEASE + SECOND)
    assert ours == [] and store.outbox.counts() == {"uncertain": 1}
    assert not record(store, late, "sent")
    assert store.outbox.counts() == {"uncertain": 1}


def test_a_late_workers_step_does_not_disturb_who_sends_it_again(store):
    mail(store, ["ada"])
    late = sending(store)
    (ours,) = claims_of(store, now=NOW + LEASE + SECOND, resend=True)
    assert not record(store, late, "failed")
    start(store, ours)
    assert not record(store, late, "failed")
    store.outbox.release([late])
    store.outbox.take_back([late], NOW, "why")
    assert store.outbox.counts() == {"sending": 1}
    assert record(store, ours, "sent")


def test_messages_that_failed_for_the_servers_sake_are_taken_back_uncharged(store):
    mail(store, ["ada", "bob", "eve"])
    claims = [go(store, "failed"), go(store, "deferred", NOW + HOUR), go(store, "sent")]
    store.outbox.take_back(claims, NOW + MINUTE, "the server is ill")
    assert store.outbox.counts() == {"deferred": 2, "sent": 1}
    assert store.outbox.next_at() == NOW + MINUTE
    found = row(store)
    assert (found.attempts, found.reply) == (0, "the server is ill")
    assert claimed(store, now=NOW + MINUTE) == ["ada", "bob"]


def test_a_failed_message_whose_papers_went_elsewhere_is_not_taken_back(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    collect(store, "Paths")
    store.editions.add([composed(store, "ada", "Paths")])
    claim = go(store, "failed")
    assert next_edition(store, "Paths") == 1
    store.outbox.take_back([claim], NOW, "the server is ill")
    assert store.outbox.counts() == {"failed": 1, "queued": 1}
    assert row(store).attempts == 1


def test_counts_lines_and_the_next_time_tell_what_there_is(store):
    mail(store, ["ada", "bob", "eve"])
    go(store, "sent")
    go(store, "deferred", NOW + HOUR)
    assert store.outbox.counts() == {"sent": 1, "deferred": 1, "queued": 1}
    assert store.outbox.next_at() == NOW
    assert (store.outbox.sent_since(NOW), store.outbox.sent_since(NOW + SECOND)) == (1, 0)
    lines = list(store.outbox.lines())
    assert [(one.subscriber, one.state) for one in lines] == [
        ("ada", "sent"),
        ("bob", "deferred"),
        ("eve", "queued"),
    ]
    first = lines[0]
    assert (first.address, first.date, first.kind) == ("ada@example.org", NOW.date(), "edition")
    assert (first.attempts, first.reply, first.at) == (1, "said", NOW)
    assert first.message_id.startswith("<") and lines[2].reply == ""
    assert [one.subscriber for one in store.outbox.lines("deferred")] == ["bob"]
    assert [one.subscriber for one in store.outbox.lines(most=2)] == ["ada", "bob"]
    assert list(store.outbox.lines(date=TOMORROW)) == []
    assert len(list(store.outbox.lines(date=NOW.date()))) == 3


def test_an_empty_outbox_waits_for_nothing(store):
    assert store.outbox.next_at() is None
    assert list(store.outbox.lines()) == []


# Asked for again ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["failed", "uncertain", "deferred"])
def test_what_did_not_arrive_is_queued_again_when_asked_for_with_new_attempts(store, state):
    mail(store, ["ada", "bob"])
    claim = go(store, state, NOW + HOUR if state == "deferred" else None)
    assert store.outbox.retry([state], NOW) == 1
    again, _ = sorted(claims_of(store), key=lambda one: one.id)
    assert (again.message, again.attempts) == (claim.message, 0)
    assert again.token > claim.token


def test_only_states_that_were_named_are_queued_again(store):
    mail(store, ["ada", "bob"])
    go(store, "failed")
    go(store, "uncertain")
    assert store.outbox.retry(["uncertain"], NOW) == 1
    assert store.outbox.counts() == {"failed": 1, "queued": 1}


@pytest.mark.parametrize("how", GOING)
@pytest.mark.parametrize("state", ["failed", "uncertain"])
def test_what_is_asked_for_again_does_not_go_to_somebody_who_is_gone(store, state, how):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada"])
    go(store, state)
    goes(store, how)
    store.outbox.retry([state], NOW)
    assert claims_of(store, now=NOW + HOUR) == []


# Readers who go ----------------------------------------------------------------------------------


def test_what_waits_for_somebody_is_withdrawn_without_its_bytes_and_what_was_sent_is_not(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada", "bob"])
    go(store, "sent")
    store.editions.add([composed(store, "ada", date=TOMORROW, last=NOW.date())])
    store.subscribers.leave("ada", NOW)
    assert store.outbox.counts() == {"sent": 1, "queued": 1, "withdrawn": 1}
    with engine_of(store).connect() as connection:
        query = sa.text(
            "SELECT data, reply FROM outbox LEFT JOIN outbox_data ON message = id"
            " WHERE state = 'withdrawn'"
        )
        assert connection.execute(query).one() == (None, "left")
    assert claimed(store) == ["bob"]


@pytest.mark.parametrize("how", GOING)
def test_a_claim_whose_reader_went_meanwhile_is_not_started(store, how):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada", "bob"])
    ada, bob = claims_of(store)
    goes(store, how)
    assert start(store, ada, bob) == {bob.id}
    store.outbox.release([ada])
    assert store.outbox.counts() == {"withdrawn": 1, "sending": 1}


@pytest.mark.parametrize("how", GOING)
def test_a_deferred_message_is_withdrawn_when_its_reader_goes(store, how):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada"])
    go(store, "deferred", NOW + HOUR)
    goes(store, how)
    assert store.outbox.counts() == {"withdrawn": 1}


@pytest.mark.parametrize("how", GOING)
def test_a_message_that_is_deferred_after_its_reader_went_is_withdrawn(store, how):
    store.subscribers.add([a_subscriber("ada")], NOW)
    collect(store, "Paths")
    store.editions.add([composed(store, "ada", "Paths")])
    claim = sending(store)
    goes(store, how)
    assert store.outbox.counts() == {"sending": 1}
    assert record(store, claim, "deferred", NOW + HOUR)
    assert store.outbox.counts() == {"withdrawn": 1}
    assert row(store).data is None and seen(store) == set()


@pytest.mark.parametrize("how", GOING)
def test_a_message_that_was_sent_after_its_reader_went_was_sent(store, how):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada"])
    claim = sending(store)
    goes(store, how)
    assert record(store, claim, "sent")
    assert store.outbox.counts() == {"sent": 1}


@pytest.mark.parametrize("resend", [False, True])
def test_what_a_dead_worker_was_sending_to_somebody_who_went_meanwhile_is_not_sent_again(
    store, resend
):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada"])
    sending(store)
    store.subscribers.leave("ada", NOW)
    crash(store, resend=resend)
    assert claims_of(store) == []
    assert store.outbox.counts() == {"withdrawn" if resend else "uncertain": 1}


def test_papers_of_a_withdrawn_mail_are_news_again(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    collect(store, "Paths")
    store.editions.add([composed(store, "ada", "Paths")])
    assert seen(store) == {"Paths"}
    store.subscribers.pause("ada", NOW)
    assert seen(store) == set()


# The next edition --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["queued", "deferred", "failed"])
def test_the_papers_of_an_edition_that_was_not_delivered_are_in_the_next_and_in_it_alone(
    store, state
):
    reader = a_subscriber("ada")
    store.subscribers.add([reader], NOW)
    collect(store, "Paths", "Modules")
    store.editions.add([composed(store, "ada", "Paths")])
    if state != "queued":
        go(store, state, NOW + 100 * HOUR if state == "deferred" else None)
    undelivered = store.editions.undelivered(["ada"])["ada"]
    since = NOW - HOUR
    assert len(store.editions.seen(["ada"], since)["ada"]) == 1
    assert store.editions.seen(["ada"], since, undelivered) == {"ada": set()}
    assert next_edition(store, "Paths", "Modules") == 1
    assert store.outbox.counts() == {
        "failed" if state == "failed" else "superseded": 1,
        "queued": 1,
    }
    held = [pick.paper.title for one in store.editions.of(reader) for pick in one.picks]
    assert sorted(held) == ["Modules", "Paths"]
    assert row(store).data is None
    assert len(claims_of(store, now=NOW + 200 * HOUR)) == 1


def test_an_edition_that_failed_stays_failed_with_its_reply_and_cannot_be_sent_again(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    collect(store, "Paths")
    store.editions.add([composed(store, "ada", "Paths")])
    go(store, "failed")
    next_edition(store, "Paths")
    found = row(store)
    assert (found.state, found.reply) == ("failed", "said")
    assert store.outbox.retry(["failed"], NOW) == 0


@pytest.mark.parametrize("state", ["sent", "uncertain", "sending", "claimed"])
def test_an_edition_that_left_or_is_about_to_is_not_undelivered(store, state):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada"])
    (claim,) = claims_of(store)
    if state != "claimed":
        start(store, claim)
    if state in ("sent", "uncertain"):
        record(store, claim, state)
    assert store.editions.undelivered(["ada"]) == {}


@pytest.mark.parametrize("state", ["claimed", "sending", "sent", "uncertain"])
def test_an_edition_waits_when_the_one_it_supersedes_leaves_after_all(store, state):
    store.subscribers.add([a_subscriber("ada"), a_subscriber("bob")], NOW)
    collect(store, "Paths")
    store.editions.add([composed(store, "ada", "Paths")])
    undelivered = tuple(store.editions.undelivered(["ada"])["ada"])
    (claim,) = claims_of(store)
    if state != "claimed":
        start(store, claim)
    if state in ("sent", "uncertain"):
        record(store, claim, state)
    late = composed(store, "ada", "Paths", date=TOMORROW, last=NOW.date())
    other = composed(store, "bob", date=TOMORROW)
    stored = store.editions.add([replace(late, supersedes=undelivered), other])
    assert [one.subscriber.id for one in stored] == ["bob"]
    assert seen(store) == {"Paths"}
    assert store.outbox.counts() == {state: 1, "queued": 1}


def test_an_edition_that_is_deferred_after_the_next_was_composed_is_superseded(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    collect(store, "Paths", "Modules")
    store.editions.add([composed(store, "ada", "Paths")])
    claim = sending(store)
    assert next_edition(store, "Modules") == 1
    assert record(store, claim, "deferred", NOW + HOUR)
    assert store.outbox.counts() == {"superseded": 1, "queued": 1}
    assert seen(store) == {"Modules"}  # the other is news again


def test_a_mail_that_is_no_edition_is_superseded_by_none(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    note = Message("<note@example.org>", "digest@example.org", "ada@example.org", b"Hello")
    store.outbox.queue("ada", note, "notice", NOW)
    assert store.editions.undelivered(["ada"]) == {}
    claim = sending(store)
    store.editions.add([composed(store, "ada")])
    assert record(store, claim, "deferred", NOW + HOUR)
    assert store.outbox.counts() == {"deferred": 1, "queued": 1}


# Mails that are no editions ----------------------------------------------------------------------


def a_note(name: str = "note") -> Message:
    return Message(f"<{name}@example.org>", "digest@example.org", "ada@example.org", b"Hello")


def test_a_mail_that_somebody_waits_for_leaves_before_all(store):
    mail(store, ["bob"], at=NOW - 100 * HOUR)
    assert store.outbox.queue("eve", a_note("later"), "notice", NOW)
    assert store.outbox.queue("ada", a_note(), "confirmation", NOW, first=True)
    claims = claims_of(store)
    assert [claim.subscriber for claim in claims] == ["ada", "bob", "eve"]
    assert claims[0].message == a_note()


def test_the_same_mail_queued_twice_is_one(store):
    assert store.outbox.queue("ada", a_note(), "notice", NOW)
    assert not store.outbox.queue("ada", a_note(), "notice", NOW + HOUR)
    go(store, "sent")
    assert not store.outbox.queue("ada", a_note(), "notice", NOW + HOUR)
    assert store.outbox.counts() == {"sent": 1}


def test_a_mail_that_is_no_edition_has_no_date(store):
    store.outbox.queue("ada", a_note(), "notice", NOW)
    (line,) = store.outbox.lines()
    assert (line.kind, line.date, line.at) == ("notice", None, NOW)
    assert row(store).not_before not in (None, FIRST)


# Bytes -------------------------------------------------------------------------------------------


def test_tidying_drops_the_bytes_of_what_is_over_and_no_others(store):
    store.subscribers.add([a_subscriber("gone")], NOW)
    mail(store, ["sent", "failed", "uncertain", "deferred", "gone", "queued", "claimed", "sending"])
    for state in ("sent", "failed", "uncertain"):
        go(store, state)
    go(store, "deferred", NOW + HOUR)
    store.subscribers.leave("gone", NOW)
    store.outbox.release(claims_of(store)[:1])
    sending(store)
    store.outbox.tidy()
    with engine_of(store).connect() as connection:
        kept = sa.text(
            "SELECT subscriber FROM outbox WHERE id IN (SELECT message FROM outbox_data)"
        )
        found = set(connection.execute(kept).scalars())
    assert found == {"failed", "uncertain", "deferred", "queued", "claimed", "sending"}


# Being there -------------------------------------------------------------------------------------


def test_the_first_one_there_puts_back_what_was_claimed_and_lists_what_was_being_sent(store):
    mail(store, ["ada", "bob", "eve"])
    sending(store)
    claims_of(store, 1)
    crash(store)
    assert store.outbox.counts() == {"uncertain": 1, "queued": 2}
    found = row(store)
    assert "stopped before it knew" in found.reply and found.attempts == 1
    assert claimed(store) == ["bob", "eve"]


def test_the_first_one_there_queues_again_what_was_being_sent_when_told_to_resend(store):
    mail(store, ["ada", "bob"])
    late = sending(store)
    claims_of(store, 1)
    crash(store, resend=True)
    assert store.outbox.counts() == {"queued": 2}
    assert not record(store, late, "sent")
    assert claimed(store) == ["ada", "bob"]


def test_a_second_one_leaves_the_others_claims_alone(store):
    mail(store, ["ada", "bob"])
    with store.outbox.present(NOW, resend=False):
        sending(store)
        claims_of(store)
        crash(store)
        assert store.outbox.counts() == {"sending": 1, "claimed": 1}
    crash(store)
    assert store.outbox.counts() == {"uncertain": 1, "queued": 1}


def test_the_place_of_one_whose_delivering_fails_is_free(store):
    mail(store, ["ada"])
    with pytest.raises(RuntimeError), store.outbox.present(NOW, resend=False):
        claims_of(store)
        raise RuntimeError("a bug")
    crash(store)
    assert store.outbox.counts() == {"queued": 1}


def test_the_place_of_one_that_could_not_even_begin_is_free(store, url):
    with engine_of(store).begin() as connection:
        connection.execute(sa.text("ALTER TABLE outbox RENAME TO elsewhere"))
    try:
        with pytest.raises(Exception, match="outbox"), store.outbox.present(NOW, resend=False):
            pass
    finally:
        with engine_of(store).begin() as connection:
            connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO outbox"))
    mail(store, ["ada"])
    claims_of(store)
    with opened(url) as other:
        crash(other)
    assert store.outbox.counts() == {"queued": 1}


@pytest.mark.parametrize("resend", [False, True])
def test_a_process_that_lives_is_left_alone_and_one_that_was_killed_is_recovered(
    store, url, resend
):
    mail(store, ["ada", "bob", "eve"])
    with scripts(DELIVERS_AND_HANGS, url, NOW.isoformat()) as (delivering,):
        assert delivering.line() == "2 1"
        crash(store, resend=resend)
        assert store.outbox.counts() == {"sending": 1, "claimed": 1, "queued": 1}
        delivering.kill()
        _wait_until(
            lambda: (crash(store, resend=resend), "claimed" not in store.outbox.counts())[1]
        )
    assert store.outbox.counts() == ({"queued": 3} if resend else {"queued": 2, "uncertain": 1})


def test_processes_that_claim_at_the_same_time_never_get_one_message_twice(store, url):
    mail(store, [f"reader{n}" for n in range(200)])
    with scripts(CLAIMS_ALL, url, NOW.isoformat()) as (workers,):
        got = [line.split() for line in workers.rest().splitlines()]
    times = Counter(number for _, *ids in got for number in ids)
    assert max(int(count) for count, *_ in got) == 5
    assert len(times) == 200
    assert set(times.values()) == {1}
    assert store.outbox.counts() == {"claimed": 200}


def test_delivering_from_one_store_says_nothing_of_another(store, empty_url):
    mail(store, ["ada"])
    claims_of(store)
    with opened(empty_url) as other, other.outbox.present(NOW, resend=False):
        crash(store)
    assert store.outbox.counts() == {"queued": 1}


def _wait_until(done: Callable[[], bool]) -> None:
    """A server notices that a client is gone a moment after; a file's lock goes at once."""
    import time

    for _ in range(100):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("the place of a killed process was never given up")


# Swift steps -------------------------------------------------------------------------------------


def test_after_the_machine_was_started_anew_what_was_claimed_swiftly_is_uncertain(store):
    mail(store, ["ada", "bob"])
    claims_of(store, 1, swift=True)
    claims_of(store, 1)
    with engine_of(store).begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET boot = 'another' WHERE boot <> ''"))
    crash(store)
    lasting = engine_of(store).dialect.name == "postgresql"
    assert store.outbox.counts() == ({"queued": 2} if lasting else {"uncertain": 1, "queued": 1})


def test_after_the_program_alone_ended_what_was_claimed_swiftly_is_queued(store):
    mail(store, ["ada", "bob"])
    first, _ = claims_of(store, swift=True)
    start(store, first)
    crash(store)
    assert store.outbox.counts() == {"uncertain": 1, "queued": 1}


@pytest.mark.parametrize("swift", [False, True])
def test_steps_are_stored_for_others_to_see_however_they_are_forced(store, url, swift):
    mail(store, ["ada", "bob"])
    with store.outbox.present(NOW, resend=False), opened(url) as other:
        ada, bob = claims_of(store, swift=swift)
        start(store, ada)
        assert other.outbox.counts() == {"sending": 1, "claimed": 1}
        store.outbox.step([Done(ada, "sent", "250")], [bob], NOW, LEASE)
        assert other.outbox.counts() == {"sent": 1, "sending": 1}
        record(store, bob, "sent")
    assert store.outbox.counts() == {"sent": 2}


# By chance ---------------------------------------------------------------------------------------


class Play:
    """Several workers, whose hands are moved by chance, and what left over the wire."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.dice, self.now = store, random.Random(seed), NOW
        self.claims: list[list[Claim]] = [[] for _ in range(3)]
        self.sending: list[Claim | None] = [None] * 3
        self.left: Counter[str] = Counter()
        self.doubted: Counter[str] = Counter()
        self.day = NOW.date()
        self.readers = [a_subscriber(f"r{n}") for n in range(4)]
        store.subscribers.add(self.readers, NOW)

    def compose(self) -> None:
        if self.day != NOW.date() and self.dice.random() < 0.5:
            return
        ids = [reader.id for reader in self.readers]
        undelivered = self.store.editions.undelivered(ids)
        made = []
        for reader in self.readers:
            last = self.store.editions.last(reader.id)
            one = composed(self.store, reader, date=self.day, at=self.now, last=last and last[0])
            made.append(replace(one, supersedes=tuple(undelivered.get(reader.id, ()))))
        self.store.editions.add(made)
        self.day += dt.timedelta(days=1)

    def claim(self, worker: int) -> None:
        mine = self.sending[worker]
        own = [mine.id] if mine else []
        self.claims[worker] += self.store.outbox.claim(2, self.now, LEASE, own=own)

    def step(self, worker: int) -> None:
        done = []
        claim = self.sending[worker]
        if claim:
            state = self.dice.choice(["sent", "sent", "deferred", "failed", "uncertain"])
            later = self.now + MINUTE if state == "deferred" else None
            if state in ("sent", "uncertain"):
                self.left[claim.message.message_id] += 1
            if state == "uncertain":
                self.doubted[claim.message.message_id] += 1
            done = [Done(claim, state, "said", later)]
        starting = [self.claims[worker].pop(0)] if self.claims[worker] else []
        stepped = self.store.outbox.step(done, starting, self.now, LEASE)
        if claim and claim.id not in stepped.recorded:
            self.doubted[claim.message.message_id] += 1
        self.sending[worker] = next((c for c in starting if c.id in stepped.started), None)

    def give_back(self, worker: int) -> None:
        self.store.outbox.release(self.claims[worker])
        self.claims[worker] = []

    def die(self, worker: int) -> None:
        """Forget everything; perhaps the message was taken before."""
        claim = self.sending[worker]
        if claim and self.dice.random() < 0.5:
            self.left[claim.message.message_id] += 1
        self.sending[worker], self.claims[worker] = None, []

    def wait(self, _worker: int) -> None:
        self.now += self.dice.choice([SECOND, MINUTE, LEASE])

    def go(self, _worker: int) -> None:
        reader = self.dice.choice(self.readers)
        if self.dice.random() < 0.5:
            self.store.subscribers.pause(reader.id, self.now)
        else:
            self.store.subscribers.resume(reader.id)

    def composing(self, _worker: int) -> None:
        self.compose()

    def finish(self) -> None:
        """Everybody dies; a last one delivers what there is."""
        for worker in range(3):
            self.die(worker)
        with self.store.outbox.present(self.now, resend=False):
            while True:
                self.now += HOUR
                self.claim(0)
                if not self.claims[0]:
                    break
                while self.claims[0] or self.sending[0]:
                    self.step(0)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_workers_do_nothing_is_lost_and_nothing_leaves_twice(store, seed):
    play = Play(store, seed)
    play.compose()
    moves = [play.claim, play.step, play.step, play.step, play.wait, play.give_back]
    moves += [play.die, play.go, play.composing]
    for _ in range(120):
        play.dice.choice(moves)(play.dice.randrange(3))
    play.finish()
    assert max(play.left.values()) == 1
    lines = list(store.outbox.lines())
    over = {"sent", "failed", "uncertain", "withdrawn", "superseded"}
    assert {one.state for one in lines} <= over
    for one in lines:
        if one.state == "sent":
            assert play.left[one.message_id] == 1
        if play.left[one.message_id]:
            assert one.state in ("sent", "uncertain")
    assert len({one.message_id for one in lines}) == len(lines)
