"""When one refusal after the other means that the server is ill, and when it does not."""

from __future__ import annotations

import pytest

from digest.deliver.breaker import IN_A_ROW, Breaker
from digest.deliver.outcomes import Accepted, Deferred, Outcome, Rejected, Uncertain

ILL = Rejected("554 5.3.0 the filter is broken")
TAKEN = Accepted("250 taken")


def fed(breaker: Breaker[int], *outcomes: Outcome) -> list[list[int]]:
    return [breaker.feed(outcome, number) for number, outcome in enumerate(outcomes)]


def test_ten_refusals_alike_are_enough_and_nine_are_not():
    breaker: Breaker[int] = Breaker()
    *before, last = fed(breaker, *[ILL] * IN_A_ROW)
    assert before == [[]] * (IN_A_ROW - 1)
    assert last == list(range(IN_A_ROW)) and breaker.open


def test_deferrals_count_as_refusals_do():
    assert fed(Breaker(2), Deferred("451 4.3.0 not now"), Deferred("451 4.3.0 not now"))[-1]


@pytest.mark.parametrize("between", [TAKEN, Rejected("550 5.7.1 another reason")])
def test_another_outcome_in_between_begins_anew(between):
    breaker: Breaker[int] = Breaker(3)
    assert fed(breaker, ILL, ILL, between, ILL, ILL) == [[]] * 5
    assert fed(breaker, ILL)[-1]


@pytest.mark.parametrize(
    "between", [Uncertain("lost"), Rejected("550 5.1.1 no such user"), Deferred("450 4.2.0 later")]
)
def test_what_says_nothing_about_the_server_changes_nothing(between):
    assert fed(Breaker(3), ILL, ILL, between, ILL) == [[], [], [], [0, 1, 3]]


def test_once_it_had_to_pause_one_more_refusal_is_enough_until_a_message_is_taken():
    breaker: Breaker[int] = Breaker(3)
    fed(breaker, ILL, ILL, ILL)
    assert breaker.feed(ILL, 7) == [7] and breaker.open
    assert breaker.feed(TAKEN, 8) == [] and not breaker.open
    assert fed(breaker, ILL, ILL) == [[], []]


@pytest.mark.parametrize(
    "replies",
    [
        [f"451 4.3.0 <r{n}@example.org>: queue file 4Xz{n}Qab{n} cannot be written" for n in "123"],
        [f"451 4.7.0 too many messages, try again in {n} seconds" for n in "123"],
        [f"554 5.7.1 r{n}@example.org may not be relayed to" for n in "123"],
    ],
    ids=["queue ids", "seconds", "addresses"],
)
def test_replies_that_differ_in_addresses_ids_or_seconds_are_alike(replies):
    assert fed(Breaker(3), *map(Rejected, replies))[-1] == [0, 1, 2]


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 no such user",
        "550 5.1.10 recipient not found",
        "552 5.2.2 the mailbox is full",
        "450 4.2.0 greylisted",
        "451 4.7.1 Greylisting in action",
        "451 gray-listed, come back",
        "550 User unknown",
        "550 No such user here",
    ],
)
def test_replies_about_recipients_never_count(reply):
    breaker: Breaker[int] = Breaker(2)
    assert fed(breaker, *[Rejected(reply)] * 50) == [[]] * 50 and not breaker.open


@pytest.mark.parametrize("reply", ["554 5.7.1 client [203.5.1.7] is blocked", "554 1.4.2.9: no"])
def test_an_address_of_the_network_is_not_taken_for_a_code_about_recipients(reply):
    assert fed(Breaker(2), *[Rejected(reply)] * 2)[-1] == [0, 1]
