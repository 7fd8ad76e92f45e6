"""How sure a mean is: 95 % intervals by drawing the readers again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval = tuple[float, float]

RESAMPLES = 2_000
SEED = 20_020_101
"""Fixed: the same figures give the same interval, on every machine."""


def interval(values: ArrayLike, users: Sequence[str]) -> Interval:
    """The 95 % interval of the mean of ``values``, one an episode, whose reader is in ``users``.

    Readers are drawn with replacement, each with all their episodes: the episodes of one reader
    resemble each other, and drawn singly would promise more than they know (Field and Welsh,
    "Bootstrapping clustered data", 2007). Percentiles of 2,000 draws. Of a single reader the
    episodes are drawn; the interval then speaks of that reader alone. Of fewer than ten or so it
    is too narrow: two readers who happen to agree leave no doubt.
    """
    found = np.asarray(values, dtype=np.float64)
    if not len(found):
        raise ValueError("an interval needs at least one value")
    _, reader = np.unique(np.asarray(users, dtype=np.str_), return_inverse=True)
    if reader.max() == 0:
        reader = np.arange(len(found))
    totals = np.bincount(reader, weights=found)
    counts = np.bincount(reader).astype(np.float64)
    drawn = _draws(len(totals))
    means = (drawn @ totals) / (drawn @ counts)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _draws(readers: int) -> NDArray[np.float64]:
    """How often each reader is drawn in each of the samples, (RESAMPLES, readers)."""
    chance = np.random.default_rng(SEED)
    return chance.multinomial(readers, np.full(readers, 1 / readers), size=RESAMPLES).astype(
        np.float64
    )
