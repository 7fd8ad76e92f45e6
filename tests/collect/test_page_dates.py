"""The date at the top of a page."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect.page_dates import page_date

ARRIVED = dt.date(2025, 5, 19)


@pytest.mark.parametrize(
    "text",
    ["May 19", "may 19", "19 May", "May 19th", "Mon, May 19", "Monday 19 May", "19. May",
     "May 19, 2025", "19 May 2025", "2025-05-19"],
)  # fmt: skip
def test_a_day_is_read_in_many_spellings(text):
    assert page_date(text, ARRIVED) == ARRIVED


def test_the_day_of_arrival_is_this_year():
    assert page_date("May 19", ARRIVED) == dt.date(2025, 5, 19)


def test_the_day_after_arrival_is_last_year():
    assert page_date("May 20", ARRIVED) == dt.date(2024, 5, 20)


def test_new_years_eve_read_on_new_years_day_is_yesterday():
    assert page_date("December 31", dt.date(2025, 1, 1)) == dt.date(2024, 12, 31)


def test_a_leap_day_is_the_latest_there_was():
    assert page_date("Feb 29", dt.date(2027, 3, 1)) == dt.date(2024, 2, 29)
    assert page_date("Feb 29", dt.date(2103, 3, 1)) == dt.date(2096, 2, 29)


def test_a_named_year_is_believed():
    assert page_date("Sept 1, 2019", ARRIVED) == dt.date(2019, 9, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Feb 30",
        "May 0",
        "May",
        "19",
        "May 19 was fine",
        "Maybe 19",
        "2025-13-01",
        "",
        "May 19, 0000",
    ],
)
def test_what_is_no_day_is_none(text):
    assert page_date(text, ARRIVED) is None


@given(st.dates(dt.date(1901, 1, 1)), st.sampled_from(["%b %d", "%B %-d", "%d %B", "%a, %b %d"]))
def test_a_day_read_on_the_day_itself_is_that_day(day, spelling):
    assert page_date(day.strftime(spelling), day) == day
