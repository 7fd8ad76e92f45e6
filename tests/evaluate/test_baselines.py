"""The baselines are what they say: their formulas by hand, and near the published figures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from math import log, log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from digest.compose.language import terms
from digest.evaluate.baselines import BASELINES, K1, B, bm25, mean, tfidf
from digest.evaluate.episodes import Collection
from digest.evaluate.loading import load
from digest.evaluate.measuring import evaluate
from tests.evaluate.conftest import PAPERS, an_episode
from tests.support.shared import shared

Made = Callable[..., Collection]


def by_id(collection: Collection, ranker: Callable[..., object]) -> dict[str, float]:
    [scores] = ranker(collection, collection.episodes)
    return {
        collection.ids[n]: float(score)
        for n, score in zip(collection.episodes[0].candidates, scores, strict=True)
    }


def text(id: str) -> Counter[str]:
    return Counter(next(terms(f"{p['title']} {p['abstract']}") for p in PAPERS if p["id"] == id))


ALL = ("owls", "bats", "rust", "zinc")


def holding(term: str, known: tuple[str, ...] = ALL) -> int:
    return sum(term in text(id) for id in known)


def bm25_by_hand(query: Counter[str], id: str, known: tuple[str, ...] = ALL) -> float:
    usual = sum(text(each).total() for each in known) / len(known)
    soon = K1 * (1 - B + B * text(id).total() / usual)
    return sum(
        count
        * log(1 + (len(known) - holding(term, known) + 0.5) / (holding(term, known) + 0.5))
        * text(id)[term]
        / (text(id)[term] + soon)
        for term, count in query.items()
    )


def test_bm25_by_hand_of_likes_keywords_and_description_together(made: Made) -> None:
    collection = made(an_episode(keywords=["iron"], description="Hunting moths, moths."))
    query = text("owls") + Counter(terms("iron hunting moths moths"))
    assert by_id(collection, bm25) == pytest.approx(
        {id: bm25_by_hand(query, id) for id in ("bats", "rust", "zinc")}
    )


def test_what_is_counted_is_counted_in_the_background(made: Made) -> None:
    collection = made(an_episode(liked=["rust"], pool=["bats", "zinc"]), background="owls\nbats\n")
    assert by_id(collection, bm25) == pytest.approx(
        {id: bm25_by_hand(text("rust"), id, ("owls", "bats")) for id in ("bats", "zinc")}
    )


def unit(text: Counter[str]) -> dict[str, float]:
    found = {
        term: (1 + log(count)) * (log(5 / (1 + holding(term))) + 1) for term, count in text.items()
    }
    length = sum(value**2 for value in found.values()) ** 0.5
    return {term: value / length for term, value in found.items()}


def cosine(a: Counter[str], b: Counter[str]) -> float:
    return sum(value * unit(b).get(term, 0) for term, value in unit(a).items())


def test_tfidf_by_hand_is_the_mean_cosine(made: Made) -> None:
    collection = made(an_episode(liked=["owls", "rust"], pool=["bats", "zinc"]))
    assert by_id(collection, tfidf) == pytest.approx(
        {
            id: (cosine(text("owls"), text(id)) + cosine(text("rust"), text(id))) / 2
            for id in ("bats", "zinc")
        }
    )


def test_mean_by_hand_weighs_the_latest_like_most(made: Made) -> None:
    collection = made(an_episode(liked=["owls", "rust"], pool=["bats", "zinc"]))
    old = 1 / (1 + log10(2))
    assert by_id(collection, mean) == pytest.approx(
        {
            id: (old * cosine(text("owls"), text(id)) + cosine(text("rust"), text(id))) / 2
            for id in ("bats", "zinc")
        }
    )


def test_what_the_reader_wrote_counts_as_one_more_like(made: Made) -> None:
    collection = made(an_episode(keywords=["bat"], description="moths"))
    written = Counter(terms("bat moths"))
    assert by_id(collection, tfidf) == pytest.approx(
        {
            id: (cosine(text("owls"), text(id)) + cosine(written, text(id))) / 2
            for id in ("bats", "rust", "zinc")
        }
    )


@pytest.mark.parametrize("name", BASELINES)
def test_a_profile_that_says_nothing_and_papers_that_say_nothing_score_0(
    made: Made, name: str
) -> None:
    papers = [*PAPERS, {"id": "mute"}]
    silent = made(an_episode(liked=[], pool="ALL"), papers=papers)
    assert set(by_id(silent, BASELINES[name]).values()) == {0}
    told = made(an_episode(pool="ALL"), papers=papers)
    assert by_id(told, BASELINES[name])["mute"] == 0


@pytest.mark.parametrize("name", BASELINES)
def test_a_reader_of_owls_is_shown_bats_before_iron(made: Made, name: str) -> None:
    scores = by_id(made(), BASELINES[name])
    assert scores["bats"] > scores["rust"]


@pytest.mark.parametrize("name", BASELINES)
@settings(deadline=None)
@given(order=some.permutations(range(4)))
def test_the_order_of_the_papers_changes_no_score(
    name: str, order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shuffled")

    def write(file: str, rows: list[dict[str, object]]) -> None:
        (folder / file).write_text("".join(json.dumps(row) + "\n" for row in rows))

    write("episodes.jsonl", [an_episode(pool="ALL")])
    found = []
    for papers in (PAPERS, [PAPERS[n] for n in order]):
        write("papers.jsonl", papers)
        found.append(by_id(load(folder), BASELINES[name]))
    assert found[0] == pytest.approx(found[1])


PUBLISHED = {
    "cranfield": {("description", 0): 0.379},
    "cisi": {("description", 0): 0.414},
    "citeulike_t_bow": {
        ("likes", 1): 0.149,
        ("likes", 3): 0.230,
        ("likes", 10): 0.264,
        ("likes", 30): 0.280,
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_bm25_is_as_good_as_elsewhere(name: str) -> None:
    collection = load(shared(f"ranking/{name}"))
    rows = evaluate(collection, {"bm25": bm25}, "all")
    found = {(row.task, row.history): row.ndcg10 for row in rows}
    assert found == pytest.approx(PUBLISHED[name], abs=0.015)
    assert np.mean(list(found.values())) > np.mean(list(PUBLISHED[name].values())) - 0.01
