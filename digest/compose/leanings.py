"""What counts beside likeness: authors, categories, sources, and words that have to be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from digest.compose.language import terms
from digest.compose.profiles import Phrase, Taste
from digest.compose.spaces import Floats
from digest.editions import ReasonKind
from digest.papers import Candidate, author_key
from digest.subscribers import Named, Subscriber, named

FOLLOWED = 4.0
"""Log-odds of a followed author or a must-have word: the paper is in, and near the top."""

PREFERRED = 0.7
"""Log-odds of a preferred category or source: the odds double."""

ALONE = 0.3
"""The chance of a paper from a category or source when an interest says nothing else."""

BASE = 1e-3
"""The chance of a paper that nothing speaks for."""

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

REMEMBERED = 4_096
"""Names and phrases whose papers are remembered, each for all readers."""


class Facts:
    """What a window's papers are, looked up by name; every answer is a mask, (papers,) bool.

    What nobody asks for is not worked out.
    """

    def __init__(self, papers: Sequence[Candidate]) -> None:
        self._papers = papers
        self.named = lru_cache(REMEMBERED)(self._named)
        self.holding = lru_cache(REMEMBERED)(self._held)

    def __len__(self) -> int:
        return len(self._papers)

    @cached_property
    def authors(self) -> Sequence[tuple[str, ...]]:
        """The keys of each paper's authors."""
        return [tuple(dict.fromkeys(map(author_key, one.paper.authors))) for one in self._papers]

    @cached_property
    def _authors(self) -> Mapping[str, list[int]]:
        return _columns(self.authors)

    @cached_property
    def _categories(self) -> Mapping[str, list[int]]:
        return _columns(map(_categories, self._papers))

    @cached_property
    def _sources(self) -> Mapping[str, list[int]]:
        return _columns(map(_sources, self._papers))

    @cached_property
    def _terms(self) -> Mapping[str, list[int]]:
        return _columns(paper.terms for paper in self._papers)

    @cached_property
    def _spaced(self) -> list[str]:
        return [_spaced(paper.terms) for paper in self._papers]

    def _named(self, kind: Named, name: str) -> Mask:
        """The papers of a category or a source, or those that hold a phrase."""
        if kind == "phrase":
            return self.holding(tuple(terms(name)))
        found = (
            self._categories.get(name.lower()) if kind == "category" else self._sources.get(name)
        )
        return self._mask(found)

    def _held(self, phrase: Phrase) -> Mask:
        """The papers that hold a phrase; none holds an empty one."""
        rarest = min((self._terms.get(term, []) for term in phrase), key=len, default=[])
        spaced = _spaced(phrase)
        return self._mask([column for column in rarest if spaced in self._spaced[column]])

    def meeting(self, phrases: Sequence[Phrase]) -> Mask:
        """The papers that hold any of these phrases."""
        held: Mask = np.any([self.holding(phrase) for phrase in phrases], axis=0)
        return held

    def by(self, author: str) -> Mask:
        """The papers by an author, given by key."""
        return self._mask(self._authors.get(author))

    def _mask(self, columns: Sequence[int] | None) -> Mask:
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[list(columns or ())] = True
        return mask


def _spaced(phrase: Phrase) -> str:
    return f" {' '.join(phrase)} "


def _sources(candidate: Candidate) -> tuple[str, ...]:
    return tuple(mention.source for mention in candidate.mentions)


def _categories(candidate: Candidate) -> set[str]:
    """Categories and the archives they are of, in lower case: "cs.CL" is of "cs" too."""
    named = {name.lower() for name in candidate.paper.categories}
    return named | {name.partition(".")[0] for name in named}


def _columns(named: Iterable[Iterable[str]]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for column, names in enumerate(named):
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(column)
    return found


@dataclass(frozen=True)
class Leaning:
    """What tastes lean to, of every paper. Most lean to nothing: they share the first of some rows.

    ``row``: (tastes,) the row of each; ``weight``: (tastes, 1) what its odds are multiplied by;
    (rows, papers) each: ``odds``: log-odds to add; ``alone``: the chance on these grounds only;
    ``must``: in whatever its chance; ``fits``: it holds all that is required.
    """

    row: Indices
    weight: Floats
    odds: Floats
    alone: Floats
    must: Mask
    fits: Mask

    @property
    def leans(self) -> Indices:
        """The tastes that lean to anything."""
        return np.flatnonzero(self.row)


def lean(tastes: Sequence[Taste], facts: Facts) -> Leaning:
    leans = [n for n, taste in enumerate(tastes) if _leans(taste)]
    row = np.zeros(len(tastes), dtype=np.intp)
    row[leans] = np.arange(1, len(leans) + 1)
    shape = (len(leans) + 1, len(facts))
    odds, alone = np.zeros(shape, np.float32), np.full(shape, BASE, np.float32)
    must, fits = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
    for n, taste in enumerate((tastes[place] for place in leans), 1):
        for author in taste.authors:
            must[n] |= facts.by(author)
        for wish in taste.always:
            must[n] |= facts.meeting(wish.phrases)
        for phrases in taste.required:
            fits[n] &= facts.meeting(phrases)
        stated = taste.interest.categories or taste.interest.sources
        for kind, name in taste.preferred:
            meant = facts.named(kind, name)
            odds[n, meant] += np.float32(PREFERRED)
            if kind != "phrase" and stated and not (taste.wishes or taste.liked):
                alone[n, meant] = ALONE
    odds += np.float32(FOLLOWED) * must
    weight = np.array([taste.interest.weight for taste in tastes], dtype=np.float32)
    return Leaning(row, weight.reshape(-1, 1), odds, alone, must & fits, fits)


def _leans(taste: Taste) -> bool:
    return bool(taste.authors or taste.always or taste.required or taste.preferred)


def reasons(
    taste: Taste, facts: Facts, column: int, *, must: bool
) -> Iterator[tuple[ReasonKind, str, float, bool]]:
    """What of the leanings speaks for a paper: the kind, its name, the log-odds it added, and
    whether it is all that the paper stands on where it has to stand on a category or source.
    """
    followed = FOLLOWED if must else 0.0
    if taste.authors:
        for key in facts.authors[column]:
            if key in taste.authors:
                yield "author", taste.authors[key], followed, False
    for wish in taste.always:
        if facts.meeting(wish.phrases)[column]:
            yield "term", wish.label, followed, False
    held = [(what, name) for what, name in taste.preferred if facts.named(what, name)[column]]
    only = sum(what != "phrase" for what, _ in held) == 1
    for what, name in held:
        yield "term" if what == "phrase" else what, name, PREFERRED, only and what != "phrase"


def unmuted(readers: Sequence[Subscriber], facts: Facts) -> Mask:
    """True where a paper is nothing that a reader muted: (readers, papers) bool."""
    mask = np.ones((len(readers), len(facts)), dtype=np.bool_)
    for row, reader in enumerate(readers):
        for entry in reader.muted:
            mask[row] &= ~facts.named(*named(entry))
    return mask
