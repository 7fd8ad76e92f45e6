"""The worth of a list of papers, written out from its formula: what greedy is measured against."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np


def worth(
    values: Any, topics: Any, relevance: Any, diversity: float, some: Collection[int]
) -> float:
    """That of the papers ``some``; ``relevance``: (interests, papers)."""
    papers = sorted(some)
    of_topics = [sum(values[p] for p in papers if topics[p] == n) for n in np.unique(topics)]
    of_interests = [sum(row[p] for p in papers) for row in relevance]
    covered = sum(float(total) ** 0.5 for total in (*of_topics, *of_interests))
    return float(sum(values[p] for p in papers)) + diversity * covered
