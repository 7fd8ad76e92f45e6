"""Lists grow paper by paper, for all readers of a batch at once."""

from __future__ import annotations

import numpy as np

from digest.compose.choices import Quotas
from digest.compose.coverage import Coverage
from digest.compose.shortlist import Shortlist
from digest.compose.traits import Floats, Indices, Mask, Traits


class Lists:
    """The lists of some readers, each at most ``size`` papers, as places on their shortlists.

    ``picks``: (readers, size) in the order they were chosen; ``variety``: (readers, size) what
    each added besides its value; ``count``: (readers,) how many there are; ``held``: for each
    quota (readers, width), how many are of the same interest, source or topic as a paper.
    """

    def __init__(self, short: Shortlist, traits: Traits, size: int, diversity: float) -> None:
        readers = len(short.columns)
        topics, sources = traits.topics[short.columns], traits.sources[short.columns]
        self._short, self._traits, self._size = short, traits, size
        self._coverage = Coverage(short.value, topics, short.relevance, diversity)
        self._groups = (short.taste, sources, topics)
        self.held = tuple(np.zeros(short.columns.shape, dtype=np.intp) for _ in self._groups)
        self._taken = np.zeros_like(short.real)
        self._free = short.real.copy()
        self.picks = np.zeros((readers, size), dtype=np.intp)
        self.variety = np.zeros((readers, size), dtype=np.float32)
        self.count = np.zeros(readers, dtype=np.intp)

    @property
    def full(self) -> Mask:
        return self.count >= self._size

    def add_musts(self) -> None:
        """Put in what must be in, strongest first, repeats of each other included."""
        short = self._short
        while self._take_best(np.where(short.must & ~self._taken, short.value, -1)):
            pass

    def add_firsts(self) -> None:
        """Put in the best paper of each interest that is not there yet, strongest interest first.

        What is in for another reason serves an interest too if nothing free is better for it.
        """
        relevance = self._short.relevance
        order = np.argsort(-relevance.max(axis=2), axis=1, kind="stable")
        readers = np.arange(len(order))
        for turn in order.T:
            wanted = np.where(self._free | self._taken, relevance[readers, turn], 0)
            served = self._taken[readers, wanted.argmax(axis=1)]
            self._take_best(np.where(served[:, None], -1, wanted))

    def fill(self, quotas: Quotas) -> None:
        """Put in what adds most, again and again, while there is room and the quotas allow it."""
        while self._take_best(
            np.where(self._open(quotas), self._short.value + self._coverage.variety(), -1)
        ):
            pass

    def _open(self, quotas: Quotas) -> Mask:
        within = self._free.copy()
        for held, quota in zip(self.held, quotas, strict=True):
            within &= held < quota
        return within

    def _take_best(self, gains: Floats) -> bool:
        """Put in each reader's paper of the highest gain above 0; whether there was any."""
        at = gains.argmax(axis=1)
        readers = np.flatnonzero((gains[np.arange(len(at)), at] > 0) & ~self.full)
        if readers.size:
            self._take(readers, at[readers])
        return bool(readers.size)

    def _take(self, readers: Indices, at: Indices) -> None:
        short, places = self._short, self.count[readers]
        self.picks[readers, places] = at
        self.variety[readers, places] = self._coverage.variety()[readers, at]
        self.count[readers] += 1
        self._taken[readers, at] = True
        repeated = self._traits.repeat(short.columns[readers, at][:, None], short.columns[readers])
        self._free[readers] &= ~repeated
        self._free[readers, at] = False
        for held, group in zip(self.held, self._groups, strict=True):
            held[readers] += group[readers] == group[readers, at][:, None]
        self._coverage.add(readers, at)
