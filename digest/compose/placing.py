"""Where texts stand: the papers of a window, placed once for all readers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digest.compose import bags as counting
from digest.compose.background import Background, Space
from digest.compose.leanings import Facts
from digest.compose.phrases import Phrases
from digest.compose.profiles import Example, Name
from digest.compose.spaces import Floats, Frame, Wide, fine, wide
from digest.papers import Candidate

if TYPE_CHECKING:
    from scipy.sparse import csr_array

KEPT_BYTES = 32 * 2**20
"""Memory for likenesses of judged papers, which are kept for the next batches: 10,000 papers
beside a window of 500."""

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
class Judged:
    """Judged papers and where they stand: ``dense[name]`` (n, 2 d), ``cosines`` (n, columns).

    ``rows``: the row of each by name. Of too many to keep, ``tfidf`` instead of cosines.
    """

    rows: Mapping[Name, int]
    dense: Mapping[str, Floats]
    cosines: Floats
    tfidf: csr_array | None = None


class Placed:
    """The papers of a window, placed once for all readers, with the background's reference.

    Columns of every signal: the papers, then the reference. Nothing of it changes, but that it
    remembers the papers that readers judged: many readers judge the same ones. An encoder's
    vectors have to be those of the window's papers; of what readers judged and said they may
    come with each batch.
    """

    def __init__(
        self,
        papers: Sequence[Candidate],
        background: Background,
        encoded: Encoded | None = None,
    ) -> None:
        self.papers, self.background, self.encoded = tuple(papers), background, encoded
        texts = [*(paper.terms for paper in papers), *background.reference]
        found, more = counting.numbered(texts, background.columns)
        self.columns = {**background.columns, **more}
        self.rarity = background.rarities(len(self.columns))
        counts = found.counts()
        tfidf = background.weighed(counts)
        self.across: csr_array = tfidf.T.tocsr()
        self.dense = {name: space.place(tfidf) for name, space in self.spaces.items()}
        if encoded:
            known = _vectors([paper.id for paper in papers], encoded)
            self.dense["encoder"] = encoded.frame.place(np.vstack([known, encoded.reference]))
        self.phrases = Phrases(self.columns, found, counts, background)
        self.facts = Facts(self.papers)
        self.stacked = lru_cache(4)(self._stacked)
        self._judged = self._nothing
        self._turn = threading.Lock()

    @property
    def spaces(self) -> dict[str, Space]:
        """The spaces in which any text has a place."""
        own = self.background.own
        return {"general": self.background.general, **({"own": own} if own else {})}

    @cached_property
    def halves(self) -> dict[str, Half]:
        """Where papers and reference stand, by signal."""
        many = len(self.papers)
        return {
            f"{name} {kind}": Half.of(places[:many, half], places[many:, half])
            for name, places in self.dense.items()
            for kind, half in halves(places.shape[1])
        }

    def _stacked(self, signals: tuple[str, ...]) -> Wide:
        """Where papers stand in several signals, one under the other: (d of all, papers)."""
        return np.hstack([self.halves[name].papers for name in signals]).T

    # What readers judged -----------------------------------------------------------------------

    def judged(self, examples: Mapping[Name, Example], encoded: Encoded | None) -> Judged:
        """Where these examples stand, and maybe others beside them."""
        most = max(KEPT_BYTES // (4 * max(self.across.shape[1], 1)), 1)
        if len(examples) > most:
            return self._placed(examples, encoded, keep=False)
        with self._turn:
            known = self._judged
            new = {name: one for name, one in examples.items() if name not in known.rows}
            if new and len(known.rows) + len(new) > most:
                known, new = self._nothing, dict(examples)
            if new:
                known = _joined(known, self._placed(new, encoded, keep=True))
                self._judged = known
            return known

    @property
    def _nothing(self) -> Judged:
        dense = {name: places[:0] for name, places in self.dense.items()}
        return Judged({}, dense, np.zeros((0, self.across.shape[1]), dtype=np.float32))

    def _placed(
        self, examples: Mapping[Name, Example], encoded: Encoded | None, *, keep: bool
    ) -> Judged:
        every = list(examples.values())
        tfidf = self.rows([one.terms for one in every])
        dense = {name: space.place(tfidf) for name, space in self.spaces.items()}
        if self.encoded and encoded:
            ids = [-1 if one.paper is None else one.paper for one in every]
            dense["encoder"] = self.encoded.frame.place(_vectors(ids, encoded))
        rows = {name: row for row, name in enumerate(examples)}
        if not keep:
            return Judged(rows, dense, self._nothing.cosines, tfidf)
        return Judged(rows, dense, (tfidf @ self.across).toarray())

    def rows(self, texts: Sequence[Sequence[str]]) -> csr_array:
        """TF-IDF rows of length 1, of which the columns that no paper has are left out."""
        found, _ = counting.numbered(texts, self.columns)
        return counting.narrowed(self.background.weighed(found.counts()), len(self.columns))

    # What readers say --------------------------------------------------------------------------

    def said(self, terms: counting.Columns, ends: Rows) -> dict[str, Floats]:
        """Where wishes stand, in each space centred: (texts, d). ``terms``: their columns, -1 for
        those that no paper has; ``ends``: (texts + 1,) where each starts and the last ends.
        """
        lengths = np.diff(ends).astype(np.float32)
        counts = counting.Numbered(terms, ends, len(self.columns)).counts()
        saturated = counting.saturated(counts, self.background.length, lengths)
        weighted = counting.weighted(saturated, self.rarity)
        return {
            name: space.frame.centred(space.known(weighted)) for name, space in self.spaces.items()
        }


@dataclass(frozen=True)
class Half:
    """Where papers stand in a signal, and what is usual there.

    ``papers``: (papers, d); ``usual``: (d, d + 1), the covariance of the reference, and its mean;
    ``known``: how many papers the reference has.
    """

    papers: Wide
    usual: Wide
    known: int

    @classmethod
    def of(cls, papers: Floats, reference: Floats) -> Half:
        rows = reference.astype(np.float64)
        many = max(len(rows), 1)
        mean = rows.sum(axis=0) / many
        apart = rows - mean
        usual = np.column_stack([apart.T @ apart / many, mean]) if len(rows) else 0
        shape = (papers.shape[1], papers.shape[1] + 1)
        return cls(wide(papers), fine(np.broadcast_to(usual, shape)), len(rows))


def halves(width: int) -> tuple[tuple[str, slice], tuple[str, slice]]:
    """The two halves of a place: what they are called, and where they are."""
    return ("centred", slice(width // 2)), ("evened", slice(width // 2, width))


def _vectors(papers: Sequence[int], encoded: Encoded) -> Floats:
    none = np.zeros(len(encoded.frame.mean), dtype=np.float32)
    rows = [encoded.papers.get(number, none) for number in papers]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(none))


def _joined(one: Judged, other: Judged) -> Judged:
    """Both, the second's rows after the first's."""
    many = len(one.rows)
    rows = dict(chain(one.rows.items(), ((name, many + n) for name, n in other.rows.items())))
    dense = {name: np.vstack([one.dense[name], each]) for name, each in other.dense.items()}
    return Judged(rows, dense, np.vstack([one.cosines, other.cosines]))
