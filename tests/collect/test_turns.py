"""Where titles and abstracts stop taking turns, and how a text ends."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect.turns import ends_like_a_text, first_break
from tests.support.papers_text import likely

LINES = [line for pair in likely(8) for line in pair]


@pytest.mark.parametrize(
    "line",
    [
        "It works.", "Does it?", "It does!", "It works (well).", "It is “new.”", "see Table 1)",
        "code at https://github.com/a/b", "code at https://github.com/a/b{https://github.com/a/b}",
        "at https://example.org", "at github.com/a/b", "at www.example.org/", "doi:10.1234/abc", "等等。", "ठीक है।",
    ],
)  # fmt: skip
def test_these_are_the_ends_of_a_text(line):
    assert ends_like_a_text(line)


@pytest.mark.parametrize(
    "line",
    ["", " ", "It wor", "It works (for example", "models, e.g.", "models (i.e.", "at https://git",
     "https://", "and/or", "at 0.5/0.7", "by 30%", "the \"", "a,"],
)  # fmt: skip
def test_these_are_not(line):
    assert not ends_like_a_text(line)


def test_lines_that_take_turns_have_no_break():
    assert first_break(LINES) is None


def test_no_lines_have_no_break():
    assert first_break([]) is None


def test_a_file_that_begins_with_an_abstract_breaks_there():
    assert first_break(LINES[1:-1]) == (0, "an abstract without title")


def test_a_question_in_an_abstracts_place_is_seen_by_what_follows():
    lines = [*LINES[:3], "Is This a Title?", *LINES[3:-1]]
    assert first_break(lines) == (3, "two titles in a row")


def test_a_long_title_is_a_title():
    lines = [*LINES, "A very long title " * 15, LINES[1]]
    assert first_break(lines) is None


def test_a_title_with_a_full_stop_inside_is_a_title():
    lines = [*LINES, "A for-loop is all you need. For solving the inverse problem", LINES[1]]
    assert first_break(lines) is None


def test_titles_that_are_sentences_are_believed_in_a_file_of_such_titles():
    lines = [line if n % 2 else f"{line}. It is so." for n, line in enumerate(LINES)]
    assert first_break(lines) is None


def test_a_short_abstract_with_an_end_is_an_abstract():
    assert first_break([*LINES, "A Title", "We show it.", *LINES]) is None


def test_a_file_whose_lines_are_alike_is_believed():
    assert first_break(["A title here", "no abstract", "Another title", "nothing either"]) is None


@given(st.lists(st.text(max_size=60) | st.sampled_from(LINES)))
def test_a_break_is_at_one_of_the_lines(lines):
    found = first_break(lines)
    assert found is None or 0 <= found[0] < len(lines)


@pytest.mark.parametrize("word", ["a.", "a-", "/", "://", ". A", "(", "e.g. "])
def test_hostile_lines_take_no_time(word):
    line = word * 300_000
    start = time.process_time()
    ends_like_a_text(line)
    first_break([line, line])
    assert time.process_time() - start < 2
