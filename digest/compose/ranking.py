"""Papers and tastes become scores with reasons: BM25 over title and abstract, per interest.

A clue of one word weighs its weight. A keyword of several words weighs it as a phrase, and half of
it spread over its words alone. An example spreads over its distinct terms by 1/sqrt(n), so that a
long abstract is not a louder wish than a short one. A followed author is worth more than any text.

BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009; the form of
Lucene 8) comes from bm25s, which stores the finished weight of each term in each paper; an
interest then sums the rows of its own terms, so that no other interest changes its scores. So
that interests of one keyword and of one page can share an edition, a score is divided by what a
paper that meets the interest well would get.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.compose.language import words
from digest.compose.profiles import Clue, Taste
from digest.editions import Reason, ReasonKind
from digest.papers import Candidate, author_key

Floats = NDArray[np.float32]

FOLLOWED = 3.0
"""What a followed author adds to a score: above what text alone reaches (about 2)."""

K1, B = 1.2, 0.75
"""Lucene's own: how soon repeats of a term stop counting, and how much a paper's length does."""

NEAR_EXAMPLE = 0.25
"""The share of an example's terms, by weight, that a paper close to it holds."""


@dataclass(frozen=True)
class Ranking:
    """Scores of papers by interest, and what they are made of.

    ``scores``: (tastes, papers) float32, 0 where nothing was met, about 1 where an interest was
    met well. ``reasons(taste, paper)`` are the parts of that score, largest first; they sum to it.
    """

    scores: Floats
    _tastes: Sequence[Taste]
    _papers: Sequence[Candidate]
    _rows: Mapping[str, int]
    _bm25: Floats
    _scale: Floats

    def reasons(self, taste: int, paper: int) -> tuple[Reason, ...]:
        found: dict[tuple[ReasonKind, str], float] = {}
        for clue, term, weight in _weights(self._tastes[taste].clues):
            share = weight * float(self._bm25[self._rows[term], paper])
            if share > 0:
                kind: ReasonKind = "example" if clue.kind == "example" else "term"
                label = (kind, self._label(clue, term, paper))
                found[label] = found.get(label, 0.0) + share * float(self._scale[taste])
        weight = self._tastes[taste].interest.weight
        for name in _followed(self._tastes[taste], self._papers[paper]):
            found["author", name] = FOLLOWED * weight
        reasons = [Reason(kind, text, share) for (kind, text), share in found.items()]
        return tuple(sorted(reasons, key=lambda reason: (-reason.share, reason.text)))

    def _label(self, clue: Clue, term: str, paper: int) -> str:
        """The clue's own words, but for a word of a phrase that is not met whole: that word."""
        if clue.kind == "example" or len(clue.terms) == 1:
            return clue.label
        whole = self._bm25[self._rows[" ".join(clue.terms)], paper] > 0
        return (
            clue.label if whole else next(word for word, stem in words(clue.label) if stem == term)
        )


def rank(tastes: Sequence[Taste], papers: Sequence[Candidate]) -> Ranking:
    """Every paper scored for every taste; the order of either changes no score."""
    rows = {
        term: row
        for row, term in enumerate(
            sorted({term for taste in tastes for _, term, _ in _weights(taste.clues)})
        )
    }
    bm25, rarity = _bm25(papers, rows)
    scores = np.zeros((len(tastes), len(papers)), dtype=np.float32)
    scale = np.zeros(len(tastes), dtype=np.float32)
    worth = {term: float(rarity[row]) for term, row in rows.items()}
    for n, taste in enumerate(tastes):
        wanted: dict[int, float] = {}
        for _, term, weight in _weights(taste.clues):
            wanted[rows[term]] = wanted.get(rows[term], 0.0) + weight
        well = _meets_well(taste.clues, worth)
        scale[n] = taste.interest.weight / well if well else 0.0
        own = sorted(wanted)
        weights = np.array([wanted[row] for row in own], dtype=np.float32)
        # Not one matrix product for all: its last bits depend on who else is in the batch.
        scores[n] = (weights[:, None] * bm25[own]).sum(axis=0) * scale[n]
    scores += _authors(tastes, papers)
    return Ranking(scores, tastes, papers, rows, bm25, scale)


