"""What an install's own votes say of three settings, and whether they say it for sure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from digest.compose import trending
from digest.compose.choices import SelectionSettings
from digest.compose.profiles import ProfileSettings
from digest.evaluate.calibration import Floats, chance_of, fitted, log_odds, loss
from digest.evaluate.history import PERIOD
from digest.evaluate.intervals import SEED, Interval, interval
from digest.evaluate.moments import Moment
from digest.evaluate.pooling import Measured, joined

HALF_LIVES = (30.0, 90.0, 180.0, 365.0, 730.0, 0.0)
"""Days after which a vote counts half, as they are tried."""

MEANT = SelectionSettings().threshold
"""The chance that a paper at the threshold is meant to have."""

DRAWS = 400

READERS = 10
"""Drawn from fewer readers, an interval is narrower than what is known."""

WORTHWHILE = 1.25
"""A threshold that differs by less changes no edition to speak of."""

SHOWN, KEPT, EPISODES = 200, 20, 10
"""The fewest papers shown and kept, and episodes, that anything is concluded from."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was compared, its value ``now`` and ``then``, and the 95 % ``interval`` that decided.

    ``interval_of``: "setting", the value that votes want, or "gain", that of the figure.
    """

    measure: str
    now: float
    then: float
    interval: Interval
    interval_of: Literal["setting", "gain"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A ``setting`` as it is ``now``, and as votes want it: ``then``, None to leave it.

    ``why``: one sentence; ``figure`` is None where there were too few votes for one.
    """

    setting: str
    now: float
    then: float | None
    why: str
    figure: Figure | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper that a reader was shown in the period after ``at``, and whether it was ``kept``.

    ``chance``: that it would be, from 0 to 1, by what was known ``at`` that instant; ``trend``:
    when it was shown, as the log-odds that a weight of 1 adds.
    """

    user: str
    at: dt.datetime
    chance: float
    trend: float
    kept: bool


def shown(moment: Moment, settings: ProfileSettings, half_life_days: float) -> list[Shown]:
    """The papers in editions of the period: only of these is it known that nobody kept them."""
    found: list[Shown] = []
    chances = moment.chances(moment.episodes, settings) if moment.episodes else ()
    for episode, (each, _) in zip(moment.episodes, chances, strict=True):
        when = moment.readers[episode.user].shown
        cells = zip(moment.numbers(episode), each.tolist(), episode.grades.tolist(), strict=True)
        for number, chance, grade in cells:
            if number in when and moment.at < when[number] <= moment.at + PERIOD:
                trend = _trend(moment, number, when[number], half_life_days)
                found.append(Shown(episode.user, moment.at, chance, trend, grade > 0))
    return found


def _trend(moment: Moment, number: int, at: dt.datetime, half_life_days: float) -> float:
    paper = moment.papers[number]
    said = tuple(mention for mention in paper.mentions if mention.date <= at.date())
    trend = float(trending.trend([replace(paper, mentions=said)], at, half_life_days)[0])
    return trend / (1 + trend)


def threshold(found: Sequence[Shown], now: float) -> Proposal:
    """The chance of which readers really keep one paper in twenty, by logistic calibration.

    Never one beyond the middle nine tenths of what was shown: of others nothing is known (Platt,
    "Probabilistic outputs for support vector machines", 1999).
    """
    setting = "compose.threshold"
    few = _few(found)
    if few:
        return Proposal(setting, now, None, few)
    odds, kept = log_odds(np.array([one.chance for one in found])), _kept(found)
    lowest, highest = np.quantile(odds, (0.05, 0.95))

    def wanted(weights: Floats) -> float:
        level, slope = fitted(odds[:, None], kept, weights)
        even = (log_odds(np.array(MEANT)) - level) / max(slope, 1e-3)
        return float(chance_of(np.clip(even, lowest, highest)))

    level, slope = fitted(odds[:, None], kept, np.ones(len(found)))
    best, sure = _rounded(wanted(np.ones(len(found)))), _interval(found, wanted)
    kept_now, kept_then = chance_of(level + slope * log_odds(np.array([now, best]))).tolist()
    figure = Figure("kept of papers at the threshold", kept_now, kept_then, sure, "setting")
    if sure[0] <= now <= sure[1] or 1 / WORTHWHILE < best / now < WORTHWHILE:
        why = f"the chances hold: a paper at the threshold is kept {kept_now:.1%} of the time"
        return Proposal(setting, now, None, f"{why}, or near enough", figure)
    why = f"of papers at {now:g} readers keep {kept_now:.1%}, and {kept_then:.1%} of those at"
    return Proposal(setting, now, best, f"{why} {best:g}; {MEANT:.0%} is meant", figure)


def trend_weight(found: Sequence[Shown], now: float) -> Proposal:
    """The log-odds that the trend was worth beside the chance, among papers that were shown."""
    setting = "compose.trend_weight"
    few = _few(found)
    if few:
        return Proposal(setting, now, None, few)
    odds, kept = log_odds(np.array([one.chance for one in found])), _kept(found)
    trend = np.array([one.trend for one in found])
    if trend.std() < 0.05:
        return Proposal(setting, now, None, "the papers shown hardly differ in how they trend")
    both = np.stack([odds, trend], axis=1)

    def worth(weights: Floats) -> float:
        _, slope, weight = fitted(both, kept, weights)
        return float(np.clip(weight / max(slope, 0.1), 0, 2))

    best, sure = round(worth(np.ones(len(found))), 2), _interval(found, worth)
    before, after = (loss(odds + weight * trend, kept) for weight in (now, best))
    figure = Figure("surprise at what is kept (log loss)", before, after, sure, "setting")
    if sure[0] <= now <= sure[1] or best == now:
        return Proposal(setting, now, None, f"any from {sure[0]:.2g} to {sure[1]:.2g} fits", figure)
    why = f"readers keep what trends as if it counted {sure[0]:.2g} to {sure[1]:.2g}"
    return Proposal(setting, now, best, why, figure)


def half_life(found: Sequence[Measured], now: float) -> Proposal:
    """The half-life whose rankings were better, if one was.

    It is chosen on every other instant and judged on those between: what is best of many is best
    by chance as well. ``found`` has a ranker for each half-life, named by ``name``.
    """
    setting = "profile.vote_half_life_days"
    instants = sorted({one.at for one in found})
    choosing = [one for one in found if instants.index(one.at) % 2 == 0]
    judging = [one for one in found if instants.index(one.at) % 2]
    if min(len(choosing), len(judging)) < EPISODES:
        why = f"there are {len(found)} episodes with something kept, and {2 * EPISODES} are needed"
        return Proposal(setting, now, None, why)
    means = {one: run.values("ndcg10").mean() for one, run in joined(choosing).items()}
    then = max((now, *HALF_LIVES), key=lambda days: means[name(days)])  # the present one of equals
    runs = joined(judging)
    before, after = (runs[name(days)].values("ndcg10") for days in (now, then))
    sure = interval(after - before, _owners(judging))
    figure = Figure("nDCG@10", float(before.mean()), float(after.mean()), sure, "gain")
    if then == now:
        return Proposal(setting, now, None, "no other half-life ranks better", figure)
    if sure[0] <= 0:
        why = f"{then:g} was best on half of the votes, and not for sure on the others"
        return Proposal(setting, now, None, why, figure)
    return Proposal(setting, now, then, "votes of that age predict what is kept better", figure)


def name(days: float) -> str:
    """The ranker's name of a half-life."""
    return f"{days:g}"


