"""Logistic regression of what was kept on what was said to be likely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR = 1.0
"""How surely the chances are right as they are: level and slopes may differ by about 1."""


def fitted(signals: Floats, kept: Floats, weights: Floats) -> Floats:
    """Level and slopes of the logistic regression of ``kept`` on ``signals``: (1 + signals,).

    The first slope is drawn to 1 and all else to 0, where the chances are right as they are.
    Newton's method, each step halved while it does not help.
    """
    rows = np.column_stack([np.ones(len(signals)), signals])
    centre = np.eye(rows.shape[1])[1]
    found, best = centre, np.inf
    for _ in range(30):
        chance = chance_of(rows @ found)
        slope = rows.T @ (weights * (kept - chance)) - PRIOR * (found - centre)
        bend = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows
        step = np.linalg.solve(bend + PRIOR * np.eye(len(found)), slope)
        for _ in range(8):
            loss = _penalised(rows, kept, weights, found + step, centre)
            if loss <= best:
                break
            step = step / 2
        found, gained, best = found + step, best - loss, loss
        if gained < 1e-9:
            break
    return np.asarray(found, dtype=np.float64)


def _penalised(rows: Floats, kept: Floats, weights: Floats, found: Floats, centre: Floats) -> float:
    odds = rows @ found
    told = np.logaddexp(0, odds) - kept * odds
    return float(weights @ told + PRIOR / 2 * ((found - centre) ** 2).sum())


def loss(odds: Floats, kept: Floats) -> float:
    """The mean log loss of log-odds, once they are calibrated."""
    level, slope = fitted(odds[:, None], kept, np.ones(len(kept)))
    told = level + slope * odds
    return float((np.logaddexp(0, told) - kept * told).mean())


def log_odds(chance: Floats) -> Floats:
    """ln(p / (1 - p)), of chances of 0 and 1 as of a millionth from them."""
    held = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(held / (1 - held)), dtype=np.float64)


def chance_of(odds: Floats) -> Floats:
    """The chance that log-odds mean."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))), dtype=np.float64)
