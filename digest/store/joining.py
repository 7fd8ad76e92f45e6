"""Reports find their papers: what was ever reported of a paper is kept, and grouped anew.

A *variant* is a paper just as some report had it. Which variants are one paper is worked out from
all variants that touch each other, by a rule that looks at nothing else: not at what came first,
nor at how they were grouped before. So the archive is the same whatever the order of arrival. A
paper with one variant is that variant; the others are in ``paper_variants``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, reduce
from itertools import islice
from typing import Any

import sqlalchemy as sa

from digest.papers import Paper, contradict, merged
from digest.store.grouping import Rules, Variant, freshness, grouped, variant_of
from digest.store.inserting import insert
from digest.store.schema import blocks, keys, papers, reports, variants, vectors

IN = 5_000
"""Values in one IN list: SQLite takes 32,766, PostgreSQL 65,535."""

FULL = 200
"""Papers in one block; a block with more tells nothing apart, and is neither asked nor filled."""


# Looking: reads --------------------------------------------------------------------------------


@dataclass
class _Web:
    """Variants that touch each other, directly or through others, with the ties between them."""

    connection: sa.Connection
    rules: Rules
    nodes: dict[int, Variant] = field(default_factory=dict)
    ties: dict[tuple[int, int], tuple[Variant, Variant]] = field(default_factory=dict)
    stored: dict[int, list[Variant]] = field(default_factory=dict)
    at: defaultdict[int | str, list[Variant]] = field(default_factory=lambda: defaultdict(list))
    full: set[int] = field(default_factory=set)

    def grow(self, start: Iterable[Variant]) -> None:
        """Take in ``start``, and whatever touches it."""
        edge = list(start)
        while edge:
            for node in edge:
                self.nodes[node.id] = node
                for name in node.names:
                    self.at[name].append(node)
            near = self._stored_near(edge)
            touched = [other for node in edge for other in self._touching(node, near)]
            owners = {other.owner for other in touched if other.id not in self.nodes}
            edge = [node for number in owners if number for node in self.stored[number]]

    def _stored_near(self, edge: Sequence[Variant]) -> dict[int | str, list[int]]:
        """The numbers of stored papers by the ids and blocks of ``edge``; they are loaded."""
        near: dict[int | str, list[int]] = defaultdict(list)
        ids = {name for node in edge for name in node.ids}
        for key, paper in _rows(self.connection, keys.c.key, ids):
            near[key].append(paper)
        wanted = {name for node in edge for name in node.blocks} - self.full
        for block, paper in _rows(self.connection, blocks.c.block, wanted):
            near[block].append(paper)
        for block in wanted:
            there = len(near.get(block, ()))
            if len(self.at[block]) + there <= FULL:
                continue
            if sum(node.owner is None for node in self.at[block]) + there > FULL:
                self.full.add(block)
                near.pop(block, None)
        self._load({number for numbers in near.values() for number in numbers})
        return near

    def _load(self, numbers: set[int]) -> None:
        missing = numbers - self.stored.keys()
        for row in _rows(self.connection, variants.c.paper, missing):
            found = Variant(row.id, _unpacked(row.fields), self.rules, row.paper, kept=True)
            self.stored.setdefault(row.paper, []).append(found)
        missing -= self.stored.keys()
        for row in _rows(self.connection, papers.c.id, missing):
            paper = paper_of(row)
            self.stored[row.id] = [Variant(variant_of(paper), paper, self.rules, row.id)]

    def _touching(
        self, node: Variant, near: Mapping[int | str, Collection[int]]
    ) -> Iterator[Variant]:
        """The variants that ``node`` is tied to, some of them perhaps not in the web yet."""
        names = [name for name in node.names if name not in self.full]
        numbers = dict.fromkeys(number for name in names for number in near.get(name, ()))
        others = {other.id: other for name in names for other in self.at[name]}
        others |= {other.id: other for n in numbers for other in self.stored[n]}
        for other in others.values():
            if other.id == node.id:
                continue
            known = self.nodes.get(other.id, other)
            if not set(node.ids).isdisjoint(known.ids):
                yield known  # tied by its id, whatever else it says
            elif self._tied(node, known):
                yield known

    def _tied(self, node: Variant, other: Variant) -> bool:
        pair = (min(node.id, other.id), max(node.id, other.id))
        if pair in self.ties:
            return True
        if contradict(node.paper, other.paper) or not self.rules.same(node.paper, other.paper):
            return False
        # A block shared with another variant of its paper is no tie: it may have left tomorrow.
        if self.full.issuperset(set(node.blocks) & set(other.blocks)):
            return False
        self.ties[pair] = (node, other)
        return True


def known_variants(connection: sa.Connection, wanted: Collection[int]) -> dict[int, int]:
    """The numbers of the papers that these variants were grouped into, of those stored before."""
    return {row.block: row.paper for row in _rows(connection, blocks.c.block, wanted)}


def _rows(
    connection: sa.Connection, column: sa.Column[Any], values: Iterable[Any]
) -> Iterator[Any]:
    """The rows of the column's table with ``column`` among ``values``."""
    query = _among(column, connection.dialect.name)
    for chunk in chunks(values):
        yield from connection.execute(query, {"values": chunk})


