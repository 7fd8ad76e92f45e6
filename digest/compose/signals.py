"""What papers share with tastes, signal by signal: (tastes, papers) arrays in their own units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digest.compose.background import Background, Space
from digest.compose.bags import columns_of
from digest.compose.profiles import Example, Taste
from digest.compose.spaces import Floats, Frame, product, unit

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NEAREST = 3
"""Judged papers that a paper is held against: of many, those nearest to it."""

BLOCK = 20_000
"""Judged papers held against all papers at a time: 64 MB for 800 papers."""

TOGETHER = 100
"""Tastes whose nearest are found at a time: few enough to stay in a processor's cache."""

DISLIKED = 1.2
"""What a paper's likeness to many disliked papers counts against that to liked ones."""

DISLIKES_TO_TRUST = 15.0
"""Dislikes from which they count half: a few say more about chance than about the reader."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Encoded:
    """Vectors of an encoder, where there is one: by paper number, and of what interests say.

    ``frame``: what the archive looks like in them.
    """

    frame: Frame
    papers: Mapping[int, Floats]
    texts: Mapping[str, Floats]
    reference: Floats


@dataclass(frozen=True)
class Places:
    """Where texts stand: ``tfidf`` (n, columns), and in each space ``dense[name]`` (n, 2 d)."""

    tfidf: csr_array
    dense: Mapping[str, Floats]


class Desk:
    """Papers and judged papers, placed once for all tastes of a batch.

    Columns of every signal: the papers, then the background's reference.
    """

    def __init__(
        self,
        tastes: Sequence[Taste],
        papers: Sequence[tuple[int, tuple[str, ...]]],
        background: Background,
        encoded: Encoded | None = None,
    ) -> None:
        self.background, self.encoded = background, encoded
        examples = {
            one.name: one
            for taste in tastes
            for each in (taste.liked, taste.disliked)
            for one in each
        }
        # In an order of their own, so that a taste's sums are the same in every batch.
        self.number = {name: n for n, name in enumerate(sorted(examples))}
        ordered = [examples[name] for name in self.number]
        self.texts = [*(terms for _, terms in papers), *background.reference]
        judged = [one.terms for one in ordered]
        self.columns = columns_of((*self.texts, *judged, *map(said, tastes)), background.columns)
        reference = None if encoded is None else encoded.reference
        self.papers = self.placed(self.texts, [id for id, _ in papers], reference)
        self.judged = self.placed(judged, [one.paper for one in ordered], None)

    def placed(
        self,
        texts: Sequence[tuple[str, ...]],
        ids: Sequence[int | None],
        reference: Floats | None,
    ) -> Places:
        """Places of texts; ``ids`` are their papers' numbers, where an encoder knows them."""
        tfidf = self.background.rows(texts, self.columns)
        dense = {name: space.place(tfidf) for name, space in self.spaces.items()}
        if self.encoded:
            frame = self.encoded.frame
            none = np.zeros(len(frame.mean), dtype=np.float32)
            rows = [self.encoded.papers.get(-1 if id is None else id, none) for id in ids]
            table = np.array(rows, dtype=np.float32).reshape(len(ids), len(none))
            known = table if reference is None else np.vstack([table, reference])
            dense["encoder"] = frame.place(known)
        return Places(tfidf, dense)

    @property
    def spaces(self) -> dict[str, Space]:
        """The spaces in which any text has a place."""
        own = self.background.own
        return {"general": self.background.general, **({"own": own} if own else {})}

    def cosines(self, judged: Rows) -> tuple[Floats, Rows]:
        """TF-IDF cosines of judged papers to all columns, and the row of each that was asked for.

        Few are worked out once and kept; of many, only those asked for.
        """
        if len(self.number) <= BLOCK:
            return self._cosines, judged
        some, rows = np.unique(judged, return_inverse=True)
        return (self.judged.tfidf[some] @ self.papers.tfidf.T).toarray(), rows

    @cached_property
    def _cosines(self) -> Floats:
        found: Floats = (self.judged.tfidf @ self.papers.tfidf.T).toarray()
        return found


def said(taste: Taste) -> tuple[str, ...]:
    """The terms of all that a taste says."""
    return tuple(term for wish in taste.wishes for phrase in wish.phrases for term in phrase)


@dataclass(frozen=True)
class Group:
    """The judged papers of some tastes, one kind: rows of the desk, whose, and what each counts.

    ``rows``, ``weights``: (judged,), taste by taste, of which each has so many as ``sizes`` says.
    """

    rows: Rows
    weights: Floats
    sizes: Rows

    @property
    def owners(self) -> Rows:
        """The taste of each judged paper: (judged,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def starts(self) -> Rows:
        """Where the judged papers of each taste start, and where the last ones end."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def mean(self, judged: int) -> csr_array:
        """(tastes, judged): times judged papers' rows it is each taste's weighted mean of them."""
        from scipy.sparse import csr_array

        total = np.bincount(self.owners, self.weights, minlength=len(self.sizes))
        share = (self.weights / total[self.owners]).astype(np.float32)
        return csr_array((share, self.rows, self.starts), shape=(len(self.sizes), judged))


