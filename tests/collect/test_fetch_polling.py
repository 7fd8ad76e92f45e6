"""What is remembered between two polls: a table of answers and what each one changes."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect.polling import (
    LEAST_WAIT,
    MOST_BACKOFF,
    MOST_WAIT,
    Answer,
    Known,
    after,
    as_facts,
    backoff,
    conditions,
    from_facts,
    kept,
    retry_after,
    waiting_until,
)

NOW = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)
URL = "https://papers.example/feed"
NEW = "https://new.example/feed"
READ = Known(URL, etag='"a"', last_modified="yesterday", validators_of=URL)


@pytest.mark.parametrize(
    ("answer", "failures", "gone", "moved_to"),
    [
        (Answer(200, URL), 0, False, None),
        (Answer(203, URL), 0, False, None),
        (Answer(200, NEW), 0, False, None),  # remembered only once it is parsed
        (Answer(304, URL), 0, False, None),
        (Answer(304, NEW), 0, False, NEW),
        (Answer(304, NEW, permanent=False), 0, False, None),
        (Answer(410, URL), 0, True, None),
        (Answer(410, NEW), 0, True, None),
        (Answer(410, NEW, permanent=False), 3, False, None),
        (Answer(404, URL), 3, False, None),
        (Answer(429, URL), 3, False, None),
        (Answer(500, URL), 3, False, None),
        (Answer(503, URL), 3, False, None),
        (Answer(0), 3, False, None),
    ],
)
def test_each_answer_changes_what_is_known(answer, failures, gone, moved_to) -> None:
    new = after(replace(READ, failures=2), answer, NOW, "seed")
    assert (new.failures, new.gone, new.moved_to) == (failures, gone, moved_to)
    assert (new.not_before is None) == (failures == 0)
    assert (new.etag, new.last_modified) == ('"a"', "yesterday")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 60),
        ("999999999999999999999", 86_400),
        ("Mon, 23 Nov 2026 07:10:00 GMT", 600),
        ("Monday, 23-Nov-26 07:10:00 GMT", 600),  # RFC 850
        ("Mon Nov 23 07:10:00 2026", 600),  # asctime
        ("Mon, 23 Nov 2020 07:10:00 GMT", 60),
        ("Mon, 23 Nov 2099 07:10:00 GMT", 86_400),
        ("Mon, 23 Nov 99999 07:10:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_bounds(value, seconds) -> None:
    wait = retry_after(value, NOW)
    assert (wait and wait.total_seconds()) == seconds


@given(st.text())
def test_no_retry_after_breaks_the_bookkeeping(value: str) -> None:
    wait = retry_after(value, NOW)
    assert wait is None or LEAST_WAIT <= wait <= MOST_WAIT


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept_as_the_time_to_wait_for(status) -> None:
    new = after(READ, Answer(status, URL, retry_after="3600"), NOW)
    assert new.not_before == NOW + dt.timedelta(hours=1)


def test_retry_after_of_another_status_is_not_obeyed() -> None:
    new = after(READ, Answer(500, URL, retry_after="86400"), NOW)
    assert new.not_before is not None and new.not_before < NOW + dt.timedelta(minutes=6)


@given(st.integers(1, 10_000), st.text(max_size=5))
def test_backoff_doubles_within_bounds_and_its_second_half_is_chance(failures, seed) -> None:
    wait = backoff(failures, seed)
    whole = min(dt.timedelta(minutes=5) * 2 ** min(failures - 1, 30), MOST_BACKOFF)
    assert whole / 2 - dt.timedelta(seconds=1) <= wait <= whole + dt.timedelta(seconds=1)
    assert wait == backoff(failures, seed)


def test_sources_that_fail_together_do_not_come_back_together() -> None:
    waits = {after(Known(f"{URL}{n}"), Answer(0), NOW, "s").not_before for n in range(20)}
    assert len(waits) > 10


def test_it_waits_a_second_before_the_time_and_not_at_it() -> None:
    known = replace(READ, not_before=NOW)
    assert waiting_until(known, NOW - dt.timedelta(seconds=1)) == NOW
    assert waiting_until(known, NOW) is None


def test_a_wait_set_by_a_clock_that_ran_ahead_does_not_count() -> None:
    assert waiting_until(replace(READ, not_before=NOW + dt.timedelta(days=400)), NOW) is None


def test_a_move_that_keeps_failing_is_forgotten() -> None:
    known = replace(READ, moved_to=NEW)
    addresses = []
    for _ in range(3):
        known = after(known, Answer(404, NEW), NOW)
        addresses.append(known.address)
    assert addresses == [NEW, NEW, URL]


def test_a_source_that_moves_back_is_at_its_own_address_again() -> None:
    assert kept(replace(READ, moved_to=NEW), Answer(200, URL)).moved_to is None


def test_validators_are_sent_only_where_they_came_from() -> None:
    known = kept(Known(URL), Answer(200, NEW, permanent=False, etag='W/"x"', last_modified="then"))
    assert conditions(known, NEW) == [("If-None-Match", 'W/"x"'), ("If-Modified-Since", "then")]
    assert conditions(known, URL) == []


def test_validators_that_are_no_longer_sent_are_forgotten() -> None:
    assert conditions(kept(READ, Answer(200, URL)), URL) == []


def test_a_validator_too_long_to_send_back_is_not_kept() -> None:
    assert kept(READ, Answer(200, URL, etag="x" * 1_025)).etag is None
    assert kept(READ, Answer(200, URL, etag="x" * 1_024)).etag == "x" * 1_024


def test_what_is_known_survives_a_store() -> None:
    known = Known(URL, 'W/"é"', "then", NEW, NEW, True, NOW, 3)
    assert from_facts(URL, json.loads(json.dumps(as_facts(known)))) == known
    assert from_facts(URL, as_facts(Known(URL))) == Known(URL)


def test_a_source_configured_anew_starts_with_a_blank_memory() -> None:
    assert from_facts(NEW, as_facts(replace(READ, gone=True))) == Known(NEW)
    assert from_facts(NEW, {}) == Known(NEW)
