"""Charts of where and when a paper was reported: SVG that says in words what it shows."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from digest.papers import Mention
from digest.render.charts import DAYS, SOURCES, seen, words
from digest.render.plain import plain
from digest.sources import INBOX

TODAY = dt.date(2026, 5, 20)


def mention(source: str = "arXiv", days: int = 0, position: int = 1, of: int = 10) -> Mention:
    """A report so many days before today."""
    return Mention(source, position, of, TODAY - dt.timedelta(days=days))


def drawn(*mentions: Mention) -> ET.Element:
    return ET.fromstring(seen(mentions, TODAY))


def kinds(svg: ET.Element) -> list[str]:
    return [str(one.get("class")) for one in svg.iter("circle")]


def test_a_report_is_a_mark_in_the_row_of_its_source_and_the_column_of_its_day() -> None:
    svg = drawn(mention("arXiv", 0), mention("Blog", 2))
    assert kinds(svg)[:DAYS] == ["off"] * (DAYS - 1) + ["on"]
    assert kinds(svg)[DAYS:] == ["off"] * (DAYS - 3) + ["on", "off", "off"]
    assert [text.text for text in svg.iter("text")] == ["arXiv", "Blog", "7 May", "20 May"]


def test_a_place_near_the_top_is_a_larger_mark() -> None:
    sizes = [
        float(str(one.get("r")))
        for one in drawn(mention("A", position=1), mention("B", position=9)).iter("circle")
        if one.get("class") == "on"
    ]
    assert sizes[0] > sizes[1]


def test_what_is_too_old_or_to_come_is_not_drawn() -> None:
    assert seen([mention(days=DAYS)], TODAY) == ""
    assert seen([mention(days=-1)], TODAY) == ""
    assert seen([], TODAY) == ""
    assert seen([mention(days=DAYS - 1)], TODAY) != ""


def test_many_sources_are_few_rows() -> None:
    svg = drawn(*(mention(f"Source {n}") for n in range(9)), mention("Source 7", 1))
    labels = [text.text for text in svg.iter("text")]
    assert labels[:-2] == ["Source 7", "Source 0", "Source 1", "6 more"]
    assert len(kinds(svg)) == DAYS * SOURCES


def test_the_title_says_the_same_in_words() -> None:
    assert words([mention()]) == "Reported once by arXiv, on 20 May"
    said = words([mention("arXiv", 3), mention(INBOX), mention("arXiv")])
    assert said == "Reported 3 times by arXiv and Digest file, between 17 May and 20 May"
    title = drawn(mention(), mention("Blog")).find("title")
    assert title is not None
    assert title.text == "Reported twice by arXiv and Blog, on 20 May"


@given(
    st.lists(st.tuples(st.text(max_size=30), st.integers(-3, 20), st.integers(1, 9)), max_size=9)
)
def test_any_names_give_well_formed_svg_without_inline_style(
    found: list[tuple[str, int, int]],
) -> None:
    made = seen([mention(source, days, place) for source, days, place in found], TODAY)
    if made:
        svg = ET.fromstring(made)
        assert svg.get("role") == "img"
        assert "style" not in made.replace(str(svg.findtext("title")), "").split(">")[0]
        assert plain(made) == made
