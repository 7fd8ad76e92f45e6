"""Vectors are kept by version, and only as long as the paper has the text they were made of."""

from __future__ import annotations

import datetime as dt
import threading

import numpy as np
import pytest
import sqlalchemy as sa

from digest.papers import Report
from digest.store.vectors import Text
from tests.support.builders import a_paper
from tests.support.databases import NOW, collect, engine_of, numbers, opened

LATER = NOW + dt.timedelta(hours=1)
LONGER = "We compose paths through shared modules, and it scales well. Nothing else is needed."
V1, V2 = "tiny-1", "tiny-2"


def unit(count: int, seed: int = 7) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def encode(store, version=V1, limit=100) -> list[Text]:
    texts = store.vectors.missing(version, limit)
    assert store.vectors.add(version, texts, unit(len(texts))) == len(texts)
    return texts


def titles(texts) -> list[str]:
    return [text.title for text in texts]


def test_papers_without_a_vector_come_newest_first_and_up_to_the_limit(store):
    collect(store, "One", "Two", "Three")
    collect(store, "Four", file="tuesday.txt")
    assert titles(store.vectors.missing(V1, 3)) == ["Four", "Three", "Two"]
    assert store.vectors.missing(V1, 1)[0].abstract == a_paper().abstract


def test_a_vector_comes_back_as_it_was_stored_but_for_half_precision(store):
    collect(store, "One", "Two")
    texts = store.vectors.missing(V1, 10)
    rows = unit(2)
    assert store.vectors.add(V1, texts, rows) == 2
    found, back = store.vectors.get(V1, [text.paper for text in texts])
    assert found.tolist() == sorted(text.paper for text in texts)
    assert back.dtype == np.float32 and back.shape == (2, 8)
    assert np.allclose(back[::-1], rows, atol=1e-3)
    assert ((back[::-1] * rows).sum(axis=1) > 0.9995).all()


def test_papers_without_a_vector_are_left_out(store):
    collect(store, "One", "Two")
    (text,) = encode(store, limit=1)
    found, rows = store.vectors.get(V1, [*numbers(store).values(), 999])
    assert (found.tolist(), rows.shape) == ([text.paper], (1, 8))


def test_nothing_found_is_an_empty_matrix(store):
    found, rows = store.vectors.get(V1, [1, 2])
    assert (found.shape, rows.shape) == ((0,), (0, 0))
    assert store.vectors.get(V1, [])[1].shape == (0, 0)


def test_an_encoded_paper_is_no_longer_missing(store):
    collect(store, "One", "Two")
    encode(store)
    assert store.vectors.missing(V1, 10) == []


def test_versions_do_not_touch_each_other(store):
    collect(store, "One", "Two")
    encode(store, V1)
    encode(store, V2, limit=1)
    assert store.vectors.versions() == {V1: 2, V2: 1}
    assert titles(store.vectors.missing(V2, 10)) == ["One"]
    assert len(store.vectors.get(V2, numbers(store).values())[0]) == 1


def test_other_versions_are_forgotten_when_asked(store):
    collect(store, "One", "Two")
    encode(store, V1)
    encode(store, V2)
    assert store.vectors.forget(V2) == 2
    assert store.vectors.versions() == {V2: 2}


def test_papers_that_nobody_announced_are_encoded_too(store):
    collect(store, Report(a_paper("Liked once"), "likes.bib", 1, announced="library"))
    assert store.papers.count() == 0
    assert titles(encode(store)) == ["Liked once"]


@pytest.mark.parametrize(
    "update",
    [{"abstract": LONGER}, {"title": "Paths (extended)", "version": 2}],
    ids=["abstract", "title"],
)
def test_a_paper_that_gets_another_text_is_encoded_again(store, update):
    old = {"title": "Paths", "arxiv_id": "2403.10616", "version": 1}
    collect(store, a_paper(**old), a_paper("Modules", abstract=LONGER))
    encode(store, V1)
    encode(store, V2)
    collect(store, a_paper(**(old | update)), file="tuesday.txt", at=LATER)
    (text,) = store.vectors.missing(V1, 10)
    assert getattr(text, next(iter(update))) == next(iter(update.values()))
    assert store.vectors.versions() == {V1: 1, V2: 1}


def test_a_paper_that_only_gets_a_link_keeps_its_vector(store):
    collect(store, a_paper("Paths"))
    encode(store)
    collect(store, a_paper("Paths", arxiv_id="2403.10616"), file="tuesday.txt", at=LATER)
    assert store.papers.titles(["arxiv:2403.10616"])
    assert store.vectors.missing(V1, 10) == []


def test_a_paper_that_turns_out_to_be_another_loses_its_vector(store):
    other = "Hospital patients often receive antibiotics although several cultures are negative."
    collect(store, a_paper("Paths"), a_paper("Otherwise", abstract=other, doi="10.1/x"))
    encode(store)
    collect(store, a_paper("Paths", doi="10.1/x"), file="tuesday.txt", at=LATER)
    encode(store)
    (number,) = numbers(store).values()
    assert store.vectors.versions() == {V1: 1}
    assert store.vectors.get(V1, range(10))[0].tolist() == [number]


def test_a_text_that_changed_while_it_was_encoded_is_not_stored(store):
    collect(store, a_paper("Paths", arxiv_id="2403.10616"), "Modules")
    texts = store.vectors.missing(V1, 10)
    better = a_paper("Paths", arxiv_id="2403.10616", abstract=LONGER)
    collect(store, better, file="tuesday.txt", at=LATER)
    assert store.vectors.add(V1, texts, unit(2)) == 1
    assert titles(store.vectors.missing(V1, 10)) == ["Paths"]


def test_two_programs_that_encode_the_same_papers_store_each_vector_once(url):
    with opened(url) as one, opened(url) as two:
        collect(one, *(f"Paper {n}" for n in range(40)))
        texts = one.vectors.missing(V1, 100)
        added: list[int] = []
        threads = [
            threading.Thread(target=lambda s=s: added.append(s.vectors.add(V1, texts, unit(40))))
            for s in (one, two)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(added) == [0, 40]
        assert one.vectors.versions() == {V1: 40}


def test_thousands_of_vectors_are_one_question(store):
    collect(store, "One", "Two", "Three")
    encode(store)
    asked: list[str] = []
    sa.event.listen(engine_of(store), "before_cursor_execute", lambda *told: asked.append(told[2]))
    found, rows = store.vectors.get(V1, range(4_000))
    assert (len(found), rows.shape) == (3, (3, 8))
    assert len([question for question in asked if question.startswith("SELECT")]) == 1
