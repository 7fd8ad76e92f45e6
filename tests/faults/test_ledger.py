"""The accounts notice what is lost, repeated or wrongly told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.ledger import Row, judge
from tests.faults.places import new_place
from tests.faults.scenarios import end, scripted
from tests.support.sink import Mail

ADA = "ada@example.org"
MAIL = Mail(ADA, "<1@digest.example>", "content")


def row(state: str, reply: str = "550 no") -> Row:
    return Row(ADA, state, "<1@digest.example>", reply)


@pytest.mark.parametrize("state", ["sent", "uncertain"])
def test_a_mail_that_came_once_and_is_sent_or_uncertain_is_well(state: str) -> None:
    found = judge([ADA], [MAIL], [row(state)])
    assert found.kept and found.delivered == 1


@pytest.mark.parametrize("state", ["failed", "uncertain"])
def test_a_mail_that_never_came_and_is_listed_is_well(state: str) -> None:
    assert judge([ADA], [], [row(state)]).kept


@pytest.mark.parametrize("state", ["sent", "queued", "sending", "withdrawn"])
def test_a_mail_that_never_came_and_is_not_listed_is_lost(state: str) -> None:
    assert judge([ADA], [], [row(state)]).lost == 1


def test_a_reader_without_a_message_is_lost() -> None:
    assert judge([ADA], [], []).lost == 1


@pytest.mark.parametrize("state", ["failed", "queued", "sending"])
def test_a_mail_that_came_and_is_told_otherwise_is_wrong(state: str) -> None:
    assert judge([ADA], [MAIL], [row(state)]).wrong


def test_a_mail_that_came_twice_is_a_duplicate_unless_the_policy_says_resend() -> None:
    assert judge([ADA], [MAIL, MAIL], [row("sent")]).duplicated == 1
    again = judge([ADA], [MAIL, MAIL], [row("sent")], resend=True)
    assert again.kept and again.allowed == 1


def test_a_second_copy_has_to_be_the_same() -> None:
    other = Mail(ADA, "<1@digest.example>", "other")
    assert judge([ADA], [MAIL, other], [row("sent")], resend=True).wrong


def test_a_failure_without_a_reason_is_wrong() -> None:
    assert judge([ADA], [], [row("failed", "")]).wrong


def test_a_mail_to_somebody_else_is_wrong() -> None:
    assert judge([], [MAIL], []).wrong


def test_a_run_that_repeats_mails_is_noticed(tmp_path: Path) -> None:
    place = new_place(tmp_path / "place", 3)
    with scripted() as receiver:
        place.server(receiver.port)
        place.deliver()
        place.digest("outbox", "retry", "--only", "uncertain")
        older = place.copy(tmp_path / "older")
        found = end(place, receiver)
        assert found.kept
        receiver.server.received *= 2
        assert end(older, receiver).duplicated == 3
