"""Composing for a batch of readers, beside the bare matrix product it cannot do without."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest

from digest.compose import editor, profiles, ranking
from digest.compose.language import terms
from digest.papers import Candidate, Mention, Paper
from digest.subscribers import Interest, Subscriber

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
READERS, PAPERS = 1_000, 500
WORDS = [
    f"{a}{b}{c}" for a in "bdfglmnprst" for b in "aeiou" for c in ("ck", "nd", "rm", "st", "x")
]


@pytest.fixture(scope="module")
def batch() -> tuple[list[editor.Reader], editor.Window]:
    chance = random.Random(7)
    found = []
    for n in range(PAPERS):
        text = " ".join(chance.choices(WORDS, weights=range(1, len(WORDS) + 1), k=180))
        mention = (Mention("bench", n + 1, PAPERS, NOW.date()),)
        found.append(Candidate(n, Paper(f"Paper {n}", text), tuple(terms(text)), NOW, mention))
    readers = [
        editor.Reader(
            Subscriber(
                f"r{n}",
                f"r{n}@example.org",
                interests=tuple(
                    Interest(f"{k}", keywords=tuple(chance.sample(WORDS, 5))) for k in range(3)
                ),
            ),
            NOW.date(),
            frozenset(),
            None,
        )
        for n in range(READERS)
    ]
    return readers, editor.Window(tuple(found), NOW - dt.timedelta(days=14), NOW)


@pytest.mark.benchmark(group="1,000 readers of 3 interests, 500 papers")
def test_the_bare_matrix_product(benchmark: Any, batch: Any) -> None:
    tastes = np.random.default_rng(7).random((3 * READERS, len(WORDS)), dtype=np.float32)
    papers = np.random.default_rng(8).random((len(WORDS), PAPERS), dtype=np.float32)
    benchmark(lambda: tastes @ papers)


@pytest.mark.benchmark(group="1,000 readers of 3 interests, 500 papers")
def test_ranking(benchmark: Any, batch: Any) -> None:
    readers, window = batch
    tastes = [taste for reader in readers for taste in profiles.tastes(reader.subscriber, {})]
    benchmark(lambda: ranking.rank(tastes, window.papers))


@pytest.mark.benchmark(group="1,000 readers of 3 interests, 500 papers")
def test_composing(benchmark: Any, batch: Any) -> None:
    readers, window = batch
    drafts = benchmark(lambda: editor.draft(readers, window, {}, NOW, editor.EditorSettings()))
    assert all(len(draft.edition.picks) == 10 for draft in drafts)
