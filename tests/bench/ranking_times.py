"""Ranking beside the bare products of the same arrays that it needs, for any readers and papers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from digest.compose import ranking, wishing
from digest.compose.background import Background
from digest.compose.placing import Placed, halves
from digest.compose.profiles import Taste
from digest.papers import Candidate


@dataclass(frozen=True)
class Times:
    """Seconds of a processor. ``products``: the products that ranking cannot do without, in 32 bits; ``placing``:
    where the window's papers, judged papers and what was written stand; ``ranking``: all of it.
    """

    products: float
    placing: float
    ranking: float

    @property
    def factor(self) -> float:
        """How many times the products ranking takes besides placing texts."""
        return (self.ranking - self.placing) / self.products

    def __str__(self) -> str:
        parts = f"products {self.products:.2f} s, placing texts {self.placing:.2f} s"
        return f"{parts}, ranking {self.ranking:.2f} s: {self.factor:.1f} times the products"


def fastest(what: Callable[[], Any], rounds: int = 5) -> float:
    """The shortest of some times, in seconds of a processor: that which others disturbed least."""
    found = []
    for _ in range(rounds):
        started = time.process_time()
        what()
        found.append(time.process_time() - started)
    return min(found)


def times(
    tastes: Sequence[Taste], papers: Sequence[Candidate], known: Background, rounds: int = 5
) -> Times:
    """How long it takes to rank these papers for these tastes, from nothing."""
    found = ranking.rank(tastes, Placed(papers, known))
    placed, judged = found.desk.placed, _judged(tastes)

    def place() -> None:
        placed = Placed(papers, known)
        rows = placed.rows(judged)
        for space in placed.spaces.values():
            space.place(rows)
        wishing.places(found.desk, tastes, found.found)

    return Times(
        fastest(_products(found, placed.rows(judged)), rounds),
        fastest(place, rounds),
        fastest(lambda: ranking.rank(tastes, Placed(papers, known)), rounds),
    )


def _judged(tastes: Sequence[Taste]) -> list[tuple[str, ...]]:
    every = {one.name: one for taste in tastes for one in (*taste.liked, *taste.disliked)}
    return [one.terms for one in every.values()]


def _products(found: ranking.Ranking, tfidf: Any) -> Callable[[], None]:
    desk, wished = found.desk, found.found
    placed, many = desk.placed, tfidf.shape[0]
    groups = [group for group in (desk.liked, desk.disliked) if group.stated.any()]
    average = [group.of(np.arange(len(group.sizes)), many) for group in groups]
    written = [(name.split()[0], rows) for name, rows in found.places.items()]

    def products() -> None:
        cosines = (tfidf @ placed.across).toarray()
        (wished.wanted @ wished.sought.worth).toarray()
        for each in average:
            each @ cosines
            for name, places in desk.judged.dense.items():
                rows = each @ places
                for _, half in halves(places.shape[1]):
                    rows[:, half] @ placed.dense[name][:, half].T
        for name, rows in written:
            rows @ placed.dense[name][:, : rows.shape[1]].T

    return products
