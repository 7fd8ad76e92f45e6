"""How much faster a batch is ranked here than by an SVM a reader: run as a module.

The SVM is arxiv-sanity-lite's: TF-IDF of 20,000 words and pairs, liked papers against all others,
one linear SVM for each interest, and the best of a reader's.
"""

from __future__ import annotations

import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from tests.bench.ranking_times import times
from tests.bench.test_ranking_speed import INTERESTS, READERS, Day

ASKED = 10
"""Readers whose SVMs are fitted; all take the same time."""


def svm_s(day: Day) -> float:
    """Seconds of a processor a reader to fit SVMs on the archive and to score today's papers."""
    numbers = {number: row for row, number in enumerate(day.archive)}
    texts = [" ".join(one.terms) for one in day.archive.values()]
    words = TfidfVectorizer(ngram_range=(1, 2), max_features=20_000, min_df=5, max_df=0.1)
    archive = words.fit_transform(texts)
    today = words.transform([" ".join(paper.terms) for paper in day.papers])
    started = time.process_time()
    for taste in day.tastes[: ASKED * INTERESTS]:
        liked = np.zeros(len(texts), dtype=int)
        liked[[numbers[one.paper] for one in taste.liked]] = 1
        svm = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01)
        svm.fit(archive, liked).decision_function(today)
    return (time.process_time() - started) / ASKED


def main() -> None:
    day = Day()
    found, theirs = times(day.tastes, day.papers, day.known), svm_s(day)
    products, ours = found.products, found.ranking
    print(
        f"{READERS} readers of {INTERESTS} interests, {len(day.papers)} papers, "
        f"{len(day.archive)} in the archive: bare products {products:.2f} s, ranking with all that "
        f"leads to it {ours:.2f} s; an SVM for each interest {theirs * 1000:.0f} ms a reader, "
        f"{theirs * READERS:.0f} s in all, {theirs * READERS / ours:.0f} times as long."
    )


if __name__ == "__main__":
    main()
