"""Delivery: connections share the work, every outcome is told once, and limits are kept."""
# ruff: noqa: F811 - an argument has the name of the fixture it stands for

from __future__ import annotations

import datetime as dt
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from digest.deliver.breaker import Breaker
from digest.deliver.outcomes import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.deliver.pacing import PaceSettings
from digest.deliver.settings import DeliverSettings, RetrySettings
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.delivery import CLAIMED, LATE, Delivered, deliver
from digest.errors import MailServerDown, NoRoom
from digest.messages import Message
from digest.store.claims import Claim
from digest.store.shelves import Store
from tests.support.builders import a_subscriber, never_printed
from tests.support.databases import (  # noqa: F401 - pytest finds fixtures by their names here
    NOW,
    engine_of,
    mail,
    opened,
    postgresql,
    sqlite_template,
    store,
    url,
)
from tests.support.mailserver import DROP, mail_server

Answer = Outcome | BaseException | Callable[[Message], Outcome]

TAKEN = Accepted("250 taken")
BROKEN = Rejected("554 5.3.0 the filter is broken")
DOWN = MailServerDown("the mail server is down")


def readers(count: int) -> list[str]:
    return [f"r{n:03}" for n in range(count)]


@dataclass
class Exchange:
    """A mail exchange that answers as told: by reader, in turn, or always the same."""

    answers: dict[str, Answer] = field(default_factory=dict)
    then: list[Answer] = field(default_factory=list)
    usual: Answer = TAKEN
    slow_s: float = 0.0
    sent: list[tuple[int, str]] = field(default_factory=list)
    """The connection and the reader of each message that was handed over, in their order."""
    times: list[float] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    room: int = 1000
    """Connections it takes."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def connect(self) -> Line:
        with self.lock:
            self.opened += 1
            return Line(self, self.opened)

    def names(self) -> list[str]:
        return [name for _, name in self.sent]


class Line:
    """One connection to it; a Transport."""

    def __init__(self, exchange: Exchange, number: int) -> None:
        self.exchange, self.number = exchange, number

    def send(self, message: Message) -> Outcome:
        exchange, name = self.exchange, message.recipient.partition("@")[0]
        with exchange.lock:
            if self.number > exchange.room:
                raise NoRoom("too many connections")
            exchange.sent.append((self.number, name))
            exchange.times.append(time.monotonic())
            answer = exchange.answers.get(name)
            if answer is None:
                answer = exchange.then.pop(0) if exchange.then else exchange.usual
        if exchange.slow_s:
            time.sleep(exchange.slow_s)
        if isinstance(answer, BaseException):
            raise answer
        return answer(message) if callable(answer) else answer

    def close(self) -> None:
        with self.exchange.lock:
            self.exchange.closed += 1


def run(
    store: Store,
    exchange: Exchange,
    connections: int = 1,
    *,
    now: dt.datetime | None = NOW,
    stopping: Callable[[], bool] = lambda: False,
    breaker: Breaker[Claim] | None = None,
    **settings: Any,
) -> tuple[list[Delivered], BaseException | None]:
    """What was told of each message, and what ended the run, if anything did."""
    told: list[Delivered] = []
    clock = (lambda: now) if now else (lambda: dt.datetime.now(dt.UTC))
    asked = DeliverSettings(connections=connections, **settings)
    try:
        for one in deliver(
            store, exchange.connect, clock, asked, stopping, breaker, printing=never_printed
        ):
            told.append(one)
    except Exception as error:
        return told, error
    return told, None


def states(told: list[Delivered]) -> dict[str, str]:
    assert len({one.subscriber for one in told}) == len(told)  # each is told once
    return {one.subscriber: one.state for one in told}


def attempts(store: Store) -> dict[str, int]:
    return {one.subscriber: one.attempts for one in store.outbox.lines()}


# Sharing the work --------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 4])
def test_every_message_leaves_once_and_its_outcome_is_told_once(store, connections):
    mail(store, readers(2 * CLAIMED + 7))
    exchange = Exchange(slow_s=0.001)
    told, error = run(store, exchange, connections)
    assert error is None
    assert states(told) == dict.fromkeys(readers(2 * CLAIMED + 7), "sent")
    assert Counter(exchange.names()) == Counter(readers(2 * CLAIMED + 7))
    assert {number for number, _ in exchange.sent} == set(range(1, connections + 1))
    assert exchange.closed == exchange.opened == connections
    assert store.outbox.counts() == {"sent": 2 * CLAIMED + 7}


def test_the_four_outcomes_are_told_and_stored_with_their_words(store):
    mail(store, readers(4))
    exchange = Exchange(
        {
            "r001": Rejected("550 5.1.1 no such user"),
            "r002": Deferred("450 4.2.0 greylisted", 60.0),
            "r003": Uncertain("lost after the dot"),
        }
    )
    told, error = run(store, exchange, 2)
    assert error is None
    assert states(told) == {
        "r000": "sent",
        "r001": "failed",
        "r002": "deferred",
        "r003": "uncertain",
    }
    stored = {one.subscriber: one.state for one in store.outbox.lines()}
    assert stored == states(told)
    words = {one.subscriber: one.reply for one in store.outbox.lines()}
    assert words["r001"] == "550 5.1.1 no such user" and words["r003"] == "lost after the dot"
    assert attempts(store) == dict.fromkeys(readers(4), 1)


def test_nothing_to_send_opens_no_conversation(store):
    exchange = Exchange()
    assert run(store, exchange, 3) == ([], None)
    assert exchange.sent == []


def test_the_bytes_of_what_was_sent_are_dropped_at_the_end(store):
    mail(store, readers(2))
    run(store, Exchange({"r000": Rejected("550 5.1.1 no such user")}))
    with engine_of(store).connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM outbox_data")).scalar() == 1


def test_a_message_is_marked_as_being_sent_before_it_leaves_and_recorded_before_the_next(
    store, url
):
    mail(store, readers(3))
    found = []

    def look(message: Message) -> Outcome:
        with opened(url) as other:
            found.append(other.outbox.counts())
        return TAKEN

    run(store, Exchange(usual=look))
    assert found == [
        {"sending": 1, "claimed": 2},
        {"sent": 1, "sending": 1, "claimed": 1},
        {"sent": 2, "sending": 1},
    ]


def test_a_reader_who_leaves_while_others_are_served_gets_nothing(store):
    store.subscribers.add([a_subscriber("r002")], NOW)
    mail(store, readers(4))

    def leaves(message: Message) -> Outcome:
        store.subscribers.leave("r002", NOW)
        return TAKEN

    exchange = Exchange({"r000": leaves})
    told, error = run(store, exchange)
    assert error is None
    assert states(told) == dict.fromkeys(["r000", "r001", "r003"], "sent")
    assert "r002" not in exchange.names()
    assert store.outbox.counts() == {"sent": 3, "withdrawn": 1}


def test_what_may_not_have_arrived_is_sent_again_where_that_is_the_policy(store):
    mail(store, ["r000"])
    exchange = Exchange(then=[Uncertain("lost after the dot")])
    retry = RetrySettings(first_delay_s=60)
    told, _ = run(store, exchange, uncertain="resend", retry=retry)
    assert states(told) == {"r000": "deferred"}
    told, _ = run(store, exchange, now=NOW + dt.timedelta(minutes=5), uncertain="resend")
    assert states(told) == {"r000": "sent"}


# Trouble with the server -------------------------------------------------------------------------


def test_connections_that_find_no_room_leave_the_work_to_the_others(store):
    mail(store, readers(20))
    exchange = Exchange(room=1, slow_s=0.002)
    told, error = run(store, exchange, 4)
    assert error is None
    assert states(told) == dict.fromkeys(readers(20), "sent")
    assert attempts(store) == dict.fromkeys(readers(20), 1)


def test_when_no_connection_finds_room_the_server_counts_as_down_and_nothing_is_charged(store):
    mail(store, readers(20))
    told, error = run(store, Exchange(room=0), 4)
    assert told == [] and isinstance(error, NoRoom)
    assert store.outbox.counts() == {"queued": 20}
    assert set(attempts(store).values()) == {0}


@pytest.mark.parametrize("connections", [1, 3])
def test_a_server_that_is_down_gives_back_everything_uncharged_and_says_so(store, connections):
    mail(store, readers(20))
    exchange = Exchange(then=[TAKEN] * 5, usual=DOWN)
    told, error = run(store, exchange, connections)
    assert error is DOWN
    assert len(told) == 5 and set(states(told).values()) == {"sent"}
    assert store.outbox.counts() == {"sent": 5, "queued": 15}
    assert Counter(attempts(store).values()) == {1: 5, 0: 15}
    told, error = run(store, Exchange(), connections)
    assert len(told) == 15 and error is None


def test_a_connection_that_cannot_be_made_is_told(store):
    mail(store, readers(3))

    def connect() -> Line:
        raise DOWN

    with pytest.raises(MailServerDown):
        run = deliver(
            store, connect, lambda: NOW, DeliverSettings(connections=2), printing=never_printed
        )
        list(run)
    assert store.outbox.counts() == {"queued": 3}


def test_ten_refusals_alike_pause_delivery_and_are_taken_back_uncharged(store):
    mail(store, readers(25))
    told, error = run(store, Exchange(usual=BROKEN))
    assert told == []
    assert isinstance(error, MailServerDown) and "the filter is broken" in str(error)
    assert store.outbox.counts() == {"deferred": 10, "queued": 15}
    assert set(attempts(store).values()) == {0}


@pytest.mark.parametrize("connections", [1, 4])
def test_after_a_pause_one_message_finds_out_whether_it_is_over(store, connections):
    mail(store, readers(30))
    breaker: Breaker[Claim] = Breaker()
    run(store, Exchange(usual=BROKEN), connections, breaker=breaker)
    exchange = Exchange(usual=BROKEN)
    told, error = run(store, exchange, connections, breaker=breaker)
    assert told == [] and isinstance(error, MailServerDown)
    assert len(exchange.sent) == 1
    assert set(attempts(store).values()) == {0}
    told, error = run(store, Exchange(), connections, breaker=breaker)
    assert error is None and len(states(told)) == 30
    assert attempts(store) == dict.fromkeys(readers(30), 1)


def test_refusals_that_a_success_follows_stand(store):
    mail(store, readers(10))
    exchange = Exchange(dict.fromkeys(readers(9), BROKEN))
    told, error = run(store, exchange)
    assert error is None
    assert Counter(states(told).values()) == {"failed": 9, "sent": 1}


@pytest.mark.parametrize(
    "refusal",
    [
        Rejected("550 5.1.1 no such user"),
        Deferred("450 4.2.0 greylisted"),
        Deferred("451 4.7.1 Greylisting in action, come back in 300 s"),
    ],
    ids=["unknown user", "greylisted by code", "greylisted by word"],
)
def test_refusals_about_recipients_never_pause_delivery(store, refusal):
    mail(store, readers(25))
    told, error = run(store, Exchange(usual=refusal), 2)
    assert error is None
    assert len(states(told)) == 25
    assert set(attempts(store).values()) == {1}


# Limits ------------------------------------------------------------------------------------------


def test_messages_leave_no_faster_than_the_limit_and_all_of_them_leave(store):
    count = CLAIMED + 10  # more than are claimed at once
    mail(store, readers(count))
    exchange = Exchange()
    began = time.monotonic()
    told, error = run(store, exchange, 2, pace=PaceSettings(per_minute=2400))
    took_s = time.monotonic() - began
    assert error is None and len(states(told)) == count
    assert took_s >= (count - 40) / 40 * 0.9
    within = [sum(at <= one < at + 1 for one in exchange.times) for at in exchange.times]
    assert max(within) <= 80  # a second of the limit at once, and what the second brings


def test_a_domains_limit_lets_other_domains_go_first(store):
    mail(store, readers(3))
    with engine_of(store).begin() as connection:
        connection.execute(
            sa.text("UPDATE outbox SET recipient = 'r002@other.example' WHERE subscriber = 'r002'")
        )
    exchange = Exchange()
    told, error = run(store, exchange, pace=PaceSettings(per_domain_per_minute=60))
    assert error is None and len(states(told)) == 3
    assert exchange.names() == ["r000", "r002", "r001"]
    assert exchange.times[2] - exchange.times[0] >= 0.9


@pytest.mark.parametrize("moves", [True, False], ids=["the clock moves", "the clock stands still"])
def test_what_a_slow_domain_holds_back_is_queued_again_and_leaves_when_it_may(tmp_path, moves):
    pace = PaceSettings(per_domain_per_minute=28)
    with opened(f"sqlite:///{tmp_path}/digest.db") as store:
        mail(store, readers(2))
        began = time.monotonic()
        _, error = run(store, Exchange(), now=None if moves else NOW, pace=pace)
        assert error is None and 2.0 < time.monotonic() - began < 5
        assert store.outbox.counts() == ({"sent": 2} if moves else {"sent": 1, "queued": 1})


def test_a_new_sender_stops_when_the_days_share_was_sent_and_goes_on_the_next_day(store):
    mail(store, readers(12))
    pace = PaceSettings(warm_up_from=NOW.date(), warm_up_first=4, warm_up_growth=1.5)
    told, error = run(store, Exchange(), 2, pace=pace)
    assert len(told) == 4 and isinstance(error, MailServerDown)
    assert "warm-up" in str(error)
    assert store.outbox.counts() == {"sent": 4, "queued": 8}
    told, error = run(store, Exchange(), 2, pace=pace)
    assert told == [] and isinstance(error, MailServerDown)
    told, _ = run(store, Exchange(), 2, now=NOW + dt.timedelta(days=1), pace=pace)
    assert len(told) == 6
    assert set(attempts(store).values()) == {0, 1}


def test_a_new_sender_with_fewer_messages_than_its_share_just_finishes(store):
    mail(store, readers(4))
    pace = PaceSettings(warm_up_from=NOW.date(), warm_up_first=4)
    told, error = run(store, Exchange(), pace=pace)
    assert len(told) == 4 and error is None


# Being stopped -----------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 3])
def test_told_to_stop_it_ends_after_the_messages_in_flight(store, connections):
    mail(store, readers(40))
    exchange = Exchange(slow_s=0.01)
    told, error = run(store, exchange, connections, stopping=lambda: len(exchange.sent) >= 5)
    assert error is None
    assert 5 <= len(told) <= 5 + connections
    assert store.outbox.counts() == {"sent": len(told), "queued": 40 - len(told)}
    assert sorted(states(told)) == sorted(exchange.names())
    assert exchange.closed == connections


def test_told_to_stop_it_does_not_wait_for_a_limit(store):
    mail(store, readers(40))
    exchange = Exchange()
    pace = PaceSettings(per_minute=1)
    began = time.monotonic()
    told, _ = run(store, exchange, 2, pace=pace, stopping=lambda: time.monotonic() > began + 0.3)
    assert time.monotonic() - began < 3 and len(told) == 1
    assert store.outbox.counts() == {"sent": 1, "queued": 39}


def test_who_stops_listening_leaves_nothing_uncertain(store):
    mail(store, readers(40))
    exchange = Exchange(slow_s=0.02)
    settings = DeliverSettings(connections=2)
    results = deliver(store, exchange.connect, lambda: NOW, settings, printing=never_printed)
    next(results)
    results.close()  # type: ignore[attr-defined]
    counts = store.outbox.counts()
    assert set(counts) == {"sent", "queued"} and counts["sent"] == len(exchange.sent)


# Bugs and broken stores --------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 3])
def test_a_bug_in_a_transport_surfaces_and_its_message_is_uncertain_not_lost(store, connections):
    mail(store, readers(20))
    exchange = Exchange({"r004": ZeroDivisionError("a bug")}, slow_s=0.002)
    told, error = run(store, exchange, connections)
    assert isinstance(error, ZeroDivisionError)
    assert "r004" not in states(told)
    assert store.outbox.counts()["sending"] == 1
    del exchange.answers["r004"]
    told_later, error = run(store, exchange, connections)
    assert error is None
    assert store.outbox.counts() == {"sent": 19, "uncertain": 1}
    assert len(states(told + told_later)) == 19
    assert Counter(exchange.names()) == Counter(readers(20))


def test_an_outcome_that_cannot_be_stored_leaves_its_message_uncertain(store):
    mail(store, readers(5))

    def breaks(message: Message) -> Outcome:
        with engine_of(store).begin() as connection:
            connection.execute(sa.text("ALTER TABLE outbox RENAME TO elsewhere"))
        return TAKEN

    told, error = run(store, Exchange({"r002": breaks}))
    with engine_of(store).begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO outbox"))
    assert error is not None and "r002" not in states(told)
    told_later, error = run(store, Exchange())
    assert error is None and set(states(told + told_later)) == {"r000", "r001", "r003", "r004"}
    assert store.outbox.counts() == {"sent": 4, "uncertain": 1}


def test_an_outcome_that_comes_after_its_lease_is_told_as_uncertain(store, url):
    mail(store, ["r000"])
    later = NOW + dt.timedelta(hours=1)

    def slow(message: Message) -> Outcome:
        with opened(url) as other:
            assert other.outbox.claim(10, later, dt.timedelta(minutes=15)) == []
        return TAKEN

    told, error = run(store, Exchange(usual=slow))
    assert error is None
    assert [(one.state, one.reply) for one in told] == [("uncertain", LATE)]
    assert store.outbox.counts() == {"uncertain": 1}


# A real server -----------------------------------------------------------------------------------


@pytest.fixture
def outward(request: pytest.FixtureRequest) -> Iterator[Any]:
    with mail_server() as server:
        yield server


def by_smtp(server: Any) -> Callable[[], SmtpTransport]:
    settings = SmtpSettings("127.0.0.1", server.port, "none", messages_per_connection=7)
    return lambda: SmtpTransport(settings)


def test_over_four_real_connections_every_reader_gets_exactly_one_mail_with_its_bytes(
    store, outward
):
    mail(store, readers(60))
    bodies = {}
    with engine_of(store).begin() as connection:
        for number, name in enumerate(readers(60), start=1):
            data = f"Subject: {name}\r\n\r\n.{'x' * 300}\r\n.\r\nend\r\n".encode()
            bodies[f"{name}@example.org"] = data
            change = sa.text("UPDATE outbox_data SET data = :data WHERE message = :number")
            connection.execute(change, {"data": data, "number": number})
    settings = DeliverSettings(connections=4)
    told = list(deliver(store, by_smtp(outward), lambda: NOW, settings, printing=never_printed))
    assert set(states(told).values()) == {"sent"} and len(told) == 60
    assert sorted(outward.recipients()) == sorted(bodies)
    assert {one.recipients[0]: one.data for one in outward.received} == bodies
    assert store.outbox.counts() == {"sent": 60}


def test_over_real_connections_that_break_nobody_gets_a_mail_twice(store, outward):
    mail(store, readers(40))
    outward.then("DOT", *[None] * 9, DROP, *[None] * 9, DROP)
    outward.then("RCPT", *[None] * 5, "450 4.2.1 busy", *[None] * 10, DROP)
    settings = DeliverSettings(connections=4)
    list(deliver(store, by_smtp(outward), lambda: NOW, settings, printing=never_printed))
    later = NOW + dt.timedelta(hours=1)
    list(deliver(store, by_smtp(outward), lambda: later, settings, printing=never_printed))
    counts = store.outbox.counts()
    assert counts == {"sent": 38, "uncertain": 2}
    assert set(Counter(outward.recipients()).values()) == {1} and len(outward.received) == 40
    doubted = {one.address for one in store.outbox.lines("uncertain")}
    assert re.fullmatch(r"r\d+@example\.org", min(doubted)) and len(doubted) == 2
