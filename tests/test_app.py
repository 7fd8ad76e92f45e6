"""What the pieces put together share from one question to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from digest.app import PREVIEWED_FOR, App
from digest.config import load_settings
from tests.support.builders import a_paper, a_subscriber
from tests.support.databases import NOW, collect

MINUTE = dt.timedelta(minutes=1)


class Installed:
    """An installation whose clock is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        settings = {"semantic": {"model": "none"}, "compose": {"threshold": 0.001}}
        (folder / "digest.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        self.app = App(load_settings(folder / "digest.yaml", {}), lambda: self.now)

    def collect(self, title: str) -> None:
        paper = a_paper(title, abstract=f"{title}. Modular training of {title} at scale.")
        collect(self.app.store, paper, at=self.now, file=title)

    def previewed(self) -> list[str]:
        edition, _ = self.app.preview(a_subscriber(), None)
        return sorted(pick.paper.title for pick in edition.picks)

    @property
    def shared(self) -> object:
        return self.app._lately()


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    found = Installed(tmp_path)
    found.collect("Modular training")
    yield found
    found.app.close()


def test_a_preview_shows_what_was_collected_a_moment_ago(installed):
    assert installed.previewed() == ["Modular training"]
    installed.now += MINUTE
    installed.collect("Training of modular routers")
    assert installed.previewed() == ["Modular training", "Training of modular routers"]


def test_previews_share_the_papers_of_a_day_until_some_are_collected(installed):
    before = installed.shared
    installed.now += MINUTE
    assert installed.shared is before
    installed.collect("Training of modular routers")
    assert installed.shared is not before


def test_previews_share_them_for_some_minutes_only(installed):
    before = installed.shared
    installed.now += PREVIEWED_FOR
    assert installed.shared is not before


def test_previews_share_nothing_with_a_clock_that_went_back(installed):
    before = installed.shared
    installed.now -= MINUTE
    assert installed.shared is not before
