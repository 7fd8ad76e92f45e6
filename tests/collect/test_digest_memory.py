"""Collecting a large digest file stays within its memory."""

import subprocess
import sys

from tests.support.papers_text import compact, likely, spaced

CODE = """
import datetime, pathlib, re, resource, sys, time
from digest.collect import inbox, readers
began = time.monotonic()
data = inbox.load(pathlib.Path(sys.argv[1]), 64_000_000)
reports = readers.read(data, "large.txt", datetime.date(2025, 5, 20))
try:  # ru_maxrss would count the test's own process, from before this one began
    status = pathlib.Path("/proc/self/status").read_text()
    peak_kb = int(re.search(r"VmHWM:\\s*([0-9]+)", status)[1])
except OSError:
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
print(len(reports), peak_kb, round(time.monotonic() - began, 2))
"""


def measured(tmp_path, text):
    path = tmp_path / "large.txt"
    path.write_bytes(text.encode())
    assert path.stat().st_size > 20_000_000
    result = subprocess.run(
        [sys.executable, "-c", CODE, path], capture_output=True, text=True, check=True
    )
    papers, peak_kb, _ = result.stdout.split()
    return int(papers), int(peak_kb) / 1024


def test_twenty_megabytes_of_papers_take_less_than_300_mb(tmp_path):
    papers = [(f"{title} 深度", f"{text} 🚀 Done.") for title, text in likely(200)]
    size = len(spaced(papers).encode())
    papers = papers * (20_000_000 // size + 1)
    count, peak_mb = measured(tmp_path, spaced(papers))
    assert count == len(papers)
    assert peak_mb < 300


def test_twenty_megabytes_of_short_papers_take_less_than_300_mb(tmp_path):
    text = "We watch it for a year. It sings at dawn in May, and is silent else. We show why."
    papers = [(f"Paper {n} on Birds", text) for n in range(200_000)]
    count, peak_mb = measured(tmp_path, compact(papers))
    assert count == len(papers)
    assert peak_mb < 300
