"""One paper on a topic that is not in the list yet: a guess, by chance, but a repeatable one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digest.compose.traits import Floats, Traits

SHARE = 0.5
"""Of the threshold: so likely does an exploration have to be kept."""


def explore(chance: Floats, chosen: Sequence[int], traits: Traits, seed: int) -> int | None:
    """The column of a paper that is on none of the chosen papers' topics and repeats none.

    The more uncertain a paper is, the likelier it is drawn: by the variance c (1 - c) of whether
    it is kept at the chance c, because an answer to it teaches most. ``chance``: (papers,), 0 for
    a paper that may not be drawn. None where there is no other. The same seed draws the same.
    """
    taken = np.asarray(chosen, dtype=np.intp)
    new = np.ones(len(chance), dtype=np.bool_)
    new[traits.topics[taken]] = False
    columns = np.flatnonzero((chance > 0) & (chance < 1) & new[traits.topics])
    columns = columns[~traits.repeat(taken[:, None], columns).any(axis=0)]
    if not columns.size:
        return None
    weights = chance[columns].astype(np.float64)
    weights *= 1 - weights
    # Of exponential times at these rates, each is the first as often as its rate's share.
    times = np.random.default_rng(seed).standard_exponential(len(columns)) / weights
    return int(columns[times.argmin()])
