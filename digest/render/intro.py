"""The owner's own words, written in Markdown, as safe HTML and as plain text."""

from __future__ import annotations

from functools import lru_cache
from html.parser import HTMLParser

import markdown
import nh3

from digest.render.plain import plain, wrap

_TAGS = {"p", "br", "a", "em", "strong", "code", "ul", "ol", "li", "blockquote"}
_BLOCKS = {"p", "li", "blockquote", "ul", "ol"}


@lru_cache(maxsize=16)  # the same words stand in every mail of a run
def intro_html(words: str, colour: str) -> str:
    """``words`` as HTML of a few harmless elements, links in ``colour``; empty for none."""
    clean = nh3.clean(
        markdown.markdown(words),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    ).strip()
    # not nh3's set_tag_attribute_values: with it the order of attributes differs from run to run
    return clean.replace("<a href=", f'<a class="a" style="color:{colour}" href=')


@lru_cache(maxsize=16)
def intro_text(words: str) -> str:
    """``words`` as plain text, wrapped, each link followed by its address; empty for none."""
    reader = _Reader()
    reader.feed(intro_html(words, ""))
    reader.close()
    return "\n\n".join(wrap(block) for block in reader.blocks if plain(block))


class _Reader(HTMLParser):
    """Collects the text of each block of a clean fragment."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks = [""]
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a block, or remember where a link leads."""
        if tag in _BLOCKS and self.blocks[-1] not in ("", "- "):
            self.blocks.append("")
        if tag == "li":
            self.blocks[-1] = "- "
        self._href = dict(attrs).get("href") if tag == "a" else self._href

    def handle_endtag(self, tag: str) -> None:
        """Close a block, or say where a link leads unless its text does."""
        if tag in _BLOCKS:
            self.blocks.append("")
        if tag == "a" and self._href and self._href not in self.blocks[-1]:
            self.blocks[-1] += f" ({self._href})"

    def handle_data(self, data: str) -> None:
        """Take the text."""
        self.blocks[-1] += data
