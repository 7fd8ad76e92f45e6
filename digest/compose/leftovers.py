"""Which rule kept the best of the other papers out of a reader's list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from digest.compose.choices import Choice, Quotas, SelectionSettings
from digest.compose.shortlist import lift, lifted
from digest.compose.traits import Floats, Mask, Traits

Rule = Literal[
    "threshold", "repeat", "interest quota", "source quota", "topic quota", "variety", "room"
]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A paper (its column), the taste (its row) it is best for, its relevance, and the rule.

    ``threshold``: it is too unlikely to be kept; ``repeat``: it says nearly the same as the
    choice of the column ``repeats``; a quota: it is stronger than the weakest choice, but its
    interest, source or topic has all its places; ``variety``: it is stronger too, but others
    added more; ``room``: the list is full of stronger papers.
    """

    paper: int
    taste: int | None
    relevance: float
    rule: Rule
    repeats: int | None = None


def leftovers(
    relevance: Floats,
    rows: Sequence[int],
    allowed: Mask,
    choices: Sequence[Choice],
    traits: Traits,
    settings: SelectionSettings,
    *,
    size: int,
    most: int,
) -> list[Leftover]:
    """The best papers not chosen for one reader that were allowed, at most ``most``, best first.

    ``relevance``: (tastes, papers) of all readers, as for ``select``; ``rows``: this reader's
    tastes; ``allowed``: (papers,). For a reader without tastes the trend ranks, and only room
    leaves out.
    """
    best = relevance[list(rows)].max(axis=0) if rows else traits.trend
    left = allowed & (best > 0)
    left[[choice.paper for choice in choices]] = False
    strength = lifted(best, lift(traits, settings.trend_weight)) if rows else best
    judge = _Judge(choices, traits, settings.threshold, settings.quotas(size))
    found = []
    for paper in np.argsort(-np.where(left, best, 0), kind="stable")[: min(most, left.sum())]:
        taste = rows[int(relevance[list(rows), paper].argmax())] if rows else None
        one = Choice(int(paper), taste, float(best[paper]))
        rule = judge.rule(one, float(strength[paper])) if rows else ("room", None)
        found.append(Leftover(one.paper, one.taste, one.relevance, *rule))
    return found


@dataclass(frozen=True)
class _Judge:
    """What is known of one reader's choices, to judge others by."""

    choices: Sequence[Choice]
    traits: Traits
    threshold: float
    quotas: Quotas

    def rule(self, one: Choice, strength: float) -> tuple[Rule, int | None]:
        if one.relevance < np.float32(self.threshold):
            return "threshold", None
        for choice in self.choices:
            if self.traits.repeat(np.array(choice.paper), np.array(one.paper)):
                return "repeat", choice.paper
        if strength <= self._weakest():
            return "room", None
        return next(self._full(one), "variety"), None

    def _weakest(self) -> float:
        """The strength of the weakest choice that had to stand against all others."""
        tastes = Counter(choice.taste for choice in self.choices)
        free = [one for one in self.choices if not (one.must or one.explore)]
        return min((one.strength for one in free if tastes[one.taste] > 1), default=1.0)

    def _full(self, one: Choice) -> Iterator[Rule]:
        """The quotas that had no place left for the paper, unless they had been given up."""
        topics, sources = self.traits.topics, self.traits.sources
        alike: dict[Rule, list[Choice]] = {
            "interest quota": [n for n in self.choices if n.taste == one.taste],
            "source quota": [n for n in self.choices if sources[n.paper] == sources[one.paper]],
            "topic quota": [n for n in self.choices if topics[n.paper] == topics[one.paper]],
        }
        for (rule, held), quota in zip(alike.items(), self.quotas, strict=True):
            reached = quota <= len(held) <= max(quota, sum(choice.must for choice in held))
            if reached and len(held) < len(self.choices):
                yield rule
