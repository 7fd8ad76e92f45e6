"""Papers for selecting: relevances, sources and directions in a space, and what was chosen."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from hypothesis import strategies as st

from digest.compose.choices import Choice, SelectionSettings
from digest.compose.selection import select
from digest.compose.traits import Traits, traits

FREE: dict[str, Any] = {
    "threshold": 0.25,
    "max_share_interest": 1,
    "max_share_source": 1,
    "max_share_topic": 1,
    "trend_weight": 0,
}
"""Settings without quotas or trend, and a threshold that is easy to see."""


def angles(*degrees: float) -> np.ndarray:
    """Vectors of length 1 in the plane."""
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def some_traits(
    papers: int,
    settings: SelectionSettings,
    *,
    vectors: Any = None,
    sources: Any = None,
    trend: Any = None,
) -> Traits:
    """Traits of papers that have nothing in common unless told otherwise."""
    return traits(
        np.asarray(np.eye(papers) if vectors is None else vectors, dtype=np.float32),
        np.asarray(np.arange(papers) if sources is None else sources, dtype=np.intp),
        np.asarray(np.zeros(papers) if trend is None else trend, dtype=np.float32),
        near_repeat=settings.near_repeat,
        same_topic=settings.same_topic,
    )


def chosen(
    relevance: Any,
    *,
    size: int = 10,
    allowed: Any = None,
    must: Any = None,
    seed: int = 0,
    settings: SelectionSettings | None = None,
    **known: Any,
) -> list[Choice]:
    """The choices of one reader whose tastes find the papers so relevant."""
    found = np.array(relevance, dtype=np.float32)
    papers = found.shape[1]
    chosen_by = settings or SelectionSettings(**FREE)
    return select(
        found,
        [0] * len(found),
        np.ones((1, papers), bool) if allowed is None else np.array([allowed], dtype=bool),
        some_traits(papers, chosen_by, **known),
        chosen_by,
        sizes=[size],
        must=None if must is None else np.array(must, dtype=bool),
        seeds=[seed],
    )[0]


def columns(choices: list[Choice]) -> list[int]:
    return [choice.paper for choice in choices]


@dataclasses.dataclass(frozen=True)
class Batch:
    relevance: np.ndarray
    owners: list[int]
    allowed: np.ndarray
    must: np.ndarray
    vectors: np.ndarray
    sources: np.ndarray
    trend: np.ndarray
    sizes: list[int]
    settings: SelectionSettings

    @property
    def traits(self):
        known = {"vectors": self.vectors, "sources": self.sources, "trend": self.trend}
        return some_traits(len(self.trend), self.settings, **known)

    def lists(self) -> list[list[Choice]]:
        seeds = list(range(len(self.sizes)))
        return select(
            self.relevance,
            self.owners,
            self.allowed,
            self.traits,
            self.settings,
            sizes=self.sizes,
            must=self.must,
            seeds=seeds,
        )


GRID = [0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.5, 0.75, 1.0]
ANGLES = [0, 10, 20, 40, 90, 120, 125, 180, 240]
SHARES = [0.2, 0.5, 0.7, 1.0]


@st.composite
def batches(draw, explore: tuple[int, ...] = (0,)) -> Batch:
    """Readers with some tastes each, relevances full of ties, musts, repeats, sources, trends."""
    papers = draw(st.integers(0, 14))
    tastes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    owners = [reader for reader, count in enumerate(tastes) for _ in range(count)]

    def row(values, kind):
        cells = draw(st.lists(st.sampled_from(values), min_size=papers, max_size=papers))
        return np.array(cells, dtype=kind)

    def rows(count, values, kind):
        return np.array([row(values, kind) for _ in range(count)], kind).reshape(count, papers)

    shares = {name: draw(st.sampled_from(SHARES)) for name in FREE if name.startswith("max")}
    return Batch(
        rows(len(owners), GRID, np.float32),
        owners,
        rows(len(tastes), [True, True, True, False], bool),
        rows(len(owners), [False] * 9 + [True], bool),
        angles(*row(ANGLES, float)),
        row([0, 0, 0, 1, 2], np.intp),
        row([0.0, 0.0, 0.3, 2.0], np.float32),
        draw(st.lists(st.integers(0, 6), min_size=len(tastes), max_size=len(tastes))),
        SelectionSettings(
            threshold=0.25,
            diversity=draw(st.sampled_from([0, 0.2, 5])),
            trend_weight=draw(st.sampled_from([0, 0.2])),
            explore=draw(st.sampled_from(explore)),
            **shares,
        ),
    )