def _weights(clues: Sequence[Clue]) -> Iterator[tuple[Clue, str, float]]:
    """Each term to look for, phrases as words joined by a space, with its weight."""
    for clue in clues:
        if clue.kind == "example":
            each = clue.weight / len(clue.terms) ** 0.5
            yield from ((clue, term, each) for term in clue.terms)
        elif len(clue.terms) == 1:
            yield clue, clue.terms[0], clue.weight
        else:
            yield clue, " ".join(clue.terms), clue.weight
            each = clue.weight / 2 / len(clue.terms)
            yield from ((clue, term, each) for term in clue.terms)


def _meets_well(clues: Sequence[Clue], rarity: Mapping[str, float]) -> float:
    """The score of a paper that meets the interest well, before scaling.

    That is one keyword met whole, or of a description's n words as many as sqrt(n), or a good
    share of the example that is easiest to be near, whichever is most.
    """
    worth: dict[Clue, float] = {}
    for clue, term, weight in _weights(clues):
        worth[clue] = worth.get(clue, 0.0) + weight * rarity[term]
    keywords, words, examples = (
        [part for clue, part in worth.items() if clue.kind == kind]
        for kind in ("keyword", "word", "example")
    )
    return max(
        max(keywords, default=0.0),
        sum(words) / math.sqrt(max(len(words), 1)),
        NEAR_EXAMPLE * min(examples, default=0.0),
    )


def _bm25(papers: Sequence[Candidate], rows: Mapping[str, int]) -> tuple[Floats, Floats]:
    """What each term is worth in each paper, (terms, papers), and at most anywhere, (terms,)."""
    dense = np.zeros((len(rows), len(papers)), dtype=np.float32)
    corpus = [candidate.terms for candidate in papers]
    if any(corpus):
        _fill_words(dense, corpus, rows)
        _fill_phrases(dense, corpus, rows)
    return dense, _rarity(dense)


def _rarity(found: Floats) -> Floats:
    """The weight of terms by how few papers hold them; ``found``: (terms, papers), 0 where not."""
    holding = np.count_nonzero(found, axis=1)
    rarity: Floats = np.log1p((found.shape[1] - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    return rarity


def _fill_words(dense: Floats, corpus: Sequence[Sequence[str]], rows: Mapping[str, int]) -> None:
    import bm25s  # late: half a second that `digest --help` need not wait for

    index = bm25s.BM25(method="lucene", k1=K1, b=B)
    index.index(corpus, show_progress=False)
    data, indices, indptr = (index.scores[part] for part in ("data", "indices", "indptr"))
    for term, row in rows.items():
        column = index.vocab_dict.get(term)
        if column is not None:
            part = slice(indptr[column], indptr[column + 1])
            dense[row, indices[part]] = data[part]


def _fill_phrases(dense: Floats, corpus: Sequence[Sequence[str]], rows: Mapping[str, int]) -> None:
    """The same formula for phrases, which must not count as length: whoever looks for one would
    change everybody's scores.
    """
    phrases = [row for term, row in rows.items() if " " in term]
    sizes = sorted({term.count(" ") + 1 for term in rows} - {1})
    for n, terms in enumerate(corpus):
        for gram in (terms[k : k + size] for size in sizes for k in range(len(terms) - size + 1)):
            row = rows.get(" ".join(gram))
            if row is not None:
                dense[row, n] += 1
    length = np.array([len(terms) for terms in corpus], dtype=np.float32)
    often = dense[phrases]
    soon = K1 * (1 - B + B * length / length.mean())
    dense[phrases] = _rarity(often)[:, None] * often / (soon + often)


def _authors(tastes: Sequence[Taste], papers: Sequence[Candidate]) -> Floats:
    bonus = np.zeros((len(tastes), len(papers)), dtype=np.float32)
    if not any(taste.authors for taste in tastes):
        return bonus
    written: dict[str, list[int]] = {}
    for n, candidate in enumerate(papers):
        for name in candidate.paper.authors:
            written.setdefault(author_key(name), []).append(n)
    for n, taste in enumerate(tastes):
        for key in taste.authors:
            for paper in dict.fromkeys(written.get(key, ())):
                bonus[n, paper] += FOLLOWED * taste.interest.weight
    return bonus


def _followed(taste: Taste, candidate: Candidate) -> list[str]:
    keys = dict.fromkeys(author_key(name) for name in candidate.paper.authors)
    return [taste.authors[key] for key in keys if key in taste.authors]
