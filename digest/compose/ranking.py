"""Papers and tastes become chances that the reader keeps the paper.

What was judged and what was written are two rankings. Each is a weighted sum of signals, every one
standardised by what is usual for that taste: its mean and deviation over the background's
reference papers, so that today's papers are measured by the archive's and not by each other. A
logistic curve makes a chance of each sum, and the two are joined as independent grounds to keep a
paper: 1 - (1 - a)(1 - b). What is preferred beyond that adds to the log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.compose import leanings, wishing
from digest.compose.placing import Encoded, Placed
from digest.compose.profiles import Taste
from digest.compose.signals import Desk
from digest.compose.spaces import Floats
from digest.compose.summing import Sum, of_judged, of_written

TOLD = 25
"""Terms of a paper from which what it is about can be compared."""

REGRET = np.float32(0.5)
"""Log-odds for each e-fold of likeness to what was disliked."""


@dataclass(frozen=True)
class Curve:
    """A sum's chance: 1 / (1 + exp(-(level + slope * height))), where height is log(1 + sum / 4).

    The logarithm because sums have long tails, and what is twice as near is not kept twice as
    surely; below 0 the height is sum / 4.
    """

    level: float
    slope: float

    def odds(self, sums: Floats) -> Floats:
        """The odds of sums, of any shape: what the exponential above is one divided by."""
        height = sums * np.float32(1 / 4)
        above = np.maximum(height, np.float32(0))
        height -= above
        above += np.float32(1)
        height += np.log(above, out=above)
        height *= np.float32(self.slope)
        height += np.float32(self.level)
        found: Floats = np.exp(height, out=height)
        return found


LIKED_CURVE = Curve(-6.4, 2.6)
WRITTEN_CURVE = Curve(-5.3, 3.4)
"""Fitted by logistic regression on the development halves of the same collections, of whose
papers a reader keeps about one in a hundred."""

SURE = 30.0
"""Log-odds beyond which nothing is surer: their exponentials stay numbers."""

CERTAIN = np.float32(1e6 - 1)
"""The odds that nothing exceeds but for what is preferred."""

TOGETHER = 64
"""Tastes whose chances are worked out together: few enough to stay in a processor's cache."""


@dataclass(frozen=True)
class Ranking:
    """Chances of papers by taste, and what ``evidence`` works with.

    ``relevance``: (tastes, papers) float32 from 0 to 1; ``must``: (tastes, papers) bool, papers
    that have to be in the edition; ``places``: where what was written stands, as ``wishing`` says.
    """

    relevance: Floats
    must: NDArray[np.bool_]
    tastes: Sequence[Taste]
    desk: Desk
    found: wishing.Found
    places: Mapping[str, Floats]
    liked: Sum
    written: Sum
    disliked: Sum
    leaning: leanings.Leaning


def rank(tastes: Sequence[Taste], placed: Placed, encoded: Encoded | None = None) -> Ranking:
    """Every paper ranked for every taste; the order of either, or of votes, changes nothing.

    ``encoded``: vectors of what these tastes judged and say, where ``placed`` holds those of the
    window's papers alone.
    """
    desk = Desk(tastes, placed, encoded)
    found = wishing.look(placed, tastes)
    liked, disliked = of_judged(desk)
    places = wishing.places(desk, tastes, found)
    written = of_written(desk, found, places)
    leaning = leanings.lean(tastes, placed.facts)
    return Ranking(
        chances(liked, written, disliked, leaning), leaning.must[leaning.row],
        tastes, desk, found, places, liked, written, disliked, leaning,
    )  # fmt: skip


def vectors(placed: Placed) -> Floats:
    """Where papers stand, (papers, d) unit rows; 0 for those of which little more than the title
    is known: "part 1" and "part 2" of a title are no repeats.
    """
    places = placed.dense["general"][: len(placed.papers)]
    told = np.array([len(paper.terms) >= TOLD for paper in placed.papers], dtype=np.bool_)
    found: Floats = places[:, : places.shape[1] // 2] * told.reshape(-1, 1)
    return found


# Sums become chances -----------------------------------------------------------------------------


def chances(liked: Sum, written: Sum, disliked: Sum, leaning: leanings.Leaning) -> Floats:
    """The chances that sums and leanings come to: (tastes, papers)."""
    found = np.empty(liked.total.shape, dtype=np.float32)
    for start in range(0, len(found), TOGETHER):
        some = slice(start, start + TOGETHER)
        totals = [one.total[some][one.stated[some]] for one in (liked, written, disliked)]
        odds = np.zeros((2, *found[some].shape), dtype=np.float32)
        odds[0, liked.stated[some]] = LIKED_CURVE.odds(totals[0])
        odds[1, written.stated[some]] = WRITTEN_CURVE.odds(totals[1])
        if len(totals[2]):
            odds[1, disliked.stated[some]] *= regret(totals[2])
        found[some] = joined(odds[0], odds[1], leanings.BASE, leaning.weight[some])
        leans = np.flatnonzero(leaning.row[some])
        if len(leans):
            row = leaning.row[some][leans]
            moved = leaning.weight[some][leans] * bounded(leaning.odds[row])
            whole = joined(odds[0, leans], odds[1, leans], leaning.alone[row], moved)
            found[start + leans] = whole * leaning.fits[row]
    return found


def regret(disliked: Floats) -> Floats:
    """What the odds of meeting a wish are multiplied by for being like what was disliked."""
    lost = np.maximum(disliked, np.float32(0))
    lost *= np.float32(1 / 4)
    lost += np.float32(1)
    np.log(lost, out=lost)
    lost *= -REGRET
    found: Floats = np.exp(lost, out=lost)
    return found


def joined(liked: Floats, written: Floats, alone: Floats | float, moved: Floats) -> Floats:
    """The chance that independent grounds come to, given as odds, ``alone`` as a chance; the odds
    of all together are then multiplied by what they are ``moved``.

    The odds of any of them, 1 / ((1 - a)(1 - b)(1 - c)) - 1, are added up from small terms, so
    that small chances are exact.
    """
    odds: Floats = liked * written
    odds += liked
    odds += written
    odds += np.float32(alone)
    odds /= np.float32(1) - np.float32(alone)
    np.minimum(odds, CERTAIN, out=odds)
    odds *= moved
    found: Floats = np.divide(odds, odds + np.float32(1), out=odds)
    return found


def bounded(odds: Floats) -> Floats:
    """The exponential of log-odds."""
    found: Floats = np.exp(np.clip(odds, -SURE, SURE))
    return found
