"""The date at the top of a page, which mostly names no year."""

from __future__ import annotations

import datetime as dt
import re

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?[.,]*\s+)?"
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"([0-9]{1,2})(?:st|nd|rd|th)?\.?"
_YEAR = r"(?:,?\s+([0-9]{4}))?"
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}{_MONTH}\s+{_DAY}{_YEAR}", re.IGNORECASE)
_DAY_FIRST = re.compile(rf"{_WEEKDAY}{_DAY}\s+{_MONTH}{_YEAR}", re.IGNORECASE)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")

LEAP_GAP_YEARS = 8
"""The longest wait from one 29 February to the next (1896 to 1904, 2096 to 2104)."""


def page_date(text: str, arrived: dt.date) -> dt.date | None:
    """The day ``text`` names ("May 19", "Mon, 19 May 2025", "2025-05-19"), None when it is none.

    A date without a year is the latest such day not after ``arrived``; its weekday, if any, is
    not believed over that.
    """
    if iso := _ISO.fullmatch(text):
        return _day(*(int(part) for part in iso.groups()))
    if match := _MONTH_FIRST.fullmatch(text):
        month, day, year = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    else:
        return None
    number = MONTHS.index(month[:3].lower()) + 1
    return _day(int(year), number, int(day)) if year else _latest(number, int(day), arrived)


def _latest(month: int, day: int, arrived: dt.date) -> dt.date | None:
    """The latest such day not after ``arrived``; None for a 30 February."""
    years = range(arrived.year, arrived.year - LEAP_GAP_YEARS - 1, -1)
    days = (_day(year, month, day) for year in years)
    return next((day for day in days if day and day <= arrived), None)


def _day(year: int, month: int, day: int) -> dt.date | None:
    """That day, or None when the calendar has none."""
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


_WITHIN = re.compile(r"(?<!\d)([0-9]{4})[-./]([0-9]{2})[-./]([0-9]{2})(?!\d)", re.ASCII)


def day_within(text: str, arrived: dt.date) -> dt.date | None:
    """The day a heading names: all of it, or a year, month and day in figures within it."""
    text = text.strip().strip("#*_>:-()[] \t")[:200]
    if match := _WITHIN.search(text):
        return _day(*(int(part) for part in match.groups()))
    return page_date(text, arrived)
