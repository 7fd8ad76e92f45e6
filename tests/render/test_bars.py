"""Bars are as high as what they show, whatever that is, and say so in words."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from digest.render.bars import HEIGHT, bars

KINDS = {"sent": "on", "failed": "bad"}


def rects(svg: str) -> list[dict[str, float | str]]:
    found = ET.fromstring(svg).iter("rect")
    return [{k: v if k == "class" else float(v) for k, v in one.attrib.items()} for one in found]


def test_the_highest_bar_is_as_high_as_the_chart_and_half_of_it_half():
    svg = bars([("Mon", {"sent": 4}), ("Tue", {"sent": 2})], KINDS, "Mails")
    high, low = rects(svg)
    assert (high["height"], high["y"]) == (HEIGHT, 0)
    assert (low["height"], low["y"]) == (HEIGHT / 2, HEIGHT / 2)
    assert low["x"] > high["x"]


def test_parts_of_a_day_stand_on_each_other():
    on, bad = rects(bars([("Mon", {"failed": 1, "sent": 3})], KINDS, "Mails"))
    assert (on["class"], bad["class"]) == ("on", "bad")
    assert bad["y"] + bad["height"] == on["y"]


def test_one_failure_among_ten_thousand_is_to_be_seen():
    _, bad = rects(bars([("Mon", {"sent": 10_000, "failed": 1})], KINDS, "Mails"))
    assert bad["height"] == 1


def test_what_is_not_asked_for_is_not_drawn_and_nothing_is_no_chart():
    assert bars([("Mon", {"waiting": 7})], KINDS, "Mails") == ""
    assert bars([], KINDS, "Mails") == ""


def test_a_chart_says_in_words_what_it_shows_and_escapes_them():
    svg = bars([("<Mon>", {"sent": 1})], KINDS, "Mails of <b>")
    assert "<title>Mails of &lt;b&gt;</title>" in svg
    assert "&lt;Mon&gt;" in svg
    assert 'role="img"' in svg
    assert re.search(r"style|script", svg) is None


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=("C",)), max_size=8),
            st.dictionaries(st.sampled_from(["sent", "failed", "x"]), st.integers(0, 10**9)),
        ),
        max_size=120,
    )
)
def test_any_chart_is_xml_and_within_its_frame(columns):
    svg = bars(columns, KINDS, "Mails")
    if not svg:
        return
    width = float(ET.fromstring(svg).attrib["width"])
    for rect in rects(svg):
        assert 0 <= rect["x"] <= rect["x"] + rect["width"] <= width
        assert rect["y"] >= -2  # a part that is a pixel high at least may stand out
        assert rect["y"] + rect["height"] <= HEIGHT + 0.2
