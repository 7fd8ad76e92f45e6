"""What the archive teaches of language: how rare terms are, what they are about, what is usual."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digest.compose import bags as counting
from digest.compose.lexicon import Lexicon
from digest.compose.spaces import Floats, Frame, Moments, moments, together

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Rows = NDArray[np.intp]

GENERAL = 100.0
"""Papers that the shipped lexicon counts for beside the archive's own."""

REFERENCE = 300
"""Papers of the archive that scores are measured against: what is usual for a taste."""

LEAST = 500
"""Papers from which a space of the archive's own is learnt; fewer say too little."""

DIMENSIONS = 128
SAMPLE = 5_000
"""Rows that the moments of a space are estimated from."""

ONCE, SELDOM = 1, 20_000
"""Terms that a single paper holds are not kept, nor in large archives one in so many: they are as
rare as unknown ones."""


@dataclass(frozen=True)
class Learnt:
    """What was learnt of an archive, as it is stored.

    ``terms``, ``counts``: the papers that hold each; ``vectors``: (terms, d) of the archive's own
    space, d = 0 when it is too small for one; ``own``, ``general``: the moments of papers there
    and in the lexicon's space; ``reference``: some papers' terms, each a line.
    """

    papers: int
    length: float
    terms: tuple[str, ...]
    counts: NDArray[np.int32]
    vectors: Floats
    own: Moments
    general: Moments
    reference: tuple[str, ...]


@dataclass(frozen=True)
class Space:
    """A space in which the terms of the first ``width`` columns have places.

    ``vectors`` gives those of some columns, (columns, d): a day's papers hold a few of all terms.
    ``frame`` is the archive's.
    """

    width: int
    vectors: Callable[[Rows], Floats]
    frame: Frame

    def place(self, weighted: csr_array) -> Floats:
        """Where texts stand, (n, 2 d). ``weighted``: (n, columns or more), as ``Background``'s."""
        return self.frame.place(self.known(weighted))

    def known(self, weighted: csr_array) -> Floats:
        """Where texts stand before the archive's frame is laid on the space: (n, d)."""
        own = weighted[:, : self.width]
        held = np.zeros(self.width, dtype=np.bool_)
        held[own.indices] = True
        some = np.flatnonzero(held)
        found = counting.picked(own, some) @ self.vectors(some)
        return np.asarray(found, dtype=np.float32)


@dataclass(frozen=True)
class Background:
    """What scores are made with, ready to use.

    ``columns``: a known term's column; ``rarity``: (columns,); ``unknown``: the rarity of other
    terms; ``length``: terms in the average paper; ``reference``: terms of some usual papers;
    ``general``, ``own``: the lexicon's space, and the archive's when it has one.
    """

    columns: Mapping[str, int]
    rarity: Floats
    unknown: float
    length: float
    papers: int
    reference: tuple[tuple[str, ...], ...]
    general: Space
    own: Space | None

    def rarities(self, width: int) -> Floats:
        """The rarity of the first ``width`` columns, unknown terms' included: (width,)."""
        more = np.full(max(width - len(self.rarity), 0), self.unknown, dtype=np.float32)
        return np.concatenate([self.rarity, more])

    def rows(self, texts: Sequence[Sequence[str]], columns: Mapping[str, int]) -> csr_array:
        """TF-IDF rows of length 1, repeats saturated: (texts, columns). ``columns`` begin as own"""
        return self.weighed(counting.counts(texts, columns, len(columns)))

    def weighed(self, bags: csr_array) -> csr_array:
        """The same of counts: (texts, columns)."""
        rarity = self.rarities(bags.shape[1])
        return counting.unit(counting.weighted(counting.saturated(bags, self.length), rarity))


