"""What one machine does, and what each reader costs: `make bench-scale`, a table at the end.

Every measurement is a process of its own, so that its memory and its time are those of that work
alone. Readers are made up, papers are real (see crowd.py).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.scale import steps
from tests.bench.scale.steps import Took
from tests.support.shared import SHARED

SIZES = (1_000, 10_000, 100_000)
PAPERS = 100_000
QUEUED = 20_000
"""Readers composed for through the queue."""


@dataclass(frozen=True)
class Line:
    """A line of the table; ``reached`` is None where there is no limit to reach."""

    what: str
    found: str
    limit: str = ""
    reached: bool | None = None

    def __str__(self) -> str:
        mark = {None: "", True: "yes", False: "NO"}[self.reached]
        return f"| {self.what} | {self.found} | {self.limit} | {mark} |"


def under(what: str, value: float, limit: float, form: str, note: str = "") -> Line:
    return Line(what, form.format(value) + note, "under " + form.format(limit), value < limit)


def composing(folder: Path, sizes: tuple[int, ...]) -> Iterator[Line]:
    took: dict[int, Took] = {}
    for readers in sizes:
        took[readers] = one = steps.compose(folder, readers)
        said = f"{one.wall_s:.1f} s, {one.per(readers)}, {one.peak_mb:.0f} MB a process"
        yield Line(f"compose {readers:,} readers × 500 papers, SQLite", said)
    most, least = max(sizes), min(sizes)
    if most == SIZES[-1]:
        yield under(f"compose {most:,}, end to end", took[most].wall_s, 60, "{:.1f} s")
    growth = (took[most].cpu_s / most) / (took[least].cpu_s / least)
    what = f"cost of a reader among {most:,}, of that among {least:,}"
    yield under(what, growth, 1.2, "{:.2f} times")
    if len(sizes) > 1:
        middle = sorted(sizes)[-2]
        memory = took[most].peak_mb / took[middle].peak_mb
        yield under(f"memory at {most:,}, of that at {middle:,}", memory, 1.1, "{:.2f} times")


def ranking(folder: Path, readers: int) -> Line:
    found = steps.rank(folder, readers)
    note = f" ({found.ranking:.2f} s of {found.products:.2f} s, placing texts {found.placing:.2f})"
    return under("ranking, of the bare products", found.factor, 3, "{:.1f} times", note)


def collecting(folder: Path, papers: int) -> Iterator[Line]:
    found = steps.collect(folder, papers)
    first, again = found["first"]["wall_s"], found["again"]["wall_s"]
    note = f" ({found['first']['cpu_s']:.0f} s of the processor, {found['peak_mb']:.0f} MB)"
    scale = papers / PAPERS
    yield under(f"collect {papers:,} papers", first, 60 * scale, "{:.1f} s", note)
    yield under("the same files again, of the first time", again / first, 0.05, "{:.3f} times")
    took_s = steps.preview(folder)
    yield under(f"`digest preview` among {papers:,} papers, cold", took_s, 1, "{:.2f} s")


def queued(folder: Path, readers: int) -> Iterator[Line]:
    one, two = (steps.work(folder, readers, workers) for workers in (1, 2))
    said = f"{one:.1f} s with one worker, {two:.1f} s with two"
    yield Line(f"compose {readers:,} readers from the queue, PostgreSQL", said)
    what = "two workers, of one"
    yield Line(what, f"{one / two:.2f} times as fast", "at least 1.6", one / two >= 1.6)


def measured(folder: Path, sizes: tuple[int, ...], papers: int, readers: int) -> Iterator[Line]:
    yield under("`digest --help`", steps.help_(), 0.3, "{:.2f} s")
    yield from collecting(folder / "archive", papers)
    yield from composing(folder, sizes)
    yield ranking(folder, min(sizes))
    yield from queued(folder, readers)
    yield Line("an SVM for each interest (arxiv-sanity-lite's way)", *steps.rival())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--papers", type=int, default=PAPERS)
    parser.add_argument("--queued", type=int, default=QUEUED)
    chosen = parser.parse_args()
    if not (SHARED / "data").exists():
        print(f"skipped: the real papers are absent: {SHARED} (set DIGEST_SHARED to their folder)")
        return
    folder = Path(tempfile.mkdtemp(prefix="digest-scale-"))
    lines = ["| what | measured | to reach | reached |", "| --- | --- | --- | --- |"]
    print("\n".join(lines), flush=True)
    try:
        for line in measured(folder, tuple(chosen.sizes), chosen.papers, chosen.queued):
            print(line, flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
