"""Reading digest files, beside plain reading of the same file in the same run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from digest.collect import readers

ABSTRACT = "We study how models of many kinds learn from data, and what that costs. " * 17


@pytest.fixture(scope="module")
def twenty_megabytes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "large.txt"
    lines = [line for n in range(15_800) for line in (f"A study of model {n}", ABSTRACT.strip())]
    path.write_text("Get trending papers in your email inbox!\nSubscribe" + "\n".join(lines))
    assert 19e6 < path.stat().st_size < 21e6
    return path


@pytest.mark.benchmark(group="a digest file of 20 MB")
def test_reading_its_lines(benchmark: Any, twenty_megabytes: Path) -> None:
    benchmark(lambda: twenty_megabytes.read_text(encoding="utf-8").splitlines())


@pytest.mark.benchmark(group="a digest file of 20 MB")
def test_reading_its_papers(benchmark: Any, twenty_megabytes: Path) -> None:
    arrived = dt.date(2026, 5, 20)
    found = benchmark(lambda: readers.read(twenty_megabytes.read_bytes(), "large.txt", arrived))
    assert len(found) == 15_800
