"""Relevances become a short list for each reader that is good together.

A list is worth the relevance of its papers plus the topics and interests it covers
(``coverage``), and grows greedily, in this order:

1. papers that must be in (a followed author, a must-have keyword), strongest first. Only what is
   not allowed and the list's size keep them out: no threshold, no quota, and they may repeat each
   other;
2. of every interest the best paper, strongest interest first, unless what is in already is as
   good for it; quotas do not hold these back;
3. whatever adds most, within the quotas of interest, source and topic;
4. whatever adds most, without the quota of interest, then of topic, then of source: quotas are
   there for balance, and never leave an edition shorter.

From 2 on, a paper is in only if its relevance reaches the threshold, however it trends, and if it
repeats nothing in the list.

Worth is monotone and submodular, so greedy has a guarantee for what it adds to 1 and 2: at least
1 - 1/e (63 %) of the best possible where only the size limits it (Nemhauser, Wolsey and Fisher,
"An analysis of approximations for maximizing submodular set functions I", 1978), and 1/(1 + n)
under n quotas, each a partition matroid (Fisher, Nemhauser and Wolsey, part II, 1978): half under
one. Not repeating counts as a quota where papers repeat each other in groups. That is among the
papers of the shortlist; where quotas or repeats exhaust it, all papers take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from digest.compose.choices import Choice, SelectionSettings
from digest.compose.exploration import SHARE, explore
from digest.compose.greedy import Lists
from digest.compose.shortlist import Shortlist, Wishes, lift, shortlist, wishes
from digest.compose.traits import Floats, Indices, Mask, Traits
from digest.compose.widening import cramped

__all__ = ["Choice", "SelectionSettings", "select"]

WIDTH = 5
"""Papers on a shortlist for each place in the edition."""


def select(
    relevance: Floats,
    owners: Sequence[int],
    allowed: Mask,
    traits: Traits,
    settings: SelectionSettings,
    *,
    sizes: Sequence[int],
    must: Mask | None = None,
    seeds: Sequence[int] = (),
) -> list[list[Choice]]:
    """Each reader's choices, at most ``sizes[reader]``: musts, the rest, an exploration last.

    Within these, strongest first, ties to the lower column. ``relevance``: (tastes, papers)
    float32, the chance that the reader keeps the paper; ``owners``: (tastes,) the reader of each
    taste, ascending; ``allowed``: (readers, papers); ``must``: (tastes, papers), papers that have
    to be in. A reader without tastes gets what is allowed and trends, in that order. ``seeds``:
    (readers,) whole numbers from 0, needed to explore: the same seed, the same exploration.

    Nobody's choices depend on who else is in the batch.
    """
    room = np.asarray(sizes, dtype=np.intp) * (len(traits.trend) > 0)
    rows = np.asarray(owners, dtype=np.intp)
    stated = np.isin(np.arange(len(room)), rows)
    chosen = [
        [] if stated[reader] else _trending(traits.trend, allowed[reader], int(size))
        for reader, size in enumerate(room)
    ]
    demanded = np.zeros(relevance.shape, dtype=np.bool_) if must is None else must
    odds = lift(traits, settings.trend_weight)
    wanted = wishes(relevance, demanded, allowed, rows, settings.threshold, odds)
    for size in np.unique(room[stated & (room > 0)]).tolist():
        readers = np.flatnonzero(stated & (room == size))
        found = _grown(wanted.of(readers), size, WIDTH * size, traits, settings)
        for reader, choices in zip(readers.tolist(), found, strict=True):
            if settings.explore:
                own = np.arange(*np.searchsorted(rows, [reader, reader + 1]))
                likely = _likely(relevance[own], allowed[reader], settings.threshold)
                _explore(choices, own, likely, size, traits, seeds[reader])
            chosen[reader] = sorted(choices, key=_place)
    return chosen


def _trending(trend: Floats, allowed: Mask, size: int) -> list[Choice]:
    scores = np.where(allowed, trend, 0)
    best = np.argsort(-scores, kind="stable")[:size]
    return [Choice(int(n), None, float(scores[n])) for n in best if scores[n] > 0]


def _place(choice: Choice) -> tuple[bool, bool, float, int]:
    """Where a choice stands in its list."""
    return choice.explore, not choice.must, -choice.strength, choice.paper


def _grown(
    wanted: Wishes, size: int, width: int, traits: Traits, settings: SelectionSettings
) -> list[list[Choice]]:
    """Each reader's choices among ``width`` papers, in the order they were made."""
    short = shortlist(wanted, width)
    lists = Lists(short, traits, size, settings.diversity)
    lists.add_musts()
    lists.add_firsts()
    again = np.zeros(len(lists.count), dtype=np.bool_)
    for quotas in settings.quotas(size).relaxed(size):
        lists.fill(quotas)
        again |= cramped(wanted, short, lists, quotas, traits)
    found = _choices(wanted, short, lists)
    if again.any():
        readers = np.flatnonzero(again)
        wide = _grown(wanted.of(readers), size, len(traits.trend), traits, settings)
        for reader, choices in zip(readers.tolist(), wide, strict=True):
            found[reader] = choices
    return found


def _choices(wanted: Wishes, short: Shortlist, lists: Lists) -> list[list[Choice]]:
    readers = np.arange(len(lists.picks))[:, None]
    papers = short.columns[readers, lists.picks]
    tastes = short.tastes[readers, short.taste[readers, lists.picks]]
    relevance = wanted.chance[tastes, papers]
    parts = (
        papers,
        wanted.rows[tastes],
        relevance,
        short.value[readers, lists.picks].astype(np.float64) - relevance,
        lists.variety,
        short.must[readers, lists.picks],
    )
    lines = zip(*(part.tolist() for part in parts), lists.count.tolist(), strict=True)
    return [
        [Choice(*one) for one in islice(zip(*line[:-1], strict=True), line[-1])] for line in lines
    ]


def _likely(relevance: Floats, allowed: Mask, threshold: float) -> Floats:
    """The relevance of papers that are good enough to explore, 0 of others."""
    good = allowed & (relevance >= np.float32(SHARE * threshold))
    return np.where(good, relevance, np.float32(0))


def _explore(
    choices: list[Choice],
    tastes: Indices,
    likely: Floats,
    size: int,
    traits: Traits,
    seed: int,
) -> None:
    """Put an exploration into the list, in the place of its last choice where it is full.

    There is none if the last has to be in or is the only one of its interest.
    """
    kept, full = choices[: size - 1], len(choices) == size
    last = choices[-1] if full else None
    if last and (last.must or last.taste not in [choice.taste for choice in kept]):
        return
    paper = explore(likely.max(axis=0), [choice.paper for choice in choices], traits, seed)
    if paper is None:
        return
    taste = int(likely[:, paper].argmax())
    found = Choice(paper, int(tastes[taste]), float(likely[taste, paper]), explore=True)
    choices[:] = [*kept, found]
