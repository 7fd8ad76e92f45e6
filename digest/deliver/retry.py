"""What happens to a message after an attempt: sent, tried again later, given up, or uncertain.

    queued → claimed → sent        the server took it
                     → deferred    tried again at ``not_before``
                     → failed      refused for good, or deferred too often
                     → uncertain   perhaps delivered; the operator decides

Pure: the time and the chance come in as arguments. RFC 5321 §4.5.4.1 advises retries for four to
five days; a daily digest is stale long before that, so it gives up within the day.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from digest.deliver.outcomes import Accepted, Deferred, Outcome, Rejected
from digest.deliver.settings import RetrySettings

State = Literal["sent", "deferred", "failed", "uncertain"]


@dataclass(frozen=True, slots=True)
class NextState:
    """Where a message stands after an attempt; ``not_before`` is set when it is deferred."""

    state: State
    not_before: datetime | None
    reply: str


DEFAULTS = RetrySettings()


def next_state(
    outcome: Outcome,
    attempts: int,
    now: datetime,
    *,
    seed: str | int,
    settings: RetrySettings = DEFAULTS,
) -> NextState:
    """The state that follows from ``outcome`` of attempt number ``attempts`` (the first is 1).

    ``seed`` fixes the jitter: the same message and attempt always wait equally long.

    Raises:
        ValueError: ``now`` has no zone, or ``attempts`` is below 1.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone")
    if attempts < 1:
        raise ValueError(f"attempts counts the attempt just made, so it cannot be {attempts}")
    if isinstance(outcome, Accepted):
        return NextState("sent", None, outcome.reply)
    if isinstance(outcome, Rejected):
        return NextState("failed", None, outcome.reply)
    if isinstance(outcome, Deferred):
        return _after_deferral(outcome, attempts, now, seed, settings)
    return NextState("uncertain", None, outcome.reply)


def _after_deferral(
    outcome: Deferred, attempts: int, now: datetime, seed: str | int, settings: RetrySettings
) -> NextState:
    if attempts >= settings.max_attempts:
        return NextState("failed", None, f"{outcome.reply} (given up after {attempts} attempts)")
    wait_s = _delay_s(outcome.after_s, attempts, settings)
    wait_s *= 1 + settings.jitter * _chance(seed, attempts)
    return NextState("deferred", now + timedelta(seconds=wait_s), outcome.reply)


def _delay_s(named_s: float | None, attempts: int, settings: RetrySettings) -> float:
    """The longer of the backoff and the delay the server named, at most ``max_delay_s``.

    A named delay only ever lengthens the wait: a server that always says "in 1 second" would
    otherwise use up every attempt within seconds.
    """
    doublings = min(attempts - 1, 32)  # beyond this the bound has long been reached
    backoff_s = settings.first_delay_s * (1 << doublings)
    return min(max(backoff_s, named_s or 0.0), settings.max_delay_s)


def _chance(seed: str | int, attempts: int) -> float:
    """A number in [0, 1) that depends on nothing but the arguments."""
    drawn = hashlib.blake2b(f"{seed}/{attempts}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn) / 2**64
