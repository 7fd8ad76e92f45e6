"""Whose shortlist was too short: good papers that the quotas allow were not on it."""

from __future__ import annotations

import numpy as np

from digest.compose.choices import Quotas
from digest.compose.greedy import Lists
from digest.compose.shortlist import Shortlist, Wishes, of_readers
from digest.compose.traits import Indices, Mask, Traits


def cramped(wanted: Wishes, short: Shortlist, lists: Lists, quotas: Quotas, traits: Traits) -> Mask:
    """True for readers with room for a good paper that is off the shortlist: (readers,).

    Its interest, its source and its topic have to have room as well.
    """
    found = short.more & ~lists.full
    some = np.flatnonzero(found)
    if some.size:
        full = [held[some] >= quota for held, quota in zip(lists.held, quotas, strict=True)]
        own, columns = wanted.of(some), short.columns[some]
        open_ = _of_open_interests(own, _marked(full[0], short.taste[some], short.tastes.shape[1]))
        open_ &= ~_marked(full[1], traits.sources[columns], traits.sources.max() + 1)[
            :, traits.sources
        ]
        open_ &= ~_marked(full[2], traits.topics[columns], len(traits.topics))[:, traits.topics]
        open_ &= ~_marked(short.real[some], columns, len(traits.topics))
        found[some] = open_.any(axis=1)
    return found


def _marked(where: Mask, numbers: Indices, count: int) -> Mask:
    """True at the numbers of each row where ``where`` is: (rows, count)."""
    marks = np.zeros((len(numbers), count), dtype=np.bool_)
    rows, places = np.nonzero(where)
    marks[rows, numbers[rows, places]] = True
    return marks


def _of_open_interests(wanted: Wishes, full: Mask) -> Mask:
    """True for good papers that count for an interest that is not full: (readers, papers)."""
    best = of_readers(np.maximum, wanted.good, wanted)
    place = np.arange(len(wanted.owners)) - wanted.starts[wanted.owners]
    room = ~full[wanted.owners, place]
    counts = (wanted.good > 0) & (wanted.good == best[wanted.owners]) & room[:, None]
    return of_readers(np.logical_or, counts, wanted)
