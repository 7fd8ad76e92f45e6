"""How much the sources speak of a paper: how often, how highly and how recently.

    trend(paper) = sum over sources of sqrt(sum over its mentions of m^2)
    m            = 2^(-age / half-life) * (1 - (position - 1/2) / n) / log2(1 + n)

A mention is at a ``position``, from 1, in a report of ``n`` papers. What counts is the share of
the report that stands below it (the percentile of its place), so the head of any list is near 1
and its end near 0; and the longer the list, the less being on it says: a place in it is worth the
discount of its last one (that of DCG, Järvelin and Kekäläinen 2002). A source of 1,000 papers a
day thus weighs a third of one of 10, however many of them are near its head. What another source
says counts whole, but a source that repeats itself counts by the square root. ``age`` is the days
from the mention's date to now.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.papers import Candidate, Mention


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
        said: dict[str, list[float]] = {}
        for mention in candidate.mentions:
            age = max((today - mention.date).days, 0)
            weight = 2 ** (-age / half_life_days) * _height(mention)
            said.setdefault(mention.source, []).append(weight)
        scores[n] = math.fsum(math.hypot(*weights) for weights in said.values())
    return scores


def _height(mention: Mention) -> float:
    """What the place of a mention is worth, from 1/2 for the only paper of a source down to 0."""
    papers = max(mention.of, mention.position)
    return (1 - (mention.position - 0.5) / papers) / math.log2(1 + papers)


def home_sources(papers: Sequence[Candidate]) -> NDArray[np.intp]:
    """A number for the source that reported each paper first: (papers,), from 0.

    Of several on that day, the one that placed it highest in its list; of equals, the first by
    name. Papers without a mention share a number.
    """
    names = [
        min(
            ((mention.date, -_height(mention), mention.source) for mention in candidate.mentions),
            default=(dt.date.min, 0.0, ""),
        )[2]
        for candidate in papers
    ]
    found: NDArray[np.intp] = np.unique(np.array(names, dtype=np.str_), return_inverse=True)[1]
    return found


def reported(candidate: Candidate) -> str:
    """How often and how high the paper was reported, in words."""
    times = len(candidate.mentions)
    best = min((mention.position for mention in candidate.mentions), default=0)
    often = "once" if times == 1 else "twice" if times == 2 else f"{times} times"
    return f"reported {often}, highest place {best}"
