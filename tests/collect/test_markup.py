"""HTML from feeds becomes the text it shows."""

import time

import pytest

from digest.collect.markup import shown


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<b>bold</b>ly", "boldly"),
        ('<a href="https://example.org/?a>b" rel=nofollow>here</a>', "here"),
        ("H<sub>2</sub>O &amp; CO<SUB>2</SUB>", "H2O & CO2"),
        ("the <SEG> token, <think> and </think>", "the <SEG> token, <think> and </think>"),
        ("&lt;p&gt; is a tag", "<p> is a tag"),
        ("x < y and a<b and c>d", "x < y and a<b and c>d"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("<jats:italic>", "<jats:italic>"),
    ],
)
def test_formatting_goes_and_text_stays(markup, text):
    assert shown(markup) == text


@pytest.mark.parametrize(
    "markup", ["one<br/>two", "<p>one</p><p>two</p>", "<jats:p>one</jats:p>two"]
)
def test_blocks_are_kept_apart(markup):
    assert shown(markup).split() == ["one", "two"]


@pytest.mark.parametrize("part", ["<a ", '<a x="', "<a x=", "<p", "<", "&", "<a x='y' "])
def test_hostile_markup_takes_no_time(part):
    start = time.process_time()
    shown(part * 20_000)
    assert time.process_time() - start < 2
