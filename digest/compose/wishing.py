"""How well papers meet what interests say: BM25 over words, phrases and their alternatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digest.compose import bags as counting
from digest.compose.profiles import Phrase, Taste, Wish
from digest.compose.signals import Desk, said
from digest.compose.spaces import Floats, product
from digest.subscribers import Interest

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PHRASE_RARER = 1.0
"""By how much a phrase is taken to be rarer than its rarest word: e times."""

Sought = tuple[Phrase, ...]
"""Phrases any of which will do; what is found counts as the best of them."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Found:
    """What is sought is worth in each paper: ``worth``: (sought, columns), and at most: (sought,).

    ``rows``: the row of each thing that is sought. The wishes of all tastes, one after the other,
    seek it in ``parts``, a matrix (wishes, sought) of how much each counts; ``starts`` says where
    the wishes of each taste start, and where the last ones end.
    """

    rows: Mapping[Sought, int]
    worth: csr_array
    most: Floats
    parts: csr_array
    starts: Rows
    keywords: NDArray[np.bool_]

    @cached_property
    def well(self) -> Floats:
        """What a paper is worth that meets a taste well: one keyword met whole, or of the words of
        a description as many as their square root: (tastes, 1); 1 where a taste has no wishes.
        """
        whole = np.asarray(self.parts @ self.most, dtype=np.float32)
        owners = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        best = np.zeros(len(self.starts) - 1, dtype=np.float32)
        np.maximum.at(best, owners[self.keywords], whole[self.keywords])
        words = owners[~self.keywords]
        total = np.bincount(words, whole[~self.keywords], len(best))
        many = np.bincount(words, minlength=len(best))
        well = np.maximum(best, total / np.sqrt(np.maximum(many, 1))).astype(np.float32)
        return np.where(well > 0, well, np.float32(1))[:, None]

    @cached_property
    def wanted(self) -> csr_array:
        """How much each taste wants each thing: (tastes, sought), in the order of its wishes, a
        thing as often as they seek it.
        """
        from scipy.sparse import csr_array

        ends = self.parts.indptr[self.starts]
        shape = (len(self.starts) - 1, self.parts.shape[1])
        return csr_array((self.parts.data, self.parts.indices, ends), shape=shape)


def weights(wish: Wish) -> list[tuple[Sought, float]]:
    """What to look for, and how much it counts: a phrase whole, and half of it word by word."""
    whole = [(wish.phrases, wish.weight)]
    if len(wish.phrases) > 1:  # not weighed, but known apart, to say which of them was met
        return whole + [((phrase,), 0.0) for phrase in wish.phrases]
    (phrase,) = wish.phrases
    if len(phrase) == 1:
        return whole
    each = wish.weight / 2 / len(phrase)
    return whole + [(((term,),), each) for term in phrase]


def look(desk: Desk, tastes: Sequence[Taste]) -> Found:
    """What all tastes seek, found in all papers and the reference."""
    from scipy.sparse import csr_array

    wishes = [wish for taste in tastes for wish in taste.wishes]
    parts = [weights(wish) for wish in wishes]
    sought = list(dict.fromkeys(one for each in parts for one, _ in each))
    rows = {one: row for row, one in enumerate(sought)}
    worth, most = _best(desk, sought)
    flat = list(chain.from_iterable(parts))
    matrix = csr_array(
        (
            np.array([weight for _, weight in flat], dtype=np.float32),
            np.array([rows[one] for one, _ in flat], dtype=np.int32),
            np.cumsum([0, *map(len, parts)]),
        ),
        shape=(len(parts), len(sought)),
    )
    starts = np.cumsum([0, *(len(taste.wishes) for taste in tastes)])
    keywords = np.array([wish.kind == "keyword" for wish in wishes], dtype=np.bool_)
    return Found(rows, worth, most, matrix, starts, keywords)


def met(desk: Desk, tastes: Sequence[Taste], found: Found) -> dict[str, Floats]:
    """How well papers meet what tastes say: signals by name, each (tastes, columns) float32.

    "terms" is BM25's, in units of a paper that meets the taste well; "<name> centred" the cosine
    to the whole wish in a space.
    """
    raw = {"terms": (found.wanted @ found.worth).toarray() / found.well}
    for name, rows in places(desk, tastes).items():
        half = rows.shape[1] // 2
        raw[f"{name} centred"] = product(rows[:, :half], desk.papers.dense[name][:, :half].T)
    return raw


def places(desk: Desk, tastes: Sequence[Taste]) -> dict[str, Floats]:
    """Where what the tastes say stands in each space: (tastes, 2 d)."""
    dense = dict(desk.placed([said(taste) for taste in tastes], [None] * len(tastes), None).dense)
    if desk.encoded:
        none = np.zeros(len(desk.encoded.frame.mean), dtype=np.float32)
        known = [desk.encoded.texts.get(wording(taste.interest), none) for taste in tastes]
        rows = np.array(known, dtype=np.float32).reshape(len(tastes), len(none))
        dense["encoder"] = desk.encoded.frame.place(rows)
    return dense


