"""Mails on their way: claimed once, sent, recorded; and what a killed process leaves behind."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
import sqlalchemy as sa

from digest.store.outbox import Claim
from tests.support.builders import a_subscriber
from tests.support.databases import NOW, collect, composed, engine_of, mail, opened, scripts

LEASE = dt.timedelta(minutes=15)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)

CLAIMS_AND_HANGS = """
import datetime as dt, sys, time
from digest.store.shelves import open_store
store = open_store(sys.argv[1])
with store.outbox.alone() as ours:
    claims = store.outbox.claim(2, dt.datetime.fromisoformat(sys.argv[2]), dt.timedelta(minutes=15))
    print(ours, len(claims), flush=True)
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


def claimed(store, most: int = 50, now: dt.datetime = NOW) -> list[str]:
    return [claim.subscriber for claim in store.outbox.claim(most, now, LEASE)]


def record(store, claim: Claim, state: str, not_before: dt.datetime | None = None) -> bool:
    return store.outbox.record(claim, state=state, reply="said", not_before=not_before, now=NOW)


def row(store, who: str = "ada"):
    with engine_of(store).connect() as connection:
        query = sa.text("SELECT * FROM outbox WHERE subscriber = :who")
        return connection.execute(query, {"who": who}).one()


def test_messages_are_claimed_in_the_order_they_were_queued(store):
    mail(store, ["eve", "ada", "bob"])
    mail(store, ["aaron"])
    assert claimed(store, 2) == ["eve", "ada"]
    assert claimed(store) == ["bob", "aaron"]
    assert claimed(store) == []


def test_a_claim_carries_the_whole_message(store):
    one = composed(store, "ada")
    store.editions.add([one])
    (claim,) = store.outbox.claim(50, NOW, LEASE)
    assert claim.message == one.message
    assert (claim.subscriber, claim.attempts) == ("ada", 0)


def test_a_message_is_claimed_from_its_time_on_and_not_before(store):
    mail(store, ["ada"], at=NOW)
    assert claimed(store, now=NOW - MINUTE) == []
    assert claimed(store, now=NOW) == ["ada"]


def test_a_deferred_message_waits_until_its_time_and_counts_its_attempts(store):
    mail(store, ["ada"])
    (claim,) = store.outbox.claim(50, NOW, LEASE)
    assert record(store, claim, "deferred", not_before=NOW + HOUR)
    assert claimed(store, now=NOW + HOUR - MINUTE) == []
    (again,) = store.outbox.claim(50, NOW + HOUR, LEASE)
    assert (again.id, again.attempts) == (claim.id, 1)
    assert again.message == claim.message


def test_what_is_claimed_is_not_claimed_again(store):
    mail(store, ["ada"])
    assert claimed(store) == ["ada"]
    assert claimed(store) == []
    assert store.outbox.counts() == {"claimed": 1}


def test_what_is_given_back_can_be_claimed_again_and_counts_no_attempt(store):
    mail(store, ["ada", "bob"])
    claims = store.outbox.claim(50, NOW, LEASE)
    store.outbox.release(claims[1:])
    (again,) = store.outbox.claim(50, NOW, LEASE)
    assert (again.subscriber, again.attempts) == ("bob", 0)


def test_giving_back_nothing_is_fine(store):
    store.outbox.release([])
    assert store.outbox.counts() == {}


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_a_finished_message_keeps_no_bytes_and_is_never_claimed_again(store, state):
    mail(store, ["ada"])
    (claim,) = store.outbox.claim(50, NOW, LEASE)
    assert record(store, claim, state)
    found = row(store)
    assert (found.state, found.data, found.attempts, found.reply) == (state, None, 1, "said")
    assert claimed(store, now=NOW + HOUR) == []


@pytest.mark.parametrize("state", ["deferred", "uncertain"])
def test_a_message_that_may_be_sent_again_keeps_its_bytes(store, state):
    mail(store, ["ada"])
    (claim,) = store.outbox.claim(50, NOW, LEASE)
    assert record(store, claim, state, not_before=NOW + HOUR if state == "deferred" else None)
    assert row(store).data is not None


def test_an_uncertain_message_is_not_tried_again(store):
    mail(store, ["ada"])
    (claim,) = store.outbox.claim(50, NOW, LEASE)
    record(store, claim, "uncertain")
    assert claimed(store, now=NOW + 100 * HOUR) == []


def test_a_worker_who_comes_back_late_can_no_longer_mark_or_give_back(store):
    mail(store, ["ada"])
    (late,) = store.outbox.claim(50, NOW, LEASE)
    with store.outbox.alone():
        pass  # as after a crash: claims left behind are put back
    (ours,) = store.outbox.claim(50, NOW + HOUR, LEASE)
    assert not record(store, late, "sent")
    store.outbox.release([late])
    assert store.outbox.counts() == {"claimed": 1}
    assert record(store, ours, "sent")
    assert not record(store, ours, "failed")
    assert store.outbox.counts() == {"sent": 1}


