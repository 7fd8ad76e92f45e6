"""Which reports are of one paper: the rule by examples, and measured on thousands of papers."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect import digest_text, feed
from digest.collect.identity import blocks, same, spelled
from digest.papers import Paper, arxiv_id_in
from tests.support.shared import shared

TITLE = "DiPaCo: Distributed Path Composition for Modular Language Models"
ABSTRACT = (
    "Progress in machine learning has been fuelled by scaling neural networks. This scaling "
    "requires feats of engineering to accommodate devices which communicate tightly together. "
    "We propose modular architectures and training algorithms which distribute computation by "
    "paths through shared modules, and synchronise those modules only infrequently. At inference "
    "only a single path needs execution for each input, without compressing anything."
)
OTHER = (
    "Hospital patients often receive antibiotics although cultures remain negative. We analyse "
    "prescriptions across several European countries during eleven years, comparing guidelines "
    "against practice. Stewardship programmes reduced unnecessary treatment considerably, "
    "particularly where pharmacists joined clinical rounds and reviewed indications weekly."
)
PAPER = Paper(TITLE, ABSTRACT)


def differs(**known: object) -> Paper:
    return replace(PAPER, **known)


# Examples --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        "DIPACO: DISTRIBUTED PATH COMPOSITION FOR MODULAR LANGUAGE MODELS",
        "v2: DiPaCo: Distributed Path Composition for Modular Language Models",
        "[v3] DiPaCo: Distributed Path Composition for Modular Language Models",
        "DiPaCo: Distributed Path Compostion for Modular Language Models",
        "DiPaCo: Distributed Path Composition for Modular…",
        "DiPaCo: Distributed Path Composition",
        "DiPaCo: Training Modular Networks on Many Islands",
        "$\\textbf{DiPaCo}$: Distributed Path Composition for Modular Language Models",
        "DiPaCo — distributed path-composition for modular language models.",
    ],
)
def test_a_title_that_changed_a_little_over_the_same_abstract_is_one_paper(title):
    assert same(PAPER, differs(title=title))
    assert set(blocks(PAPER)) & set(blocks(differs(title=title)))


@pytest.mark.parametrize(
    "title",
    [
        "DiPaCo 2: Distributed Path Composition for Modular Language Models",
        "Part II: Distributed Path Composition for Modular Language Models",
        "Chapter of a Book about Language Models",
    ],
)
def test_another_number_or_another_title_over_the_same_abstract_is_another_paper(title):
    assert not same(PAPER, differs(title=title))


def test_one_letter_makes_a_typo_in_a_word_and_another_word_at_its_beginning():
    typo = "Distributed Path Composition for Typed Lambda Calcuuli Everywhere"
    title = "Distributed Path Composition for Typed Lambda Calculi Everywhere"
    assert same(Paper(title, ""), Paper(typo.replace("uu", "u"), ""))
    assert not same(Paper(title, ""), Paper(title.replace("Typed", "Untyped"), ""))


def test_one_title_over_another_abstract_is_another_paper():
    assert not same(PAPER, differs(abstract=OTHER))


def test_one_title_is_enough_where_an_abstract_is_missing():
    assert same(PAPER, differs(abstract=""))


@pytest.mark.parametrize("title", ["Editorial", "In this issue", "Introduction"])
def test_a_title_that_many_papers_have_is_not_enough(title):
    if title.count(" ") < 2:
        assert not same(Paper(title, ABSTRACT), Paper(title, ""))
    assert not same(Paper(title, ABSTRACT), Paper(title, OTHER))
    assert same(Paper(title, ABSTRACT), Paper(title, ABSTRACT))


def test_a_title_without_abstracts_at_two_addresses_is_two_papers():
    one = Paper("Editorial", "", link="https://example.org/1")
    assert same(one, one)
    assert not same(one, replace(one, link="https://example.org/2"))


def test_other_authors_of_the_same_title_wrote_another_paper():
    one = Paper(TITLE, "", ("Ada Lovelace",))
    assert same(one, replace(one, authors=("A. Lovelace", "C. Babbage")))
    assert not same(one, replace(one, authors=("Grace Hopper",)))


@pytest.mark.parametrize(
    "ids", [("arxiv_id", "2403.10616", "2403.10617"), ("doi", "10.1/a", "10.1/b")]
)
def test_ids_of_one_kind_that_differ_are_never_one_paper(ids):
    kind, one, two = ids
    assert not same(differs(**{kind: one}), differs(**{kind: two}))
    assert same(differs(**{kind: one}), Paper("Whatever", "", **{kind: one}))
    assert same(differs(arxiv_id="2403.10616"), differs(doi="10.1/a"))


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("$\\alpha$-Rank: Learning", "α-Rank: learning"),
        ("$\\mathcal{O}(n^2)$ Attention", "O(n²) attention"),
        ("Schrödinger Bridges", "Schrodinger bridges"),
        ("Update: Paths", "Paths"),
        ("Version 2 - Paths", "Paths"),
    ],
)
def test_latex_accents_and_versions_are_spelled_alike(title, other):
    assert spelled(title) == spelled(other)


@pytest.mark.parametrize("title", ["V", "v2", "?!?", "日本語", "α", "…", "Re:"])
def test_every_title_is_spelled_somehow(title):
    assert spelled(title)


papers = st.builds(
    Paper,
    title=st.sampled_from([TITLE, "Editorial", "v2: " + TITLE, TITLE[:40] + "…"])
    | st.text(min_size=1),
    abstract=st.sampled_from(["", ABSTRACT, OTHER, ABSTRACT[:150]]) | st.text(),
    authors=st.sampled_from([(), ("Ada Lovelace",), ("Grace Hopper",)]),
    arxiv_id=st.sampled_from([None, "2403.10616", "2403.10617"]),
    doi=st.sampled_from([None, "10.1/a", "10.1/b"]),
)


@given(papers, papers)
def test_the_rule_is_symmetric_and_everything_is_the_same_as_itself(one, two):
    assert same(one, two) == same(two, one)
    assert same(one, one)
    assert blocks(one) == blocks(replace(one))
    assert all(0 <= block < 2**63 for block in blocks(one))


# Measured --------------------------------------------------------------------------------------

ONE_WORK = {
    "cisi": "4=1401 5=945 175=179 234=1440 458=538 1084=1447 1265=1266 1386=1387",
    "cranfield": "179=188 843=889 1274=1319",
    "sysrev": """Bannach-Brown_2019:617=Bannach-Brown_2019:707 Kitchenham_2010:222=Kitchenham_2010:856
        Kitchenham_2010:801=Kitchenham_2010:802 Nagtegaal_2019:276=Nagtegaal_2019:277
        Nagtegaal_2019:613=Nagtegaal_2019:614 Nagtegaal_2019:1017=Nagtegaal_2019:1018
        Nagtegaal_2019:1895=Nagtegaal_2019:1896 Nagtegaal_2019:1961=Nagtegaal_2019:1962""",
}
"""Records of these collections that describe one work twice, each looked at by eye: the same title
but for a slip or a subtitle, over the same abstract."""


def real_papers() -> Iterator[tuple[str, Paper]]:
    """Papers of every kind of source with what tells them apart: an id, or a record's number."""
    data, arrived = shared("data"), dt.date(2026, 11, 1)
    for folder in ("hf_daily_rss/days", "arxiv_announce/rss", "arxiv_announce/atom"):
        for file in sorted((data / folder).glob("*.xml")):
            for report in feed.read(file.read_bytes(), file.name, arrived):
                yield report.paper.key, report.paper
    for file in sorted((data / "arxiv_daily_jsonl").glob("*.jsonl")):
        for row in map(json.loads, file.read_text().splitlines()):
            yield f"arxiv:{row['id']}", Paper(row["title"], row["summary"], tuple(row["authors"]))
    for file in sorted((data / "hf_text").glob("*.txt")):
        for title, pdf, text in re.findall(
            r"Title: (.*)\nPDF: (.*)\nSummary: (.*(?:\n(?!---).*)*)", file.read_text()
        ):
            yield f"arxiv:{arxiv_id_in(pdf)[0]}", Paper(title, " ".join(text.split()))
    for file in sorted((data / "hf_digest_json").glob("*.json")):
        for row in json.loads(file.read_text()):
            yield f"arxiv:{row['arxiv_id']}", _summary(row)
    for file in sorted(shared("seeds").glob("*.txt")):
        for report in digest_text.read(file.read_bytes(), file.name, arrived):
            yield report.paper.key, report.paper
    yield from _collections()


