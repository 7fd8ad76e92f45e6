"""`digest prune`: what it says, what it keeps, and which settings it refuses."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.support.installation import Installation, compact, here

__all__ = ["here"]

ABSTRACT = "We study diffusion models for images in some depth and find that they work well."
START = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def at(day: int) -> str:
    return (START + dt.timedelta(days=day)).isoformat()


def a_day(here: Installation, day: int) -> None:
    """A file is collected, an edition composed and sent."""
    here.drop(f"{day}.txt", compact((f"Diffusion number {day}", f"{ABSTRACT} {day}.")))
    assert here.digest("send", "--now", at(day)).code == 0


@pytest.fixture
def aged(here):
    """An installation with four editions, of which two are old."""
    here.settings(retention={"editions_days": 20, "mails_days": 14, "runs_days": 57})
    for day in (0, 1, 90, 91):
        a_day(here, day)
    return here


def test_it_says_in_a_line_a_kind_what_it_deleted_and_how_large_the_database_is(aged):
    ran = aged.digest("prune", "--now", at(91))
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Deleted 2 mails that ended, older than 14 days."
    assert lines[1] == "Deleted 4 editions, older than 20 days."
    assert lines[2] == "Deleted 0 reports that repeat earlier ones, older than 400 days."
    assert lines[3] == "Deleted 2 runs of sources, older than 57 days."
    assert lines[4].startswith("The database has ")
    assert len(lines) == 5


def test_a_dry_run_says_the_same_and_deletes_nothing(aged):
    would = aged.digest("prune", "--dry-run", "--json", "--now", at(91)).json
    again = aged.digest("prune", "--dry-run", "--json", "--now", at(91)).json
    did = aged.digest("prune", "--json", "--now", at(91)).json
    assert would["deleted"] == again["deleted"] == did["deleted"]
    assert would["deleted"] == {"mails": 2, "editions": 4, "reports": 0, "runs": 2}
    assert (would["dry_run"], did["dry_run"]) == (True, False)
    assert did["database_bytes"] > 100_000


def test_what_is_kept_for_ever_is_said(here):
    here.settings(retention={"editions_days": 0, "mails_days": 0})
    out = here.digest("prune").out
    assert "Kept all mails that ended: retention.mails_days is 0." in out
    assert "Kept all editions: retention.editions_days is 0." in out


def test_the_day_goes_on_after_pruning(aged):
    aged.digest("prune", "--now", at(91))
    a_day(aged, 92)
    assert len(aged.mails()) == 5
    again = aged.digest("send", "--json", "--now", at(92)).json
    assert len(aged.mails()) == 5
    assert again


@pytest.mark.parametrize(
    ("retention", "said"),
    [
        ({"editions_days": 14}, "retention.editions_days has to be 0 or at least 15"),
        ({"reports_days": 3}, "retention.reports_days has to be 0 or at least 15"),
        ({"mails_days": 13}, "mails_days has to be 0 or at least 14"),
        ({"runs_days": 56}, "runs_days has to be 0 or at least 57"),
        ({"editions_days": -1}, "editions_days has to be between 0"),
    ],
    ids=lambda value: (
        next(iter(value)) + str(next(iter(value.values()))) if isinstance(value, dict) else ""
    ),
)
def test_settings_that_would_break_a_promise_are_refused_in_one_sentence(here, retention, said):
    here.settings(retention=retention)
    ran = here.digest("prune")
    assert ran.code == 2
    assert said in ran.err
    assert "digest.yaml" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("days", [15, 0], ids=["a-day-more", "for-ever"])
def test_settings_that_are_long_enough_are_taken(here, days):
    here.settings(retention={"editions_days": days, "reports_days": days})
    assert here.digest("prune").code == 0


def test_a_longer_window_asks_for_longer_memory(here):
    here.settings(compose={"window_days": 500})
    ran = here.digest("prune")
    assert ran.code == 2
    assert "at least 501" in ran.err
