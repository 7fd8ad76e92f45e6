"""An installation in a folder, driven by the command line as a person would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest.cli import main

SAMPLE = Path(__file__).parents[2] / "config" / "sample"
MORNING = "2026-05-20T12:00:00+00:00"


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Installation:
    """A folder that `digest init` set up; ``digest(...)`` runs a command there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        assert self.digest("init").code == 0
        self.subscribers(
            {"id": "me", "address": "me@example.org", "interests": [{"keywords": ["diffusion"]}]}
        )

    def digest(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        captured = self._capsys.readouterr()
        return Ran(int(stopped.value.code or 0), captured.out, captured.err)

    def subscribers(self, *entries: dict[str, Any]) -> None:
        text = yaml.safe_dump({"subscribers": list(entries)})
        (self.folder / "config/subscribers.yaml").write_text(text, encoding="utf-8")

    def settings(self, **sections: Any) -> None:
        text = yaml.safe_dump({"collect": {"settle_s": 0}, **sections})
        (self.folder / "config/digest.yaml").write_text(text, encoding="utf-8")

    def drop(self, name: str, text: str | bytes) -> Path:
        path = self.folder / "inbox" / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def mails(self) -> list[Path]:
        return sorted((self.folder / "outgoing").glob("*.eml"))


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Installation:
    installation = Installation(tmp_path, capsys)
    installation.settings()
    return installation


def compact(*papers: tuple[str, str]) -> str:
    """A digest file of the compact layout."""
    lines = [line for paper in papers for line in paper]
    return "Get trending papers in your email inbox!\nSubscribe" + "\n".join(lines)
