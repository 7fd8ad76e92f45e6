"""Digest files in either layout are read whole, or rejected with the reason."""

import datetime as dt
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.collect import digest_text
from digest.errors import SourceError
from tests.support.papers_text import compact, likely, lists, spaced

ARRIVED = dt.date(2025, 5, 20)
PAPERS = likely(6)


def read(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return digest_text.read(data, "page.txt", ARRIVED, **options)


def pairs(reports):
    return [(report.paper.title, report.paper.abstract) for report in reports]


def rejection(text):
    with pytest.raises(SourceError) as caught:
        read(text)
    assert caught.value.source == "page.txt"
    return caught.value


def test_a_compact_file_gives_its_papers_in_order_without_a_date():
    reports = read(compact(PAPERS))
    assert pairs(reports) == PAPERS
    assert [report.position for report in reports] == [1, 2, 3, 4, 5, 6]
    assert {report.source for report in reports} == {"page.txt"}
    assert {report.date for report in reports} == {None}


def test_a_spaced_file_gives_its_papers_and_its_date():
    reports = read(spaced(PAPERS))
    assert pairs(reports) == PAPERS
    assert {report.date for report in reports} == {dt.date(2025, 5, 19)}


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(lists(), st.sampled_from([compact, spaced]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_papers_written_in_either_layout_are_read_back(papers, layout, ending):
    text = layout(papers).replace("\n", ending)
    assert pairs(read(text)) == papers
    assert pairs(read("\ufeff" + text + ending * 2)) == papers


@pytest.mark.parametrize(
    "head",
    [
        list(some)
        for size in range(6)
        for some in itertools.combinations(
            ["new", "Get trending papers in your email inbox!", "Subscribe",
             "by AK and the research community", "May 19"], size,
        )
    ],
)  # fmt: skip
def test_any_part_of_the_banner_may_be_missing(head):
    text = "\n\n".join([*head, *(line for pair in PAPERS for line in pair)])
    assert pairs(read(text)) == PAPERS


@pytest.mark.parametrize(
    "head",
    [
        "Get trending papers in your email inbox once a day!",
        "Get trending papers in your inbox every day",
        "GET TRENDING PAPERS IN YOUR E-MAIL INBOX!!",
        "newGet trending papers in your email inbox!Subscribe",
        "Daily PapersbyAK and the research community",
        "  Daily Papers  \n\t\n by AK and the research community \n Daily\nWeekly\nMonthly\nTrending Papers",
    ],
)
def test_banners_in_other_words_are_navigation_too(head):
    assert pairs(read("\n".join([head, *(line for pair in PAPERS for line in pair)]))) == PAPERS


def test_a_title_about_subscribers_keeps_its_first_letters():
    papers = [("Subscribers and Their Churn", PAPERS[0][1]), *PAPERS[1:]]
    assert pairs(read("\n".join(line for pair in papers for line in pair))) == papers
    assert pairs(read(spaced(papers))) == papers
    assert pairs(read(compact(papers))) == papers


def test_a_title_of_one_word_and_a_short_abstract_are_a_paper():
    papers = [("Lumiere", "We make short videos from text. They look real."), *PAPERS]
    assert pairs(read(compact(papers))) == papers


def test_markup_and_templates_are_text():
    papers = [("<script>alert(1)</script> {{7*7}}", "Uses <SEG> & <think>; a < b."), *PAPERS]
    assert pairs(read(spaced(papers))) == papers


def test_text_from_outside_is_made_plain_and_bounded():
    reports = read(compact([("A\u202e title" + "x" * 3_000, "Text.\x07  More\u2028text.")]))
    assert reports[0].paper.title.startswith("A titlexxx")
    assert len(reports[0].paper.title) == 2_000
    assert reports[0].paper.abstract == "Text. More text."


def test_an_abstract_may_break_off_in_the_middle_of_the_file():
    papers = [PAPERS[0], (PAPERS[1][0], PAPERS[1][1].rstrip(".")), *PAPERS[2:]]
    assert pairs(read(compact(papers))) == papers


@pytest.mark.parametrize(
    "end", ["https://github.com/a/b", "(github.com/a/b)", "as “new”", "y?", "。"]
)
def test_the_last_abstract_may_end_in_other_ways_than_a_full_stop(end):
    papers = [*PAPERS, ("Last", f"{PAPERS[0][1]} It is {end}")]
    assert pairs(read(compact(papers))) == papers


@pytest.mark.parametrize("end", ["and", "e.g.", "at https://git", "3", ",", "said “", 'the "'])
def test_a_last_abstract_that_stops_in_a_sentence_is_cut_off(end):
    error = rejection(compact([*PAPERS, ("Last", f"{PAPERS[0][1]} It is {end}")]))
    assert "cut off" in error.why
    assert (error.line, error.whole) == (3 + 13, 6)


def test_a_title_without_abstract_is_an_odd_number_of_lines():
    error = rejection(compact(PAPERS) + "\nA Title Alone")
    assert "odd number of lines" in error.why
    assert (error.line, error.whole) == (15, 6)


def without(index):
    lines = [line for pair in PAPERS for line in pair]
    return "Get trending papers in your email inbox!\n" + "\n".join(
        lines[:index] + lines[index + 1 :]
    )


def test_a_lost_abstract_is_two_titles_in_a_row_at_the_second():
    error = rejection(without(5))
    assert (error.why, error.line, error.whole) == ("two titles in a row", 7, 2)


def test_a_lost_title_is_two_abstracts_in_a_row_at_the_second():
    error = rejection(without(4))
    assert (error.why, error.line, error.whole) == ("two abstracts in a row", 6, 2)


def test_a_lost_abstract_and_a_lost_title_do_not_make_up_for_each_other():
    lines = [line for pair in PAPERS for line in pair]
    del lines[8], lines[3]
    error = rejection("new\n" + "\n".join(lines))
    assert (error.line, error.whole) == (5, 1)


def test_short_abstracts_are_told_from_titles_too():
    papers = [
        (f"Paper {n} on Birds", f"We watch bird {n} for a year. It sings at dawn in May.")
        for n in range(9)
    ]
    assert pairs(read(compact(papers))) == papers
    papers[4] = (papers[4][0], "Another Paper on Birds")
    error = rejection(compact(papers))
    assert (error.why, error.whole) == ("two titles in a row", 4)


def test_a_second_page_in_one_file_is_rejected():
    error = rejection(spaced(PAPERS) + "\n\n" + spaced(PAPERS))
    assert "second page" in error.why
    assert error.whole == 6


def test_a_page_below_something_else_is_rejected_and_nothing_of_that_salvaged():
    error = rejection("---\nurl: https://example.org/papers\n---\n" + spaced(PAPERS))
    assert "above the banner" in error.why
    assert error.whole == 0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"new\n\nSubscribe\n\nMay 19\n", "no papers"),
        (compact(PAPERS).encode()[:3_000] + b"\0" * 100, "binary"),
        (compact(PAPERS).encode()[:3_000] + b"\xff" * 100, "not UTF-8"),
        (compact(PAPERS).encode("latin-1") + b"\xe9.", "not UTF-8"),
        (compact([("Ä", "Ends in ö")]).encode()[:-1], "middle of a character"),
        (b"Title\n" + b"x" * 1_000_001, "no abstract"),
        (b"\n" * 1_000_001, "lines"),
        (b"some words\nsome more\nand more\nof them\n", "neither a digest file nor a feed"),
        (b"def f(x):\n    return x + 1\n", "neither a digest file nor a feed"),
    ],
)
def test_what_is_no_digest_file_is_rejected_with_the_reason(data, why):
    assert why in rejection(data).why