def wording(interest: Interest) -> str:
    """What an encoder reads of an interest, its description and its keywords; "" of neither."""
    return ". ".join(filter(None, (interest.text, ", ".join(interest.keywords))))


def _best(desk: Desk, sought: Sequence[Sought]) -> tuple[csr_array, Floats]:
    """The worth of the best phrase of each thing that is sought, (sought, columns), and at most."""
    from scipy.sparse import csr_array, vstack

    phrases = list(dict.fromkeys(phrase for one in sought for phrase in one))
    places = {phrase: row for row, phrase in enumerate(phrases)}
    worth, most = _worth(desk, phrases)
    first = np.array([places[one[0]] for one in sought], dtype=np.intp)
    found, best = worth[first], most[first]
    several = [row for row, one in enumerate(sought) if len(one) > 1]
    if not several:
        return found, best
    merged = []
    for row in several:
        parts = [places[phrase] for phrase in sought[row]]
        merged.append(reduce(csr_array.maximum, (worth[[part]] for part in parts)))
        best[row] = most[parts].max()
    order = np.arange(len(sought))
    order[several] = len(sought) + np.arange(len(several))
    return vstack([found, *merged], format="csr")[order], best


def _worth(desk: Desk, phrases: Sequence[Phrase]) -> tuple[csr_array, Floats]:
    """BM25's worth of each phrase in each paper, (phrases, columns), and at most, (phrases,).

    Words are as rare as the background says; a phrase of several is a little rarer than the
    rarest of its words, for the background counts no phrases.
    """
    worth = _often(desk, phrases)
    length = np.array([len(text) for text in desk.texts], dtype=np.float32)
    b, k1 = counting.B, counting.K1
    soon = (k1 * (1 - b + b * length / max(desk.background.length, 1.0))).astype(np.float32)
    known = desk.background.rarities(len(desk.columns)).tolist()
    rarity = np.zeros(len(phrases), dtype=np.float32)
    for row, phrase in enumerate(phrases):
        rarity[row] = max(known[desk.columns[term]] for term in phrase)
        if len(phrase) > 1:
            rarity[row] = min(rarity[row] + PHRASE_RARER, desk.background.unknown)
    often = worth.data
    worth.data = np.repeat(rarity, np.diff(worth.indptr)) * often / (soon[worth.indices] + often)
    return worth, rarity


def _often(desk: Desk, phrases: Sequence[Phrase]) -> csr_array:
    """How often each text holds each phrase: (phrases, texts)."""
    from scipy.sparse import csr_array

    width = len(desk.columns)
    columns = np.array([desk.columns[phrase[0]] for phrase in phrases], dtype=np.intp)
    counts = counting.counts(desk.texts, desk.columns, width)
    words = counts.T.tocsr()[columns]
    single = np.array([len(phrase) == 1 for phrase in phrases], dtype=np.bool_)
    words.data *= np.repeat(single, np.diff(words.indptr))
    words.eliminate_zeros()
    if single.all():
        return words
    rows = {phrase: row for row, phrase in enumerate(phrases) if len(phrase) > 1}
    held = list(_held(desk, rows))
    ones = np.ones(len(held), dtype=np.float32)
    places = np.array(held, dtype=np.intp).reshape(-1, 2)
    return words + csr_array((ones, (places[:, 0], places[:, 1])), shape=words.shape)


def _held(desk: Desk, rows: Mapping[Phrase, int]) -> Iterator[tuple[int, int]]:
    """A pair (row, text) for each time that a text holds a phrase of several words."""
    width, sizes = np.int64(len(desk.columns)), sorted({len(phrase) for phrase in rows})
    firsts = np.array([[desk.columns[t] for t in phrase[:2]] for phrase in rows], dtype=np.int64)
    starts = np.unique(firsts[:, 0] * width + firsts[:, 1])
    flat = np.fromiter(map(desk.columns.__getitem__, chain.from_iterable(desk.texts)), np.int64)
    ends = np.cumsum([len(text) for text in desk.texts])
    likely = np.flatnonzero(np.isin(flat[:-1] * width + flat[1:], starts))
    texts = np.searchsorted(ends, likely, side="right")
    for place, text in zip(likely.tolist(), texts.tolist(), strict=True):
        start = place - (int(ends[text]) - len(desk.texts[text]))
        for size in sizes:
            held = desk.texts[text][start : start + size]
            if len(held) == size and held in rows:  # a text's end would be met again and again
                yield rows[held], text
