"""How others rank, each method written anew from its description, as a ranker to evaluate.

A profile is one tag and one library here. What the reader wrote counts as one more liked paper,
the latest, since most of these methods know likes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from digest.compose.language import terms
from digest.evaluate.baselines import bm25, index
from digest.evaluate.episodes import Collection, Episode
from digest.evaluate.measuring import Ranker
from tests.bench.ranking import minilm

Floats = NDArray[np.float64]
Rows = Callable[[Collection], csr_matrix]
"""The vectors of a collection's papers, (papers, features)."""

NEAREST = 3


def arxiv_sanity_lite(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
    """A linear SVM of what is liked against everything, over words and pairs of words.

    20,000 features, of at least 5 papers and at most a tenth of them; C 0.01, classes balanced.
    """
    vectorizer, rows = _words_and_pairs(collection)
    for episode in episodes:
        written = vectorizer.transform([episode.written])[: int(bool(episode.written))]
        machine = LinearSVC(C=0.01, class_weight="balanced", max_iter=10_000, random_state=0)
        everything = np.union1d(collection.background, episode.candidates)
        yield _separated(machine, rows, everything, episode, written)


@lru_cache(maxsize=1)
def _words_and_pairs(collection: Collection) -> tuple[TfidfVectorizer, csr_matrix]:
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), max_features=20_000, min_df=5, max_df=0.1, sublinear_tf=True,
        stop_words="english", strip_accents="unicode",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
    )  # fmt: skip
    return vectorizer, vectorizer.fit_transform(_texts(collection)).tocsr()


def logistic_regression(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
    """What is liked against the background and what is disliked, over TF-IDF vectors."""
    found, rows = index(collection), _tfidf(collection)
    for episode in episodes:
        written = csr_matrix(found.vector(terms(episode.written)))[: int(bool(episode.written))]
        machine = LogisticRegression(C=10, class_weight="balanced", max_iter=1_000)
        others = np.union1d(collection.background, np.array(episode.disliked, dtype=np.intp))
        yield _separated(machine, rows, others, episode, written)


def _separated(
    machine: LinearSVC | LogisticRegression,
    rows: csr_matrix,
    others: NDArray[np.intp],
    episode: Episode,
    written: csr_matrix,
) -> Floats:
    """How far each candidate lies on the side of what is liked."""
    others = np.setdiff1d(others, episode.liked)
    wanted = len(episode.liked) + written.shape[0]
    machine.fit(
        vstack([rows[list(episode.liked)], written, rows[others]]).tocsr(),
        np.arange(wanted + len(others)) < wanted,
    )
    return machine.decision_function(rows[episode.candidates])


@lru_cache(maxsize=1)
def _tfidf(collection: Collection) -> csr_matrix:
    found = index(collection)
    shape = (len(collection.papers), len(found.vocabulary))
    return csr_matrix((found.tfidf, found.columns, found.starts), shape=shape)


def tfidf_nearest(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
    """The mean TF-IDF cosine to the three nearest of what is liked."""
    found, rows = index(collection), _tfidf(collection)
    for episode in episodes:
        written = csr_matrix(found.vector(terms(episode.written)))[: int(bool(episode.written))]
        liked = vstack([rows[list(episode.liked)], written]).tocsr()
        cosines = (rows[episode.candidates] @ liked.T).toarray()
        yield np.sort(cosines, axis=1)[:, -NEAREST:].mean(axis=1)


def zotero_arxiv_daily(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
    """The mean cosine of sentence vectors to the library, the latest weighing most.

    The weight of rank r is 1 / (1 + log10 r). The encoder is all-MiniLM-L6-v2.
    """
    rows = minilm.stored(_texts(collection))
    minilm.encode([])  # the model is loaded before the clock starts
    for episode in episodes:
        written = minilm.encode([episode.written] if episode.written else [])
        library = np.vstack([rows[list(episode.liked)], written])
        weights = 1 / (1 + np.log10(np.arange(len(library), 0, -1)))
        yield rows[episode.candidates] @ (weights @ library / weights.sum())


def _texts(collection: Collection) -> list[str]:
    return [f"{paper.title}. {paper.abstract}" for paper in collection.papers]


RIVALS: Mapping[str, Ranker] = {
    "BM25": bm25,
    "TF-IDF, 3 nearest": tfidf_nearest,
    "TF-IDF, logistic regression": logistic_regression,
    "arxiv-sanity-lite": arxiv_sanity_lite,
    "zotero-arxiv-daily": zotero_arxiv_daily,
}
