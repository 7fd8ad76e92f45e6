"""Every case file of a layout gives the papers that stand beside it, and every part of it is safe."""

import datetime as dt
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.collect import (
    bullets,
    comma_separated,
    json_feed,
    labelled,
    page_copy,
    readers,
    records,
    tables,
)
from digest.errors import SourceError

CASES = Path(__file__).parents[1] / "cases"
ARRIVED = dt.date(2026, 10, 3)
READ = {
    "bullets": bullets.read,
    "comma_separated": comma_separated.read,
    "labelled": labelled.read,
    "page_copy": page_copy.read,
    "records": records.read,
    "tables": tables.read,
}
FILES = sorted(
    path
    for folder in READ
    for path in (CASES / folder).iterdir()
    if not path.name.endswith(".expected.json")
)


def as_record(report):
    paper = report.paper
    return {
        "title": paper.title,
        "abstract": paper.abstract,
        "id": paper.arxiv_id,
        "link": paper.link,
        "authors": list(paper.authors),
        "published": str(paper.published or ""),
        "date": str(report.date or ""),
        "votes": report.votes,
        "categories": list(paper.categories),
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_case_is_recognised_and_gives_its_papers(path):
    expected = json.loads(path.with_name(path.name + ".expected.json").read_text("utf-8"))
    data = path.read_bytes()
    reports = readers.read(data, path.name, ARRIVED)
    assert [as_record(report) for report in reports] == expected
    assert reports == READ[path.parent.name](data, path.name, ARRIVED)
    assert reports == readers.read(data.replace(b"\n", b"\r\n"), path.name, ARRIVED)
    assert [report.position for report in reports] == list(range(1, len(reports) + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_beginning_of_a_case_gives_papers_or_one_sentence(path):
    data = path.read_bytes()
    for end in range(0, len(data), 100):
        for salvage in (False, True):
            for read in (readers.read, READ[path.parent.name]):
                papers_or_sentence(read, data[:end], salvage)


def papers_or_sentence(read, data, salvage=False):
    try:
        reports = read(data, "x", ARRIVED, salvage=salvage)
    except SourceError as error:
        assert str(error).startswith("x") and "\n" not in str(error)
        return []
    assert all(report.paper.title.strip() and report.paper.key for report in reports)
    return reports


ALL = [readers.read, json_feed.read, *READ.values()]
PIECES = [
    "[", "]", "(", ")", "![", "](", "](https://huggingface.co/papers/2401.00001)", "\n", "\n\n", "### ",
    "A Title", "101", "·", "3 authors", "| a |", "|---|", "| Title |", "Title: ", "**Authors:** ", "Summary: We do. We go.",
    "---", "- ", "* **A**", "Oct 2", "[1]", "[1]: /papers/2401.00002", "\\", "<br>", "https://huggingface.co/papers/2401.00003",
    "title,abstract\n", '"', "<details>", "<summary>Details</summary>", "2026-05-19, ", "null", '{"title": "A"', "}", ",", "  1. https://huggingface.co/papers/2401.00004", "Get trending papers in your email inbox!", "\ud800", "\x02", "\x03", "\x04",
]  # fmt: skip


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40).map("".join))
def test_any_mixture_of_signs_gives_papers_or_one_sentence(text):
    for read in ALL:
        for salvage in (False, True):
            papers_or_sentence(read, text.encode("utf-8", "replace"), salvage)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_give_papers_or_one_sentence(data):
    for read in ALL:
        papers_or_sentence(read, data)


@pytest.mark.parametrize(
    "piece",
    ["[", "[a](", "![", "](", "[[a]", "\\", "[1]x", "**", "| a ", "<", "a\n", "[1]: /p\n", "(", "_", "· ", "- [a](http://b)\n", "Title: a\n", "# a\n", "\n", " ",
     "[a] [b] ", "1. ", "### [A](/papers/2401.00001)\n", "https://huggingface.co/papers/2401.00001\n", "1, ", "[{", '{"a":', "12\n", "daily ", "**a:** b\n", "{", "|-", "<div>", "paper: ", "<summary>", '"a",', "title,", "* a: b\n"],
)  # fmt: skip
def test_a_sign_repeated_many_times_takes_a_bounded_time(piece):
    data = (piece * (20_000 // len(piece))).encode()
    for read in [*ALL, readers.read]:
        start = time.process_time()
        papers_or_sentence(read, data)
        assert time.process_time() - start < 2, read.__module__
