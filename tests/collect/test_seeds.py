"""Real digest files and feeds, where they are there."""

import datetime as dt
import json

import pytest

from digest.collect import readers
from digest.errors import SourceError
from tests.support.shared import shared

ARRIVED = dt.date(2025, 5, 20)
SEEDS = (
    ("000_11bd5de3d16df165.txt", 221, 221, None),
    ("001_cee7f6f528a095c0.txt", 92, 73, dt.date(2025, 5, 19)),
    ("003_9913c9ba1dc2f6e3.txt", 83, 65, dt.date(2025, 3, 14)),
)


def data(name):
    return shared(f"seeds/{name}").read_bytes()


def test_the_seeds_hold_so_many_papers_and_so_many_new_ones():
    seen = set()
    for name, papers, new, date in SEEDS:
        reports = readers.read(data(name), name, ARRIVED)
        keys = {report.paper.key for report in reports}
        assert (len(reports), len(keys - seen)) == (papers, new)
        assert {report.date for report in reports} == {date}
        seen |= keys
    assert len(seen) == 359


@pytest.mark.parametrize("name", [seed[0] for seed in SEEDS])
def test_a_seed_that_lost_any_one_line_is_rejected_near_it(name):
    lines = [line for line in data(name).decode().split("\n") if line]
    head = next(n for n, line in enumerate(lines) if len(line) > 400) - 1
    for lost in range(head, len(lines), 13):
        with pytest.raises(SourceError) as caught:
            readers.read("\n".join(lines[:lost] + lines[lost + 1 :]).encode(), name, ARRIVED)
        before = (lost - head) // 2
        assert before - 1 <= caught.value.whole <= before


@pytest.mark.parametrize("name", [seed[0] for seed in SEEDS])
def test_a_seed_with_two_lines_swapped_is_rejected(name):
    lines = [line for line in data(name).decode().split("\n") if line]
    head = next(n for n, line in enumerate(lines) if len(line) > 400) - 1
    for at in range(head + 1, len(lines) - 1, 13):
        swapped = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        with pytest.raises(SourceError):
            readers.read("\n".join(swapped).encode(), name, ARRIVED)


@pytest.mark.parametrize("name", [seed[0] for seed in SEEDS])
def test_a_seed_cut_anywhere_near_its_end_gives_papers_or_a_rejection(name):
    whole = data(name)
    for end in range(len(whole) - 1_500, len(whole), 101):
        try:
            readers.read(whole[:end], name, ARRIVED)
        except SourceError as error:
            assert error.whole


def test_a_months_feeds_hold_the_papers_known_to_be_in_them():
    expected = json.loads(shared("data/hf_daily_rss/expected_new.json").read_text())
    assert expected
    seen = set()
    for path in sorted(shared("data/hf_daily_rss/days").glob("*.xml")):
        reports = readers.read(path.read_bytes(), path.name, ARRIVED)
        assert reports
        for report in reports:
            assert report.paper.arxiv_id and report.paper.authors and report.paper.abstract
            assert "Upvotes:" not in report.paper.abstract
            assert report.date == dt.date.fromisoformat(path.stem)
        seen |= {report.paper.key for report in reports}
    assert len(seen) == 870


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_arxivs_announcements_are_read_in_both_layouts(kind):
    for path in sorted(shared(f"data/arxiv_announce/{kind}").glob("*.xml")):
        for report in readers.read(path.read_bytes(), path.name, ARRIVED):
            assert report.paper.arxiv_id and report.paper.authors
            assert not report.paper.abstract.startswith("arXiv:")


@pytest.mark.parametrize("name", ["opml"])
def test_files_of_other_kinds_are_rejected_for_what_they_are(name):
    for path in shared(f"data/{name}").iterdir():
        with pytest.raises(SourceError, match="it is an OPML list of feeds"):
            readers.read(path.read_bytes(), path.name, ARRIVED)