def learn(texts: Iterable[Sequence[str]], lexicon: Lexicon) -> Learnt:
    """What papers teach, given their terms: the same texts in the same order, the same bytes.

    Memory: about 4 bytes a term of every text and 1 kB a text.
    """
    numbered, columns, sample = _numbered(texts)
    papers, length = numbered.shape[0], float(numbered.sum() / max(numbered.shape[0], 1))
    held = np.bincount(numbered.indices, minlength=len(columns)).astype(np.int32)
    often = max(ONCE, papers // SELDOM)
    names = sorted(term for term, column in columns.items() if held[column] > often)
    kept = np.array([columns[term] for term in names], dtype=np.intp)
    bare = Learnt(
        papers,
        length,
        tuple(names),
        held[kept],
        np.zeros((len(names), 0), dtype=np.float32),
        Moments(0.0, np.zeros(0, np.float32), np.zeros((0, 0), np.float32)),
        lexicon.moments,
        tuple(" ".join(text) for text in sample),
    )
    if not papers:
        return bare
    background = ready(bare, lexicon)
    return _with_spaces(bare, background, numbered[:, kept], lexicon)


def _numbered(
    texts: Iterable[Sequence[str]],
) -> tuple[csr_array, dict[str, int], list[Sequence[str]]]:
    """Counts of all terms, their columns, and every so many-th text for reference."""
    from array import array

    from scipy.sparse import csr_array

    columns: dict[str, int] = {}
    indices, ends, sample, step = array("i"), array("q", [0]), [], 1
    for n, text in enumerate(texts):
        indices.extend(columns.setdefault(term, len(columns)) for term in text)
        ends.append(len(indices))
        if n % step == 0:
            sample.append(text)
            if len(sample) > 2 * REFERENCE:
                sample, step = sample[::2], 2 * step
    ones = np.ones(len(indices), dtype=np.float32)
    found = csr_array(
        (ones, np.frombuffer(indices, np.int32), np.frombuffer(ends, np.int64)),
        shape=(len(ends) - 1, len(columns)),
    )
    found.sum_duplicates()
    return found, columns, sample[:: -(-len(sample) // REFERENCE) or 1]


def _with_spaces(
    bare: Learnt, background: Background, numbered: csr_array, lexicon: Lexicon
) -> Learnt:
    """Adds the moments of the lexicon's space, and the archive's own space."""
    from dataclasses import replace

    columns = np.array([background.columns[term] for term in bare.terms], dtype=np.intp)
    rows = counting.unit(
        counting.weighted(counting.saturated(numbered, bare.length), background.rarity[columns])
    )
    some = rows[:: -(-bare.papers // SAMPLE)]
    within = columns < len(lexicon.rows)
    placed = some[:, within] @ lexicon.vectors(columns[within])
    general = together(moments(placed), lexicon.moments, GENERAL)
    if bare.papers < LEAST:
        return replace(bare, general=general)
    vectors = _directions(rows, min(DIMENSIONS, bare.papers // 8))
    own = moments(np.asarray(some @ vectors, dtype=np.float32))
    return replace(bare, general=general, vectors=vectors, own=own)


def _directions(rows: csr_array, dimensions: int) -> Floats:
    """The directions in which the rows vary most: (terms, dimensions), orthonormal columns.

    Latent semantic analysis (Deerwester et al. 1990) by a randomised range finder with two power
    iterations (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011, alg. 4.4).
    """
    chance = np.random.default_rng(0)
    wide = dimensions + 16
    basis = rows.T @ chance.standard_normal((rows.shape[0], wide), dtype=np.float32)
    for _ in range(2):
        basis, _ = np.linalg.qr(basis)
        basis = rows.T @ (rows @ basis)
    basis, _ = np.linalg.qr(basis)
    _, turn = np.linalg.eigh((rows @ basis).T @ (rows @ basis))
    return np.ascontiguousarray(basis @ turn[:, ::-1][:, :dimensions], dtype=np.float32)


def ready(learnt: Learnt, lexicon: Lexicon) -> Background:
    """The background that was learnt, on top of the lexicon."""
    columns = dict(lexicon.rows)
    for term in learnt.terms:
        columns.setdefault(term, len(columns))
    held = np.zeros(len(columns), dtype=np.float32)
    held[: len(lexicon.rows)] = lexicon.shares * GENERAL
    mine = np.array([columns[term] for term in learnt.terms], dtype=np.intp)
    held[mine] += learnt.counts
    papers = learnt.papers + GENERAL
    own = None
    if learnt.vectors.size:
        own = Space(len(columns), _vectors(learnt, mine, len(columns)), learnt.own.frame())
    return Background(
        columns,
        _rarity(held, papers),
        float(_rarity(np.zeros(1, np.float32), papers)[0]),
        learnt.length or 100.0,
        learnt.papers,
        tuple(tuple(line.split(" ")) for line in learnt.reference if line),
        Space(len(lexicon.rows), lexicon.vectors, learnt.general.frame()),
        own,
    )


def _vectors(learnt: Learnt, columns: Rows, width: int) -> Callable[[Rows], Floats]:
    """The vectors of some of the first ``width`` columns; ``columns`` are those that have one."""
    place = np.full(width, -1, dtype=np.intp)
    place[columns] = np.arange(len(columns))

    def vectors(some: Rows) -> Floats:
        found: Floats = learnt.vectors[place[some]]
        found[place[some] < 0] = 0
        return found

    return vectors


def _rarity(held: Floats, papers: float) -> Floats:
    """BM25's weight of terms by how many of the papers hold them."""
    rarity: Floats = np.log1p((papers - held + 0.5) / (held + 0.5)).astype(np.float32)
    return rarity


def to_bytes(learnt: Learnt) -> bytes:
    file = io.BytesIO()
    np.savez(  # compressed it would be hardly smaller, and take twice as long to read
        file,
        papers=learnt.papers,
        length=learnt.length,
        terms=_lines(learnt.terms),
        counts=learnt.counts,
        vectors=learnt.vectors.astype(np.float16),
        reference=_lines(learnt.reference),
        own_papers=learnt.own.papers,
        own_mean=learnt.own.mean,
        own_second=learnt.own.second,
        general_papers=learnt.general.papers,
        general_mean=learnt.general.mean,
        general_second=learnt.general.second,
    )
    return file.getvalue()


def from_bytes(data: bytes) -> Learnt:
    """What ``to_bytes`` stored, its numbers rounded to 16 bits."""
    with np.load(io.BytesIO(data), allow_pickle=False) as parts:
        return Learnt(
            int(parts["papers"]),
            float(parts["length"]),
            _unlined(parts["terms"]),
            parts["counts"],
            parts["vectors"].astype(np.float32),
            _moments("own", parts),
            _moments("general", parts),
            _unlined(parts["reference"]),
        )


def _lines(texts: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)


def _unlined(data: NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(data.tobytes().decode().split("\n")) if data.size else ()


def _moments(name: str, parts: Mapping[str, Floats]) -> Moments:
    return Moments(float(parts[f"{name}_papers"]), parts[f"{name}_mean"], parts[f"{name}_second"])
