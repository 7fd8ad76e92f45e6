"""What needs looking at is said, and a good day is silent."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.sources import Health
from digest.web.attention import sentences
from tests.support.databases import NOW

HOUR = dt.timedelta(hours=1)


def a_health(state: str) -> Health:
    return Health("arXiv", state, f"arXiv is {state}.", 0, None, None, (0,) * 30)


def test_a_good_day_is_silent():
    assert sentences([a_health("fine"), a_health("quiet")], {"sent": 9}, None, NOW) == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        *(("partial", False), ("unknown", False)),
        *(("stale", True), ("broken", True), ("unreachable", True)),
    ],
)
def test_a_source_in_trouble_is_named_and_one_that_is_late_is_not(state, said):
    assert sentences([a_health(state)], {}, None, NOW) == ([f"arXiv is {state}."] if said else [])


def test_a_mail_that_waits_for_an_hour_is_held_up_and_one_of_a_minute_less_is_not():
    assert sentences([], {}, NOW - HOUR + dt.timedelta(minutes=1), NOW) == []
    (said,) = sentences([], {}, NOW - HOUR, NOW)
    assert said.startswith("A mail has been waiting for 1 hour.")


def test_the_mail_server_comes_before_mails_and_mails_before_sources():
    found = sentences([a_health("broken")], {"failed": 2, "uncertain": 1}, NOW - 5 * HOUR, NOW)
    assert [one.split()[0] for one in found] == ["A", "2", "Of", "arXiv"]
    assert "5 hours" in found[0]
    assert "1 mail nobody" in found[2]
