"""A setting is changed by its line, and nothing else of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.amending import amend
from digest.errors import ConfigError

SHIPPED = Path(__file__).parents[1] / "config" / "digest.yaml"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("compose:\n  threshold: 0.1\n", "compose:\n  threshold: 0.25\n"),
        ("compose:\n  threshold: 0.1  # mine\n", "compose:\n  threshold: 0.25  # mine\n"),
        ("compose:  # all\n  threshold:\n", "compose:  # all\n  threshold: 0.25\n"),
        ("compose:\n    explore: 1\n", "compose:\n    threshold: 0.25\n    explore: 1\n"),
        ("compose:\n", "compose:\n  threshold: 0.25\n"),
        ("", "compose:\n  threshold: 0.25\n"),
        ("mail: {title: A}", "mail: {title: A}\ncompose:\n  threshold: 0.25\n"),
        (
            "# a\ncompose:\n\n# b\n  # threshold: 1\n  explore: 1\n  threshold: 2\nmail:\n  title: x\n",
            "# a\ncompose:\n\n# b\n  # threshold: 1\n  explore: 1\n  threshold: 0.25\nmail:\n  title: x\n",
        ),
        (
            "other:\n  threshold: 3\ncompose:\n  threshold: 1\n",
            "other:\n  threshold: 3\ncompose:\n  threshold: 0.25\n",
        ),
        ("compose:\r\n  threshold: 1\r\n", "compose:\r\n  threshold: 0.25\r\n"),
    ],
)
def test_one_line_changes_or_is_added(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "digest.yaml"
    file.write_bytes(before.encode())
    amend(file, "compose", "threshold", 0.25)
    assert file.read_bytes().decode() == after
    assert [path.name for path in tmp_path.iterdir()] == ["digest.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "compose: {threshold: 0.1}\n",
        "compose: &c\n  threshold: 0.1\nother: *c\n",
        "compose:\n  threshold: &t 0.1\nother: *t\n",
        "compose:\n  threshold: >\n    0.1\n",
        "compose: [1]\n",
        "compose: 5\n",
        '"compose":\n  threshold: 0.1\n',
    ],
)
def test_what_is_written_otherwise_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    file = tmp_path / "digest.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"write compose\.threshold: 0\.25 yourself"):
        amend(file, "compose", "threshold", 0.25)
    assert file.read_text() == text


def test_the_mode_of_the_file_stays_and_a_link_leads_to_the_new_one(tmp_path: Path) -> None:
    file, link = tmp_path / "real.yaml", tmp_path / "digest.yaml"
    file.write_text("compose:\n  threshold: 1\n")
    file.chmod(0o640)
    link.symlink_to(file)
    amend(link, "compose", "threshold", 0.25)
    assert link.is_symlink() and file.stat().st_mode & 0o777 == 0o640
    assert yaml.safe_load(file.read_text()) == {"compose": {"threshold": 0.25}}


@settings(max_examples=30)
@given(st.floats(1e-6, 1e6))
def test_any_number_is_read_back_from_the_shipped_file(value: float) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digest.yaml"
        file.write_bytes(SHIPPED.read_bytes())
        amend(file, "profile", "vote_half_life_days", value)
        before, after = (path.read_text(encoding="utf-8") for path in (SHIPPED, file))
        assert yaml.safe_load(after)["profile"]["vote_half_life_days"] == float(f"{value:g}")
        changed = [a for a, b in zip(before.split("\n"), after.split("\n"), strict=True) if a != b]
        assert len(changed) <= 1
