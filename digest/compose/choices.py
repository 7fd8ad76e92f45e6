"""What is chosen for a reader and why, and the settings that decide it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple


class Quotas(NamedTuple):
    """How many papers of a list may be of one interest, source or topic."""

    interest: int
    source: int
    topic: int

    def relaxed(self, size: int) -> tuple[Quotas, ...]:
        """These, and then without that of the interest, the topic and the source, one by one."""
        sources = Quotas(size, self.source, size)
        return self, sources._replace(topic=self.topic), sources, Quotas(size, size, size)


SHARES = (
    "threshold",
    "near_repeat",
    "same_topic",
    "max_share_interest",
    "max_share_source",
    "max_share_topic",
)


@dataclass(frozen=True)
class SelectionSettings:
    """``threshold``: papers less likely to be kept are never shown; a chance from 0 to 1.

    ``diversity``: what a paper of relevance 1 gains by being the first on its topic, and again by
    being the first for its interest. ``near_repeat``, ``same_topic``: from which cosine two papers
    repeat each other, or are on one topic. The largest shares are of the edition's size.
    ``trend_weight``: the log-odds of being kept that the trend adds at most. ``explore``: how many
    places, 0 or 1, are for a paper on a new topic that may surprise.
    """

    threshold: float = 0.05
    diversity: float = 0.2
    near_repeat: float = 0.9
    same_topic: float = 0.6
    max_share_interest: float = 0.7
    max_share_source: float = 0.8
    max_share_topic: float = 0.6
    trend_weight: float = 0.2
    explore: int = 0

    def __post_init__(self) -> None:
        for name in SHARES:
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} has to be more than 0 and at most 1")
        if not 0 <= self.diversity <= 10:
            raise ValueError("diversity has to be between 0 and 10")
        if not 0 <= self.trend_weight <= 2:
            raise ValueError("trend_weight has to be between 0 and 2")
        if self.explore not in (0, 1):
            raise ValueError("explore has to be 0 or 1")

    def quotas(self, size: int) -> Quotas:
        """The largest shares of an edition of ``size`` papers, in papers, rounded up."""
        shares = (self.max_share_interest, self.max_share_source, self.max_share_topic)
        return Quotas(*(math.ceil(share * size - 1e-9) for share in shares))  # 0.7 * 10 > 7


@dataclass(frozen=True, slots=True)
class Choice:
    """A paper (its column) and the taste (its row) it counts for: None in a trending list.

    ``relevance`` is that to the taste, in a trending list the trend; ``trend`` and ``variety`` are
    what the trend and the coverage of topics and interests added to it. ``must``: it is in because
    it has to be; ``explore``: it is in to try something.
    """

    paper: int
    taste: int | None
    relevance: float
    trend: float = 0.0
    variety: float = 0.0
    must: bool = False
    explore: bool = False

    @property
    def strength(self) -> float:
        return self.relevance + self.trend
