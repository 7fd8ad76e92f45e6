"""Rankers of the field's usual kind, to compare with: BM25, and cosines of TF-IDF vectors.

They read what the reader wrote and liked. Dislikes and followed authors they know nothing of. What
is counted (how rare a term is, how long a paper) is counted in the collection's background.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from digest.compose.language import terms
from digest.evaluate.episodes import Collection, Episode, Positions
from digest.evaluate.measuring import Ranker

Floats = NDArray[np.float64]

K1, B = 1.5, 0.75
"""How soon repeats of a term stop counting, and how much a paper's length does: usual values."""


def bm25(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
    """BM25 of one query: all liked papers, keywords and description as one text.

    A term counts as often as the query holds it (Robertson and Zaragoza, "The Probabilistic
    Relevance Framework", 2009, with Lucene's rarity, which is never negative).
    """
    found = index(collection)
    for episode in episodes:
        query = found.counted(terms(episode.written))
        for liked in episode.liked:
            found.add(query, found.counts, liked)
        yield found.dot(found.bm25, episode.candidates, query)


def tfidf(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
    """The mean cosine to the liked papers and to what the reader wrote, which counts as one more.

    Vectors are (1 + ln tf) · (ln((1 + N) / (1 + df)) + 1), of length 1.
    """
    return _cosines(collection, episodes, np.ones_like)


def mean(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
    """As ``tfidf``, but the latest like counts most: 1 / (1 + log10 of its rank).

    This is how zotero-arxiv-daily weights a library. What the reader wrote counts as the latest.
    """
    return _cosines(collection, episodes, lambda ranks: 1 / (1 + np.log10(ranks)))


BASELINES: Mapping[str, Ranker] = {"bm25": bm25, "tfidf": tfidf, "mean": mean}
"""By the name to ask for them."""


def _cosines(
    collection: Collection, episodes: Sequence[Episode], weigh: Callable[[Floats], Floats]
) -> Iterator[Floats]:
    """The mean cosine to all that is known of a reader, weighted by its rank from the latest."""
    found = index(collection)
    for episode in episodes:
        written = int(bool(episode.written))
        known = len(episode.liked) + written
        weights = weigh(np.arange(1.0, known + 1)) / max(known, 1)
        centre = found.vector(terms(episode.written)) * weights[:written].sum()
        for weight, liked in zip(weights[written:], reversed(episode.liked), strict=True):
            found.add(centre, found.tfidf, liked, weight)
        yield found.dot(found.tfidf, episode.candidates, centre)


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """What each term weighs in each paper: sparse rows, one a paper.

    Paper ``n`` has the terms ``columns[starts[n]:starts[n + 1]]``, of which the arrays ``counts``,
    ``bm25`` and ``tfidf`` tell; ``rarity``, of TF-IDF, is by term. A query is dense, by term.
    """

    vocabulary: Mapping[str, int]
    starts: Positions
    columns: Positions
    counts: Floats
    bm25: Floats
    tfidf: Floats
    rarity: Floats

    def counted(self, text: Sequence[str]) -> Floats:
        """A query that holds each known term as often as ``text`` does."""
        query = np.zeros(len(self.vocabulary))
        for term, count in Counter(text).items():
            if term in self.vocabulary:
                query[self.vocabulary[term]] = count
        return query

    def vector(self, text: Sequence[str]) -> Floats:
        """The TF-IDF vector of ``text``, of length 1, or 0 when it has no known term."""
        weights = _dampened(self.counted(text)) * self.rarity
        return weights / np.float64(np.linalg.norm(weights) or 1.0)

    def add(self, query: Floats, values: Floats, paper: int, weight: float = 1.0) -> None:
        """Add the paper's row of ``values``, times ``weight``, to ``query`` in place."""
        row = slice(self.starts[paper], self.starts[paper + 1])
        query[self.columns[row]] += weight * values[row]

    def dot(self, values: Floats, papers: Positions, query: Floats) -> Floats:
        """The product of these papers' rows of ``values`` with ``query``, one a paper."""
        sizes = self.starts[papers + 1] - self.starts[papers]
        row = np.repeat(np.arange(len(papers)), sizes)
        before = np.cumsum(sizes) - sizes
        place = np.arange(len(row)) + (self.starts[papers] - before)[row]
        return _summed(row, values[place] * query[self.columns[place]], len(papers))


@lru_cache(maxsize=2)
def index(collection: Collection) -> Index:
    """The weights of the collection's papers, made once for all baselines."""
    vocabulary: dict[str, int] = {}
    rows = [Counter(text) for text in collection.terms]
    column = [vocabulary.setdefault(term, len(vocabulary)) for row in rows for term in row]
    columns = np.array(column, dtype=np.intp)
    counts = np.array([count for row in rows for count in row.values()], dtype=np.float64)
    starts = np.cumsum([0, *map(len, rows)], dtype=np.intp)
    owner = np.repeat(np.arange(len(rows)), np.diff(starts))

    known = np.zeros(len(rows), dtype=bool)
    known[collection.background] = True
    holding = np.bincount(columns[known[owner]], minlength=len(vocabulary))
    length = _summed(owner, counts, len(rows))
    soon = K1 * (1 - B + B * length / max(length[known].mean(), 1.0))
    lucene = np.log1p((known.sum() - holding + 0.5) / (holding + 0.5))
    rarity = np.log((1 + known.sum()) / (1 + holding)) + 1
    tfidf = _dampened(counts) * rarity[columns]
    return Index(
        vocabulary,
        starts,
        columns,
        counts,
        bm25=lucene[columns] * counts / (counts + soon[owner]),
        tfidf=tfidf / np.sqrt(_summed(owner, tfidf**2, len(rows)))[owner],
        rarity=rarity,
    )


def _dampened(counts: Floats) -> Floats:
    """1 + ln of the count; 0 stays 0."""
    return np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0.0)


def _summed(row: Positions, values: Floats, rows: int) -> Floats:
    return np.bincount(row, weights=values, minlength=rows).astype(np.float64)
