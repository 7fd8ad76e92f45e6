"""An installation with real papers and as many made-up readers as are asked for."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from digest.app import App
from digest.compose.language import words
from digest.config import load_settings
from digest.papers import Candidate
from digest.store.engine import writing
from digest.store.inserting import insert
from digest.store.schema import subscribers, votes
from digest.store.subscribers import values_of
from digest.subscribers import Interest, Schedule, Subscriber
from tests.support.shared import shared

NOW = dt.datetime(2026, 6, 18, 6, tzinfo=dt.UTC)
EARLIER = NOW - dt.timedelta(days=30)
CANDIDATES = 500
"""Papers of the day; what else there is came too long ago to be in an edition."""

SIZE = 10
LIKES = 3
"""Papers of the archive that each reader voted for."""

TOGETHER = 5_000


def build(folder: Path, readers: int, database: str = "sqlite:///digest.db") -> None:
    """A folder with a database of real papers, and readers who are all due now.

    Raises FileNotFoundError where the shared data is absent.
    """
    settings = {
        "database": database,
        "mail": {"base_url": "https://papers.example.org"},
        "semantic": {"model": "none"},
        "public": {"hour": 23},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "digest.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    app = opened(folder, EARLIER)
    lines = real_papers()
    _collect(app, lines[:-CANDIDATES])
    app.close()
    app = opened(folder)
    _collect(app, lines[-CANDIDATES:])
    known = app.store.papers.candidates(EARLIER - dt.timedelta(days=1), NOW)
    for start in range(0, readers, TOGETHER):
        many = range(start, min(start + TOGETHER, readers))
        with writing(app.store.engine) as connection:  # one by one they would take minutes
            rows = [values_of(a_reader(n, known)) for n in many]
            joined = {"origin": "store", "joined_at": EARLIER}
            insert(connection, subscribers, [row | joined for row in rows])
            insert(connection, votes, [vote for n in many for vote in _votes(n, known)])
    app.close()


def opened(folder: Path, now: dt.datetime = NOW) -> App:
    return App(load_settings(folder / "digest.yaml", {}), lambda: now)


def real_papers() -> list[str]:
    """Real papers as JSON lines, each once."""
    found: dict[str, str] = {}
    folder = shared("data/arxiv_daily_jsonl")
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            found.setdefault(json.loads(line)["id"], line)
    return list(found.values())


def a_reader(n: int, known: list[Candidate]) -> Subscriber:
    """A reader with one to three interests, each in words of a paper of the archive."""
    chance = random.Random(f"reader {n}")
    interests = []
    for place in range(chance.randint(1, 3)):
        paper = chance.choice(known).paper
        said = [word for word, _ in words(paper.title)][:8]
        abstract = paper.abstract.split()
        start = chance.randrange(max(1, len(abstract) - 12))
        interests.append(
            Interest(
                f"Interest {place + 1}: {' '.join(said[:2])}",
                text=" ".join(abstract[start : start + 12]),
                keywords=tuple(dict.fromkeys(chance.sample(said, min(2, len(said))))),
            )
        )
    return Subscriber(
        f"reader-{n:07}",
        f"reader-{n:07}@example.org",
        f"Reader {n}",
        Schedule("UTC", 5),
        SIZE,
        tuple(interests),
    )


def _votes(n: int, known: list[Candidate]) -> Iterator[dict[str, Any]]:
    chance = random.Random(f"votes {n}")
    for one in chance.sample(known[:-CANDIDATES], LIKES):
        yield {
            "subscriber": f"reader-{n:07}",
            "paper": one.id,
            "value": "more",
            "at": EARLIER,
            "interest": None,
            "origin": "command",
        }


def _collect(app: App, lines: list[str]) -> None:
    app.inbox.mkdir(parents=True, exist_ok=True)
    file = app.inbox / f"{app.clock().date().isoformat()}.jsonl"
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    app.settle()
    (found,) = app.collect()
    assert found.problem is None, found.problem
