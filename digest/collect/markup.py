"""HTML from feeds as the text it shows, without losing text that only looks like a tag."""

from __future__ import annotations

import html
import re
from collections import Counter

_BLOCKS = (
    "address|article|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|ol|p"
    "|pre|section|table|tbody|td|tfoot|th|thead|tr|ul"
    "|jats:(?:p|sec|title|list|list-item|label)"
)
_INLINE = (  # not "s": in papers it is the token that begins a sentence
    "a|abbr|b|bdi|big|cite|code|del|em|font|i|img|ins|kbd|mark|q|samp|small|span|strike|strong"
    "|sub|sup|time|tt|u|var|wbr"
    "|jats:(?:italic|bold|sub|sup|sc|monospace|underline|ext-link|inline-formula|xref)"
)
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))*"""
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCKS}){_ATTRIBUTES}\s*/?>|<!--[^<>]{{0,2000}}-->", re.I)
_INLINE_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>{_INLINE})(?P<attributes>{_ATTRIBUTES})\s*/?>", re.I
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{1,31});", re.I)
_TWICE = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|amp|lt|gt|quot|apos|nbsp);", re.I)


def shown(markup: str) -> str:
    """The text that ``markup`` shows: formatting tags gone, entities resolved.

    Only tags that format text count as markup, and those that enclose a word only in pairs or
    with attributes. Everything else in angle brackets is what an author wrote, ``<SEG>``,
    ``<think>``, ``<s>``, "a<b>c" or ``<script>``, and stays as text; so the result may look like
    HTML and must be escaped wherever HTML is written. Entities that journals escape twice
    (``&amp;lt;``) are resolved twice.
    """
    if "<" in markup:
        markup = _without_inline_tags(_BLOCK_TAG.sub(" ", markup))
    return _TWICE.sub(_resolved, _ENTITY.sub(_resolved, markup)) if "&" in markup else markup


def _without_inline_tags(markup: str) -> str:
    """``markup`` without inline tags that are in pairs, have attributes or need no partner."""
    tags = Counter((tag["name"].lower(), bool(tag["end"])) for tag in _INLINE_TAG.finditer(markup))

    def kept(tag: re.Match[str]) -> str:
        name = tag["name"].lower()
        paired = tags[name, True] and tags[name, False]
        return "" if paired or tag["attributes"] or name == "wbr" else tag[0]

    return _INLINE_TAG.sub(kept, markup) if tags else markup


def _resolved(entity: re.Match[str]) -> str:
    """The character of an entity; only with its semicolon, for "?a=1&copy=2" has none."""
    return html.unescape(entity[0])