def _few(found: Sequence[Shown]) -> str | None:
    kept = sum(one.kept for one in found)
    if len(found) >= SHOWN and kept >= KEPT:
        return None
    return (
        f"editions showed {len(found)} papers, of which {kept} were kept; "
        f"{SHOWN} and {KEPT} are needed"
    )


def _kept(found: Iterable[Shown]) -> Floats:
    return np.array([one.kept for one in found], dtype=np.float64)


def _interval(found: Sequence[Shown], value: Callable[[Floats], float]) -> Interval:
    """The 95 % interval of ``value`` of weights, by drawing ``_owners``."""
    _, owner = np.unique(np.array(_owners(found)), return_inverse=True)
    chance = np.random.default_rng(SEED)
    many = int(owner.max()) + 1
    drawn = chance.multinomial(many, np.full(many, 1 / many), size=DRAWS)
    low, high = np.quantile([value(row[owner].astype(np.float64)) for row in drawn], (0.025, 0.975))
    return float(low), float(high)


def _owners(found: Sequence[Shown] | Sequence[Measured]) -> list[str]:
    """Who is drawn: readers, of whom each resembles only themselves; of few, each one's periods."""
    users = [one.user for one in found]
    if len(set(users)) >= READERS:
        return users
    return [f"{one.user}/{one.at.isoformat()}" for one in found]


def _rounded(chance: float) -> float:
    return float(f"{chance:.2g}")
