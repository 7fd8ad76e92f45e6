"""`digest tune` proposes what votes say for sure, and changes nothing unless it is told to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from digest.subscribers import Interest
from tests.support.builders import a_subscriber
from tests.support.databases import opened, sqlite_template
from tests.support.installation import Installation, here
from tests.support.past import Told, live

__all__ = ["here", "sqlite_template"]

SETTINGS = ["compose.threshold", "compose.trend_weight", "profile.vote_half_life_days"]
COMMENTED = "collect:\n  settle_s: 0\ncompose:\n  # What is\n  threshold: 0.05  # shown\n"


@pytest.fixture(scope="module")
def lived(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with six weeks of a reader who keeps far more than the chances say."""
    file = tmp_path_factory.mktemp("past") / "digest.db"
    shutil.copyfile(sqlite_template, file)
    ada = a_subscriber(interests=(Interest("All", text="owl songbird"),))
    with opened(f"sqlite:///{file}") as store:
        live(store, {ada: Told("birds", "metals", 0.9)}, days=42)
    return file


@pytest.fixture
def voted(here: Installation, lived: Path) -> Installation:
    shutil.copyfile(lived, here.folder / "config/digest.db")
    wish = {"name": "All", "text": "owl songbird"}
    here.subscribers({"id": "ada", "address": "ada@example.org", "interests": [wish]})
    (here.folder / "config/digest.yaml").write_text(COMMENTED, encoding="utf-8")
    return here


def configuration(here: Installation) -> str:
    return (here.folder / "config/digest.yaml").read_text(encoding="utf-8")


def test_a_proposal_has_the_figures_now_and_then_and_an_interval(voted: Installation) -> None:
    ran = voted.digest("tune", "--json")
    proposals = ran.json["proposals"]
    assert [one["setting"] for one in proposals] == SETTINGS and ran.json["written"] is None
    threshold = proposals[0]
    low, high = threshold["figure"]["interval"]
    assert low <= threshold["then"] <= high < threshold["now"] == 0.05
    assert threshold["figure"]["now"] > threshold["figure"]["then"] > 0
    assert configuration(voted) == COMMENTED


def test_it_is_told_in_words(voted: Installation) -> None:
    out = voted.digest("tune").out
    assert out.startswith("compose.threshold: 0.05 → 0.0")
    assert "`digest tune --write`" in out and "20 are needed" in out


def test_what_is_written_keeps_comments_and_is_not_proposed_again(voted: Installation) -> None:
    written = voted.digest("tune", "--write", "--json").json
    proposed = {
        one["setting"]: one["then"] for one in written["proposals"] if one["then"] is not None
    }
    assert "compose.threshold" in proposed
    assert written["written"].endswith("config/digest.yaml")
    text = configuration(voted)
    assert "  # What is\n  threshold: 0.0" in text and "  # shown\n" in text
    tree = yaml.safe_load(text)
    for setting, value in proposed.items():
        section, key = setting.split(".")
        assert tree[section][key] == value
    again = voted.digest("tune", "--write", "--json").json
    assert again["written"] is None and configuration(voted) == text


def test_what_the_environment_sets_is_not_written(
    voted: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_COMPOSE__THRESHOLD", "0.06")
    ran = voted.digest("tune", "--write")
    assert ran.code == 2 and "DIGEST_COMPOSE__THRESHOLD lies over the file" in ran.err
    assert configuration(voted) == COMMENTED


def test_a_file_whose_line_cannot_be_changed_is_left(voted: Installation) -> None:
    text = "collect: {settle_s: 0}\ncompose: {threshold: 0.05}\n"
    (voted.folder / "config/digest.yaml").write_text(text, encoding="utf-8")
    ran = voted.digest("tune", "--write")
    assert ran.code == 2 and "write compose.threshold: 0.0" in ran.err and ran.err.count("\n") == 1
    assert configuration(voted) == text


def test_without_votes_nothing_is_proposed_and_it_says_what_is_needed(here: Installation) -> None:
    ran = here.digest("tune")
    assert ran.code == 0 and ran.out.count("stays") == 3 and "200 and 20 are needed" in ran.out