def _summary(row: dict[str, str]) -> Paper:
    return Paper(row["title"], row["summary"], tuple(row["authors"].split(", ")))


def _collections() -> Iterator[tuple[str, Paper]]:
    for name, twice in ONE_WORK.items():
        one = dict(pair.split("=")[::-1] for pair in twice.split())
        file: Path = shared(f"ranking/{name}/papers.jsonl")
        for row in map(json.loads, file.read_text().splitlines()):
            paper = Paper(row["title"], row["abstract"], tuple(row["authors"]))
            if paper.title:
                yield f"{name}:{one.get(row['id'], row['id'])}", paper


def bare(paper: Paper) -> Paper:
    """What is left of a paper without its ids: the rule has only the text to go by."""
    return replace(paper, arxiv_id=None, doi=None, link=None)


def pairs(found: Sequence[Paper]) -> set[tuple[int, int]]:
    """The pairs that meet in a block."""
    at: defaultdict[int, list[int]] = defaultdict(list)
    for n, paper in enumerate(found):
        for block in blocks(paper):
            at[block].append(n)
    return {pair for numbers in at.values() for pair in combinations(numbers, 2)}


def test_no_two_different_real_papers_are_merged_and_their_repeats_are_found(capsys):
    known = {(key, p.title, p.abstract, p.authors): (key, bare(p)) for key, p in real_papers()}
    keys, found = zip(*known.values(), strict=True)
    meeting = {(a, b) for a, b in pairs(found) if same(found[a], found[b])}
    wrong = [(found[a].title, found[b].title) for a, b in meeting if keys[a] != keys[b]]
    repeats = sum(n * (n - 1) // 2 for n in Counter(keys).values())
    right = len(meeting) - len(wrong)
    with capsys.disabled():
        print(
            f"\n{len(set(keys)):,} different papers: {len(wrong)} pairs wrongly merged; "
            f"{right} of {repeats} pairs of reports that differ found without their ids"
        )
    assert wrong == []
    assert right >= repeats - 1  # one got another title, which only its id can tell


def typo(text: str, chance: random.Random) -> str:
    """``text`` with two neighbouring letters swapped, or one dropped or doubled, inside a word."""
    places = [m.start() for m in re.finditer(r"(?<=[a-z]{2})[a-z](?=[a-z]{2})", text)]
    if not places:
        return text
    n = chance.choice(places)
    slip = (text[n + 1] + text[n] + text[n + 2 :], text[n + 1 :], text[n] * 2 + text[n + 1 :])
    return text[:n] + chance.choice(slip)


def shortened(text: str, chance: random.Random) -> str:
    """The beginning of an abstract, as feeds cut it."""
    return text[: chance.randint(300, 600)].rsplit(" ", 1)[0] + "…" if len(text) > 600 else text


def resubtitled(title: str) -> str:
    head, colon, _ = title.partition(": ")
    return f"{head}: A Revised and Extended Version" if colon else f"{title}: An Extended Version"


CHANGES = {
    "case": lambda p, chance: replace(p, title=p.title.upper()),
    "typo": lambda p, chance: replace(p, title=typo(p.title, chance)),
    "two typos": lambda p, chance: replace(p, title=typo(typo(p.title, chance), chance)),
    "version": lambda p, chance: replace(p, title=f"v{chance.randint(2, 9)}: {p.title}"),
    "punctuation": lambda p, chance: replace(p, title=re.sub(r"[:,-]", " ", p.title) + "."),
    "LaTeX": lambda p, chance: replace(
        p,
        title=re.sub(r"(\w+)", r"$\\textbf{\1}$", p.title, count=1),
        abstract=re.sub(r"[$\\{}]", "", p.abstract),
    ),
    "subtitle": lambda p, chance: replace(p, title=resubtitled(p.title)),
    "cut title": lambda p, chance: replace(
        p, title=p.title[: max(40, len(p.title) * 2 // 3)] + "…"
    ),
    "cut abstract": lambda p, chance: replace(p, abstract=shortened(p.abstract, chance)),
    "no abstract": lambda p, chance: replace(p, abstract=""),
    "typo, cut abstract": lambda p, chance: replace(
        p, title=typo(p.title, chance), abstract=shortened(p.abstract, chance)
    ),
    "revised abstract": lambda p, chance: replace(
        p,
        abstract=". ".join(one for one in p.abstract.split(". ") if chance.random() < 0.85),
        title=typo(p.title, chance),
    ),
}


def test_repeats_that_sources_make_of_real_papers_are_found(capsys):
    chance = random.Random(20261101)
    originals = {key: bare(paper) for key, paper in real_papers() if len(paper.abstract) >= 400}
    chosen = chance.sample(sorted(originals), 3_000)
    names = list(CHANGES)
    missed: defaultdict[str, list[str]] = defaultdict(list)
    for n, key in enumerate(chosen):
        change, paper = names[n % len(names)], originals[key]
        other = CHANGES[change](paper, chance)
        if not (set(blocks(paper)) & set(blocks(other)) and same(paper, other)):
            missed[change].append(f"{paper.title} | {other.title}")
    share = 1 - sum(map(len, missed.values())) / len(chosen)
    with capsys.disabled():
        print(f"\n{share:.2%} of {len(chosen):,} repeats found without ids; missed:")
        print({change: (len(found), found[:3]) for change, found in missed.items()})
    assert share >= 0.99
