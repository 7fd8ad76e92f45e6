"""How well ways to choose a TL;DR do: on sentences chosen by hand, and against titles.

Prints a table: ``pytest tests/bench/test_tldr_quality.py -s``. A choice "agrees" if it begins with
a sentence that was chosen by hand; "held out" are the papers the weights were not set on. The
ROUGE columns are recall of the title's words, pairs and longest common run; ways that look at the
title (*) would win there by design, so these columns say little of them.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import timeit
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from digest.collect import readers
from digest.render.latex import readable
from digest.render.sentences import sentences
from digest.render.tldr import LIMIT, tldr
from tests.support.shared import shared

FOLDERS = ("seeds", "hf_daily_rss/days", "arxiv_daily_jsonl", "hf_text")
Paper = tuple[str, str]
Way = Callable[[str, list[str]], str]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


@pytest.fixture(scope="module")
def papers() -> dict[str, Paper]:
    """Titles and abstracts by the words of the title, each once, LaTeX made readable."""
    found: dict[str, Paper] = {}
    for folder in FOLDERS:
        place = shared(folder if folder == "seeds" else f"data/{folder}")
        for path in sorted(place.iterdir()):
            if path.name == "expected_new.json":
                continue
            for report in readers.read(path.read_bytes(), path.name, dt.date(2026, 6, 20)):
                paper = report.paper
                if len(sentences(paper.abstract)) > 1:
                    key = " ".join(words(paper.title))
                    found.setdefault(key, (readable(paper.title), readable(paper.abstract)))
    return found


def choices(papers: dict[str, Paper]) -> list[tuple[Paper, set[int]]]:
    lines = Path(__file__).with_name("tldr_choices.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines[1:]]
    known = [(" ".join(words(title)), numbers) for title, numbers in pairs]
    return [(papers[key], set(map(int, n.split(",")))) for key, n in known if key in papers]


def central(_: str, found: list[str]) -> str:
    """The sentence nearest to all others by the cosine of their words, as in TextRank's first step."""
    bags = [Counter(words(sentence)) for sentence in found]
    total: Counter[str] = sum(bags, Counter())

    def nearness(bag: Counter[str]) -> float:
        size = math.sqrt(sum(n * n for n in bag.values())) or 1
        return sum(n * (total[word] - n) for word, n in bag.items()) / size

    return max(zip(found, bags, strict=True), key=lambda pair: nearness(pair[1]))[0]


CUE = re.compile(
    r"\b[Ww]e (?:\w+ )?(?:propose|present|introduce|show|study|develop)\b|\b[Tt]his paper\b"
)


def cue(_: str, found: list[str]) -> str:
    return next((sentence for sentence in found if CUE.search(sentence)), found[0])


def like_title(title: str, found: list[str]) -> str:
    wanted = set(words(title))
    return max(found, key=lambda sentence: len(wanted & set(words(sentence))))


def ours(title: str, found: list[str]) -> str:
    return tldr(title, " ".join(found)) or ""


WAYS: dict[str, Way] = {
    "first sentence": lambda _, found: found[0],
    "last sentence": lambda _, found: found[-1],
    "middle sentence": lambda _, found: found[len(found) // 2],
    "most central": central,
    "title overlap *": like_title,
    "first with a cue": cue,
    "all combined *": ours,
}


def recall(title: str, text: str) -> tuple[float, float, float]:
    """ROUGE-1, ROUGE-2 and ROUGE-L recall of the title (Lin 2004), without stemming."""
    wanted, given = words(title), words(text)
    pairs, given_pairs = (
        list(pairwise(wanted)),
        set(pairwise(given)),
    )
    row = [0] * (len(given) + 1)
    for word in wanted:
        above = row[:]
        for n, other in enumerate(given, start=1):
            row[n] = above[n - 1] + 1 if word == other else max(above[n], row[n - 1])
    one = len(set(wanted) & set(given)) / (len(set(wanted)) or 1)
    two = sum(pair in given_pairs for pair in pairs) / (len(pairs) or 1)
    return one, two, row[-1] / (len(wanted) or 1)


def test_the_combined_way_agrees_with_people_more_often_than_any_part(
    papers: dict[str, Paper],
) -> None:
    chosen = choices(papers)
    assert len(chosen) >= 40
    print(f"\n{len(papers)} papers, {len(chosen)} with sentences chosen by hand")
    print(f"{'':18}agree held out  ROUGE-1   -2   -L  <={LIMIT}  chars")
    agreed = {name: line(name, way, papers, chosen) for name, way in WAYS.items()}
    best = agreed.pop("all combined *")
    assert best >= 0.8 * len(chosen)
    assert best > max(agreed.values())


def line(
    name: str, way: Way, papers: dict[str, Paper], chosen: list[tuple[Paper, set[int]]]
) -> int:
    """Prints the figures of one way; how often it agreed with people."""
    picked = [(title, way(title, sentences(abstract))) for title, abstract in papers.values()]
    ones, twos, longest = zip(*(recall(*pair) for pair in picked), strict=True)
    hits = [
        any(way(title, found).startswith(found[n]) for n in numbers)
        for (title, abstract), numbers in chosen
        for found in [sentences(abstract)]
    ]
    many = len(picked)
    fits = sum(len(text) <= LIMIT for _, text in picked) / many
    size = sum(len(text) for _, text in picked) / many
    rouge = [sum(values) / many for values in (ones, twos, longest)]
    print(
        f"{name:18}{sum(hits) / len(hits):5.0%}{sum(hits[1::2]) / len(hits[1::2]):9.0%}"
        f"{rouge[0]:9.2f}{rouge[1]:5.2f}{rouge[2]:5.2f}{fits:7.0%}{size:7.0f}"
    )
    return sum(hits)


def test_a_tldr_takes_less_than_a_millisecond(papers: dict[str, Paper]) -> None:
    some = list(papers.values())[:500]

    def all_of_them() -> None:
        for title, abstract in some:
            tldr(title, abstract)

    each_ms = min(timeit.repeat(all_of_them, number=1, repeat=5)) / len(some) * 1e3
    print(f"\n{each_ms:.2f} ms for one abstract; to reach: 0.3 ms")
    assert each_ms < 1
