"""Selecting for a batch of readers, beside the bare top ten of the same relevances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digest.compose.choices import SelectionSettings
from digest.compose.selection import select
from digest.compose.traits import traits

READERS, INTERESTS, PAPERS, DIMENSIONS, SIZE = 1_000, 3, 500, 256, 10
GROUP = "lists of 10 of 500 papers for 1,000 readers of 3 interests"
SETTINGS = SelectionSettings()


@pytest.fixture(scope="module")
def day() -> dict[str, Any]:
    """Papers on 60 topics from 5 sources, of which one has most; a few papers must be in."""
    chance = np.random.default_rng(7)
    middles = chance.standard_normal((60, DIMENSIONS))
    vectors = middles[chance.integers(0, 60, PAPERS)]
    vectors = vectors + 0.7 * chance.standard_normal(vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tastes = READERS * INTERESTS
    return {
        "vectors": vectors.astype(np.float32),
        "sources": chance.choice(5, PAPERS, p=[0.9, 0.025, 0.025, 0.025, 0.025]),
        "trend": chance.random(PAPERS, dtype=np.float32),
        "relevance": chance.beta(1.2, 6, (tastes, PAPERS)).astype(np.float32),
        "owners": np.repeat(np.arange(READERS), INTERESTS),
        "allowed": chance.random((READERS, PAPERS)) > 0.05,
        "must": chance.random((tastes, PAPERS)) > 0.999,
    }


def traits_of(day: dict[str, Any]) -> Any:
    return traits(
        day["vectors"],
        day["sources"],
        day["trend"],
        near_repeat=SETTINGS.near_repeat,
        same_topic=SETTINGS.same_topic,
    )


@pytest.mark.benchmark(group=GROUP)
def test_the_bare_top_ten(benchmark: Any, day: dict[str, Any]) -> None:
    def top() -> Any:
        best = day["relevance"].reshape(READERS, INTERESTS, PAPERS).max(axis=1)
        return np.argpartition(np.where(day["allowed"], -best, 0), SIZE, axis=1)[:, :SIZE]

    assert benchmark(top).shape == (READERS, SIZE)


@pytest.mark.benchmark(group=GROUP)
def test_the_traits_of_the_papers(benchmark: Any, day: dict[str, Any]) -> None:
    assert len(benchmark(traits_of, day).topics) == PAPERS


@pytest.mark.benchmark(group=GROUP)
@pytest.mark.parametrize("explore", [0, 1])
def test_selecting(benchmark: Any, day: dict[str, Any], explore: int) -> None:
    known, cells = traits_of(day), (day["relevance"], day["owners"], day["allowed"])
    settings = SelectionSettings(explore=explore)
    rest = {"sizes": [SIZE] * READERS, "must": day["must"], "seeds": range(READERS)}
    found = benchmark(lambda: select(*cells, known, settings, **rest))
    assert all(len(choices) == SIZE for choices in found)