def test_what_waits_for_somebody_is_withdrawn_without_its_bytes_and_what_was_sent_is_not(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    tomorrow = NOW.date() + dt.timedelta(days=1)
    mail(store, ["ada", "bob"])
    record(store, store.outbox.claim(1, NOW, LEASE)[0], "sent")
    store.editions.add([composed(store, "ada", date=tomorrow, last=NOW.date())])
    store.subscribers.leave("ada", NOW)
    assert store.outbox.counts() == {"sent": 1, "queued": 1, "withdrawn": 1}
    with engine_of(store).connect() as connection:
        query = sa.text("SELECT data, reply FROM outbox WHERE state = 'withdrawn'")
        assert connection.execute(query).one() == (None, "left")
    assert claimed(store) == ["bob"]


def test_papers_of_a_withdrawn_mail_are_news_again(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    collect(store, "Paths")
    store.editions.add([composed(store, "ada", "Paths")])
    assert len(store.editions.seen(["ada"], NOW - HOUR)["ada"]) == 1
    store.subscribers.pause("ada", NOW)
    assert store.editions.seen(["ada"], NOW - HOUR) == {"ada": set()}


def test_a_message_whose_lease_ended_is_claimed_again_and_the_late_worker_cannot_mark_it(store):
    mail(store, ["ada"])
    (late,) = store.outbox.claim(50, NOW, LEASE)
    assert store.outbox.claim(50, NOW + LEASE, LEASE) == []
    (ours,) = store.outbox.claim(50, NOW + LEASE + dt.timedelta(seconds=1), LEASE)
    assert not record(store, late, "sent") and record(store, ours, "sent")


def test_a_deferred_message_is_withdrawn_too(store):
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["ada"])
    record(store, store.outbox.claim(1, NOW, LEASE)[0], "deferred", not_before=NOW + HOUR)
    store.subscribers.pause("ada", NOW)
    assert store.outbox.counts() == {"withdrawn": 1}


def test_one_delivers_while_another_in_the_same_process_is_refused(store):
    with store.outbox.alone() as first, store.outbox.alone() as second:
        assert (first, second) == (True, False)
    with store.outbox.alone() as afterwards:
        assert afterwards


def test_one_who_is_refused_leaves_the_others_claims_alone(store):
    mail(store, ["ada"])
    with store.outbox.alone():
        assert claimed(store) == ["ada"]
        with store.outbox.alone() as second:
            assert not second
        assert store.outbox.counts() == {"claimed": 1}


def test_the_lock_is_given_up_when_delivering_fails(store):
    with pytest.raises(RuntimeError), store.outbox.alone():
        raise RuntimeError("a bug")
    with store.outbox.alone() as ours:
        assert ours


def test_a_process_that_lives_keeps_others_out_and_one_that_was_killed_leaves_its_claims(
    store, url
):
    mail(store, ["ada", "bob", "eve"])
    with scripts(CLAIMS_AND_HANGS, url, NOW.isoformat()) as (delivering,):
        assert delivering.line() == "True 2"
        with store.outbox.alone() as ours:
            assert not ours
        assert store.outbox.counts() == {"claimed": 2, "queued": 1}
        delivering.kill()
        assert store.outbox.counts() == {"claimed": 2, "queued": 1}
        _wait_for_the_lock(store)
    assert store.outbox.counts() == {"queued": 3}
    assert claimed(store) == ["ada", "bob", "eve"]


def test_processes_that_claim_at_the_same_time_never_get_one_message_twice(store, url):
    mail(store, [f"reader{n}" for n in range(200)])
    with scripts(CLAIMS_ALL, url, NOW.isoformat()) as (workers,):
        got = [line.split() for line in workers.rest().splitlines()]
    times = Counter(number for _, *numbers in got for number in numbers)
    assert max(int(count) for count, *_ in got) == 5
    assert len(times) == 200
    assert set(times.values()) == {1}
    assert store.outbox.counts() == {"claimed": 200}


def test_delivering_from_one_store_does_not_keep_others_from_another(store, empty_url):
    with opened(empty_url) as other, store.outbox.alone() as here, other.outbox.alone() as there:
        assert (here, there) == (True, True)


def _wait_for_the_lock(store) -> None:
    """A server notices that a client is gone a moment after; the file's lock goes at once."""
    import time

    for _ in range(100):
        with store.outbox.alone() as ours:
            if ours:
                return
        time.sleep(0.05)
    raise AssertionError("the lock of a killed process was never given up")
