"""Finished mails under tools nobody here wrote: chromium with axe, html-validate, postal-mime."""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
from email import policy
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import samples

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "render" / "golden"
TOOLS = HERE / "node_modules"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LONGEST_S = 120


def node(*command: str | Path) -> str:
    """What a tool prints. Skips the test, saying so, where the tools are not installed."""
    if not TOOLS.is_dir() or shutil.which("node") is None:
        pytest.skip("needs node and its tools: make e2e")
    done = subprocess.run(
        ["node", *map(str, command)], cwd=HERE, capture_output=True, timeout=LONGEST_S, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder of samples, with votes and links, beside the golden files."""
    samples.write(tmp_path / "made")
    for path in [*GOLDEN.glob("*.html"), *GOLDEN.glob("*.eml")]:
        shutil.copy(path, tmp_path / "made")
    return tmp_path / "made"


def test_axe_finds_nothing_to_complain_of_in_any_mail(made: Path) -> None:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs chromium: {CHROMIUM} is absent")
    found: list[dict[str, Any]] = json.loads(node("axe.mjs", *sorted(made.glob("*.html"))))
    assert len(found) == 4 * len(list(made.glob("*.html")))
    assert [one for one in found if one["rules"]] == []
    assert all({"color-contrast", "html-has-lang"} <= set(one["passed"]) for one in found)
    assert [one for one in found if one["wide"] > one["width"]] == []


def test_html_validate_finds_no_error_in_any_mail(made: Path) -> None:
    config = HERE / ".htmlvalidate.json"
    program = TOOLS / "html-validate" / "bin" / "html-validate.mjs"
    node(program, "--config", config, "--max-warnings", "0", *sorted(made.glob("*.html")))


def test_another_parser_reads_the_same_headers_and_parts(made: Path) -> None:
    paths = sorted(made.glob("*.eml"))
    for path, read in zip(paths, json.loads(node("mime.mjs", *paths)), strict=True):
        mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        plain, rich = (part.get_content() for part in mail.iter_parts())
        names = [name.lower() for name in mail.keys()]  # noqa: SIM118 - a header may come twice
        assert sorted(key for key, _ in read["headers"]) == sorted(names), path.name
        assert read["subject"] == mail["Subject"], path.name
        assert read["messageId"] == mail["Message-ID"], path.name
        assert read["to"][0]["address"] == mail["To"].addresses[0].addr_spec, path.name
        assert lines(read["text"]) == lines(plain), path.name
        assert lines(read["html"]) == lines(rich), path.name
        assert read["attachments"] == 0


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").strip("\n").split("\n")
