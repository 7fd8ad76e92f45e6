"""Small collections, written as files and read back as a user's are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.evaluate.episodes import Collection
from digest.evaluate.loading import load

Write = Callable[..., Path]

PAPERS = [
    {"id": "owls", "title": "How owls hunt in the dark", "abstract": "Owls hear a vole move."},
    {"id": "bats", "title": "Bats and echoes", "abstract": "A bat hunts moths by their echo."},
    {"id": "rust", "title": "Why iron rusts", "abstract": "Iron, water and oxygen."},
    {"id": "zinc", "title": "Zinc keeps iron whole", "abstract": "A coat of zinc rusts first."},
]


def an_episode(eid: str = "e1", **told: Any) -> dict[str, Any]:
    """A reader who liked the owls and wants the bats; ``told`` says otherwise."""
    profile = {"keywords": [], "description": "", "authors": [], "liked": ["owls"], "disliked": []}
    profile |= {name: told.pop(name) for name in list(told) if name in profile}
    return {
        "eid": eid,
        "user": "ada",
        "task": "likes",
        "H": 1,
        "profile": profile,
        "pool": ["bats", "rust", "zinc"],
        "rel": {"bats": 1},
    } | told


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a collection; what is not given is the animals and metals above."""

    def write(
        *episodes: dict[str, Any], papers: list[dict[str, Any]] = PAPERS, background: str = ""
    ) -> Path:
        folder = tmp_path / "small"
        folder.mkdir(exist_ok=True)
        for name, rows in (("papers", papers), ("episodes", episodes or [an_episode()])):
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
        (folder / "background.txt").write_text(background, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def made(write: Write) -> Callable[..., Collection]:
    """A collection of these episodes, written and loaded."""
    return lambda *episodes, **files: load(write(*episodes, **files))
