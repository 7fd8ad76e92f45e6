"""Ranking for a batch of readers, beside the bare products of the same arrays that it needs."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from digest.compose import background, evidence, lexicon, ranking
from digest.compose.language import terms
from digest.compose.placing import Placed
from digest.compose.profiles import ProfileSettings, Taste, tastes
from digest.papers import Archived, Candidate
from digest.subscribers import Interest, Subscriber
from digest.votes import Opinion
from tests.bench.ranking_times import fastest, times
from tests.support.builders import a_paper
from tests.support.tastes import NOW

READERS, INTERESTS, LIKES, PAPERS, ARCHIVE = 1_000, 3, 10, 500, 5_000
SENTENCE, PAIRS, LEARNT = 12, 10_000, 100_000

TIMES = 4.0
"""How many times the bare products, in 32 bits, ranking may take besides placing texts."""

REASONS_S, ONE_S, ENCODE_S, LEARN_S, LEARN_MB = 1.0, 0.03, 0.001, 60.0, 1_500.0


def texts(many: int, seed: int) -> list[tuple[str, ...]]:
    """Papers as long as abstracts are: shipped words as common as they are, and words of a topic,
    of which there are 200.
    """
    shipped = lexicon.shipped()
    chance = np.random.default_rng(seed)
    words = np.array(list(shipped.rows))
    common = chance.choice(len(words), (many, 70), p=shipped.shares / shipped.shares.sum())
    topic = chance.integers(0, 200, many)[:, None] * 100
    own = topic + (100 * chance.random((many, 50)) ** 2).astype(int)
    return [tuple(row) for row in words[np.hstack([common, own])].tolist()]


class Day:
    def __init__(self) -> None:
        chance = random.Random(7)
        old = texts(ARCHIVE, 1)
        self.known = background.ready(background.learn(old, lexicon.shipped()), lexicon.shipped())
        new = texts(PAPERS, 2)
        self.papers = [
            Candidate(n, a_paper(f"Paper {n}", authors=(f"A{n} Author",)), text, NOW)
            for n, text in enumerate(new)
        ]
        archive = {n: Archived(n, f"Old {n}", text) for n, text in enumerate(old, PAPERS)}
        self.asked = []
        for reader in range(READERS):
            interests, opinions = [], []
            for n in range(INTERESTS):
                liked = chance.sample(sorted(archive), LIKES)
                words = " ".join(archive[liked[0]].terms[-SENTENCE:])
                interests.append(Interest(f"{n}", words))
                opinions += [Opinion(f"{reader}", one, True, False, NOW, f"{n}") for one in liked]
            self.asked.append((Subscriber(f"{reader}", None, interests=tuple(interests)), opinions))
        self.archive = archive
        self.tastes = self.profiled()

    def profiled(self) -> list[Taste]:
        return [
            taste
            for reader, opinions in self.asked
            for taste in tastes(reader, opinions, {}, self.archive, NOW, ProfileSettings())
        ]

    def placed(self) -> Placed:
        """The papers of the day, with nothing that any reader judged."""
        return Placed(self.papers, self.known)

    def rank(self) -> ranking.Ranking:
        return ranking.rank(self.tastes, self.placed())


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    found = Day()
    gc.freeze()  # a million objects of the bench's own are no garbage to look through
    yield found
    gc.unfreeze()


def test_ranking_takes_few_times_the_bare_products_that_it_needs(day: Day) -> None:
    found = times(day.tastes, day.papers, day.known)
    print(f"\n{found}")
    assert found.factor < TIMES, str(found)


def test_a_window_that_is_placed_already_shows_a_reader_their_papers_at_once(day: Day) -> None:
    placed, tastes = day.placed(), day.tastes[:INTERESTS]
    took = fastest(lambda: ranking.rank(tastes, placed), 20)
    print(f"\n{took * 1000:.1f} ms")
    assert took < ONE_S


def test_reasons_of_many_pairs_are_found_together(day: Day) -> None:
    found = day.rank()
    best = np.argsort(-found.relevance, axis=1, kind="stable")
    pairs = [(n * INTERESTS + k // 4, int(best[n * INTERESTS + k // 4, k % 4]))
             for n in range(READERS) for k in range(PAIRS // READERS)]  # fmt: skip
    took = fastest(lambda: evidence.reasons(found, pairs))
    print(f"\n{len(pairs)} pairs: {took:.2f} s")
    assert took < REASONS_S


def test_profiles_are_made_in_less_than_a_millisecond_each(day: Day) -> None:
    took = fastest(day.profiled)
    print(f"\n{len(day.tastes)} tastes: {took:.2f} s")
    assert took < 0.001 * len(day.tastes)


def test_a_new_paper_is_placed_in_less_than_a_millisecond(day: Day) -> None:
    text = " ".join(texts(1, 9)[0])

    def encode(times: int = 100) -> None:
        for _ in range(times):
            known = day.known
            known.general.place(known.rows([tuple(terms(text))], known.columns))

    took = fastest(encode) / 100
    print(f"\n{took * 1000:.2f} ms a paper")
    assert took < ENCODE_S


LEARN = """
import resource
import time
from digest.compose import background, lexicon
from tests.bench.test_ranking_speed import LEARNT, texts
read = (text for n in range(LEARNT // 1000) for text in texts(1000, n))
lexicon.shipped()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
drawn = sum(len(texts(1000, n)) for n in range(LEARNT // 1000))
drawing = time.perf_counter() - started
started = time.perf_counter()
learnt = background.learn(read, lexicon.shipped())
took = time.perf_counter() - started - drawing
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert learnt.papers == drawn
print(took, after / 1024, (after - before) / 1024, len(background.to_bytes(learnt)) / 2**20)
"""


def test_a_large_archive_is_learnt_within_a_minute() -> None:
    found = subprocess.run(
        [sys.executable, "-c", LEARN],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    took, most, added, size = map(float, found.stdout.split())
    print(f"\n{took:.0f} s, {most:.0f} MB at most, {added:.0f} of them added, {size:.1f} MB kept")
    assert took < LEARN_S
    assert added < LEARN_MB
