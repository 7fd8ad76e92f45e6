"""Papers ranked for tastes: what counts and which way, and what changes nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.compose import placing, ranking, signals, summing
from digest.compose.choices import SelectionSettings
from digest.compose.profiles import Taste
from digest.subscribers import Interest
from tests.support.tastes import (
    FIELDS,
    TITLES,
    a_candidate,
    a_taste,
    chances,
    empty,
    grown,
    ranked,
    taught,
)

THRESHOLD = SelectionSettings().threshold
BACKGROUNDS = pytest.mark.parametrize("known", [empty, grown], ids=["empty", "grown"])


def best(taste: Taste, many: int = 5, known=empty) -> set[str]:
    """The titles ranked first among those of all fields."""
    found = chances(taste, *TITLES, known=known())
    return {TITLES[n] for n in np.argsort(-np.array(found), kind="stable")[:many]}


# What was liked and disliked -------------------------------------------------------------------

titles = st.sampled_from(TITLES)


@settings(deadline=None, max_examples=40)
@given(titles, titles, st.booleans())
def test_a_liked_papers_near_twin_rises(liked, other, large):
    known = grown() if large else empty()
    twin, stated = f"{liked} revisited", a_taste(liked=(other,), text="plumbing")
    (before,) = chances(stated, twin, known=known)
    (after,) = chances(a_taste(liked=(other, liked), text="plumbing"), twin, known=known)
    assert after > before or other == liked


@settings(deadline=None, max_examples=40)
@given(titles, titles, st.booleans(), st.booleans())
def test_a_disliked_papers_near_twin_falls(disliked, liked, large, worded):
    known = grown() if large else empty()
    likes = () if worded else (liked,)
    words = "video proteins weather agents speech quantum" if worded else ""
    twin = f"{disliked} revisited"
    (before,) = chances(a_taste(liked=likes, text=words), twin, known=known)
    (after,) = chances(a_taste(liked=likes, disliked=(disliked,), text=words), twin, known=known)
    assert after < before or disliked in likes


@BACKGROUNDS
@pytest.mark.parametrize("field", FIELDS)
def test_one_liked_paper_finds_its_field(field, known):
    liked, *rest = FIELDS[field]
    found = chances(a_taste(liked=(liked,)), *TITLES, known=known())
    order = [TITLES[n] for n in np.argsort(-np.array(found), kind="stable")]
    places = sorted(order.index(title) for title in rest)
    assert order[0] == liked and places[1] <= 5


def test_a_vote_of_long_ago_counts_less():
    paper = "Streaming video diffusion models"
    by_age = [
        chances(a_taste(liked=(FIELDS["video"][0], FIELDS["quantum"][0]), age=age), paper)[0]
        for age in (0, 365, 3650)
    ]
    assert by_age[0] > by_age[1] > by_age[2]


def test_words_count_less_beside_many_likes():
    paper = "Weather on a sphere"
    worded = {"text": "weather forecasts"}
    alone, beside = (
        chances(a_taste(liked=FIELDS["quantum"][:many], **worded), paper)[0] for many in (0, 5)
    )
    assert alone > beside > chances(a_taste(liked=FIELDS["quantum"]), paper)[0]


# What was written ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("Fast diffusion", "Fast decoding"),
        ("Video generation and diffusion", "Fast diffusion again now"),
    ],
)
def test_a_paper_with_more_of_the_keywords_is_likelier(better, worse):
    taste = a_taste(keywords=("diffusion", "video generation"))
    first, second = chances(taste, better, worse)
    assert first > second


def test_a_phrase_beats_the_same_words_scattered_and_those_beat_one_of_them():
    taste = a_taste(keywords=("video generation",))
    phrase, scattered, one = chances(
        taste, "Fast video generation", "Generation fast of video", "Fast video decoding"
    )
    assert phrase > scattered > one


def test_a_phrase_at_the_end_of_a_paper_counts_once_whatever_else_is_sought():
    title = "Scaling sparse experts"
    alone = chances(a_taste(keywords=("sparse experts",)), title)
    among = ranked(
        [a_taste(keywords=(f"sparse experts{more}",)) for more in ("", " on speech")], title
    )
    assert among.relevance[0].tolist() == alone


def test_a_rare_word_beats_a_common_one():
    rare, common = chances(a_taste(text="model qubits"), "Fast qubits", "Fast model")
    assert rare > common


@pytest.mark.parametrize("title", ["Mixture of experts", "Fast MoE", "Sparse expert mixtures"])
def test_any_alternative_meets_a_keyword(title):
    taste = a_taste(keywords=("MoE | mixture of experts | sparse expert mixture",))
    met, other = chances(taste, title, "Weather on a sphere")
    assert met > THRESHOLD > other


def test_alternatives_count_as_the_best_of_them_and_not_twice():
    titles = ("Fast MoE", "MoE, a mixture of experts")
    one, both = chances(a_taste(keywords=("MoE | mixture of experts",)), *titles)
    apart = chances(a_taste(keywords=("MoE", "mixture of experts")), *titles)
    assert both - one < apart[1] - apart[0]


@BACKGROUNDS
@pytest.mark.parametrize("field", FIELDS)
def test_one_sentence_finds_its_field_on_the_first_day(field, known):
    sentences = {
        "video": "Generating video with diffusion models",
        "protein": "How proteins fold, and predicting their structure",
        "weather": "Forecasting weather and climate, rain above all",
        "agents": "Agents of language models that plan and use tools",
        "speech": "Recognising, coding and synthesising speech",
        "quantum": "Quantum computers: error correction, qubits, circuits",
    }
    taste = a_taste(text=sentences[field])
    found = chances(taste, *TITLES, known=known())
    assert len(best(taste, 5, known) & set(FIELDS[field])) >= (4 if known is empty else 3)
    if known is empty:
        own = [
            chance for title, chance in zip(TITLES, found, strict=True) if title in FIELDS[field]
        ]
        assert sorted(own)[-4] >= THRESHOLD
        assert sum(chance >= THRESHOLD for chance in found) <= 10


# What is followed, required and preferred ------------------------------------------------------


@pytest.mark.parametrize("name", ["Yann LeCun", "LeCun, Yann", "Y. LeCun", "LECUN, Y."])
def test_a_followed_author_is_a_must_under_any_form_of_the_name(name):
    theirs = a_candidate("Nothing in particular", 1, authors=("Ann Other", name))
    found = ranked(a_taste(text="video", authors=("Yann LeCun",)), theirs, "Weather on a sphere")
    assert found.must.tolist() == [[True, False]]
    assert found.relevance[0, 0] > found.relevance[0, 1]


def test_a_namesake_with_another_initial_is_not_followed():
    theirs = a_candidate("Nothing", 1, authors=("Zoe LeCun",))
    assert not ranked(a_taste(authors=("Yann LeCun",)), theirs).must.any()


def test_a_paper_without_what_is_required_is_not_for_the_taste():
    titles = ("Video graphs", "Video nets", "Video speech", "Weather graphs")
    free = chances(a_taste(keywords=("video",)), *titles)
    bound = chances(a_taste(keywords=("video",), required=("graphs | nets",)), *titles)
    assert bound[:2] == free[:2] and bound[2] == 0
    both = chances(a_taste(keywords=("video",), required=("graphs", "video")), *titles)
    assert [chance > 0 for chance in both] == [True, False, False, False]


def test_what_is_always_wanted_is_a_must_unless_it_lacks_what_is_required():
    taste = a_taste(text="speech", always=("MoE | mixture of experts",), required=("video",))
    found = ranked(taste, "Video MoE", "A mixture of experts for video", "Weather MoE", "Video")
    assert found.must.tolist() == [[True, True, False, False]]


@pytest.mark.parametrize(
    "preferred", ["category:cs.CL", "category:cs", "source:hf", "sparse paths", "Category: CS.cl"]
)
def test_what_is_preferred_doubles_the_odds(preferred):
    paper = a_candidate("Sparse path video", 1, categories=("cs.CL",), sources=("hf",))
    (before,) = chances(a_taste(keywords=("video",)), paper)
    (after,) = chances(a_taste(keywords=("video",), preferred=(preferred,)), paper)
    assert after / (1 - after) == pytest.approx(2 * before / (1 - before), rel=0.02)


@pytest.mark.parametrize(
    "preferred", ["category:cs.LG", "category:c", "source:HF page", "paths sparse"]
)
def test_what_is_preferred_is_nothing_to_other_papers(preferred):
    paper = a_candidate("Sparse path video", 1, categories=("cs.CL",), sources=("hf",))
    assert chances(a_taste(preferred=(preferred,)), paper) == chances(a_taste(), paper)


@pytest.mark.parametrize("stated", [{"categories": ("cs.CL",)}, {"sources": ("hf",)}], ids=str)
def test_a_category_or_source_is_enough_of_an_interest(stated):
    theirs = a_candidate("Anything", 1, categories=("cs.CL",), sources=("hf",))
    wanted, other = chances(a_taste(**stated), theirs, "Something else")
    assert wanted > THRESHOLD > other
    beside, _ = chances(a_taste(text="video", **stated), theirs, "Something else")
    assert beside < wanted


def test_a_weight_multiplies_the_odds():
    once, thrice = (chances(a_taste(text="video", weight=w), "Fast video")[0] for w in (1.0, 3.0))
    assert thrice / (1 - thrice) == pytest.approx(3 * once / (1 - once), rel=0.01)


# What changes nothing --------------------------------------------------------------------------

WORDS = sorted({word for title in TITLES for word in title.split()})[:40]
texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
people = st.lists(st.sampled_from(["Ada Lovelace", "Y. LeCun"]), max_size=2).map(tuple)
some_titles = st.lists(titles, max_size=4, unique=True).map(tuple)
tastes_ = st.builds(
    lambda liked, disliked, text, keywords, authors, required, preferred: a_taste(
        liked=liked,
        disliked=tuple(one for one in disliked if one not in liked),
        text=text,
        keywords=keywords,
        authors=authors,
        required=required,
        preferred=preferred,
    ),
    some_titles,
    some_titles,
    texts,
    st.lists(texts, max_size=2).map(tuple),
    people,
    st.sampled_from([(), (), ("video | speech | quantum",)]),
    st.sampled_from([(), ("category:cs.CL", "noise")]),
)
papers_ = st.lists(
    st.builds(
        lambda title, text, who, where: (title, text, who, where),
        titles, texts, people, st.sampled_from([(), ("cs.CL",)]),
    ),
    max_size=12,
).map(
    lambda drawn: [
        a_candidate(title, n, text, authors=who, categories=where)
        for n, (title, text, who, where) in enumerate(drawn)
    ]
)  # fmt: skip
backgrounds_ = st.sampled_from([empty, grown])


@settings(deadline=None, max_examples=30)
@given(st.lists(tastes_, max_size=4), papers_, backgrounds_, st.randoms(use_true_random=False))
def test_shuffling_papers_and_tastes_changes_no_bit(tastes, papers, known, chance: random.Random):
    rows = chance.sample(range(len(tastes)), len(tastes))
    columns = chance.sample(range(len(papers)), len(papers))
    straight = ranked(tastes, *papers, known=known())
    other = ranked([tastes[n] for n in rows], *[papers[n] for n in columns], known=known())
    cells = np.ix_(rows, columns)
    assert other.relevance.tobytes() == straight.relevance[cells].tobytes()
    assert other.must.tobytes() == straight.must[cells].tobytes()
    there, here = (ranking.vectors(found.desk.placed) for found in (other, straight))
    assert there.tobytes() == here[columns].tobytes()


@settings(deadline=None, max_examples=30)
@given(tastes_, st.lists(tastes_, max_size=6), papers_, backgrounds_)
def test_a_tastes_chances_do_not_depend_on_the_others_in_the_batch(one, others, papers, known):
    alone = ranked(one, *papers, known=known())
    among = ranked([*others, one, *others], *papers, known=known())
    assert among.relevance[len(others)].tobytes() == alone.relevance[0].tobytes()


@settings(deadline=None, max_examples=30)
@given(tastes_, papers_, papers_, backgrounds_)
def test_a_papers_chance_does_not_depend_on_the_other_papers(taste, papers, others, known):
    alone = ranked(taste, *papers, known=known()).relevance[0]
    among = ranked(taste, *papers, *others, known=known()).relevance[0]
    assert among[: len(papers)].tobytes() == alone.tobytes()


def test_many_judged_papers_are_ranked_in_blocks_to_the_same_bit(monkeypatch):
    tastes = [a_taste(liked=titles[:many]) for many, titles in enumerate(FIELDS.values())]
    whole = ranked(tastes, *TITLES, known=grown()).relevance
    monkeypatch.setattr(placing, "KEPT_BYTES", 1)
    monkeypatch.setattr(signals, "BLOCK", 4)
    for room in (signals, summing, ranking):
        monkeypatch.setattr(room, "TOGETHER", 1)
    monkeypatch.setattr(summing, "MULTIPLIED", 1)
    assert ranked(tastes, *TITLES, known=grown()).relevance.tobytes() == whole.tobytes()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(tastes_, max_size=3), max_size=4), papers_, backgrounds_)
def test_a_window_ranks_to_the_same_bit_whoever_it_ranked_for_before(batches, papers, known):
    placed = placing.Placed(papers, known())
    for tastes in (*batches, *batches[::-1]):
        found = ranking.rank(tastes, placed).relevance
        assert found.tobytes() == ranked(tastes, *papers, known=known()).relevance.tobytes()


def test_judged_papers_are_placed_once_and_no_more_are_kept_than_there_is_room_for(monkeypatch):
    placed = placing.Placed([a_candidate(title, n) for n, title in enumerate(TITLES)], empty())
    monkeypatch.setattr(placing, "KEPT_BYTES", 4 * len(TITLES) * 6)
    kept = []
    for field in FIELDS.values():
        ranking.rank([a_taste(liked=field)], placed)
        kept.append(len(placed.judged({}, None).rows))
        ranking.rank([a_taste(liked=field)], placed)
        assert len(placed.judged({}, None).rows) == kept[-1]
    assert max(kept) <= 6


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=20), st.integers(1, 40))
def test_blocks_hold_every_taste_once_and_no_more_than_they_may(sizes, most):
    found = list(signals.blocks(np.array(sizes, dtype=np.intp), most))
    assert [n for part in found for n in range(len(sizes))[part]] == list(range(len(sizes)))
    assert all(sum(sizes[part]) <= most or part.stop - part.start == 1 for part in found)


# What must never break -------------------------------------------------------------------------

HOSTILE = {
    "cjk": "视频生成的扩散模型 动画を生成する 비디오 생성",
    "right to left": "نماذج الانتشار لتوليد الفيديو מודלי דיפוזיה",
    "mixed": "Video 生成 модели διάχυση نموذج ½ № 𝔛",
    "controls": "a\u0000b \ud7ff \u202e reversed \u2028 line",
    "nothing": "? ! … —",
    "empty": "",
    "one word": "video " * 3_000,
    "numbers": " ".join(map(str, range(3_000))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_gets_a_chance_between_0_and_1(name):
    text = HOSTILE[name]
    papers = [a_candidate(text, 0), a_candidate("Video", 1, text[:20_000]), *TITLES]
    taste = a_taste(
        liked=(text,), disliked=(text[:9],), text=text, keywords=(text[:200],), always=(text,)
    )
    found = np.array(chances(taste, *papers))
    assert np.isfinite(found).all() and (found >= 0).all() and (found <= 1).all()


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        ("扩散模型", "视频扩散模型的进展"),
        ("نماذج الانتشار", "تدريب نماذج الانتشار"),
        ("модели диффузии", "Быстрые модели диффузии"),
        ("拡散モデル", "動画の拡散モデル"),
    ],
)
def test_words_of_any_script_are_met(wanted, met):
    hit, *others = chances(a_taste(keywords=(wanted,)), met, "Weather on a sphere", "天气预报")
    assert hit > THRESHOLD > max(others)


def test_an_abstract_of_20_kilobytes_beats_no_title_by_its_length():
    long = a_candidate("Weather", 1, " ".join(TITLES) * 20)
    short, drowned = chances(a_taste(keywords=("video generation",)), FIELDS["video"][0], long)
    assert short > drowned


def test_ten_thousand_keywords_are_ranked():
    taste = a_taste(keywords=tuple(f"alpha{n} beta{n}" for n in range(10_000)))
    met, other = chances(taste, "An alpha77 beta77 paper", "Weather on a sphere")
    assert met > other


TASTES = {
    "nothing": {},
    "words that say nothing": {"text": "the of", "keywords": ("?", "|")},
    "dislikes only": {"disliked": FIELDS["video"]},
    "authors only": {"authors": ("Yann LeCun",)},
    "one like": {"liked": FIELDS["video"][:1]},
    "all at once": {
        "liked": FIELDS["video"],
        "disliked": FIELDS["speech"],
        "text": "video",
        "keywords": ("video", "video | film"),
        "authors": ("Ada Lovelace",),
        "required": ("video",),
        "always": ("video",),
        "weight": 100.0,
        "preferred": ("video", "category:cs"),
    },
}


@pytest.mark.parametrize("archive", [(), ("Fast video",), ("?",), ("?", "", "!")], ids=str)
@pytest.mark.parametrize("name", TASTES)
def test_any_taste_on_any_archive_gives_chances_between_0_and_1(name, archive):
    for titles in ((), ("",), TITLES):
        found = ranked(a_taste(**TASTES[name]), *titles, known=taught(*archive))
        assert found.relevance.shape == (1, len(titles))
        assert found.relevance.dtype == np.float32
        assert np.isfinite(found.relevance).all()
        assert ((found.relevance >= 0) & (found.relevance <= 1)).all()


@pytest.mark.parametrize(
    "name", ["nothing", "words that say nothing", "dislikes only", "authors only"]
)
def test_a_taste_that_asks_for_no_paper_passes_the_threshold_with_none(name):
    assert max(chances(a_taste(**TASTES[name]), *TITLES)) < THRESHOLD


def test_without_tastes_there_is_nothing_to_rank():
    found = ranked([], *TITLES)
    assert found.relevance.shape == (0, len(TITLES))


def test_an_interest_is_what_a_taste_was_made_of():
    assert ranked(a_taste(text="video")).tastes[0].interest == Interest("One", text="video")
