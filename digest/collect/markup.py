"""HTML from feeds as the text it shows, without losing text that only looks like a tag."""

from __future__ import annotations

import html
import re

_BLOCKS = (
    "address|article|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|ol|p"
    "|pre|section|table|tbody|td|tfoot|th|thead|tr|ul"
)
_INLINE = (
    "a|abbr|b|bdi|big|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|samp|small|span|strike|strong"
    "|sub|sup|time|tt|u|var|wbr"
)
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))*"""
_BLOCK_TAG = re.compile(rf"</?(?:jats:)?(?:{_BLOCKS}){_ATTRIBUTES}\s*/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:jats:)?(?:{_INLINE}){_ATTRIBUTES}\s*/?>", re.IGNORECASE)


def shown(markup: str) -> str:
    """The text that ``markup`` shows: formatting tags gone, entities resolved.

    Only tags that format text count as markup. Everything else in angle brackets is what an
    author wrote, ``<SEG>``, ``<think>``, "x < y" or ``<script>``, and stays as text; so the
    result may look like HTML and must be escaped wherever HTML is written.
    """
    return html.unescape(_INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", markup)))
