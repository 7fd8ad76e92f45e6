"""What state follows from an outcome, and when a message may be tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.outcomes import Accepted, Deferred, Rejected, Uncertain
from digest.deliver.retry import NextState, next_state
from digest.deliver.settings import RetrySettings

NOW = datetime(2026, 5, 20, 6, 0, tzinfo=UTC)
STEADY = RetrySettings(jitter=0.0)


def wait_s(after_s: float | None, attempts: int, rules: RetrySettings = STEADY) -> float:
    follows = next_state(Deferred("451 later", after_s), attempts, NOW, seed="m", settings=rules)
    assert follows.not_before is not None
    return (follows.not_before - NOW).total_seconds()


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted("250 taken"), "sent"),
        (Rejected("550 no such user"), "failed"),
        (Uncertain("no answer"), "uncertain"),
    ],
)
def test_a_final_outcome_is_never_tried_again_and_keeps_the_servers_words(outcome, state):
    assert next_state(outcome, 1, NOW, seed="m") == NextState(state, None, outcome.reply)


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 240), (8, 240)],
)
def test_waits_double_from_five_minutes_to_four_hours(attempts, minutes):
    assert wait_s(None, attempts) == minutes * 60


def test_the_eighth_deferral_is_tried_again():
    assert next_state(Deferred("451 later"), 8, NOW, seed="m").state == "deferred"


def test_the_ninth_deferral_has_failed_with_the_servers_words():
    follows = next_state(Deferred("451 later"), 9, NOW, seed="m")
    assert follows == NextState("failed", None, "451 later (given up after 9 attempts)")


def test_all_attempts_fit_between_two_daily_editions():
    at = NOW
    for attempts in range(1, 9):
        at = next_state(Deferred("451 later"), attempts, at, seed="m").not_before
    assert at - NOW < timedelta(hours=16)


@pytest.mark.parametrize(
    ("named_s", "expected_s"),
    [(None, 300), (1, 300), (300, 300), (1800, 1800), (10**9, 4 * 3600), (float("inf"), 4 * 3600)],
)
def test_a_named_delay_lengthens_the_wait_up_to_the_bound(named_s, expected_s):
    assert wait_s(named_s, 1) == expected_s


@settings(deadline=None)
@given(
    seed=st.text() | st.integers(),
    attempts=st.integers(1, 8),
    named_s=st.none() | st.floats(0, 10**7),
)
def test_jitter_only_lengthens_is_bounded_and_repeats_with_its_seed(seed, attempts, named_s):
    outcome = Deferred("451 later", named_s)
    first = next_state(outcome, attempts, NOW, seed=seed)
    waited = (first.not_before - NOW).total_seconds()
    assert wait_s(named_s, attempts) <= waited + 1e-6 <= 1.2 * wait_s(named_s, attempts) + 1e-5
    assert first == next_state(outcome, attempts, NOW, seed=seed)


def test_two_messages_wait_differently():
    waits = {next_state(Deferred("451"), 1, NOW, seed=n).not_before for n in range(50)}
    assert len(waits) == 50


def test_an_enormous_number_of_attempts_still_has_a_bounded_wait():
    assert wait_s(None, 5000, RetrySettings(jitter=0.0, max_attempts=10_000)) == 4 * 3600


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        next_state(Deferred("451"), 1, NOW.replace(tzinfo=None), seed="m")


def test_attempts_count_from_one():
    with pytest.raises(ValueError, match="attempts"):
        next_state(Deferred("451"), 0, NOW, seed="m")
