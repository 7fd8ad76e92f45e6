"""A digest file of 20 MB is collected within the memory of a small machine."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from pathlib import Path

from tests.support.installation import Installation, here

__all__ = ["here"]

MOST_MB = 300
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "en", "ick", "or", "ust")]

COLLECT = """
import re, sys
from pathlib import Path
from digest.cli import main
try:
    main(["collect", sys.argv[1]])
finally:  # the peak of this process alone; what a parent used does not count
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print("peak", int(peak[1]) // 1000)
"""


def large_file(path: Path) -> int:
    """Write 20 MB of papers of 180 words; how many they are."""
    chance = random.Random(11)
    words = ["".join(parts) for parts in itertools.product(SYLLABLES, repeat=2)]
    papers = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("Get trending papers in your email inbox!\nSubscribe")
        while file.tell() < 20_000_000:
            title = " ".join(chance.choices(words, k=8)).capitalize()
            file.write(f"{title}\n{' '.join(chance.choices(words, k=180))}.\n")
            papers += 1
    return papers


def test_collecting_twenty_megabytes_stays_under_three_hundred(here: Installation) -> None:
    file = here.folder / "large.txt"
    papers = large_file(file)
    ran = subprocess.run(
        [sys.executable, "-c", COLLECT, str(file)], capture_output=True, text=True, check=False
    )
    assert f"{papers} papers, {papers} new" in ran.stdout, ran.stderr
    assert int(ran.stdout.split("peak ")[1]) < MOST_MB
