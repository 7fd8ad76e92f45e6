"""One new paper against an archive of 100,000, and what identity costs in collecting.

The archive is synthetic: titles and abstracts of random words, some of them common to many papers.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from itertools import accumulate, count
from typing import Any

import pytest

from digest.collect.identity import blocks
from digest.collecting import RULES
from digest.papers import Paper, Report
from digest.store.grouping import Rules, variant_of
from digest.store.joining import Joiner
from digest.store.shelves import Store
from tests.support.databases import NOW, collect, engine_of, opened

ARCHIVE = 100_000
FILE = 5_000


_letters = random.Random(0)
WORDS = ["".join(_letters.choices("abcdefghiklmnoprstu", k=n % 9 + 2)) for n in range(20_000)]
ZIPF = list(accumulate(1 / (n + 10) for n in range(len(WORDS))))


def some_papers(many: int, seed: int) -> Iterator[Paper]:
    """Papers of nine words of title and 150 of abstract, as frequent as in any language."""
    chance = random.Random(seed)
    for _ in range(many):
        words = chance.choices(WORDS, cum_weights=ZIPF, k=159)
        yield Paper(" ".join(words[:9]).capitalize(), " ".join(words[9:]) + ".")


IDENTITY = Rules(RULES.same, RULES.blocks, lambda paper: paper.title)
"""Without the terms, which are for ranking."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(f"sqlite:///{tmp_path_factory.mktemp('bench') / 'large.db'}") as store:
        for n in range(ARCHIVE // FILE):
            reports = [Report(p, "a", i) for i, p in enumerate(some_papers(FILE, n), start=1)]
            store.papers.add(reports, sha256=f"{n}", name=f"{n}", now=NOW, rules=IDENTITY)
        assert store.papers.count() == ARCHIVE
        yield store


@pytest.mark.benchmark(group="one paper against an archive of 100,000; to reach: 2 ms", warmup=True)
@pytest.mark.parametrize("kind", ["new", "repeated", "with a typo"])
def test_placing_one_paper(benchmark: Any, archive: Store, kind: str) -> None:
    """Identity and dedupe with everything they write, but for the commit.

    A repeat that changes what is known of a paper rewrites it, which takes two to three times as
    long as a new one and is not what the limit is for.
    """
    number = count(ARCHIVE)
    known = list(some_papers(1_000, 3))

    def paper() -> Paper:
        if kind == "new":
            return next(some_papers(1, next(number)))
        found = known[next(number) % len(known)]
        return found if kind == "repeated" else Paper(found.title[:-2] + "x", found.abstract[:900])

    with engine_of(archive).connect() as connection:
        last = archive.papers.count() + 100_000
        joiner = Joiner(connection, IDENTITY, NOW, last)

        def place(one: Paper) -> None:
            variant = variant_of(one)
            joiner.place({variant: one}, {variant})

        benchmark.pedantic(place, setup=lambda: ((paper(),), {}), rounds=200, warmup_rounds=20)
        connection.rollback()


@pytest.mark.benchmark(group="a file of 500 papers")
@pytest.mark.parametrize("kind", ["blocks alone", "all of storing it"])
def test_collecting_a_file(benchmark: Any, archive: Store, kind: str) -> None:
    seeds = count(10_000)

    def blocked(papers: list[Paper]) -> None:
        for paper in papers:
            blocks(paper)

    def stored(papers: list[Paper]) -> None:
        collect(archive, *papers, file=f"{next(seeds)}", at=NOW + dt.timedelta(hours=1))

    what = blocked if kind == "blocks alone" else stored
    benchmark.pedantic(what, setup=lambda: ((list(some_papers(500, next(seeds))),), {}), rounds=5)
