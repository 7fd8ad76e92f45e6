"""Which variants of papers are one paper: worked out from themselves alone; pure.

A *variant* is a paper just as some report had it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from digest.papers import Paper, title_key


@dataclass(frozen=True, slots=True)
class Rules:
    """What the shelf has to be told about papers: when two are one, where to look for those, and
    the spaced terms of one. ``same`` is symmetric; two that are the same share a block or an id.
    """

    same: Callable[[Paper, Paper], bool]
    blocks: Callable[[Paper], Collection[int]]
    terms: Callable[[Paper], str]


def variant_of(paper: Paper) -> int:
    """The number of ``paper`` just as it is, on any machine: 63 bits of a hash of its fields."""
    fields = (
        *(paper.title, paper.abstract, paper.authors, paper.link, paper.arxiv_id, paper.doi),
        *(str(paper.published), paper.categories, paper.version),
    )
    digest = blake2b(repr(fields).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@dataclass(eq=False)
class Variant:
    """A paper as reported; ``owner`` is the number of the stored paper it was grouped into.

    ``kept`` when it has a row of its own, beside that of its paper; ``nth`` among the new ones.
    """

    id: int
    paper: Paper
    rules: Rules
    owner: int | None = None
    kept: bool = False
    nth: int = 0

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return self.paper.keys

    @property
    def ids(self) -> tuple[str, ...]:
        return self.keys[:-1]

    @cached_property
    def blocks(self) -> tuple[int, ...]:
        return tuple(self.rules.blocks(self.paper))

    @property
    def names(self) -> list[int | str]:
        """What it is looked for by."""
        return [*self.ids, *self.blocks]

    @cached_property
    def title(self) -> str:
        return title_key(self.paper.title)


@dataclass
class _Group:
    """Variants that are one paper so far, with the arXiv ids and DOIs among them."""

    members: list[Variant]
    arxiv: set[str]
    dois: set[str]

    def refuses(self, other: _Group) -> bool:
        """Whether ids say that the two are different papers."""
        if self.arxiv and other.arxiv:
            return self.arxiv != other.arxiv
        return bool(self.dois and other.dois and self.dois.isdisjoint(other.dois))


def grouped(
    found: Iterable[Variant], same: Iterable[tuple[Variant, Variant]]
) -> list[list[Variant]]:
    """The papers that these variants are, each in order of number.

    The strongest ties are tied first: one arXiv id, one DOI, one title, the rest of ``same``; no
    tie brings two ids of a kind together. What is tied to two papers with different ids goes to
    the first by number: any choice is a guess, but this is the same guess every time.
    """
    nodes = sorted(found, key=lambda node: node.id)
    group = {
        node.id: _Group(
            [node],
            {node.paper.arxiv_id} - {None},  # type: ignore[arg-type]
            {node.paper.doi} - {None},  # type: ignore[arg-type]
        )
        for node in nodes
    }
    for one, two in _ties(nodes, same):
        _tie(group, one, two)
    alone = {id(each): each for each in group.values()}
    return [sorted(each.members, key=lambda node: node.id) for each in alone.values()]


def _ties(
    nodes: Sequence[Variant], same: Iterable[tuple[Variant, Variant]]
) -> Iterator[tuple[Variant, Variant]]:
    for kind in ("arxiv:", "doi:"):
        by_id: dict[str, Variant] = {}
        for node in nodes:
            for name in node.ids:
                if name.startswith(kind):
                    yield by_id.setdefault(name, node), node
    pairs = [(one, two) if one.id < two.id else (two, one) for one, two in same]
    yield from sorted(pairs, key=lambda pair: (pair[0].title != pair[1].title, *_numbers(pair)))


def freshness(group: Sequence[Variant]) -> tuple[bool, int]:
    """Whether anything in it is new, and the first place among the new ones."""
    places = [node.nth for node in group if not node.owner]
    return bool(places), min(places, default=0)


def _numbers(pair: tuple[Variant, Variant]) -> tuple[int, int]:
    return pair[0].id, pair[1].id


def _tie(group: dict[int, _Group], one: Variant, two: Variant) -> None:
    into, gone = group[one.id], group[two.id]
    if into is gone or into.refuses(gone):
        return
    if len(into.members) < len(gone.members):
        into, gone = gone, into
    into.members += gone.members
    into.arxiv |= gone.arxiv
    into.dois |= gone.dois
    for node in gone.members:
        group[node.id] = into
