"""What an archive teaches: the same each time, ready from the first paper on, small to keep."""

from __future__ import annotations

import numpy as np
import pytest

from digest.compose import background, bags, lexicon, ranking, spaces
from digest.compose.background import GENERAL, LEAST, REFERENCE, from_bytes, learn, ready, to_bytes
from digest.compose.language import terms
from digest.compose.placing import Placed
from tests.support.tastes import FIELDS, TITLES, a_taste, empty, grown, papers

SHIPPED = lexicon.shipped()


def texts(many: int) -> list[tuple[str, ...]]:
    """Papers of the shipped words, common ones most often, each field of some of its own."""
    chance = np.random.default_rng(3)
    words = np.array(list(SHIPPED.rows))
    share = SHIPPED.shares / SHIPPED.shares.sum()
    found = chance.choice(len(words), (many, 60), p=share)
    own = chance.integers(0, 40, many)[:, None] * 30 + chance.integers(0, 30, (many, 20))
    return [tuple(words[row]) for row in np.hstack([found, 2_000 + own])]


def test_the_same_papers_teach_the_same_bytes():
    read = texts(LEAST + 100)
    first, second = (to_bytes(learn(iter(read), SHIPPED)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("many", [0, 1, 7, LEAST + 100])
def test_what_was_stored_ranks_as_what_was_learnt(many):
    learnt = learn(texts(many), SHIPPED)
    kept = from_bytes(to_bytes(learnt))
    tastes = [a_taste(liked=titles[:2], text=titles[2]) for titles in FIELDS.values()]
    fresh, stored = (
        ranking.rank(tastes, Placed(papers(*TITLES), ready(one, SHIPPED))).relevance
        for one in (learnt, kept)
    )
    np.testing.assert_allclose(stored, fresh, atol=1e-3)
    assert (kept.papers, kept.terms) == (learnt.papers, learnt.terms)
    assert kept.reference == learnt.reference


def test_an_empty_archive_is_ready_with_what_is_shipped():
    found = empty()
    assert (found.papers, found.own, found.reference) == (0, None, ())
    assert found.columns.keys() == SHIPPED.rows.keys()
    assert np.isfinite(found.rarity).all() and found.rarity.max() <= found.unknown
    assert found.length > 0


@pytest.mark.parametrize("archive", [[()], [("qwxz",)] * 3, [(), ("video",)]], ids=str)
def test_papers_without_known_words_teach_nothing_false(archive):
    found = ready(learn(archive, SHIPPED), SHIPPED)
    assert np.isfinite(found.rarity).all()
    placed = found.general.place(found.rows([("video", "qwxz"), ()], found.columns))
    assert np.isfinite(placed).all() and not placed[1].any()


def test_a_term_is_as_rare_as_the_archive_and_the_shipped_words_say_together():
    learnt = learn([("video", "qwxz")] * 50 + [("speech",)] * 50, SHIPPED)
    found = ready(learnt, SHIPPED)
    known = GENERAL * SHIPPED.shares[SHIPPED.rows["video"]] + 50
    rarity = np.log1p((100 + GENERAL - known + 0.5) / (known + 0.5))
    assert found.rarity[found.columns["video"]] == pytest.approx(rarity, rel=1e-4)
    assert found.rarity[found.columns["qwxz"]] < found.unknown


def test_what_a_single_paper_says_is_not_kept():
    learnt = learn([("qwxz", "video"), ("video",)], SHIPPED)
    assert learnt.terms == ("video",)


def test_a_small_archive_has_no_space_of_its_own_and_a_large_one_has():
    small, large = (learn(texts(many), SHIPPED) for many in (LEAST - 1, LEAST))
    assert small.vectors.shape[1] == 0 and ready(small, SHIPPED).own is None
    assert large.vectors.shape[1] == LEAST // 8
    np.testing.assert_allclose(large.vectors.T @ large.vectors, np.eye(LEAST // 8), atol=1e-3)


def test_the_reference_is_spread_over_the_archive_and_no_more_than_it_may_be():
    many = 5 * REFERENCE + 3
    learnt = learn([(f"word{n}", "video") for n in range(many)], SHIPPED)
    named = [int(line.split()[0].removeprefix("word")) for line in learnt.reference]
    assert REFERENCE / 2 <= len(named) <= REFERENCE
    assert named[0] == 0 and named[-1] > 0.9 * many
    assert len(set(np.diff(named))) == 1


# Bags and spaces -------------------------------------------------------------------------------


def test_terms_are_counted_and_unknown_ones_left_out():
    found = bags.counts([("a", "b", "a"), (), ("c",)], {"a": 0, "b": 2}, 4)
    assert found.toarray().tolist() == [[2, 0, 1, 0], [0] * 4, [0] * 4]


def test_columns_of_new_terms_follow_the_known_ones_in_order():
    found, more = bags.numbered([("z", "b"), ("a",)], {"b": 0})
    assert more == {"a": 1, "z": 2}
    assert found.terms.tolist() == [2, 0, 1]


def test_repeats_count_less_and_less_and_in_long_texts_less():
    rows = bags.counts([("a",), ("a", "a"), ("a",) + ("b",) * 9], {"a": 0, "b": 1}, 2)
    once, twice, among = bags.saturated(rows, 2.0).toarray()[:, 0]
    assert among < once < twice < 2 * once


def test_rows_of_length_1_do_not_depend_on_the_rows_beside_them():
    rows = background_rows([TITLES[0], "", *TITLES])
    assert background_rows([TITLES[0]]).data.tobytes() == rows[[0]].data.tobytes()
    lengths = np.sqrt((rows.toarray() ** 2).sum(axis=1))
    assert lengths[1] == 0
    np.testing.assert_allclose(np.delete(lengths, 1), 1, atol=1e-5)


def background_rows(titles):
    known = empty()
    return known.rows([tuple(terms(title)) for title in titles], known.columns)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 33), (257, 100)], ids=str)
def test_a_cell_of_a_product_is_the_same_in_whatever_company_it_stands(shape):
    chance = np.random.default_rng(1)
    left, right = (spaces.unit(chance.standard_normal((n, 192), dtype=np.float32)) for n in shape)
    whole = spaces.product(left, right.T)
    apart = np.array([[spaces.product(a[None], b[:, None])[0, 0] for b in right] for a in left[:4]])
    assert whole[:4].tobytes() == apart.tobytes()
    np.testing.assert_allclose(whole, left @ right.T, atol=1e-6)


def test_a_frame_puts_what_is_usual_in_the_middle_and_turns_only():
    frame = grown().general.frame
    np.testing.assert_allclose(frame.turn.T @ frame.turn, np.eye(len(frame.turn)), atol=1e-4)
    placed = frame.place(np.stack([frame.mean, np.zeros_like(frame.mean)]))
    assert not placed[1].any()
    assert placed.shape == (2, 2 * len(frame.mean))


def test_the_lexicon_reads_what_it_packs():
    vectors = np.array([[0.5, -1.0], [0.25, 2.0]], dtype=np.float32)
    moments = spaces.moments(vectors)
    packed = lexicon.packed(["a", "b"], np.array([0.5, 0.25], np.float32), vectors, moments)
    found = lexicon.unpacked(packed)
    assert dict(found.rows) == {"a": 0, "b": 1}
    np.testing.assert_allclose(found.shares, [0.5, 0.25])
    np.testing.assert_allclose(found.vectors(np.arange(2)), vectors, atol=0.01)
    np.testing.assert_allclose(found.moments.mean, moments.mean)


def test_the_shipped_lexicon_is_sound():
    assert len(SHIPPED.rows) == len(SHIPPED.shares) == len(SHIPPED.small) > 10_000
    assert ((SHIPPED.shares >= 0) & (SHIPPED.shares <= 1)).all()
    assert np.isfinite(SHIPPED.scale).all()
    assert {term for word in ("video", "protein", "learning") for term in terms(word)} <= (
        SHIPPED.rows.keys()
    )
    assert background.GENERAL > 0
