"""How well papers meet what interests say: BM25 over words, phrases and their alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digest.compose.bags import Columns
from digest.compose.phrases import spread
from digest.compose.placing import Placed
from digest.compose.profiles import Phrase, Taste, Wish
from digest.compose.signals import Desk
from digest.compose.spaces import Floats
from digest.subscribers import Interest

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Thing = tuple[Phrase, ...]
"""Phrases any of which will do; what is found counts as the best of them."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Said:
    """What wishes say, one after the other. ``terms``: the column of each term, -1 for one that no
    paper has; ``ends``: (wishes + 1,) where each wish starts, and the last one ends.
    """

    terms: Columns
    ends: Rows

    @cached_property
    def owners(self) -> Rows:
        """The wish of each term."""
        return np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))

    def of(self, wishes: Rows) -> Said:
        """What these say, in this order."""
        sizes = np.diff(self.ends)[wishes]
        _, places = spread(self.ends[wishes], sizes)
        return Said(self.terms[places], np.concatenate([[0], np.cumsum(sizes)]))


@dataclass(frozen=True)
class Sought:
    """Wishes, each once, and what they seek in papers.

    ``worth``: (sought, columns) of each thing that is sought, and at most: (sought,); ``parts``:
    (wishes, sought) how much each counts.
    """

    wishes: Sequence[Wish]
    said: Said
    parts: csr_array
    worth: csr_array
    most: Floats

    @cached_property
    def labels(self) -> Rows:
        """A number for what each wish is called: (wishes,)."""
        known: dict[str, int] = {}
        found = [known.setdefault(wish.label, len(known)) for wish in self.wishes]
        return np.array(found, dtype=np.intp)

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Where ``worth`` has a value, counted row by row, ascending."""
        rows = np.repeat(np.arange(self.worth.shape[0]), np.diff(self.worth.indptr))
        return rows * self.worth.shape[1] + self.worth.indices


@dataclass(frozen=True)
class Found:
    """What tastes wish for. ``which``: their wishes, one after the other, among those ``sought``;
    ``starts``: where the wishes of each taste start, and where the last ones end.
    """

    sought: Sought
    which: Rows
    starts: Rows

    @cached_property
    def stated(self) -> NDArray[np.bool_]:
        """Whether a taste wishes for anything: (tastes,)."""
        return np.diff(self.starts) > 0

    @cached_property
    def said(self) -> Said:
        """What the wishes of all tastes say."""
        return self.sought.said.of(self.which)

    @cached_property
    def well(self) -> Floats:
        """What a paper is worth that meets a taste well: one keyword met whole, or of the words of
        a description as many as their square root: (tastes, 1); 1 where a taste has no wishes.
        """
        each = np.asarray(self.sought.parts @ self.sought.most, dtype=np.float32)
        kinds = np.array([wish.kind == "keyword" for wish in self.sought.wishes], dtype=np.bool_)
        whole, keywords = each[self.which], kinds[self.which]
        owners = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        best = np.zeros(len(self.starts) - 1, dtype=np.float32)
        np.maximum.at(best, owners[keywords], whole[keywords])
        words = owners[~keywords]
        total = np.bincount(words, whole[~keywords], len(best))
        many = np.bincount(words, minlength=len(best))
        well = np.maximum(best, total / np.sqrt(np.maximum(many, 1))).astype(np.float32)
        return np.where(well > 0, well, np.float32(1))[:, None]

    def met(self, tastes: Rows) -> Floats:
        """The signal "terms" of some tastes, (tastes, columns): how well papers meet what they
        wish for, in units of a paper that meets the taste well.
        """
        found: Floats = self._met[tastes].toarray()
        found /= self.well[tastes]
        return found

    @property
    def wanted(self) -> csr_array:
        """How much each taste wants each thing: (tastes, sought), in the order of its wishes, a
        thing as often as they seek it.
        """
        from scipy.sparse import csr_array  # late, as everywhere

        parts = self.sought.parts[self.which]
        shape = (len(self.starts) - 1, parts.shape[1])
        return csr_array((parts.data, parts.indices, parts.indptr[self.starts]), shape=shape)

    @cached_property
    def _met(self) -> csr_array:
        found: csr_array = self.wanted @ self.sought.worth
        return found


def weights(wish: Wish) -> list[tuple[Thing, float]]:
    """What to look for, and how much it counts: a phrase whole, and half of it word by word."""
    phrases = wish.phrases
    whole: list[tuple[Thing, float]] = [(phrases, wish.weight)]
    if len(phrases) > 1:  # not weighed, but known apart, to say which of them was met
        return whole + [((phrase,), 0.0) for phrase in phrases]
    if len(phrases[0]) == 1:
        return whole
    each = wish.weight / 2 / len(phrases[0])
    return whole + [(((term,),), each) for term in phrases[0]]


def look(placed: Placed, tastes: Sequence[Taste]) -> Found:
    """What all tastes seek, found in all papers and the reference."""
    every = [wish for taste in tastes for wish in taste.wishes]
    known = {id(wish): wish for wish in every}  # many readers have the same ones
    rows = {one: row for row, one in enumerate(known)}
    which = np.fromiter(map(rows.__getitem__, map(id, every)), np.intp, len(every))
    starts = np.cumsum([0, *[len(taste.wishes) for taste in tastes]])
    return Found(_sought(placed, list(known.values())), which, starts)


def _sought(placed: Placed, wishes: Sequence[Wish]) -> Sought:
    from scipy.sparse import csr_array

    rows: dict[Thing, int] = {}
    places, counts, sizes = [], [], []
    for wish in wishes:
        parts = weights(wish)
        sizes.append(len(parts))
        for thing, weight in parts:
            places.append(rows.setdefault(thing, len(rows)))
            counts.append(weight)
    worth, most = _best(placed, list(rows))
    ends = np.cumsum([0, *sizes])
    data = np.array(counts, dtype=np.float32), np.array(places, dtype=np.int32), ends
    matrix = csr_array(data, shape=(len(wishes), len(rows)))
    return Sought(wishes, _said(placed, wishes), matrix, worth, most)


def _said(placed: Placed, wishes: Sequence[Wish]) -> Said:
    spoken = [phrase for wish in wishes for phrase in wish.phrases]
    terms = np.fromiter(map(placed.columns.get, chain.from_iterable(spoken), repeat(-1)), np.int32)
    ends = np.cumsum([0, *map(len, spoken)])
    phrases = np.cumsum([0, *[len(wish.phrases) for wish in wishes]])
    return Said(terms, ends[phrases])


def places(desk: Desk, tastes: Sequence[Taste], found: Found) -> dict[str, Floats]:
    """Where what the tastes say stands, by signal, centred: (tastes, d)."""
    rows: dict[str, Floats] = desk.placed.said(found.said.terms, found.said.ends[found.starts])
    if desk.placed.encoded and desk.encoded:
        none = np.zeros(len(desk.encoded.frame.mean), dtype=np.float32)
        known = [desk.encoded.texts.get(wording(taste.interest), none) for taste in tastes]
        table = np.array(known, dtype=np.float32).reshape(len(tastes), len(none))
        rows["encoder"] = desk.placed.encoded.frame.centred(table)
    return {f"{name} centred": each for name, each in rows.items()}


def wording(interest: Interest) -> str:
    """What an encoder reads of an interest, its description and its keywords; "" of neither."""
    return ". ".join(filter(None, (interest.text, ", ".join(interest.keywords))))


def _best(placed: Placed, sought: Sequence[Thing]) -> tuple[csr_array, Floats]:
    """The worth of the best phrase of each thing that is sought, (sought, columns), and at most."""
    from scipy.sparse import csr_array

    rows: dict[Phrase, int] = {}
    places = [rows.setdefault(phrase, len(rows)) for one in sought for phrase in one]
    worth, most = placed.phrases.worth(list(rows))
    ends = np.cumsum([0, *map(len, sought)])
    phrases = np.array(places, dtype=np.intp)
    if len(phrases) == len(sought):  # nothing has alternatives
        return worth, most
    owners = np.repeat(np.arange(len(sought)), np.diff(ends))
    each, cells = spread(worth.indptr[phrases].astype(np.intp), np.diff(worth.indptr)[phrases])
    width = worth.shape[1]
    where = owners[each] * width + worth.indices[cells]
    order = np.lexsort((-worth.data[cells], where))
    known = where[order]
    first = order[np.flatnonzero(np.diff(known, prepend=-1))]
    parts = worth.data[cells][first], worth.indices[cells][first]
    indptr = np.concatenate(
        [[0], np.cumsum(np.bincount(owners[each][first], minlength=len(sought)))]
    )
    return (
        csr_array((*parts, indptr), shape=(len(sought), width)),
        np.maximum.reduceat(most[phrases], ends[:-1]),
    )
