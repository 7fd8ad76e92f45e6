"""The public ranking: reported most often, highest and most recently.

    score(paper) = sum over its mentions of  2^(-age / half-life) / log2(1 + position)

``position`` counts from 1, so the head of a page weighs 1 and the tenth place 0.29 (the discount
of DCG, Järvelin and Kekäläinen 2002); ``age`` is the days from the mention's date to now.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.editions import Reason
from digest.papers import Candidate


@dataclass(frozen=True)
class TrendSettings:
    """``half_life_days``: after this long a mention weighs half."""

    half_life_days: float = 3

    def __post_init__(self) -> None:
        if not self.half_life_days > 0:
            raise ValueError("half_life_days has to be more than 0")


def trend(
    papers: Sequence[Candidate], now: dt.datetime, half_life_days: float
) -> NDArray[np.float32]:
    """The formula above for each paper: (papers,) float32, more than 0 for any mention."""
    today = now.date()
    scores = np.zeros(len(papers), dtype=np.float32)
    for n, candidate in enumerate(papers):
        for mention in candidate.mentions:
            age = max((today - mention.date).days, 0)
            scores[n] += 2 ** (-age / half_life_days) / math.log2(1 + mention.position)
    return scores


def trend_reason(candidate: Candidate, score: float) -> Reason:
    """How often and how high the paper was reported, in words."""
    times = len(candidate.mentions)
    best = min((mention.position for mention in candidate.mentions), default=0)
    often = "once" if times == 1 else "twice" if times == 2 else f"{times} times"
    return Reason("trend", f"reported {often}, highest place {best}", score)
