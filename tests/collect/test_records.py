"""Records in JSON and JSON Lines, under the names that sources give their fields."""

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import json_feed, labelled, readers, records
from digest.errors import SourceError
from tests.support.shared import shared

ARRIVED = dt.date(2026, 6, 20)


def read(value, **options):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return readers.read(data, "x.json", ARRIVED, **options)


def one(**fields):
    (report,) = read([{"title": "A Title", **fields}])
    return report


@pytest.mark.parametrize(
    "name",
    [
        "abstract",
        "summary",
        "description",
        "Abstract",
        "paper_abstract",
        "body",
        "text",
        "synopsis",
        "summary_text",
        "content",
    ],
)
def test_an_abstract_has_many_names(name):
    assert (
        one(**{name: "We <SEG> and <think>; a < b."}).paper.abstract
        == "We <SEG> and <think>; a < b."
    )


@pytest.mark.parametrize(
    "authors",
    [
        ["Ann Bee", "Cy Dee"],
        [{"name": "Ann Bee"}, {"name": "Cy Dee"}],
        "Ann Bee, Cy Dee",
        "Ann Bee; Cy Dee",
        "Ann Bee and Cy Dee",
        [{"first": "Ann", "last": "Bee"}, "Cy Dee", ""],
        [{"family": "Bee", "given": "Ann"}, {"first_name": "Cy", "last_name": "Dee"}],
    ],
)
def test_authors_are_a_list_or_a_text(authors):
    assert one(authors=authors).paper.authors == ("Ann Bee", "Cy Dee")


@pytest.mark.parametrize(
    "key", ["id", "arxiv_id", "arxivId", "paper_id", "link", "pdf", "abs", "html_url"]
)
def test_an_arxiv_id_is_found_under_every_name(key):
    text = "https://arxiv.org/abs/2401.00010v2"
    paper = one(
        **{key: text if key not in ("id", "arxiv_id", "arxivId", "paper_id") else "2401.00010v2"}
    ).paper
    assert (paper.arxiv_id, paper.version) == ("2401.00010", 2)
    assert paper.link and "2401.00010" in paper.link


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("2026-05-19", (2026, 5, 19)),
        ("2026-05-19T23:30:00-07:00", (2026, 5, 20)),
        ("2026-05-19T17:00:00.000Z", (2026, 5, 19)),
        ("Tue, 19 May 2026 01:00:00 GMT", (2026, 5, 19)),
        ("20260519", (2026, 5, 19)),
        ("May 19, 2026", (2026, 5, 19)),
        (1779148800, (2026, 5, 19)),
        (1779148800000, (2026, 5, 19)),
    ],
)
def test_a_date_is_read_in_many_forms(date, day):
    assert one(published=date).paper.published == dt.date(*day)


@pytest.mark.parametrize(
    "date", ["soon", "0000-00-00", "99999999999999999999", True, [], {}, "2026-13-45T99"]
)
def test_what_is_no_date_is_none(date):
    assert one(date=date).paper.published is None


@pytest.mark.parametrize(
    ("votes", "count"),
    [(7, 7), ("1,024", 1024), ("▲ 12", 12), ("1.2k", 1200), ("-", None), (None, None)],
)
def test_votes_are_numbers_or_texts(votes, count):
    assert one(upvotes=votes).votes == count


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [("upvote", 7, 7), ("score", 12, 12), ("score", "3.0", 3), ("score", 0.87, None), ("score", 1e-07, None)],
)  # fmt: skip
def test_votes_have_many_names(name, value, count):
    assert one(**{name: value}).votes == count


def test_content_is_an_abstract_only_where_there_is_no_other():
    assert one(content="A whole page.", tldr="Short.").paper.abstract == "Short."


def test_the_ids_of_other_places_are_ids():
    paper = one(paperId="0" * 40, externalIds={"ArXiv": "2401.00010", "DOI": "10.1000/AbC"}).paper
    assert (paper.arxiv_id, paper.link) == ("2401.00010", "https://arxiv.org/abs/2401.00010")
    assert paper.doi and paper.doi.casefold() == "10.1000/abc"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("More <b>Lines</b>", "More Lines"),
        ("H<sub>2</sub>O &amp; Owls", "H2O & Owls"),
        ("The <SEG> of <think>", "The <SEG> of <think>"),
        ("Is a<b>c?", "Is a<b>c?"),
    ],
)
def test_a_title_loses_tags_that_only_format(title, shown):
    (report,) = read([{"title": title, "id": "1"}])
    assert report.paper.title == shown


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda papers: papers,
        lambda papers: {"papers": papers},
        lambda papers: {"data": {"items": papers}},
        lambda papers: {"results": papers, "title": "Today"},
        lambda papers: {"2026-05-19": papers},
        lambda papers: [papers],
        lambda papers: {"2401.00001": papers[0], "2401.00002": papers[1]},
    ],
)
def test_a_list_of_papers_is_found_where_it_stands(wrapped):
    papers = [{"title": "One", "summary": "A."}, {"title": "Two", "summary": "B."}]
    assert [report.paper.title for report in read(wrapped(papers))] == ["One", "Two"]


def test_a_list_under_a_day_is_reported_on_that_day():
    assert read({"2026-05-19": [{"title": "One", "id": "2401.00001"}]})[0].date == dt.date(
        2026, 5, 19
    )


