"""Whatever a title holds, it is text in Markdown and nothing in it acts."""

from __future__ import annotations

from html.parser import HTMLParser

import markdown as package
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.editions import Reason
from digest.render.markdown import markdown
from digest.render.plain import plain
from digest.render.reading import said
from digest.render.settings import MailSettings
from digest.render.templates import environment
from tests.support.builders import a_paper, a_pick, an_edition

ENV = environment()
EXTENSIONS = ["extra", "sane_lists", "toc", "admonition", "nl2br"]
HOSTILE = [
    "<script>alert(1)</script>",
    "{{7*7}}",
    "[x](javascript:alert(1))",
    "![x](https://example.org/pixel.png)",
    "# heading",
    "heading #",
    "`code` ``and`` ~~~fences~~~",
    "_a_ *b* __c__ **d** ***",
    "---",
    "===",
    "- list",
    "1. list",
    "2) list",
    "+ list",
    "> quote",
    "<https://example.org> <a@example.org>",
    "&lt;b&gt; &#60; R&D &copy;",
    "back\\slash \\* \\",
    "a ~~struck~~ b",
    "[^1]: note",
    "[ref]: https://example.org",
    "*[HTML]: abbreviation",
    "| a | b |",
    "{: onclick=alert(1) }",
    "term\n: definition",
    "![[x]] [[y]]",
    "\x02wzxhzdk:0\x03 klzzwxh:0000",
    ")](x",
]


class Seen(HTMLParser):
    """The text, the elements and the attributes of some HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.links, self.names = "", set(), [], set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data


def shown(text: str, extensions: list[str]) -> Seen:
    paper = a_paper(text, abstract=text, authors=(text,), link="https://example.org/1")
    pick = a_pick(paper, interest=text, reasons=(Reason("term", text, 1),))
    written = markdown(an_edition(pick, note=text), MailSettings(title="T"), ENV)
    return Seen(package.markdown(written, extensions=extensions))


@pytest.mark.parametrize("extensions", [[], EXTENSIONS], ids=["plain", "extended"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_reads_the_same_and_does_nothing(text, extensions):
    seen = shown(text, extensions)
    assert seen.text.count(plain(text)) >= 3  # note, interest, author
    assert seen.text.count(said(text)) >= 5  # and title, abstract, why, read as LaTeX
    assert seen.tags <= {"h1", "h2", "h3", "p", "em", "a", "blockquote"}
    assert seen.names <= {"href", "id"}
    assert set(seen.links) == {"https://example.org/1"}


@settings(deadline=None)  # the first example loads what the others use
@given(st.text(max_size=60))
def test_no_text_at_all_becomes_an_element_or_a_link(text):
    seen = shown(text, [])
    assert seen.tags <= {"h1", "h2", "h3", "p", "em", "a", "blockquote"}
    assert set(seen.links) == {"https://example.org/1"}


def test_a_link_with_brackets_stays_one_link():
    paper = a_paper(link="https://example.org/a_(b)_[c]?x=1&copy;=2*'`")
    written = markdown(an_edition(a_pick(paper)), MailSettings(), ENV)
    (link,) = Seen(package.markdown(written)).links
    assert link == "https://example.org/a_%28b%29_%5Bc%5D?x=1&copy%3B=2%2A%27%60"
