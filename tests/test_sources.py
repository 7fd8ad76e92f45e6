from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import NEEDS, Run, Source, health
from tests.support.shared import shared

MONDAY = dt.datetime(2026, 5, 18, 9, tzinfo=dt.UTC)


def weeks(new: int, *, count: int = 4, until: dt.datetime = MONDAY) -> list[Run]:
    """A source that brought ``new`` papers on each of the same weekdays before ``until``."""
    return [
        Run("s", until - dt.timedelta(weeks=n), "fetched", new, new) for n in range(1, count + 1)
    ]


def today(
    new: int, listed: int | None = None, outcome: str = "fetched", why: str | None = None
) -> Run:
    return Run("s", MONDAY, outcome, new if listed is None else listed, new, why)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([], "unknown"),
        (weeks(40), "unknown"),
        ([today(40)], "fine"),
        ([*weeks(40), today(16)], "fine"),
        ([*weeks(40), today(15)], "partial"),
        ([*weeks(40), today(0, listed=40)], "stale"),
        ([*weeks(40), today(0, outcome="unchanged")], "stale"),
        ([*weeks(40), today(0, listed=0)], "quiet"),
        ([*weeks(0), today(0, listed=40)], "quiet"),
        ([today(0, listed=40)], "quiet"),
        ([*weeks(40), today(0, outcome="rejected", why="no feed")], "broken"),
        ([*weeks(40), today(0, outcome="unreachable", why="refused")], "unreachable"),
        ([*weeks(40, count=1), today(1)], "fine"),
    ],
)
def test_the_state_of_a_source_follows_from_its_runs(runs: list[Run], state: str) -> None:
    assert health("s", runs, MONDAY).state == state


def test_trouble_is_over_with_the_next_good_run() -> None:
    refused = Run("s", MONDAY - dt.timedelta(hours=1), "unreachable", why="refused")
    assert health("s", [refused], MONDAY).state == "unreachable"
    assert health("s", [refused, today(12)], MONDAY).state == "fine"


def test_several_polls_of_one_day_count_together() -> None:
    earlier = Run("s", MONDAY - dt.timedelta(hours=2), "fetched", 30, 30)
    found = health("s", [*weeks(40), earlier, today(2, listed=32)], MONDAY)
    assert (found.state, found.today, found.usual) == ("fine", 32, 40)


def test_the_usual_is_that_of_the_weekday_and_one_odd_week_changes_nothing() -> None:
    odd = Run("s", MONDAY - dt.timedelta(weeks=5), "fetched", 900, 900)
    sundays = weeks(0, until=MONDAY - dt.timedelta(days=1))
    assert health("s", [*weeks(40), odd, *sundays, today(30)], MONDAY).usual == 40


def test_the_sentence_says_which_source_and_what_is_wrong() -> None:
    found = health("arXiv", [*weeks(40), today(0, outcome="unreachable", why="refused")], MONDAY)
    assert found.sentence == "arXiv cannot be reached: refused."


def test_the_last_thirty_days_are_oldest_first_and_end_today() -> None:
    days = health("s", [*weeks(40), today(7)], MONDAY).days
    assert len(days) == 30 and days[-1] == 7 and days[-8] == 40


runs = st.builds(
    Run,
    st.just("s"),
    st.integers(-100, 3).map(lambda days: MONDAY + dt.timedelta(days=days)),
    st.sampled_from(["fetched", "unchanged", "rejected", "unreachable"]),
    st.integers(0, 500),
    st.integers(0, 500),
    st.just("it failed"),
)


@given(st.lists(runs, max_size=30), st.randoms())
def test_the_order_in_which_runs_are_known_changes_nothing_but_ties(
    found: list[Run], chance
) -> None:  # type: ignore[no-untyped-def]
    found = list({run.at: run for run in found}.values())
    shuffled = found.copy()
    chance.shuffle(shuffled)
    assert health("s", shuffled, MONDAY) == health("s", found, MONDAY)


@pytest.mark.parametrize("kind", list(NEEDS))
def test_a_source_that_lacks_what_its_kind_needs_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=f"needs '{NEEDS[kind][0]}'"):  # type: ignore[index]
        Source("mine", kind)  # type: ignore[arg-type]


def test_forty_real_days_have_quiet_weekends_and_no_false_alarm() -> None:
    days = json.loads((shared("data/hf_daily_rss") / "expected_new.json").read_text())["days"]
    known: list[Run] = []
    states: Counter[str] = Counter()
    for day, counts in sorted(days.items()):
        at = dt.datetime.fromisoformat(f"{day}T06:00:00+00:00")
        known.append(Run("hf", at, "fetched", counts["unique"], len(counts["new"])))
        states[health("hf", known, at).state] += 1
    assert states == {"fine": 30, "quiet": 10}


def test_a_path_can_be_a_source() -> None:
    assert Source("mail", "maildir", path=Path("Maildir")).announce == ("new",)
