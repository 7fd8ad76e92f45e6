"""Reasons say what a chance would lose without them, and hold when it is tried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from digest.compose import evidence, ranking, signals, summing
from digest.compose.profiles import Taste
from digest.editions import Reason
from tests.support.tastes import (
    FIELDS,
    TITLES,
    a_candidate,
    a_taste,
    chances,
    empty,
    grown,
    papers,
    ranked,
)

EXACT = 0.002
"""How far a share may be from the chance that is lost when all else stays as it was."""

ABOUT = 0.05
"""How far, in chance, from what is lost when a reader takes it back, and with it what is usual for
the taste, the weight of words beside likes and what meeting the taste well means."""


def reasons(taste: Taste, *titles, known=empty, column: int = 0) -> tuple[Reason, ...]:
    found = ranked(taste, *titles, known=known())
    return evidence.reasons(found, [(0, column)])[0]


def named(taste: Taste, *titles, **known) -> list[tuple[str, str]]:
    return [(reason.kind, reason.text) for reason in reasons(taste, *titles, **known)]


# What is named ---------------------------------------------------------------------------------


def test_reasons_are_in_the_readers_own_words_largest_first():
    taste = a_taste(
        text="Experts", keywords=("Video Generation", "diffusion"), authors=("Y. LeCun",)
    )
    paper = a_candidate("Video generation by an expert", authors=("Yann LeCun",))
    found = reasons(taste, paper)
    assert [(one.kind, one.text) for one in found] == [
        ("author", "Y. LeCun"),
        ("term", "Video Generation"),
        ("term", "Experts"),
    ]
    shares = [reason.share for reason in found]
    assert shares == sorted(shares, reverse=True) and shares[-1] > 0


def test_a_word_of_a_phrase_that_is_not_met_whole_is_named_alone():
    assert named(a_taste(keywords=("video generation",)), "Fast videos") == [("term", "video")]


@pytest.mark.parametrize(
    ("title", "name"), [("Fast MoE", "MoE"), ("A mixture of experts", "mixture of experts")]
)
def test_of_alternatives_the_one_that_was_met_is_named(title, name):
    assert named(a_taste(keywords=("MoE | mixture of experts",)), title) == [("term", name)]


def test_a_liked_paper_is_named_by_its_title():
    assert named(a_taste(liked=TITLES[:1]), TITLES[1])[0] == ("example", TITLES[0])


def test_of_many_likes_the_nearest_are_named_and_no_more_than_a_few():
    found = named(a_taste(liked=TITLES), "Fast video generation", known=grown)
    assert len(found) <= evidence.NAMED
    assert found[0] == ("example", FIELDS["video"][0])


def test_what_is_followed_wanted_always_and_preferred_is_named():
    paper = a_candidate(
        "Sparse video", authors=("A. Lovelace",), categories=("cs.CL",), sources=("hf",)
    )
    taste = a_taste(
        authors=("Ada Lovelace",),
        always=("sparse",),
        categories=("cs",),
        sources=("hf",),
        preferred=("video",),
    )
    assert set(named(taste, paper)) == {
        ("author", "Ada Lovelace"),
        ("term", "sparse"),
        ("category", "cs"),
        ("source", "hf"),
        ("term", "video"),
    }


def test_a_paper_that_meets_nothing_has_no_reasons():
    assert reasons(a_taste(text="video"), "Weather on a sphere") == ()
    assert reasons(a_taste(), "Weather on a sphere") == ()


def test_a_paper_that_lacks_what_is_required_has_no_reasons():
    assert reasons(a_taste(text="video", required=("speech",)), "Fast video") == ()


def test_without_pairs_there_are_no_reasons():
    assert evidence.reasons(ranked(a_taste(text="video"), "Fast video"), []) == []


# What is named is what is lost -----------------------------------------------------------------

MANY = [
    a_taste(liked=FIELDS[field][:many], disliked=FIELDS[other][:dislikes], text=text)
    for field, other, text in (
        ("video", "speech", ""),
        ("weather", "video", "rain and climate"),
        ("agents", "quantum", "planning with tools"),
        ("protein", "agents", ""),
    )
    for many, dislikes in ((1, 0), (2, 0), (3, 1), (4, 0), (5, 3))
]
WRITTEN = [
    a_taste(text=text, keywords=keywords, liked=liked)
    for text in ("", "noise in quantum circuits and error correction")
    for keywords in (
        ("quantum chemistry", "surface codes | qubits", "photons"),
        ("speech | noise",),
    )
    for liked in ((), FIELDS["quantum"][:1], FIELDS["quantum"][:4])
]


def less(found: ranking.Ranking, taste: Taste) -> np.ndarray:
    """The chances with another taste, what is usual for the first one kept."""
    placed, some = found.desk.placed, np.zeros(min(len(taste.liked), 1), dtype=np.intp)
    desk, many = signals.Desk([taste], placed), len(placed.papers)
    apart = summing.Against.of(desk)
    raw = {
        name: rows @ placed.halves[name].papers.T
        for name, rows in apart.told_apart(some, signals.means(desk, desk.liked, some)).items()
    }
    for _, values in signals.shared(desk, desk.liked, some):
        raw |= {name: each[:, :many] for name, each in apart.told_apart(some, values).items()}
    scale, mean = found.liked.scale, found.liked.mean
    total = np.zeros((1, many), dtype=np.float32)
    for name in sorted(raw) if len(some) else ():
        total += (raw[name] - mean[name]) * scale[name]
    liked = replace(found.liked, total=total, stated=np.array([bool(taste.liked)]))
    return ranking.chances(liked, found.written, found.disliked, found.leaning)[0]


@pytest.mark.parametrize("known", [empty, grown], ids=["empty", "grown"])
@pytest.mark.parametrize("which", range(len(MANY)))
def test_without_a_liked_paper_the_chance_loses_its_share(which, known):
    taste = MANY[which]
    found = ranked(taste, *TITLES, known=known())
    every = evidence.reasons(found, [(0, n) for n in range(len(TITLES))])
    for one in taste.liked:
        rest = replace(taste, liked=tuple(each for each in taste.liked if each is not one))
        left = less(found, rest)
        for column, told in enumerate(every):
            for reason in told:
                if (reason.kind, reason.text) == ("example", one.label):
                    lost = found.relevance[0, column] - left[column]
                    assert reason.share == pytest.approx(lost, abs=EXACT)


def taken_back(taste: Taste, reason: Reason) -> Taste:
    """The taste whose reader never stated what the reason names."""
    if reason.kind == "example":
        return replace(taste, liked=tuple(one for one in taste.liked if one.label != reason.text))
    said = tuple(one for one in taste.wishes if reason.text not in one.label.split(" | "))
    held = {reason.text} & {name for one in taste.wishes for name in one.label.split(" | ")}
    partly = tuple(
        one for one in taste.wishes if not set(reason.text.split()) <= set(one.label.split())
    )
    return replace(taste, wishes=said if held else partly)


def misses(tastes: list[Taste]) -> list[float]:
    """How far each share is from the chance that is lost when a reader takes it back."""
    found = []
    for taste in tastes:
        told = ranked(taste, *TITLES)
        every = evidence.reasons(told, [(0, n) for n in range(len(TITLES))])
        for column, reason in ((n, one) for n, each in enumerate(every) for one in each):
            if reason.share > 0.02:
                left = ranked(taken_back(taste, reason), *TITLES).relevance[0, column]
                found.append(reason.share - float(told.relevance[0, column] - left))
    return found


@pytest.mark.parametrize("tastes", [MANY, WRITTEN], ids=["liked", "written"])
def test_what_is_taken_back_costs_about_its_share(tastes):
    found = np.abs(misses(tastes))
    assert len(found) > 50
    assert np.median(found) < ABOUT / 3
    assert np.quantile(found, 0.9) < ABOUT


@pytest.mark.parametrize(
    "field", ["authors", "always", "categories", "sources", "preferred", "keywords"]
)
@pytest.mark.parametrize("beside", [{}, {"text": "video"}, {"liked": TITLES[:2]}], ids=str)
def test_the_only_one_of_its_kind_is_worth_what_is_lost_without_it(field, beside):
    paper = a_candidate(
        "Sparse video", authors=("Ada Lovelace",), categories=("cs.CL",), sources=("hf",)
    )
    stated = {
        "authors": "Ada Lovelace",
        "always": "sparse",
        "categories": "cs.CL",
        "sources": "hf",
        "preferred": "sparse",
        "keywords": "sparse",
    }[field]
    kinds = {"authors": "author", "categories": "category", "sources": "source"}
    taste = a_taste(**beside, **{field: (stated,)})
    (share,) = (
        one.share
        for one in reasons(taste, paper)
        if (one.kind, one.text) == (kinds.get(field, "term"), stated)
    )
    (chance,), (left,) = chances(taste, paper), chances(a_taste(**beside), paper)
    exact = field != "keywords"
    near = 1e-5 if exact else 0.25 if "text" in beside else 0.03
    assert share == pytest.approx(chance - left, abs=near)  # a keyword sets the measure for words


# What changes nothing --------------------------------------------------------------------------


def test_reasons_do_not_depend_on_the_other_pairs_or_on_blocks(monkeypatch):
    tastes = [*MANY, *WRITTEN]
    found = ranked(tastes, *TITLES, known=grown())
    pairs = [(n, column) for n in range(len(tastes)) for column in range(0, len(TITLES), 4)]
    together = evidence.reasons(found, pairs)
    assert [evidence.reasons(found, [pair])[0] for pair in pairs] == together
    backwards = evidence.reasons(found, pairs[::-1])
    assert backwards[::-1] == together
    monkeypatch.setattr(evidence, "BLOCK", 7)
    assert evidence.reasons(found, pairs) == together


def test_reasons_are_the_same_in_any_batch():
    alone = [evidence.reasons(ranked(taste, *TITLES), [(0, 0)])[0] for taste in MANY]
    found = ranked(MANY, *TITLES)
    assert evidence.reasons(found, [(n, 0) for n in range(len(MANY))]) == alone


def test_every_share_is_a_part_of_the_chance():
    tastes = [*MANY, *WRITTEN]
    found = ranked(tastes, *TITLES)
    pairs = [(n, column) for n in range(len(tastes)) for column in range(len(papers(*TITLES)))]
    for pair, told in zip(pairs, evidence.reasons(found, pairs), strict=True):
        assert all(0 < one.share <= found.relevance[pair] for one in told)
