"""A folder becomes a collection, or one sentence says what is wrong with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from digest.errors import ConfigError
from digest.evaluate.loading import load
from tests.evaluate.conftest import PAPERS, Write, an_episode


def names(folder: Path, positions: Any) -> list[str]:
    ids = load(folder).ids
    return [ids[position] for position in positions]


def test_papers_keep_their_order_their_text_and_their_ids(write: Write) -> None:
    found = load(write())
    assert found.name == "small"
    assert found.ids == ("owls", "bats", "rust", "zinc")
    assert found.papers[1].title == "Bats and echoes"
    assert found.terms[2] == ("iron", "rust", "iron", "water", "oxygen")


def test_an_episode_says_who_what_from_what_and_what_was_wanted(write: Write) -> None:
    asked = an_episode(keywords=["night"], description="hunting", authors=["A. Owl"], disliked=[])
    [episode] = load(write(asked)).episodes
    assert (episode.id, episode.user, episode.task, episode.history) == ("e1", "ada", "likes", 1)
    assert (episode.keywords, episode.description) == (("night",), "hunting")
    assert (episode.authors, episode.written) == (("A. Owl",), "night hunting")
    assert (episode.liked, episode.disliked) == ((0,), ())
    assert dict(zip(episode.candidates.tolist(), episode.grades, strict=True)) == {1: 1, 2: 0, 3: 0}


def test_likes_stay_in_their_order_the_oldest_first(write: Write) -> None:
    folder = write(an_episode(liked=["zinc", "owls", "rust"], pool="ALL"))
    assert names(folder, load(folder).episodes[0].liked) == ["zinc", "owls", "rust"]


def test_a_pool_of_all_is_every_paper_but_the_judged_ones(write: Write) -> None:
    folder = write(an_episode(pool="ALL", disliked=["rust"]))
    assert names(folder, load(folder).episodes[0].candidates) == ["bats", "zinc"]


def test_a_judged_paper_in_the_pool_is_no_candidate_and_its_grade_does_not_count(
    write: Write,
) -> None:
    folder = write(an_episode(pool=["owls", "rust", "bats"], rel={"owls": 2, "bats": 1}))
    [episode] = load(folder).episodes
    assert sorted(names(folder, episode.candidates)) == ["bats", "rust"]
    assert sorted(episode.grades) == [0, 1]


def test_a_relevant_paper_outside_the_pool_does_not_count(write: Write) -> None:
    [episode] = load(write(an_episode(pool=["rust", "bats"], rel={"zinc": 1, "bats": 1}))).episodes
    assert episode.grades.sum() == 1


def test_a_negative_grade_counts_as_none(write: Write) -> None:
    [episode] = load(write(an_episode(rel={"bats": 3, "rust": -1}))).episodes
    assert sorted(episode.grades) == [0, 0, 3]


def test_the_background_is_what_the_file_names(write: Write) -> None:
    folder = write(background="zinc\n\nowls\n")
    assert sorted(names(folder, load(folder).background)) == ["owls", "zinc"]


@pytest.mark.parametrize("background", ["", "\n"], ids=["empty", "blank"])
def test_without_a_background_it_is_the_collection_itself(write: Write, background: str) -> None:
    assert load(write(background=background)).background.tolist() == [0, 1, 2, 3]


def test_the_background_file_need_not_be_there(write: Write) -> None:
    folder = write()
    (folder / "background.txt").unlink()
    assert load(folder).background.tolist() == [0, 1, 2, 3]


def test_fields_from_elsewhere_blank_lines_and_nothing_said_are_no_trouble(write: Write) -> None:
    papers = [{"id": 7, "title": "Tin", "year": 1999, "venue": "?"}, {"id": "8", "abstract": None}]
    folder = write(
        {
            "eid": 1,
            "user": 2,
            "task": "likes",
            "colour": "red",
            "profile": {"liked": ["7"], "mood": "good"},
            "pool": ["8"],
            "rel": {"8": 1},
        },
        papers=papers,
    )
    with (folder / "papers.jsonl").open("a") as file:
        file.write("\n\n")
    found = load(folder)
    assert found.ids == ("7", "8")
    assert found.papers[1].title == found.papers[1].abstract == ""
    assert found.episodes[0].history == 1


def test_a_reader_falls_into_the_same_half_with_all_episodes(write: Write) -> None:
    found = load(write(an_episode("e1"), an_episode("e2"), an_episode("e3", user="grace")))
    halves = {split: [e.id for e in found.of(split)] for split in ("dev", "test", "all")}
    assert halves == {"dev": ["e1", "e2"], "test": ["e3"], "all": ["e1", "e2", "e3"]}


def refused(folder: Path) -> str:
    with pytest.raises(ConfigError) as trouble:
        load(folder)
    said = str(trouble.value)
    assert "\n" not in said
    return said.replace(str(folder) + "/", "")


@pytest.mark.parametrize("name", ["papers.jsonl", "episodes.jsonl"])
def test_a_missing_file_is_named_with_what_a_collection_is(write: Write, name: str) -> None:
    folder = write()
    (folder / name).unlink()
    assert refused(folder) == (
        f"{name} is missing; a collection is a folder with papers.jsonl and episodes.jsonl"
    )


@pytest.mark.parametrize("name", ["papers.jsonl", "episodes.jsonl"])
def test_an_empty_file_is_refused(write: Write, name: str) -> None:
    folder = write()
    (folder / name).write_text("\n")
    assert refused(folder) == f"{name} is empty; it needs one JSON object a line"


def test_a_broken_line_is_named_by_its_number(write: Write) -> None:
    folder = write()
    with (folder / "papers.jsonl").open("a") as file:
        file.write('{"id": "cut o')
    assert re.match(r"papers.jsonl, line 5: no JSON \(.+\)$", refused(folder))


def test_bytes_that_are_no_text_are_refused(write: Write) -> None:
    folder = write()
    (folder / "papers.jsonl").write_bytes(b"\xff\xfe")
    assert "papers.jsonl cannot be read: " in refused(folder)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"pool": ["bats", "gold"]}, "'pool' names 'gold', which is no paper of papers.jsonl"),
        ({"liked": ["gold"]}, "'liked' names 'gold', which is no paper of papers.jsonl"),
        ({"disliked": ["gold"]}, "'disliked' names 'gold', which is no paper of papers.jsonl"),
        ({"rel": {"gold": 1}}, "'rel' names 'gold', which is no paper of papers.jsonl"),
        ({"rel": {"bats": "yes"}}, "'rel' grades 'bats' with 'yes', which is no number"),
        ({"pool": ["bats", "rust", "bats"]}, "'pool' names 'bats' twice"),
        ({"pool": []}, "'pool' holds nothing that is not in 'liked' or 'disliked'"),
        ({"pool": ["owls"]}, "'pool' holds nothing that is not in 'liked' or 'disliked'"),
        ({"pool": {"bats": 1}}, "'pool' is no list of texts"),
        ({"description": ["a"]}, "'description' is no text"),
        ({"rel": None}, "needs 'rel', an object"),
        ({"profile": None}, "needs 'profile', an object"),
        ({"user": None}, "needs 'user', a text"),
        ({"H": "many"}, "'H' is no whole number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_episode_that_cannot_be_is_named_by_its_line(
    write: Write, told: dict[str, Any], why: str
) -> None:
    folder = write(an_episode("e0"), an_episode(**told))
    assert refused(folder) == f"episodes.jsonl, line 2: {why}"


def test_an_id_that_is_there_twice_is_refused(write: Write) -> None:
    assert refused(write(papers=[*PAPERS, PAPERS[0]])) == (
        "papers.jsonl, line 5: the id 'owls' is there twice"
    )
    assert refused(write(an_episode(), an_episode())) == (
        "episodes.jsonl, line 2: the episode 'e1' is there twice"
    )


def test_a_background_paper_that_is_not_there_is_refused(write: Write) -> None:
    assert refused(write(background="owls\ngold\n")) == (
        "background.txt, line 2: 'gold' is no paper of papers.jsonl"
    )


def test_a_line_that_is_no_object_is_refused(write: Write) -> None:
    folder = write()
    (folder / "episodes.jsonl").write_text(json.dumps([1, 2]) + "\n")
    assert refused(folder) == "episodes.jsonl, line 1: no JSON object"
