"""Papers and tastes become scores with reasons: BM25 over title and abstract, per interest.

A clue of one word weighs its weight. A keyword of several words weighs it as a phrase, and half of
it spread over its words alone. An example spreads over its distinct terms by 1/sqrt(n), so that a
long abstract is not a louder wish than a short one. A followed author is worth more than any text.

BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009; the form of
Lucene 8) comes from bm25s, which stores the finished weight of each term in each paper; a batch
of interests is then one matrix product. So that interests of one keyword and of one page can
share an edition, a score is divided by what a paper that meets the interest well would get.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.compose.language import words
from digest.compose.profiles import Clue, Taste
from digest.editions import Reason, ReasonKind
from digest.papers import Candidate, author_key

Floats = NDArray[np.float32]

FOLLOWED = 3.0
"""What a followed author adds to a score: above what text alone reaches (about 2)."""

TITLE_REPEATS = 2
"""How often a title's terms count against the abstract's once: titles are chosen with care."""

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
    wanted = np.zeros((len(tastes), len(rows)), dtype=np.float32)
    scale = np.zeros(len(tastes), dtype=np.float32)
    for n, taste in enumerate(tastes):
        for _, term, weight in _weights(taste.clues):
            wanted[n, rows[term]] += weight
        well = _meets_well(taste.clues, {term: float(rarity[row]) for term, row in rows.items()})
        scale[n] = taste.interest.weight / well if well else 0.0
    scores = (wanted @ bm25) * scale[:, None] + _authors(tastes, papers)
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
    count = len(papers)
    dense = np.zeros((len(rows), count), dtype=np.float32)
    rarity = np.full(len(rows), np.log1p((count + 0.5) / 0.5), dtype=np.float32)
    longest = max((term.count(" ") + 1 for term in rows), default=1)
    corpus = [_grams(paper.terms, longest, rows) for paper in papers]
    if not any(corpus) or not rows:
        return dense, rarity
    index = _index(corpus)
    data, indices, indptr = (index.scores[part] for part in ("data", "indices", "indptr"))
    for term, row in rows.items():
        column = index.vocab_dict.get(term)
        if column is not None:
            part = slice(indptr[column], indptr[column + 1])
            dense[row, indices[part]] = data[part]
            met = int(indptr[column + 1] - indptr[column])
            rarity[row] = np.log1p((count - met + 0.5) / (met + 0.5))
    return dense, rarity


def _grams(terms: Sequence[str], longest: int, rows: Mapping[str, int]) -> list[str]:
    """All single terms, which make up the paper's length, and the phrases somebody looks for."""
    phrases = [
        gram
        for n in range(2, longest + 1)
        for k in range(len(terms) - n + 1)
        if (gram := " ".join(terms[k : k + n])) in rows
    ]
    return [*terms, *phrases]


def _index(corpus: list[list[str]]) -> Any:
    import bm25s  # late: half a second that `digest --help` need not wait for

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index(corpus, show_progress=False)
    return index


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