def group(desk: Desk, examples: Sequence[Sequence[Example]]) -> Group:
    """The group of each taste's examples, in the order of their rows: theirs changes no bit."""
    sizes = np.array([len(each) for each in examples], dtype=np.intp)
    every = [one for each in examples for one in each]
    rows = np.array([desk.number[one.name] for one in every], dtype=np.intp)
    weights = np.array([one.weight for one in every], dtype=np.float32)
    order = np.lexsort((weights, rows, np.repeat(np.arange(len(sizes)), sizes)))
    return Group(rows[order], weights[order], sizes)


def blocks(sizes: Rows, most: int) -> Iterator[slice]:
    """Tastes in a row that hold at most ``most`` judged papers together, or a single one."""
    start, held = 0, 0
    for n, size in enumerate(sizes.tolist()):
        if n > start and held + size > most:
            yield slice(start, n)
            start, held = n, 0
        held += size
    if start < len(sizes):
        yield slice(start, len(sizes))


def contrast(
    tastes: Sequence[Taste], near: Mapping[str, Floats], against: Mapping[str, Floats]
) -> dict[str, Floats]:
    """How much more papers are like what was liked than like what was disliked: by signal.

    Dislikes count the more the more of them there are. An encoder's signals stay as they are: it
    places what one reader likes and dislikes of a subject too near each other to tell them apart.
    """
    many = np.array([[len(taste.disliked)] for taste in tastes], dtype=np.float32)
    if not many.any():
        return dict(near)
    trust = np.float32(DISLIKED) * many / (many + np.float32(DISLIKES_TO_TRUST))
    nothing = np.zeros((1, 1), dtype=np.float32)
    found = {name: each for name, each in near.items() if name.startswith("encoder")}
    for name in sorted((near.keys() | against.keys()) - found.keys()):
        lost = (trust * against.get(name, nothing)).astype(np.float32)
        found[name] = near.get(name, nothing) - lost
    return found


def likeness(desk: Desk, examples: Sequence[Sequence[Example]]) -> dict[str, Floats]:
    """How near papers are to what was judged: signals by name, each (tastes, columns) float32.

    "mean": the weighted mean of the TF-IDF cosines; "nearest": the mean of the three highest,
    each times its weight; and for each space "<name> centred" and "<name> evened".
    """
    everyone = group(desk, examples)
    shape = len(examples), desk.papers.tfidf.shape[0]
    found = {name: np.zeros(shape, np.float32) for name in ("mean", "nearest")}
    if not len(everyone.rows):
        return found
    starts = everyone.starts
    for part in blocks(everyone.sizes, BLOCK):
        own = slice(starts[part.start], starts[part.stop])
        cosines, rows = desk.cosines(everyone.rows[own])
        some = Group(rows, everyone.weights[own], everyone.sizes[part])
        found["mean"][part] = some.mean(len(cosines)) @ cosines
        _nearest(some, cosines, found["nearest"][part])
    average = everyone.mean(len(desk.number))
    for name, places in desk.judged.dense.items():
        means: Floats = np.asarray(average @ places, dtype=np.float32)
        papers = desk.papers.dense[name]
        for kind, half in halves(means.shape[1]):
            found[f"{name} {kind}"] = product(unit(means[:, half]), papers[:, half].T)
    return found


def halves(width: int) -> tuple[tuple[str, slice], tuple[str, slice]]:
    """The two halves of a place: what they are called, and where they are."""
    return ("centred", slice(width // 2)), ("evened", slice(width // 2, width))


def _nearest(judged: Group, cosines: Floats, into: Floats) -> None:
    """Write the signal "nearest" of tastes, those with equally many judged papers together."""
    for size in np.unique(judged.sizes[judged.sizes > 0]).tolist():
        owners = np.flatnonzero(judged.sizes == size)
        for some in np.array_split(owners, -(-len(owners) // TOGETHER)):
            own = judged.starts[some]
            highest = [np.full((len(some), cosines.shape[1]), -np.inf, np.float32)] * NEAREST
            for n in range(size):
                value = cosines[judged.rows[own + n]] * judged.weights[own + n, None]
                for place, high in enumerate(highest):
                    highest[place] = np.maximum(high, value)
                    value = np.minimum(high, value)
            into[some] = sum(highest[:size], start=np.float32(0)) / np.float32(min(NEAREST, size))
