"""Texts that are laid out by labels, tables, bullets or as copies of a page: where they go wrong."""

import datetime as dt

import pytest

from digest.collect import bullets, labelled, page_copy, readers, tables
from digest.errors import SourceError
from tests.support.papers_text import compact, likely, spaced
from tests.support.shared import shared

ARRIVED = dt.date(2026, 10, 3)


def rejection(read, text):
    with pytest.raises(SourceError) as caught:
        read(text.encode(), "a.md", ARRIVED)
    assert caught.value.source == "a.md"
    return caught.value


def titles(read, text, **options):
    return [report.paper.title for report in read(text.encode(), "a.md", ARRIVED, **options)]


def test_a_real_copy_of_the_page_gives_its_papers():
    path = shared("data/hf_page_copy/firecrawl_markdown_2026-10-02.md")
    first, second = readers.read(path.read_bytes(), "a", ARRIVED)
    assert (first.paper.arxiv_id, first.votes, first.date) == (
        "2606.00683",
        101,
        dt.date(2026, 10, 2),
    )
    assert first.paper.link == "https://huggingface.co/papers/2606.00683"
    assert second.paper.title.endswith("How Scholars Engage with Past Research")
    assert second.paper.abstract.endswith("variability in citation types.")
    assert (second.paper.published, second.votes) == (dt.date(2025, 2, 27), None)


PAGE = "Get trending papers in your email inbox!\n\nOct 2\n\n" + "\n\n".join(
    f"[{n}](https://huggingface.co/login?next=%2Fpapers%2F2606.0000{n})\n\n"
    f"### [Paper {n}](https://huggingface.co/papers/2606.0000{n})\n\nWe do {n}. It works well, and it is cheap for all of us."
    for n in range(1, 4)
)


def test_a_paper_whose_title_is_lost_is_named_by_its_line():
    error = rejection(
        readers.read, PAGE.replace("### [Paper 3](https://huggingface.co/papers/2606.00003)", "x")
    )
    assert (error.why, error.line, error.whole) == ("paper 2606.00003 has no title", 17, 2)


def test_salvage_of_a_copied_page_takes_the_papers_before():
    text = PAGE.replace("### [Paper 3](https://huggingface.co/papers/2606.00003)", "x")
    assert titles(readers.read, text, salvage=True) == ["Paper 1", "Paper 2"]


def test_navigation_is_never_a_title_or_an_abstract():
    text = (
        PAGE
        + "\n\nCompany\n\nTOS Privacy About Careers\n\n[Terms](/terms-of-service)\n\nSystem theme"
    )
    reports = readers.read(text.encode(), "a", ARRIVED)
    assert [r.paper.abstract for r in reports][
        -1
    ] == "We do 3. It works well, and it is cheap for all of us."
    assert len(reports) == 3


def test_an_unknown_dialect_of_the_page_is_rejected_with_a_line():
    text = "Daily Papers\n\n<<2606.00001>> · 3 authors\n\n<<2606.00002>> · 4 authors\n"
    assert rejection(page_copy.read, text).line


def test_a_copy_without_papers_is_rejected_with_a_line():
    text = "Get trending papers in your email inbox!\n\n[12](https://huggingface.co/login?next=%2Fpapers%2F2606.00001)\n"
    assert rejection(page_copy.read, text).line


@pytest.mark.parametrize("layout", [compact, spaced])
def test_the_plain_layouts_stay_digest_files(layout):
    assert readers._kind(layout(likely(5)).encode(), "a") == "digest"


LABELLED = "Title: One\nPDF: https://arxiv.org/pdf/2401.00001\nSummary: We do one. It works.\n---\n"


def test_a_lost_title_is_named_by_its_line():
    text = LABELLED + LABELLED.replace("Title: One\n", "") + LABELLED
    error = rejection(readers.read, text)
    assert (error.why, error.line, error.whole) == ("a paper without a title", 5, 1)
    assert titles(readers.read, text, salvage=True) == ["One"]


def test_a_labelled_file_that_stops_in_a_sentence_is_cut_off():
    error = rejection(readers.read, (LABELLED * 3)[:-20])
    assert "cut off" in error.why
    assert (error.line, error.whole) == (9, 2)


def test_a_line_of_an_abstract_that_begins_like_a_label_stays_in_it():
    text = "Title: One\nSummary: We do one.\nCode: https://github.com/a/b\nNote: it works.\n---\n"
    (report,) = labelled.read(text.encode(), "a", ARRIVED)
    assert report.paper.abstract == "We do one. Code: https://github.com/a/b Note: it works."


def test_markup_in_a_labelled_text_is_text():
    text = LABELLED.replace("We do one", r"We <SEG> \alpha *one* <think> 5 | 6")
    assert readers.read(text.encode(), "a", ARRIVED)[0].paper.abstract.startswith(
        r"We <SEG> \alpha *one* <think> 5 | 6"
    )


TABLE = "| Link | Title |\n|---|---|\n| https://arxiv.org/abs/2401.00001 | One |\n| x | y | z |\n| https://arxiv.org/abs/2401.00003 | Three |\n"


