"""How fast messages may leave: all of them, those to a domain, those of a new sender."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.deliver.pacing import LONGEST_WARM_UP, Bucket, Pace, PaceSettings, allowance

FIRST = dt.date(2026, 5, 20)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def test_no_limit_makes_nobody_wait():
    pace = Pace(PaceSettings())
    for _ in range(1000):
        assert pace.wait_s(5.0) == pace.domain_wait_s("ada@example.org", 5.0) == 0
        pace.take("ada@example.org")


def test_a_slow_limit_lets_one_message_go_and_the_next_after_its_time():
    bucket = Bucket(per_minute=6)
    assert bucket.wait_s(0.0) == 0
    bucket.take()
    assert bucket.wait_s(0.0) == pytest.approx(10)
    assert bucket.wait_s(4.0) == pytest.approx(6)
    assert bucket.wait_s(10.0) == 0


def test_what_was_not_used_for_long_is_not_saved_beyond_a_second():
    bucket = Bucket(per_minute=600)
    bucket.wait_s(0.0)
    left = 0
    while not bucket.wait_s(3600.0):
        bucket.take()
        left += 1
    assert left == 10


@given(
    st.floats(1, 100_000),
    st.lists(st.floats(0, 5), min_size=1, max_size=200),
)
def test_no_more_leaves_than_the_limit_brings_and_the_bucket_holds(per_minute, pauses):
    bucket, now, left = Bucket(per_minute), 0.0, 0
    for pause in pauses:
        now += pause
        if not bucket.wait_s(now):
            bucket.take()
            left += 1
    assert left <= max(1, per_minute / 60) + now * per_minute / 60 + 1e-6


@given(st.floats(1, 100_000))
def test_who_waits_as_long_as_told_may_go(per_minute):
    bucket, now = Bucket(per_minute), 0.0
    for _ in range(20):
        now += bucket.wait_s(now) + 1e-6
        assert bucket.wait_s(now) == 0
        bucket.take()


def test_a_domains_limit_holds_its_own_addresses_back_and_no_others():
    pace = Pace(PaceSettings(per_domain_per_minute=60))
    pace.wait_s(0.0)
    assert pace.domain_wait_s("ada@example.org", 0.0) == 0
    pace.take("ada@example.org")
    assert pace.domain_wait_s("bob@EXAMPLE.org", 0.0) == pytest.approx(1)
    assert pace.domain_wait_s("bob@other.example", 0.0) == 0
    assert pace.wait_s(0.0) == 0


def test_a_sender_without_warm_up_may_send_any_number():
    assert allowance(PaceSettings(), FIRST) is None


def test_a_new_sender_may_send_more_on_every_day_until_it_is_known():
    settings = PaceSettings(warm_up_from=FIRST, warm_up_first=50, warm_up_growth=1.5)
    assert [allowance(settings, day(n)) for n in range(4)] == [50, 75, 112, 168]
    assert allowance(settings, day(LONGEST_WARM_UP - 1)) is not None
    assert allowance(settings, day(LONGEST_WARM_UP)) is None


def test_before_its_first_day_a_new_sender_has_the_share_of_that_day():
    assert allowance(PaceSettings(warm_up_from=FIRST), day(-3)) == 50


@pytest.mark.parametrize(
    "wrong",
    [
        {"per_minute": -1},
        {"per_domain_per_minute": -0.5},
        {"warm_up_first": 0},
        {"warm_up_growth": 1},
    ],
)
def test_limits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"cannot be below|has to be"):
        PaceSettings(**wrong)
