"""What is remembered of a source between two polls, and what each answer changes in it; pure."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from email.utils import parsedate_to_datetime
from typing import Any

LEAST_WAIT = dt.timedelta(minutes=1)
"""Even ``Retry-After: 0`` waits this long, so that a clock that ticks fast is no attack."""

MOST_WAIT = dt.timedelta(days=1)
"""The longest ``Retry-After`` obeyed: a newsletter asks at least once a day."""

FIRST_BACKOFF = dt.timedelta(minutes=5)
MOST_BACKOFF = dt.timedelta(hours=6)
"""The longest wait of our own making, so that a source back in the morning is in the edition."""

DOUBTED_MOVE = 3
"""Failures in a row after which a remembered move is forgotten and the configured address asked."""

LONGEST_VALIDATOR = 1_024
"""Characters of an ETag sent back; many servers refuse more than 8 kB of headers for good."""

OK = (200, 203)
"""Answers with a body of the source; 203 came through a changing proxy (RFC 9110 §15.3.4)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the source at ``url``, as it is configured.

    ``etag`` and ``last_modified`` are as received, one character a byte, and belong to
    ``validators_of`` alone. ``moved_to`` is where only permanent redirects led. Until
    ``not_before`` it is left in peace; ``failures`` counts those in a row.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    validators_of: str | None = None
    moved_to: str | None = None
    gone: bool = False
    not_before: dt.datetime | None = None
    failures: int = 0

    @property
    def address(self) -> str:
        """Where to ask now."""
        return self.moved_to or self.url


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bookkeeping needs of an answer from ``url``; status 0: none came, or no usable one.

    ``permanent``: no redirect on the way, or only permanent ones.
    """

    status: int
    url: str = ""
    permanent: bool = True
    etag: str | None = None
    last_modified: str | None = None
    retry_after: str | None = None


def conditions(known: Known, url: str) -> list[tuple[str, str]]:
    """The headers that ask ``url`` only for what has changed (RFC 9110 §13.1.2 and §13.1.3)."""
    if url != known.validators_of:
        return []
    pairs = (("If-None-Match", known.etag), ("If-Modified-Since", known.last_modified))
    return [(name, value) for name, value in pairs if value is not None]


def waiting_until(known: Known, now: dt.datetime) -> dt.datetime | None:
    """When the source may be asked again, if that is later than ``now``.

    A moment further off than any wait is of a clock since put right, and does not count.
    """
    if known.not_before is None or not now < known.not_before <= now + MOST_WAIT:
        return None
    return known.not_before


def after(known: Known, answer: Answer, now: dt.datetime, seed: str = "") -> Known:
    """What is known once ``answer`` came. A new body's validators are for ``kept``."""
    if answer.status in OK:
        return _succeeded(known)
    if answer.status == 304:  # the body it speaks of was parsed, so a move may be believed
        return _moved(_succeeded(known), answer)
    if answer.status == 410 and answer.permanent:  # RFC 9110 §15.5.11
        return replace(_succeeded(known), gone=True)
    failures = known.failures + 1
    asked = retry_after(answer.retry_after, now) if answer.status in (429, 503) else None
    wait = asked if asked is not None else backoff(failures, f"{seed} {known.url}")
    moved_to = known.moved_to if failures < DOUBTED_MOVE else None
    return replace(known, failures=failures, not_before=now + wait, moved_to=moved_to)


def kept(known: Known, answer: Answer) -> Known:
    """What is known once the body of ``answer`` has been parsed: its validators and its place."""
    return replace(
        _moved(known, answer),
        etag=_sendable(answer.etag),
        last_modified=_sendable(answer.last_modified),
        validators_of=answer.url,
    )


def retry_after(value: str | None, now: dt.datetime) -> dt.timedelta | None:
    """How long ``Retry-After`` asks to wait, within our bounds (RFC 9110 §10.2.3, RFC 6585 §4).

    None when there is none or it cannot be read: seconds, or a date in any form of §5.6.7.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        seconds = min(int(text[:12]), int(MOST_WAIT.total_seconds()))
        return max(LEAST_WAIT, dt.timedelta(seconds=seconds))
    try:
        at = parsedate_to_datetime(text)
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at
        return min(MOST_WAIT, max(LEAST_WAIT, at - now))
    except (ValueError, OverflowError):
        return None


def backoff(failures: int, seed: str) -> dt.timedelta:
    """The wait after that many failures in a row: doubling, bounded, its second half by chance.

    Chance keeps sources that failed together from coming back together.
    """
    longest = min(FIRST_BACKOFF * 2 ** min(failures - 1, 20), MOST_BACKOFF)
    chance = f"{seed} {failures}".encode(errors="replace")
    share = random.Random(chance).random()  # noqa: S311  # spreads load, keeps no secret
    return dt.timedelta(seconds=round(longest.total_seconds() * (0.5 + share / 2)))


def as_facts(known: Known) -> dict[str, Any]:
    """``known`` as plain values for a store; what is not set is left out."""
    facts = {field.name: getattr(known, field.name) for field in fields(known)}
    if known.not_before is not None:
        facts["not_before"] = known.not_before.isoformat()
    return {name: value for name, value in facts.items() if value}


def from_facts(url: str, facts: Mapping[str, Any]) -> Known:
    """What ``as_facts`` gave, or a blank memory when it was of another address than ``url``."""
    if facts.get("url") != url:
        return Known(url)
    names = {field.name for field in fields(Known)}
    values = {name: value for name, value in facts.items() if name in names}
    if "not_before" in values:
        values["not_before"] = dt.datetime.fromisoformat(values["not_before"])
    return Known(**values)


def _succeeded(known: Known) -> Known:
    return replace(known, failures=0, not_before=None)


def _moved(known: Known, answer: Answer) -> Known:
    """301 and 308 are remembered, 302, 303 and 307 are not (RFC 9110 §15.4)."""
    if not answer.permanent:
        return known
    return replace(known, moved_to=answer.url if answer.url != known.url else None)


def _sendable(validator: str | None) -> str | None:
    return validator if validator and len(validator) <= LONGEST_VALIDATOR else None
