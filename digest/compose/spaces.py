"""Dense spaces of meaning: where a text stands, centred on its field and with fields evened out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]

EVENED = 1.0
"""Added to every direction's variance, in average variances, before dividing by it: without it
the directions that hold nothing but noise would weigh most."""


GRID = np.float32(2**22)


@dataclass(frozen=True)
class Frame:
    """What a field looks like in a space: its middle, its directions and how far it spreads.

    ``mean``: (d,) of unit rows; ``turn``: (d, d) the directions, by column; ``spread``: (d,) the
    variance along each.
    """

    mean: Floats
    turn: Floats
    spread: Floats

    def place(self, rows: Floats) -> Floats:
        """Where rows of the space stand in the field: (n, 2 d), twice a unit row, 0 where all is 0.

        What ``product`` makes of two such halves is the same whatever other rows there are.

        The first half is centred, so that what all papers of a field share counts for nothing; in
        the second the directions that everything spreads along weigh less, which makes its mean
        over liked papers a linear discriminant against the field (Fisher, "The use of multiple
        measurements in taxonomic problems", 1936).
        """
        centred = self.centred(rows)
        turned = exactly(wide(centred), self._wide_turn)
        turned /= np.sqrt(self.spread + np.float32(EVENED) * self.spread.mean())
        return gridded(np.hstack([centred, unit(turned)]))

    @cached_property
    def _wide_turn(self) -> Wide:
        return wide(self.turn)

    def centred(self, rows: Floats) -> Floats:
        """The rows from the middle of the field, at length 1: (n, d)."""
        found = unit(rows)
        found -= self.mean
        found[~rows.any(axis=1)] = 0
        return unit(found)


@dataclass(frozen=True)
class Moments:
    """What frames are made of, and may be added up: rows seen, their mean, their second moment.

    ``second``: (d, d), the mean of the outer products of the centred unit rows.
    """

    papers: float
    mean: Floats
    second: Floats

    def frame(self) -> Frame:
        spread, turn = np.linalg.eigh(self.second.astype(np.float64))
        # An eigenvector's sign is the library's whim; its largest part is made positive.
        largest = np.abs(turn).argmax(axis=0)
        turn *= np.sign(turn[largest, np.arange(len(turn))])
        return Frame(
            self.mean, turn.astype(np.float32), np.maximum(spread, 1e-9).astype(np.float32)
        )


def moments(rows: Floats) -> Moments:
    """The moments of rows of any length, those without one left out. ``rows``: (n, d)."""
    known = unit(rows[np.linalg.norm(rows, axis=1) > 0])
    if not len(known):
        size = rows.shape[1]
        return Moments(0.0, np.zeros(size, np.float32), np.zeros((size, size), np.float32))
    mean = known.mean(axis=0)
    centred = unit(known - mean)
    second = (centred.T @ centred / np.float32(len(known))).astype(np.float32)
    return Moments(float(len(known)), mean, second)


def together(ours: Moments, general: Moments, weight: float) -> Moments:
    """Our own moments with the general ones, which count as ``weight`` papers."""
    share = np.float32(ours.papers / (ours.papers + weight))
    return Moments(
        ours.papers,
        share * ours.mean + (1 - share) * general.mean,
        share * ours.second + (1 - share) * general.second,
    )


def product(a: Floats, b: Floats) -> Floats:
    """The product of unit rows with unit columns, each cell the same in whatever company it stands.

    Libraries add up in an order that depends on the shapes. Of numbers on a grid of 2 ** -22 every
    sum of products is exact in 64 bits, and so is the same in any order.
    """
    return exactly(wide(a), wide(b))


def exactly(a: Wide, b: Wide) -> Floats:
    """The same of what ``wide`` made already."""
    exact = a @ b
    exact += 0.0  # leaves no -0
    return exact.astype(np.float32)


def gridded(rows: Floats) -> Floats:
    """Numbers from -1 to 1, rounded to what ``product`` counts exactly; a second time no more.

    Adding 0 leaves no -0, which is equal to 0 and yet other bytes.
    """
    found = rows * GRID
    np.rint(found, out=found)
    found /= GRID
    found += np.float32(0)
    return found


def wide(rows: Floats | Wide) -> Wide:
    """The same numbers, rounded as by ``gridded``, in 64 bits, as libraries multiply them fastest.

    Sums of products of two such rows stay exact up to a product of their lengths of 256.
    """
    found = np.ascontiguousarray(rows, dtype=np.float64) * float(GRID)
    np.rint(found, out=found)
    found /= float(GRID)
    return found


def fine(rows: Wide) -> Wide:
    """Numbers from -1 to 1 on a grid of 2 ** -28: times a gridded row, sums are exact still."""
    found: Wide = np.rint(rows * 2.0**28) / 2.0**28
    return found


def unit(rows: Floats) -> Floats:
    """The rows at length 1; one of length 0 stays so."""
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    found: Floats = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
    return found
