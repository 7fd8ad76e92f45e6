"""A batch of readers and the papers of a window become editions."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.compose.editor import (
    LEAST_SHARE,
    LEFT_OUT,
    REASONS,
    ComposeSettings,
    Draft,
    EditorSettings,
    Library,
    Reader,
    Window,
    draft,
    today,
)
from digest.compose.profiles import example_keys
from digest.papers import Archived, Candidate, Mention
from digest.subscribers import Interest, Subscriber
from digest.votes import Opinion
from tests.support.builders import a_subscriber
from tests.support.tastes import FIELDS, NOW, TITLES, a_candidate, archived, empty

VIDEO = Interest("Video", keywords=("video",))
AGENTS = Interest("Agents", keywords=("agents",))
VIDEOS, ABOUT_AGENTS = set(FIELDS["video"]), set(FIELDS["agents"])


TOLD_WORDS = "models", "frames", "latents", "motion", "cameras", "scenes", "tokens", "memory"


def mentioned(number: int, title: str, abstract: str = "") -> Candidate:
    mention = Mention("page", number, len(TITLES), NOW.date())
    return replace(a_candidate(title, number, abstract), mentions=(mention,))


PAPERS = tuple(mentioned(n, title) for n, title in enumerate(TITLES, start=1))
NUMBERS = {paper.paper.title: paper.id for paper in PAPERS}


def a_window(papers=PAPERS, latest: dt.datetime | None = NOW, **known) -> Window:
    return Window(tuple(papers), NOW - dt.timedelta(days=14), latest, **known)


def a_reader(*interests: Interest, seen=(), last_at=None, opinions=(), **known) -> Reader:
    reader: Subscriber = a_subscriber(interests=interests, **known)
    return Reader(reader, NOW.date(), frozenset(seen), last_at, tuple(opinions))


def a_library(*known: Archived, **named: Archived) -> Library:
    by_title = {f"title:{one.title.lower()}": one for one in known}
    return Library(by_title | named, {one.id: one for one in known})


def compose(readers, window=None, library=None, **options) -> list[Draft]:
    settings = options.pop("settings", EditorSettings())
    library = library or a_library()
    shared = today(window or a_window(), empty(), NOW, settings)
    return draft(readers, shared, library, **options)


def drafted(reader: Reader, *known, **options) -> Draft:
    (found,) = compose([reader], *known, **options)
    return found


def titles(found: Draft) -> list[str]:
    return [pick.paper.title for pick in found.edition.picks]


def with_(**known) -> EditorSettings:
    return EditorSettings(compose=ComposeSettings(**known))


# What an edition holds -------------------------------------------------------------------------


def test_an_edition_holds_what_meets_an_interest_and_why():
    found = drafted(a_reader(VIDEO, AGENTS))
    assert set(titles(found)) == VIDEOS | ABOUT_AGENTS
    for pick in found.edition.picks:
        assert pick.interest == ("Video" if pick.paper.title in VIDEOS else "Agents")
        assert pick.reasons[0].text == pick.interest.lower()
        assert 0 < pick.score <= 1


def test_the_papers_numbers_stand_beside_the_picks():
    found = drafted(a_reader(VIDEO, AGENTS))
    assert [TITLES[number - 1] for number in found.papers] == titles(found)


def test_an_edition_knows_its_reader_day_and_moment():
    reader = a_reader(VIDEO)
    edition = drafted(reader).edition
    assert (edition.subscriber, edition.date) == (reader.subscriber, NOW.date())
    assert (edition.composed_at, edition.considered, edition.note) == (NOW, len(PAPERS), None)


def test_what_a_reader_has_had_never_comes_again():
    found = drafted(a_reader(VIDEO, seen={1}))
    assert set(titles(found)) == VIDEOS - {TITLES[0]}
    assert found.edition.considered == len(PAPERS) - 1


@pytest.mark.parametrize("muted", ["diffusion", "category:cs.CV", "source:loud"])
def test_what_is_muted_is_never_shown_however_it_is_wanted_and_still_counts_as_considered(muted):
    mention = Mention("loud", 1, 1, NOW.date())
    loud = a_candidate("Video diffusion", 99, authors=("Ada Lovelace",), categories=("cs.CV",))
    wanted = Interest("V", keywords=("video",), authors=("Ada Lovelace",), always=("diffusion",))
    window = a_window([replace(loud, mentions=(mention,)), *PAPERS])
    assert "Video diffusion" in titles(drafted(a_reader(wanted), window))
    found = drafted(a_reader(wanted, muted=(muted,)), window)
    assert "Video diffusion" not in titles(found)
    assert found.edition.considered == len(PAPERS) + 1


@pytest.mark.parametrize("field", ["examples", "dislikes"])
@pytest.mark.parametrize("example", [TITLES[0], TITLES[0].upper(), f"title:{TITLES[0].lower()}"])
def test_what_was_named_as_an_example_never_comes(example, field):
    interest = Interest("Like it", text="video", **{field: (example,)})
    found = drafted(a_reader(interest), None, a_library(archived(TITLES[0], 1)))
    assert TITLES[0] not in titles(found)
    assert titles(found)  # one dislike does not silence an interest


def test_an_example_brings_papers_like_it():
    interest = Interest("Like it", examples=(TITLES[0],))
    found = drafted(a_reader(interest), None, a_library(archived(TITLES[0], 1)))
    assert titles(found)[0] in VIDEOS
    assert found.edition.picks[0].reasons[0].text == TITLES[0]


def test_a_vote_changes_what_comes_and_its_paper_does_not_come():
    votes = [
        Opinion("ada", 1, True, False, NOW, "Mine"),
        Opinion("ada", 2, True, False, NOW, "Mine"),
    ]
    library = a_library(archived(TITLES[0], 1), archived(TITLES[1], 2))
    found = drafted(a_reader(Interest("Mine"), opinions=votes), None, library)
    assert set(titles(found)[:3]) == VIDEOS - {TITLES[0], TITLES[1]}
    assert not {1, 2} & set(found.papers)


def test_a_followed_author_is_in_and_first_whatever_the_paper_says():
    theirs = a_candidate("On nothing in particular", 99, authors=("LeCun, Y.",))
    reader = a_reader(VIDEO, Interest("People", authors=("Yann LeCun",)), size=3)
    found = drafted(reader, a_window([theirs, *PAPERS]))
    assert titles(found)[0] == "On nothing in particular"
    assert (found.edition.picks[0].reasons[0].kind, len(titles(found))) == ("author", 3)


def test_an_edition_is_never_longer_than_its_reader_wants():
    assert len(titles(drafted(a_reader(VIDEO, AGENTS, size=1)))) == 1


def test_a_paper_below_the_threshold_is_left_out():
    assert titles(drafted(a_reader(VIDEO), settings=with_(threshold=1.0))) == []


def test_a_reader_is_told_the_few_reasons_that_make_up_most_of_the_score():
    interest = Interest("V", "fast long video text motion control clips", ("video",))
    reader = a_reader(interest)
    for pick in drafted(reader).edition.picks:
        assert len(pick.reasons) <= REASONS
        assert all(one.share >= LEAST_SHARE * pick.score for one in pick.reasons)
    explanation = drafted(reader, explain=True).explanation
    assert explanation is not None
    assert max(map(len, explanation.evidence)) >= len(drafted(reader).edition.picks[0].reasons)


@pytest.mark.parametrize("days", [0, -1, 3651, float("nan")])
def test_a_window_has_to_have_a_length(days):
    with pytest.raises(ValueError, match="window_days has to be between"):
        ComposeSettings(window_days=days)


# The public edition ----------------------------------------------------------------------------


def test_the_public_edition_is_the_trending_list():
    found = drafted(a_reader(id="public", address=None, size=3))
    assert titles(found) == list(TITLES[:3])
    pick = found.edition.picks[0]
    assert (pick.interest, pick.reasons[0].kind, pick.reports) == (None, "trend", 1)


def test_the_public_edition_does_not_repeat_itself_either():
    assert titles(drafted(a_reader(id="public", size=2, seen={1, 2}))) == list(TITLES[2:4])


# Notes -----------------------------------------------------------------------------------------


def test_a_thin_day_and_late_sources_are_noted():
    window = a_window(PAPERS[5:7], late=("arXiv is late.",))
    assert drafted(a_reader(VIDEO), window).edition.note == (
        "None of 2 new papers matched your interests. arXiv is late."
    )


# Explaining ------------------------------------------------------------------------------------


def why(reader: Reader, *known, **options) -> dict[str, str]:
    explanation = drafted(reader, *known, explain=True, **options).explanation
    assert explanation is not None
    return {one.paper.title: one.why for one in explanation.left_out}


def test_each_paper_that_came_close_names_the_rule_that_left_it_out():
    reader = a_reader(VIDEO, seen={1}, muted=("streaming",), size=2)
    found = why(reader)
    picked = titles(drafted(reader))
    assert found[TITLES[0]] == "the reader has had it, or judged it already"
    assert found[TITLES[1]] == "it holds something muted"
    rest = VIDEOS - {TITLES[0], TITLES[1], *picked}
    assert {found[title] for title in rest} == {"there was no room: the edition holds 2"}
    assert not set(picked) & found.keys()


def test_a_paper_below_the_threshold_is_explained_with_that():
    found = why(a_reader(VIDEO), settings=with_(threshold=1.0))
    assert set(found.values()) == {"its chance is below the threshold of 1"}
    assert list(found)[:5] and set(list(found)[:5]) == VIDEOS


def told(number: int, title: str) -> Candidate:
    """A paper with an abstract, without which it is said to repeat nothing."""
    words = " ".join(f"{word} {title}" for word in TITLES[number].split() for _ in range(4))
    return a_candidate(title, number, f"{title} {words}")


def test_a_near_repeat_is_explained_with_what_it_repeats():
    first, again = told(1, "Fast video generation"), told(1, "Fast video generation again")
    again = replace(again, id=99)
    fast = Interest("Fast", keywords=("fast video generation",))
    found = why(a_reader(fast, size=5), a_window([first, again, *PAPERS[1:]]))
    pair = {again.paper.title: first.paper.title, first.paper.title: again.paper.title}
    (left,) = pair.keys() & found.keys()
    assert found[left] == f"it says nearly the same as “{pair[left]}”"


def test_two_papers_of_which_only_the_titles_are_known_are_no_repeats():
    parts = [mentioned(n, f"On video generation, part {n}") for n in (1, 2)]
    assert len(titles(drafted(a_reader(VIDEO), a_window(parts)))) == 2


def test_the_best_are_explained_first_and_no_more_than_a_few():
    explanation = drafted(a_reader(VIDEO, size=1), explain=True).explanation
    assert explanation is not None
    scores = [one.score for one in explanation.left_out]
    assert len(scores) == LEFT_OUT
    assert scores == sorted(scores, reverse=True)


def test_explaining_changes_nothing_in_the_edition():
    reader = a_reader(VIDEO, AGENTS, seen={1})
    plain, explained = drafted(reader), drafted(reader, explain=True)
    assert plain.explanation is None
    assert replace(explained, explanation=None) == plain


# What changes nothing --------------------------------------------------------------------------

VOTED = [archived(title, 500 + n) for n, title in enumerate(TITLES)]
words = st.lists(st.sampled_from(["video", "agents", "speech", "rain", "noise"]), max_size=3).map(
    " ".join
)
some = st.lists(st.sampled_from(TITLES), max_size=2).map(tuple)
interests_ = st.builds(
    lambda name, text, keywords, examples, dislikes: Interest(
        name, text, keywords, examples, dislikes=dislikes
    ),
    st.sampled_from("ABC"), words, st.lists(words, max_size=2).map(tuple), some, some,
)  # fmt: skip
opinions_ = st.lists(
    st.builds(
        lambda paper, liked, days, interest: Opinion(
            "ada", paper, liked, False, NOW - dt.timedelta(days=days), interest
        ),
        st.integers(500, 529), st.booleans(), st.integers(0, 400), st.sampled_from([None, "A", "B"]),
    ),
    max_size=4, unique_by=lambda one: one.paper,
)  # fmt: skip
readers_ = st.builds(
    lambda interests, seen, muted, size, opinions: a_reader(
        *interests, seen=seen, muted=muted, size=size, opinions=opinions
    ),
    st.lists(interests_, max_size=3, unique_by=lambda one: one.name),
    st.sets(st.integers(1, 30), max_size=4),
    st.lists(words, max_size=1).map(tuple),
    st.integers(1, 6),
    opinions_,
)
papers_ = st.lists(st.sampled_from(PAPERS), unique=True, max_size=15)


def test_what_readers_share_is_made_once_and_serves_any_of_them_at_the_same_time():
    liked = [Opinion("ada", n, True, False, NOW) for n in (901, 902)]
    known = [archived(title, n) for n, title in ((901, TITLES[7]), (902, TITLES[11]))]
    readers = [
        a_reader(VIDEO, opinions=opinions[:many])
        for opinions in (liked, liked[::-1])
        for many in range(3)
    ]
    shared = today(a_window(), empty(), NOW, EditorSettings())
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda one: draft([one], shared, a_library(*known)), readers * 4)
    assert [one for (one,) in found] == [
        drafted(one, a_window(), a_library(*known)) for one in readers
    ] * 4


@settings(deadline=None, max_examples=25)
@given(st.lists(readers_, min_size=1, max_size=4), papers_, st.data())
def test_shuffling_papers_readers_and_votes_changes_no_draft(readers, papers, data):
    library = a_library(*VOTED)
    straight = compose(readers, a_window(papers), library, explain=True)
    order = data.draw(st.permutations(range(len(readers))))
    shuffled = [
        replace(readers[n], opinions=tuple(data.draw(st.permutations(readers[n].opinions))))
        for n in order
    ]
    window = a_window(data.draw(st.permutations(papers)))
    found = compose(shuffled, window, library, explain=True)
    assert [replace(one, explanation=None) for one in found] == [
        replace(straight[n], explanation=None) for n in order
    ]
    assert [one.explanation for one in found] == [straight[n].explanation for n in order]


@settings(deadline=None, max_examples=10)
@given(st.lists(readers_, min_size=12, max_size=12), papers_, st.integers(0, 11))
def test_a_batch_of_one_equals_the_same_reader_in_a_batch_of_a_dozen(readers, papers, which):
    window, library = a_window(papers), a_library(*VOTED)
    together = compose(readers, window, library, explain=True)
    assert together[which] == drafted(readers[which], window, library, explain=True)


@settings(deadline=None, max_examples=40)
@given(readers_, papers_)
def test_no_edition_ever_holds_what_it_must_not(reader, papers):
    found = drafted(reader, a_window(papers), a_library(*VOTED))
    assert not set(found.papers) & reader.seen
    assert len(set(found.papers)) == len(found.papers) <= reader.subscriber.size
    keys = set(example_keys([reader.subscriber]))
    assert not {key for pick in found.edition.picks for key in pick.paper.keys} & keys


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(["qwxz vbnm", "the of", "plumbing pipes"]))
def test_an_interest_that_nothing_meets_costs_the_others_no_pick(field, nothing):
    own = Interest("Own", keywords=(field,), examples=FIELDS[field][:1])
    alone = drafted(a_reader(own), None, a_library(*VOTED))
    beside = drafted(a_reader(Interest("Not here", nothing), own), None, a_library(*VOTED))
    assert titles(beside) == titles(alone)
    assert [pick.score for pick in beside.edition.picks] == [
        pick.score for pick in alone.edition.picks
    ]


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(sorted(FIELDS)), st.integers(1, 10))
def test_another_interest_leaves_one_the_places_of_its_quota(field, other, size):
    own, rival = (Interest(name, keywords=(name,)) for name in (field, f"{other} | the"))
    alone = drafted(a_reader(own, size=size))
    beside = drafted(a_reader(own, rival, size=size))
    left = size - ComposeSettings().quotas(size).interest
    kept = [pick for pick in beside.edition.picks if pick.interest == own.name]
    assert field == other or len(kept) >= min(len(titles(alone)), max(left, 1 if size > 1 else 0))