def test_a_line_that_is_no_text_is_named_with_the_papers_before_it():
    error = rejection(compact(PAPERS).encode() + b"\nNext\n\xff\xfe\n")
    assert (error.line, error.whole) == (16, 6)


def test_salvage_takes_the_papers_before_the_broken_line():
    assert pairs(read(without(5), salvage=True)) == PAPERS[:2]


def test_salvage_leaves_out_an_abstract_that_is_cut_off():
    assert pairs(read(compact(PAPERS)[:-30], salvage=True)) == PAPERS[:5]


def test_salvage_of_a_sound_file_takes_all():
    assert pairs(read(compact(PAPERS), salvage=True)) == PAPERS


def test_salvage_of_a_file_without_a_whole_paper_is_rejected():
    with pytest.raises(SourceError):
        read(without(1), salvage=True)


@pytest.mark.parametrize("layout", [compact, spaced])
def test_every_beginning_of_a_file_gives_its_papers_or_a_rejection(layout):
    data = layout([("Ünïcode 深度", "Ein Öl. Und Ähre."), *PAPERS[:2]]).encode()
    whole = pairs(read(data))
    for end in range(len(data)):
        try:
            found = pairs(read(data[:end]))
        except SourceError as error:
            assert error.whole < len(whole)
            continue
        assert found[:-1] == whole[: len(found) - 1]
        assert whole[len(found) - 1][1].startswith(found[-1][1])


@settings(deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_give_papers_or_a_rejection(data, salvage):
    for head in (b"", b"Get trending papers in your email inbox!\nSubscribe"):
        try:
            assert read(head + data, salvage=salvage)
        except SourceError as error:
            assert error.why


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([line for pair in PAPERS for line in pair] + ["new", "x", ""]), max_size=12
    )
)
def test_any_order_of_lines_gives_papers_or_a_rejection(lines):
    for salvage in (False, True):
        try:
            assert read("\n".join(lines), salvage=salvage)
        except SourceError as error:
            assert error.whole * 2 <= len(lines)
