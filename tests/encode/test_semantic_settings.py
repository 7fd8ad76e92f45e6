"""A model's folder counts from the settings' file, like every path; other names stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.config import load_settings
from digest.errors import ConfigError


def read(folder: Path, line: str):
    file = folder / "config" / "digest.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"semantic:\n  {line}\n", encoding="utf-8")
    return load_settings(file, {}).semantic


def test_a_relative_folder_counts_from_the_file(tmp_path):
    assert read(tmp_path, "model: ../spectre").model == str(tmp_path / "spectre")
    (tmp_path / "config" / "own").mkdir()
    assert read(tmp_path, "model: own").model == str(tmp_path / "config" / "own")


@pytest.mark.parametrize("name", ["auto", "none", "BAAI/bge-small-en-v1.5"])
def test_what_is_no_folder_is_left_as_it_is(tmp_path, name):
    (tmp_path / "config" / "auto").mkdir(parents=True)
    assert read(tmp_path, f"model: {name}").model == name


def test_downloads_are_kept_in_the_projects_folder(tmp_path):
    assert read(tmp_path, "threads: 1").folder == tmp_path / "models"


@pytest.mark.parametrize(
    ("line", "why"),
    [("threads: 0", "between 1 and 64"), ("hub: example.org", "has to be an address")],
    ids=["threads", "hub"],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path, line, why):
    with pytest.raises(ConfigError, match=rf"digest.yaml:\d+.*semantic.*{why}"):
        read(tmp_path, line)