def test_a_row_that_does_not_fit_its_header_is_named():
    error = rejection(readers.read, TABLE)
    assert (error.line, error.whole) == (4, 2)
    assert titles(readers.read, TABLE, salvage=True) == ["One", "Three"]


def test_a_table_of_other_things_is_no_table_of_papers():
    assert not tables.is_table(
        "| Name of the day | Weather |\n|---|---|\n| a | b |\n".replace("Name of the day", "Day")
    )


def test_an_item_that_names_no_paper_is_named():
    text = "- [One](https://arxiv.org/abs/2401.00001) - Ann Bee\n- [Two](https://arxiv.org/abs/2401.00002)\n- and more\n"
    error = rejection(readers.read, text)
    assert (error.line, error.whole) == (3, 2)
    assert titles(bullets.read, text, salvage=True) == ["One", "Two"]


@pytest.mark.parametrize(
    "title", ["A [Re] B", "On <SEG>", "Why <think>?", "C++ | Rust", "$O(n^2)$ Sorting"]
)
def test_titles_with_signs_are_kept(title):
    escaped = title.replace("|", r"\|")
    assert titles(readers.read, f"- [{title}](https://arxiv.org/abs/2401.00001) - Ann Bee\n") == [
        title
    ]
    assert titles(
        readers.read,
        f"| Title | URL |\n|--|--|\n| {escaped} | https://arxiv.org/abs/2401.00001 |\n",
    ) == [title]
    assert titles(readers.read, LABELLED.replace("One", title)) == [title]
    assert titles(readers.read, PAGE.replace("Paper 2", title))[1] == title


TURNS = compact(likely(3))
CSV = "title,abstract,url\nOne,We do.,https://arxiv.org/abs/2401.00001\nTwo,We go.\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# Papers of the week\nThis week was a good one, and here is what I read.\n", 1),
        ("\n<table>\n<tr><td>Owls and their maps of sound.</td></tr>\n</table>\n", 2),
        ("---\nlayout: a post, of May.\n---\nHere is what we read this week.\n", 1),
        ("A note\nWe read the papers below this week.\n## One\nIt is about owls, and good.\n", 3),
        ("```\nmake the list of papers again.\n```\nAnd then it is there again.\n", 1),
        ("title,authors,year\nOwls and Their Maps,Ann Bee and others et al.,2026.\n", 1),
        ("| Owl | Map |\nThe owls are on the left of the maps.\n", 1),
        ("- [Owls](#owls)\nThe owls are on the left of the maps, and below.\n", 1),
        ("A Good Title\nWe do one thing, and we do it.\nDear all\nhello\n\nyes\nno\n", 3),
        ("Dear all,\nyes\n", 1),
    ],
)
def test_what_is_of_no_known_layout_is_rejected_by_its_first_line(text, line):
    for salvage in (False, True):
        with pytest.raises(SourceError) as caught:
            readers.read(text.encode(), "a.md", ARRIVED, salvage=salvage)
        assert caught.value.line == line


@pytest.mark.parametrize(
    "structure",
    ["# Papers", "<table>", "|Owl|Map|", "|---|---|", "<div class='a'>", "- [One](#one)"],
)
def test_structure_in_the_place_of_a_title_is_named_below_a_banner_too(structure):
    error = rejection(readers.read, f"{TURNS.rstrip()}\n{structure}\nA text that is an abstract.")
    assert error.why == "Markdown, HTML or a table stands where a title should be"
    assert error.whole == 3


@pytest.mark.parametrize(
    "title", ["#MeToo in Text", "|V_{cb}| and |V_{ub}|", "<SEG> Tokens", "Title and Text"]
)  # fmt: skip
def test_a_title_that_begins_with_a_sign_is_no_structure(title):
    lines = TURNS.rstrip() + f"\n{title}\nWe do one thing, and we do it well enough for all of us."
    assert titles(readers.read, lines)[-1] == title


def test_a_row_that_does_not_fit_the_header_is_named():
    error = rejection(readers.read, CSV)
    assert (error.line, error.whole) == (3, 1)
    assert titles(readers.read, CSV, salvage=True) == ["One"]


@pytest.mark.parametrize(("sign", "name"), [(";", "summary"), ("\t", "abstract"), (",", "doi")])
def test_rows_are_parted_by_commas_semicolons_or_tabs(sign, name):
    text = f"\nTitle{sign}{name}{sign}Published\n\nOwls: Maps{sign}We go.{sign}2026-05-19\n"
    (report,) = readers.read(text.encode(), "a", ARRIVED)
    assert (report.paper.title, report.paper.abstract) == (
        "Owls: Maps",
        "We go." if name != "doi" else "",
    )
    assert report.paper.published == dt.date(2026, 5, 19)


def test_an_open_quote_is_a_row_that_does_not_fit():
    error = rejection(readers.read, CSV.replace("We go.", '"We go.'))
    assert (error.line, error.whole) == (3, 1)


def test_a_folded_abstract_is_an_abstract():
    text = "### [One](https://arxiv.org/abs/2401.00001)\n**Authors:** Ann Bee\n<details><summary>Abstract</summary>\n\nWe do.\n</details>\n"
    (report,) = readers.read(text.encode(), "a", ARRIVED)
    assert (report.paper.abstract, report.paper.authors) == ("We do.", ("Ann Bee",))
