"""What is usual of a signal is what the reference papers say, however it is worked out."""

from __future__ import annotations

import numpy as np
import pytest

from digest.compose import signals, summing
from digest.compose.placing import Placed, halves
from tests.support.tastes import FIELDS, TITLES, a_taste, empty, grown, papers


@pytest.mark.parametrize("known", [empty, grown], ids=["empty", "grown"])
def test_the_mean_and_the_deviation_of_a_product_follow_from_the_covariance(known):
    placed = Placed(papers(*TITLES), known())
    desk = signals.Desk([a_taste(liked=liked) for liked in FIELDS.values()], placed)
    liked, _ = summing.of_judged(desk)
    whole = sum(summing.LIKED[name] for name in liked.mean)
    for name, rows in signals.means(desk, desk.liked, desk.liked.some).items():
        space, kind = name.split()
        half = dict(halves(placed.dense[space].shape[1]))[kind]
        each = rows @ placed.dense[space][len(TITLES) :, half].T
        share = each.shape[1] / (each.shape[1] + summing.ASSUMED)
        typical, deviation = summing.TYPICAL[name]
        mean = share * (each.mean(axis=1) if share else 0) + (1 - share) * typical
        spread = share * (each.var(axis=1) if share else 0) + (1 - share) * deviation**2
        scale = summing.LIKED[name] * sum(summing.LIKED.values()) / whole / np.sqrt(spread)
        some = desk.liked.some
        np.testing.assert_allclose(liked.mean[name][some, 0], mean, atol=1e-6)
        np.testing.assert_allclose(liked.scale[name][some, 0], scale, rtol=1e-4)


def test_products_are_the_same_to_the_bit_beside_any_others():
    placed = Placed(papers(*TITLES), grown())
    desk = signals.Desk([a_taste(liked=liked) for liked in FIELDS.values()], placed)
    some = desk.liked.some
    rows = signals.means(desk, desk.liked, some)
    together = summing.Summing(placed, desk.liked.stated, summing.LIKED)
    together.multiply(some, rows)
    for n in range(len(some)):
        alone = summing.Summing(placed, desk.liked.stated, summing.LIKED)
        alone.multiply(some[n : n + 1], {name: each[n : n + 1] for name, each in rows.items()})
        assert alone.sum.total[some[n]].tobytes() == together.sum.total[some[n]].tobytes()
