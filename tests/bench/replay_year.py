"""How long a year takes to replay: 365 digest files, 20 subscribers, one command.

    python -m tests.bench.replay_year [--days 365] [--faults SEED] [--profile]

The year is made of the real abstracts there are, each in words of its own: every paper of every
day has another title, and an abstract with a third of its sentences from elsewhere.
"""

from __future__ import annotations

import argparse
import cProfile
import datetime as dt
import json
import pstats
import random
import resource
import tempfile
from pathlib import Path
from typing import Any

import yaml

from digest.collect import readers
from digest.config import load_settings
from digest.replaying import Asked, replay
from tests.support.papers_text import spaced
from tests.support.shared import SHARED

FIRST = dt.date(2025, 1, 1)
PER_DAY = 25
LAB = (("Europe/Berlin", 7, 12), ("America/New_York", 7, 4), ("Asia/Tokyo", 8, 3), ("UTC", 18, 1))
"""Where the readers of a lab and its friends live, at which hour they read, and how many."""


def known() -> list[tuple[str, str]]:
    """Titles and abstracts of the real papers there are."""
    files = sorted((SHARED / "data/arxiv_daily_jsonl").glob("*.jsonl"))
    files += sorted((SHARED / "data/hf_text").glob("*.txt"))
    if not files:
        raise SystemExit(f"real papers are absent: {SHARED} (set DIGEST_SHARED to their folder)")
    found: dict[str, str] = {}
    for path in files:
        for report in readers.read(path.read_bytes(), path.name, FIRST):
            found.setdefault(report.paper.title, report.paper.abstract)
    return sorted(found.items())


def a_year(folder: Path, papers: list[tuple[str, str]], days: int, seed: int = 0) -> None:
    """Write a digest file a day into ``folder``; one paper in ten was in a file before."""
    chance = random.Random(seed)
    words = sorted({word for title, _ in papers for word in title.split() if len(word) > 5})
    before: list[tuple[str, str]] = []
    for n in range(days):
        day = FIRST + dt.timedelta(days=n)
        fresh = [_another(chance, papers, words) for _ in range(PER_DAY)]
        again = chance.sample(before[-200:], PER_DAY // 10) if before else []
        text = spaced([*fresh, *again], f"{day:%B} {day.day}")
        (folder / f"papers-{day}.txt").write_text(text, encoding="utf-8")
        before += fresh


def _another(
    chance: random.Random, papers: list[tuple[str, str]], words: list[str]
) -> tuple[str, str]:
    (title, abstract), (_, other) = chance.sample(papers, 2)
    kept = title.split()[:4]
    said = [*abstract.split(". ")[:4], *other.split(". ")[:2]]
    chance.shuffle(said)
    text = ". ".join(part.rstrip(".") for part in said if part.strip()) + "."
    return " ".join([*kept, *chance.sample(words, 4)]).replace(":", ""), " ".join(text.split())


def some_readers(papers: list[tuple[str, str]], count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Readers in several zones, each with two interests out of real papers' words."""
    chance = random.Random(seed)
    schedules = [(zone, hour) for zone, hour, number in LAB for _ in range(number)]
    made = []
    for n in range(count):
        zone, hour = schedules[n % len(schedules)]
        titles = [title for title, _ in chance.sample(papers, 6)]
        interests = [
            {"name": f"interest {k}", "text": " ".join(titles[3 * k : 3 * k + 3])} for k in (0, 1)
        ]
        made.append(
            {
                "id": f"reader{n:02}",
                "address": f"reader{n:02}@example.org",
                "timezone": zone,
                "hour": hour,
                "interests": interests,
            }
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--faults", type=int)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, papers = Path(name), known()
        (folder / "files").mkdir()
        a_year(folder / "files", papers, asked.days)
        (folder / "digest.yaml").write_text("{}\n", encoding="utf-8")
        listed = {"subscribers": some_readers(papers, asked.readers)}
        (folder / "subscribers.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")
        settings = load_settings(folder / "digest.yaml", {})
        wanted = Asked(FIRST, asked.days, [folder / "files"], seed=asked.faults)
        profile = cProfile.Profile()
        if asked.profile:
            profile.enable()
        answer = replay(settings, wanted)
        if asked.profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(35)
            pstats.Stats(profile).sort_stats("cumtime").print_stats(60)
    answer["subscribers"] = answer["subscribers"][:3]
    answer["wrong"] = answer["wrong"][:20]
    answer["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(answer, indent=1, default=str))


if __name__ == "__main__":
    main()