@cache
def _among(column: sa.Column[Any], dialect: str) -> sa.Select[Any]:
    """Built once, and with all values in one parameter: building a question with thousands of
    them costs more than having it answered.
    """
    if dialect == "sqlite":
        wanted = sa.func.json_each(sa.bindparam("values", type_=sa.JSON)).table_valued("value")
        return sa.select(column.table).where(column.in_(sa.select(wanted.c.value)))
    values = sa.bindparam("values", type_=sa.ARRAY(column.type))
    return sa.select(column.table).where(column == sa.any_(values))


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(values)
    while chunk := list(islice(rest, IN)):
        yield chunk


# Storing: writes -------------------------------------------------------------------------------

_STALE = vectors.delete().where(
    vectors.c.paper == sa.bindparam("id"),
    sa.exists().where(
        papers.c.id == vectors.c.paper,
        sa.or_(
            papers.c.title != sa.bindparam("title"), papers.c.abstract != sa.bindparam("abstract")
        ),
    ),
)
"""The vectors of a paper that is about to get another text: it is encoded again."""


@dataclass
class Joiner:
    """Puts variants into the papers they are of, within one transaction.

    ``last`` is the highest number given to a paper, ``new`` how many papers came into sight.
    """

    connection: sa.Connection
    rules: Rules
    now: dt.datetime
    last: int
    new: int = 0
    split: set[int] = field(default_factory=set)
    """Papers that lost a variant, and may have lost the one that was announced."""

    def place(self, found: Mapping[int, Paper], announced: Collection[int]) -> dict[int, int]:
        """The numbers of the papers that these variants are of, some of them made for that.

        A paper with none of its variants ``announced`` is kept out of sight until one is.
        """
        before = self.last
        placed = known_variants(self.connection, found.keys())
        fresh = [
            Variant(number, paper, self.rules, nth=nth)
            for nth, (number, paper) in enumerate(found.items())
            if number not in placed
        ]
        web = _Web(self.connection, self.rules)
        web.grow(fresh)
        placed |= self._store(web, announced)
        self._show({placed[n] for n in announced if placed[n] <= before})
        return placed

    def _store(self, web: _Web, announced: Collection[int]) -> dict[int, int]:
        """Write what is not grouped as it was; the new number of every variant in the web."""
        before = self.last
        numbered = self._numbered(grouped(web.nodes.values(), web.ties.values()))
        placed = {node.id: number for number, group in numbered for node in group}
        changed = [
            (number, group)
            for number, group in numbered
            if [node.id for node in group]
            != sorted(node.id for node in web.stored.get(number, ()) if node.id in placed)
        ]
        self._store_papers(changed, announced, before)
        self._store_names(changed, web)
        self._move([(number, node) for number, group in changed for node in group])
        owners = {node.owner for node in web.nodes.values() if node.owner}
        self._retire(owners - {number for number, _ in numbered}, web, placed)
        return placed

    def _numbered(self, groups: Iterable[list[Variant]]) -> list[tuple[int, list[Variant]]]:
        """Each group with a number one of its variants had before, or with a new one.

        Where variants of one paper turn out to be two, what is there longer keeps the number.
        """
        claims = [(sorted({n.owner for n in group if n.owner}), group) for group in groups]
        taken: set[int] = set()
        numbered = []
        claims.sort(key=lambda each: (*freshness(each[1]), len(each[0])))
        for claimed, group in claims:
            number = next((n for n in claimed if n not in taken), None)
            if number is None:
                number = self.last = self.last + 1
            taken.add(number)
            numbered.append((number, group))
        return numbered

    def _store_papers(
        self,
        changed: Iterable[tuple[int, list[Variant]]],
        announced: Collection[int],
        before: int,
    ) -> None:
        """Write papers; those with numbers after ``before`` are not there yet."""
        seen = self._first_seen({n.owner for _, group in changed for n in group if n.owner})
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for number, group in changed:
            paper = reduce(merged, (node.paper for node in group))
            row = {"id": number, **_row(paper, self.rules.terms(paper))}
            if number > before and any(n.id in announced for n in group if not n.owner):
                row["first_seen_at"] = self.now
                self.new += 1
            else:
                earlier = (seen[node.owner] for node in group if node.owner)
                row["first_seen_at"] = min(filter(None, earlier), default=None)
            (new if number > before else old).append(row)
        insert(self.connection, papers, new)
        if old:
            self.connection.execute(_STALE, old)
        for row in old:  # without its number, which SQLite would look for in every table
            mine = papers.update().where(papers.c.id == row.pop("id"))
            self.connection.execute(mine, row)

    def _first_seen(self, numbers: Collection[int]) -> dict[int, dt.datetime | None]:
        return {row.id: row.first_seen_at for row in _rows(self.connection, papers.c.id, numbers)}

    def _store_names(self, changed: Iterable[tuple[int, list[Variant]]], web: _Web) -> None:
        """Write the keys, the blocks and the numbers of variants that papers are found by."""
        for table, column, names in (
            (keys, keys.c.key, lambda node: node.keys),
            (blocks, blocks.c.block, lambda node: (node.id, *node.blocks)),
        ):
            more, less = [], []
            for number, group in changed:
                now = dict.fromkeys(name for node in group for name in names(node))
                was = {name for node in web.stored.get(number, ()) for name in names(node)}
                fresh = [name for name in now if name not in was and name not in web.full]
                more += [{column.name: name, "paper": number} for name in fresh]
                less += [(n, number) for n in was if n not in now]
            self._unname(table, column, less)
            insert(self.connection, table, more)

    def _unname(
        self, table: sa.Table, column: sa.Column[Any], names: Sequence[tuple[Any, int]]
    ) -> None:
        if names:
            one = (column == sa.bindparam("name"), table.c.paper == sa.bindparam("number"))
            rows = [{"name": name, "number": number} for name, number in names]
            self.connection.execute(table.delete().where(*one), rows)

    def _move(self, nodes: Sequence[tuple[int, Variant]]) -> None:
        """Keep the variants of papers that have several, and take their reports with them."""
        several = Counter(number for number, _ in nodes)
        moved = [(number, node) for number, node in nodes if node.owner not in (None, number)]
        rows = [{"moved": node.id, "number": number, "owner": node.owner} for number, node in moved]
        self.split |= {n for number, node in moved for n in (number, node.owner) if n}
        if rows:
            here = (
                reports.c.paper == sa.bindparam("owner"),
                reports.c.variant == sa.bindparam("moved"),
            )
            there: dict[str, Any] = {"paper": sa.bindparam("number")}
            self.connection.execute(reports.update().where(*here).values(there), rows)
            mine = variants.c.id == sa.bindparam("moved")
            self.connection.execute(variants.update().where(mine).values(there), rows)
        kept = [
            {"id": node.id, "paper": number, "fields": _packed(node.paper)}
            for number, node in nodes
            if several[number] > 1 and not node.kept
        ]
        if kept:
            self.connection.execute(variants.insert(), kept)

    def _retire(self, numbers: Iterable[int], web: _Web, placed: Mapping[int, int]) -> None:
        """Papers whose variants have all become another's: they only say whose."""
        for number in sorted(numbers):
            nodes = web.stored[number]
            into = placed[min(node.id for node in nodes)]
            gone = sa.or_(papers.c.id == number, papers.c.merged_into == number)
            hidden = {"merged_into": into, "first_seen_at": None}
            self.connection.execute(papers.update().where(gone).values(hidden))
            self.connection.execute(vectors.delete().where(vectors.c.paper == number))
            known = dict.fromkeys(name for node in nodes for name in node.keys)
            self._unname(keys, keys.c.key, [(name, number) for name in known])
            names = dict.fromkeys(name for node in nodes for name in (node.id, *node.blocks))
            self._unname(blocks, blocks.c.block, [(name, number) for name in names])

    def _show(self, numbers: Collection[int]) -> None:
        """Bring known papers into sight that nobody had announced before."""
        for chunk in chunks(numbers):
            unseen = (papers.c.id.in_(chunk), papers.c.first_seen_at.is_(None))
            done = self.connection.execute(
                papers.update().where(*unseen).values(first_seen_at=self.now)
            )
            self.new += done.rowcount

    def hide(self, announce: Collection[str]) -> None:
        """Take out of sight what lost the variant that was announced to another paper."""
        for chunk in chunks(self.split):
            told = sa.exists().where(
                reports.c.paper == papers.c.id, reports.c.announced.in_(announce)
            )
            untold = (papers.c.id.in_(chunk), ~told)
            self.connection.execute(papers.update().where(*untold).values(first_seen_at=None))
        self.split.clear()


# Rows ------------------------------------------------------------------------------------------


def paper_of(row: Any) -> Paper:
    """The noun in a row that holds all columns of ``papers``."""
    return Paper(
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        link=row.link,
        arxiv_id=row.arxiv_id,
        doi=row.doi,
        published=row.published,
        categories=tuple(row.categories),
        version=row.version,
    )


def _row(paper: Paper, terms: str) -> dict[str, Any]:
    return {
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "link": paper.link,
        "arxiv_id": paper.arxiv_id,
        "doi": paper.doi,
        "published": paper.published,
        "categories": list(paper.categories),
        "version": paper.version,
        "terms": terms,
    }


def _packed(paper: Paper) -> dict[str, Any]:
    return asdict(paper) | {"published": paper.published and paper.published.isoformat()}


def _unpacked(fields: dict[str, Any]) -> Paper:
    known = {"authors": tuple(fields["authors"]), "categories": tuple(fields["categories"])}
    date = fields["published"]
    return Paper(**(fields | known | {"published": date and dt.date.fromisoformat(date)}))
