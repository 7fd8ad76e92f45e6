"""A batch of readers and the papers of a window become editions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.compose.editor import (
    LEFT_OUT,
    ComposeSettings,
    Draft,
    EditorSettings,
    Reader,
    Window,
    draft,
    example_keys,
)
from digest.compose.language import terms
from digest.papers import Candidate, Mention
from digest.subscribers import Interest, Schedule, Subscriber
from tests.support.builders import a_paper, a_subscriber

NOW = dt.datetime(2026, 5, 20, 6, tzinfo=dt.UTC)
YESTERDAY = NOW - dt.timedelta(days=1)
TITLES = (
    "Video diffusion at scale",
    "Fast video generation",
    "Sparse expert routing",
    "Agents that use tools",
    "Protein folding with graphs",
    "Speech codecs at low rates",
    "Weather on a sphere",
)
VIDEO = Interest("Video", keywords=("video",))
AGENTS = Interest("Agents", keywords=("agents",))


def a_candidate(number: int, title: str, place: int | None = None) -> Candidate:
    mentions = () if place is None else (Mention("page", place, 9, NOW.date()),)
    paper = a_paper(title, abstract="")
    return Candidate(number, paper, tuple(terms(title)), NOW, mentions)


PAPERS = tuple(a_candidate(n, title, n) for n, title in enumerate(TITLES, start=1))


def a_window(papers=PAPERS, latest: dt.datetime | None = NOW) -> Window:
    return Window(tuple(papers), NOW - dt.timedelta(days=14), latest)


def a_reader(*interests: Interest, seen=(), last_at=None, **known) -> Reader:
    reader: Subscriber = a_subscriber(interests=interests, **known)
    return Reader(reader, NOW.date(), frozenset(seen), last_at)


def drafted(reader: Reader, window: Window | None = None, liked=None, **options) -> Draft:
    settings = options.pop("settings", EditorSettings())
    (found,) = draft([reader], window or a_window(), liked or {}, NOW, settings, **options)
    return found


def explained(reader, *arguments, **options):
    explanation = drafted(reader, *arguments, explain=True, **options).explanation
    assert explanation is not None
    return explanation


def titles(found: Draft) -> list[str]:
    return [pick.paper.title for pick in found.edition.picks]


def test_an_edition_holds_what_meets_an_interest_and_why():
    found = drafted(a_reader(VIDEO, AGENTS))
    assert sorted(titles(found)) == [TITLES[3], TITLES[1], TITLES[0]]
    assert {pick.interest for pick in found.edition.picks} == {"Video", "Agents"}
    assert all(pick.reasons[0].text in ("video", "agents") for pick in found.edition.picks)
    scores = [pick.score for pick in found.edition.picks]
    assert scores == sorted(scores, reverse=True)


def test_the_papers_numbers_stand_beside_the_picks():
    found = drafted(a_reader(VIDEO, AGENTS))
    assert [TITLES[number - 1] for number in found.papers] == titles(found)


def test_an_edition_knows_its_reader_day_and_moment():
    reader = a_reader(VIDEO)
    edition = drafted(reader).edition
    assert (edition.subscriber, edition.date) == (reader.subscriber, NOW.date())
    assert (edition.composed_at, edition.considered) == (NOW, len(PAPERS))


def test_what_a_reader_has_had_never_comes_again():
    found = drafted(a_reader(VIDEO, seen={1}))
    assert titles(found) == [TITLES[1]]
    assert found.edition.considered == len(PAPERS) - 1


def test_a_muted_word_keeps_a_paper_out_and_the_paper_still_counts_as_considered():
    found = drafted(a_reader(VIDEO, muted=("diffusion",)))
    assert titles(found) == [TITLES[1]]
    assert found.edition.considered == len(PAPERS)


@pytest.mark.parametrize(
    "example", [TITLES[0], TITLES[0].upper(), "title:video diffusion at scale"]
)
def test_an_example_brings_papers_like_it_and_never_itself(example):
    liked = {"title:video diffusion at scale": tuple(terms(TITLES[0]))}
    found = drafted(a_reader(Interest("Like it", examples=(example,))), liked=liked)
    assert titles(found) == [TITLES[1]]
    assert found.edition.picks[0].reasons[0].kind == "example"


def test_an_edition_is_never_longer_than_its_reader_wants():
    assert len(titles(drafted(a_reader(VIDEO, AGENTS, size=1)))) == 1


def test_a_paper_below_the_threshold_is_left_out():
    high = EditorSettings(compose=ComposeSettings(min_score=50))
    assert titles(drafted(a_reader(VIDEO), settings=high)) == []


def test_the_public_edition_is_the_trending_list():
    found = drafted(a_reader(id="public", address=None, size=3))
    assert titles(found) == list(TITLES[:3])
    pick = found.edition.picks[0]
    assert (pick.interest, pick.reasons[0].kind, pick.reports) == (None, "trend", 1)
    assert pick.reasons[0].text == "reported once, highest place 1"


def test_the_public_edition_does_not_repeat_itself_either():
    assert titles(drafted(a_reader(id="public", size=2, seen={1, 2}))) == list(TITLES[2:4])


def test_a_reader_beside_the_public_edition_gets_what_they_get_alone():
    readers = [a_reader(id="public", size=3), a_reader(VIDEO)]
    both = draft(readers, a_window(), {}, NOW, EditorSettings())
    assert both == [drafted(reader) for reader in readers]


def test_readers_keep_their_order_and_an_empty_batch_is_fine():
    readers = [a_reader(VIDEO, id=name) for name in ("zoe", "ada", "bob")]
    found = draft(readers, a_window(), {}, NOW, EditorSettings())
    assert [one.edition.subscriber.id for one in found] == ["zoe", "ada", "bob"]
    assert draft([], a_window(), {}, NOW, EditorSettings()) == []


def test_the_keys_of_all_examples_are_named():
    interests = (Interest("A", examples=("Paths!", "doi:10.1/x")), Interest("B", examples=("Q",)))
    assert example_keys([a_subscriber(interests=interests), a_subscriber(interests=())]) == [
        "title:paths",
        "doi:10.1/x",
        "title:q",
    ]


@pytest.mark.parametrize("days", [0, -1, 3651, float("nan")])
def test_a_window_has_to_have_a_length(days):
    with pytest.raises(ValueError, match="window_days has to be between"):
        ComposeSettings(window_days=days)


# Notes -----------------------------------------------------------------------------------------


def note(*papers: Candidate, latest: dt.datetime | None = NOW, **known) -> str | None:
    reader = a_reader(VIDEO, **({"last_at": YESTERDAY} | known))
    return drafted(reader, a_window(papers, latest)).edition.note


def test_a_full_day_needs_no_note():
    videos = [a_candidate(n, f"Video {word}") for n, word in enumerate(["alpha", "beta", "gamma"])]
    assert note(*videos) is None


def test_a_short_edition_that_is_as_long_as_its_reader_wants_needs_no_note():
    assert note(*PAPERS, size=2) is None


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ((), "No new papers today."),
        ((1,), "Only one new paper today."),
        ((1, 2), "Only two new papers today."),
        ((5,), "The one new paper did not match your interests."),
        ((5, 6), "None of 2 new papers matched your interests."),
        ((1, 5), "Only one of 2 new papers matched your interests."),
        ((1, 2, 5, 6, 7), "Only two of 5 new papers matched your interests."),
    ],
)
def test_a_thin_day_says_why(chosen, words):
    assert note(*(PAPERS[number - 1] for number in chosen)) == words


@pytest.mark.parametrize("latest", [None, YESTERDAY])
def test_a_silent_source_is_named_with_the_day_it_fell_silent(latest):
    assert note(latest=latest) == "Nothing new has arrived since Tuesday, 19 May."


def test_older_papers_on_a_silent_day_are_called_so():
    assert note(*PAPERS, latest=YESTERDAY) == (
        "Nothing new has arrived since Tuesday, 19 May: "
        "these are recent papers that had no room before."
    )


def test_one_paper_since_the_last_edition_breaks_the_silence():
    assert "Nothing new" not in note(*PAPERS, latest=YESTERDAY + dt.timedelta(microseconds=1))


def test_the_silent_day_is_the_readers_own():
    west = Schedule("Pacific/Pago_Pago")
    assert "Monday, 18 May" in note(latest=YESTERDAY, schedule=west)


def test_a_first_edition_knows_of_no_silence():
    assert note(latest=None, last_at=None) == "No new papers today."


def test_the_public_edition_is_not_called_thin():
    assert drafted(a_reader(id="public"), a_window(PAPERS[:1])).edition.note is None


# Explaining ------------------------------------------------------------------------------------


def why(reader: Reader, **options) -> dict[str, str]:
    return {one.paper.title: one.why for one in explained(reader, **options).left_out}


def test_each_paper_that_came_close_names_the_rule_that_left_it_out():
    interest = Interest(
        "All", keywords=("video", "expert", "agents", "protein"), examples=(TITLES[5],)
    )
    reader = a_reader(interest, seen={4}, muted=("diffusion",), size=1)
    low = EditorSettings(compose=ComposeSettings(min_score=0.01))
    found = why(reader, settings=low)
    (picked,) = titles(drafted(reader, settings=low))
    rest = {TITLES[1], TITLES[2], TITLES[4]} - {picked}
    had = "the reader has had it, or named it as an example"
    assert {TITLES[3], TITLES[5]} == {title for title, rule in found.items() if rule == had}
    assert found[TITLES[0]] == "it holds a muted word"
    room = "there was no room: the edition holds 1"
    assert {title: found[title] for title in rest} == dict.fromkeys(rest, room)
    assert picked not in found


def test_a_paper_below_the_threshold_is_explained_with_that():
    high = EditorSettings(compose=ComposeSettings(min_score=50))
    found = why(a_reader(VIDEO), settings=high)
    assert found == dict.fromkeys(TITLES[:2], "its score is below the threshold of 50")


def test_papers_that_meet_nothing_are_not_explained():
    assert why(a_reader(VIDEO)) == {}


def test_the_best_are_explained_first_and_no_more_than_a_few():
    many = [a_candidate(n, f"Video {'word ' * n}number {n}") for n in range(30)]
    found = explained(a_reader(VIDEO, size=1), a_window(many)).left_out
    scores = [one.score for one in found]
    assert len(scores) == LEFT_OUT
    assert scores == sorted(scores, reverse=True)


def test_explaining_changes_nothing_in_the_edition():
    reader = a_reader(VIDEO, AGENTS, seen={1})
    plain, explained = drafted(reader), drafted(reader, explain=True)
    assert plain.explanation is None
    assert replace(explained, explanation=None) == plain


def test_the_public_edition_is_explained_by_room_alone():
    found = why(a_reader(id="public", size=5))
    assert found == dict.fromkeys(TITLES[5:], "there was no room: the edition holds 5")


# What changes nothing --------------------------------------------------------------------------

WORDS = ["video", "diffusion", "agent", "routing", "expert", "sparse", "speech", "protein"]
wishes = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
interests_ = st.builds(
    Interest,
    st.just("A"),
    wishes,
    st.lists(wishes, max_size=2).map(tuple),
    st.lists(st.one_of(wishes, st.sampled_from(TITLES)), max_size=1).map(tuple),
)
papers_ = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join), unique=True, max_size=12
).map(lambda found: [a_candidate(n, title, n) for n, title in enumerate(found, start=1)])
readers_ = st.builds(
    lambda interests, seen, muted, size: a_reader(*interests, seen=seen, muted=muted, size=size),
    st.lists(interests_, max_size=3),
    st.sets(st.integers(1, 12), max_size=4),
    st.lists(wishes, max_size=1).map(tuple),
    st.integers(1, 6),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(readers_, max_size=4), papers_, st.randoms(use_true_random=False))
def test_shuffling_the_papers_changes_no_draft(readers, papers, chance):
    shuffled = chance.sample(papers, len(papers))
    first, second = (
        draft(readers, a_window(found), {}, NOW, EditorSettings(), explain=True)
        for found in (papers, shuffled)
    )
    assert first == second


@settings(deadline=None)
@given(readers_, papers_)
def test_no_edition_ever_holds_what_it_must_not(reader, papers):
    found = drafted(reader, a_window(papers))
    assert not set(found.papers) & reader.seen
    assert len(set(found.papers)) == len(found.papers) <= reader.subscriber.size
    assert not {pick.paper.key for pick in found.edition.picks} & set(
        example_keys([reader.subscriber])
    )


@settings(deadline=None, max_examples=15)
@given(st.lists(readers_, min_size=50, max_size=50), papers_, st.integers(0, 49))
def test_a_batch_of_one_equals_the_same_reader_in_a_batch_of_fifty(readers, papers, which):
    window = a_window(papers)
    together = draft(readers, window, {}, NOW, EditorSettings(), explain=True)
    assert together[which] == drafted(readers[which], window, explain=True)