@pytest.mark.parametrize("value", [[], {"papers": []}])
def test_an_empty_list_is_a_quiet_day(value):
    assert read(value) == []


@pytest.mark.parametrize("value", [[{}], [1, 2], {"a": 1}, [{"title": " \u200b"}], {"error": "no"}])
def test_json_without_papers_is_rejected(value):
    with pytest.raises(SourceError):
        records.read(json.dumps(value).encode(), "x", ARRIVED)


def test_a_record_without_a_title_is_left_out():
    assert [r.position for r in read([{"summary": "A."}, {"title": "Two", "id": "1"}])] == [1]


LINES = b'{"title": "One", "id": "2401.00001"}\n\n{"title": "Two"\n{"title": "Three", "id": "x"}\n'


def test_a_bad_line_rejects_the_file_and_is_named():
    with pytest.raises(SourceError) as caught:
        read(LINES)
    assert (caught.value.line, caught.value.whole) == (3, 2)


def test_salvage_takes_the_good_lines():
    assert [report.paper.title for report in read(LINES, salvage=True)] == ["One", "Three"]


def test_salvage_takes_the_whole_records_before_a_cut():
    data = json.dumps([{"title": f"T{n}", "id": "1"} for n in range(3)]).encode()[:-8]
    with pytest.raises(SourceError) as caught:
        read(data)
    assert caught.value.whole == 2
    assert len(read(data, salvage=True)) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'[{"title": "A", "id": ' + b"9" * 100_000 + b"}]",
        b'[{"title": "A", "x": NaN, "y": Infinity, "votes": 1e999}]',
        b'[{"title": "\\ud800", "title": "A \\udfff", "id": "1"}]',
        b'{"papers": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_hostile_json_is_papers_or_one_sentence(data):
    try:
        reports = read(data)
    except SourceError:
        return
    for report in reports:
        assert report.paper.key and report.paper.title.encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "title",
                    "abstract",
                    "summary",
                    "authors",
                    "id",
                    "link",
                    "date",
                    "upvotes",
                    "tags",
                    "paper",
                    "papers",
                    "data",
                    "items",
                    "version",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@settings(deadline=None, max_examples=200)
@given(VALUES)
def test_any_json_gives_papers_or_one_sentence(value):
    for data in (json.dumps(value).encode(), json.dumps([{"title": "A", "paper": value}]).encode()):
        for reader in (records.read, json_feed.read):
            for salvage in (False, True):
                try:
                    reports = reader(data, "x", ARRIVED, salvage=salvage)
                except SourceError:
                    continue
                assert all(report.paper.key.encode() for report in reports)


def test_the_days_of_a_listing_give_exactly_their_new_papers():
    folder = shared("data/arxiv_daily_jsonl")
    days = json.loads((folder / "expected_new.json").read_text("utf-8"))["days"]
    seen: set[str | None] = set()
    for day, expected in sorted(days.items()):
        reports = readers.read((folder / f"{day}.jsonl").read_bytes(), day, ARRIVED)
        ids = [report.paper.arxiv_id for report in reports]
        assert (len(ids), len(set(ids))) == (expected["rows"], expected["unique"])
        assert [id for id in dict.fromkeys(ids) if id not in seen] == expected["new"]
        seen |= set(ids)


def test_the_same_day_as_json_and_as_markdown_is_the_same_papers():
    folder = shared("data/hf_digest_json")
    for path in sorted(folder.glob("*.json")):
        as_json = readers.read(path.read_bytes(), "a", ARRIVED)
        as_text = readers.read(path.with_suffix(".md").read_bytes(), "b", ARRIVED)
        assert [report.paper for report in as_json] == [report.paper for report in as_text] != []
        assert {report.date for report in as_text} == {dt.date.fromisoformat(path.stem)}


def test_weekly_texts_hold_fifty_papers_each():
    paths = sorted(shared("data/hf_text").glob("*.txt"))
    for path in paths:
        reports = readers.read(path.read_bytes(), "a", ARRIVED)
        assert reports == labelled.read(path.read_bytes(), "a", ARRIVED)
        assert len({report.paper.arxiv_id for report in reports}) == len(reports) == 50
        text = path.read_text("utf-8")
        for report in reports:
            assert report.paper.title in text
            assert report.paper.abstract[:60] in text


@pytest.mark.parametrize(("name", "count"), [("elastic_1.1", 3), ("example_1", 2), ("spec_1", 1)])
def test_json_feeds_are_read(name, count):
    data = shared(f"data/feeds/jsonfeed_{name}.json").read_bytes()
    reports = readers.read(data, "f", ARRIVED)
    assert reports == json_feed.read(data, "f", ARRIVED)
    assert len(reports) == count
    assert all(r.paper.link and r.paper.authors for r in reports)
    assert reports[0].paper.abstract and reports[0].date


def test_a_json_feed_keeps_what_only_looks_like_markup():
    item = {
        "id": "https://arxiv.org/abs/2401.00001v1",
        "title": "A <SEG> B",
        "content_html": "<p>We &lt;think&gt; <i>so</i>, <SEG>.</p>",
    }
    (report,) = read(
        {"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": [item, {"id": "2"}]}
    )
    assert (report.paper.title, report.paper.abstract) == ("A <SEG> B", "We <think> so, <SEG>.")
    assert report.paper.arxiv_id == "2401.00001"
