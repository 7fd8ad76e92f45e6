"""When an edition is due: hours, zones, clock changes, and machines that slept."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.subscribers import WEEKDAYS, Schedule, due_date, instant, next_date

MONDAY = dt.date(2026, 6, 1)
SUNDAY = MONDAY - dt.timedelta(days=1)
SATURDAY = MONDAY - dt.timedelta(days=2)
TICK = dt.timedelta(minutes=10)
DAILY = Schedule("UTC", 7)
NEW_YORK = "America/New_York"

ZONES = [
    "UTC",
    NEW_YORK,
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Santiago",  # changes at midnight
    "America/Nuuk",  # skips the last hour of a day
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Casablanca",
]


def utc(date: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(hour, minute), tzinfo=dt.UTC)


def editions(
    schedule: Schedule, ticks: Iterable[dt.datetime], last: dt.date | None
) -> list[tuple[dt.date, dt.datetime]]:
    """The dates for which these ticks make an edition, each with its tick."""
    made = []
    for tick in ticks:
        date = due_date(schedule, last, tick)
        if date is not None:
            made.append((date, tick))
            last = date
    return made


def every_tick(start: dt.datetime, days: int, step: dt.timedelta = TICK) -> Iterable[dt.datetime]:
    return (start + n * step for n in range(int(dt.timedelta(days=days) / step)))


def test_at_the_hour_an_edition_is_due():
    assert due_date(DAILY, SUNDAY, utc(MONDAY, 7)) == MONDAY
    assert due_date(DAILY, None, utc(MONDAY, 7)) == MONDAY


def test_a_minute_before_it_is_not():
    assert due_date(DAILY, SUNDAY, utc(MONDAY, 6, 59)) is None
    assert due_date(DAILY, None, utc(MONDAY, 6, 59)) is None


def test_a_late_tick_still_makes_todays_edition():
    assert due_date(DAILY, SUNDAY, utc(MONDAY, 23, 59)) == MONDAY
    assert due_date(DAILY, None, utc(MONDAY, 23, 59)) == MONDAY


def test_whoever_had_todays_edition_is_not_due_again():
    assert due_date(DAILY, MONDAY, utc(MONDAY, 7)) is None
    assert due_date(DAILY, MONDAY, utc(MONDAY, 23, 59)) is None


def test_after_midnight_a_missed_edition_is_made_up_once():
    assert due_date(DAILY, SATURDAY, utc(MONDAY, 0, 30)) == SUNDAY
    assert due_date(DAILY, SUNDAY, utc(MONDAY, 0, 40)) is None


def test_after_a_long_sleep_only_the_latest_missed_edition_is_made_up():
    long_ago = MONDAY - dt.timedelta(days=40)
    assert editions(DAILY, every_tick(utc(MONDAY, 0, 30), 1), long_ago) == [
        (SUNDAY, utc(MONDAY, 0, 30)),
        (MONDAY, utc(MONDAY, 7)),
    ]


def test_a_missed_edition_is_made_up_six_hours_before_the_next():
    assert due_date(DAILY, SATURDAY, utc(MONDAY, 1)) == SUNDAY


def test_a_missed_edition_is_left_to_the_next_when_that_is_nearer_than_six_hours():
    assert due_date(DAILY, SATURDAY, utc(MONDAY, 1, 1)) is None
    assert due_date(DAILY, SATURDAY, utc(MONDAY, 7)) == MONDAY


def test_who_never_had_an_edition_missed_none():
    assert due_date(DAILY, None, utc(MONDAY, 0, 30)) is None


def test_only_the_days_somebody_wants_are_due():
    workdays = Schedule("UTC", 7, WEEKDAYS[:5])
    made = editions(workdays, every_tick(utc(MONDAY, 0), 14), SATURDAY)
    assert [WEEKDAYS[date.weekday()] for date, _ in made] == [*WEEKDAYS[:5], *WEEKDAYS[:5]]


def test_a_weekly_reader_whose_day_was_missed_gets_it_later_in_the_week():
    weekly = Schedule("UTC", 7, ("mon",))
    last = MONDAY - dt.timedelta(days=7)
    assert due_date(weekly, last, utc(MONDAY + dt.timedelta(days=3), 12)) == MONDAY
    assert due_date(weekly, MONDAY, utc(MONDAY + dt.timedelta(days=3), 12)) is None
    assert due_date(weekly, None, utc(MONDAY + dt.timedelta(days=3), 12)) is None


def test_a_weekly_reader_whose_next_day_is_near_waits_for_it():
    weekly = Schedule("UTC", 7, ("mon",))
    last = MONDAY - dt.timedelta(days=14)
    assert due_date(weekly, last, utc(MONDAY, 2)) is None
    assert due_date(weekly, last, utc(MONDAY, 7)) == MONDAY


def test_the_date_is_the_readers_own():
    auckland = Schedule("Pacific/Auckland", 7)
    assert due_date(auckland, None, utc(SUNDAY, 19)) == MONDAY
    assert due_date(auckland, None, utc(SUNDAY, 18, 59)) is None


def test_the_next_date_is_the_next_wanted_weekday():
    assert next_date(Schedule("UTC", 7, ("mon",)), MONDAY) == MONDAY + dt.timedelta(days=7)
    assert next_date(DAILY, MONDAY) == MONDAY + dt.timedelta(days=1)


def test_an_hour_the_clocks_skip_counts_when_they_change():
    assert instant(Schedule(NEW_YORK, 2), dt.date(2026, 3, 8)) == utc(dt.date(2026, 3, 8), 7)


def test_an_hour_that_comes_twice_counts_the_first_time():
    assert instant(Schedule(NEW_YORK, 1), dt.date(2026, 11, 1)) == utc(dt.date(2026, 11, 1), 5)


@pytest.mark.parametrize(("changes", "hour"), [(dt.date(2026, 3, 8), 2), (dt.date(2026, 11, 1), 1)])
def test_a_clock_change_brings_exactly_one_edition_a_local_day(changes, hour):
    schedule = Schedule(NEW_YORK, hour)
    start = changes - dt.timedelta(days=2)
    local = dt.datetime.combine(start, dt.time(), tzinfo=ZoneInfo(NEW_YORK))
    made = editions(schedule, every_tick(local.astimezone(dt.UTC), 5), start - dt.timedelta(days=1))
    assert [date for date, _ in made] == [start + dt.timedelta(days=n) for n in range(5)]
    assert all(tick == instant(schedule, date) for date, tick in made)


schedules = st.builds(
    Schedule,
    st.sampled_from(ZONES),
    st.integers(0, 23),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(lambda days: tuple(sorted(days))),
)
starts = st.integers(0, 5 * 365 * 24 * 60).map(
    lambda minutes: dt.datetime(2023, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)
sleeps = st.lists(
    st.one_of(
        st.integers(1, 60).map(lambda n: dt.timedelta(minutes=n)),
        st.integers(1, 400).map(lambda n: dt.timedelta(hours=n)),
    ),
    min_size=1,
    max_size=150,
)


@settings(deadline=None)
@given(schedules, starts, sleeps, st.booleans())
def test_however_long_a_machine_sleeps_no_date_has_two_editions(schedule, start, sleeps, had_one):
    ticks = [start]
    for sleep in sleeps:
        ticks.append(ticks[-1] + sleep)
    before = start.date() - dt.timedelta(days=10)
    made = editions(schedule, ticks, before if had_one else None)
    dates = [date for date, _ in made]
    assert all(earlier < later for earlier, later in itertools.pairwise(dates))
    for date, tick in made:
        assert WEEKDAYS[date.weekday()] in schedule.weekdays
        assert instant(schedule, date) <= tick


@settings(deadline=None, max_examples=60)
@given(schedules, starts)
def test_a_machine_that_never_sleeps_makes_exactly_one_edition_each_scheduled_day(schedule, start):
    days = 12
    step = dt.timedelta(minutes=30)
    first = start.astimezone(ZoneInfo(schedule.timezone)).date() + dt.timedelta(days=1)
    made = editions(schedule, every_tick(start, days, step), first - dt.timedelta(days=1))
    wanted = [
        date
        for date in (first + dt.timedelta(days=n) for n in range(days - 3))
        if WEEKDAYS[date.weekday()] in schedule.weekdays
    ]
    got = [(date, tick) for date, tick in made if date <= first + dt.timedelta(days=days - 4)]
    assert [date for date, _ in got] == wanted
    assert all(tick - instant(schedule, date) < step for date, tick in got)
