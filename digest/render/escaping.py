"""Text and addresses from outside made safe: they read the same and do nothing."""

from __future__ import annotations

import re
from urllib.parse import quote

from digest.render.settings import is_web

_MARKS = re.compile(r"[\\`*_{}\[\]#]")
_ENTITIES = re.compile(r"&(?=#?\w+;)")
_START = re.compile(r"^(?:(\d+)([.)])|([-+]))(?=\s|$|[-+ ])")


def markdown_text(text: str) -> str:
    r"""One-line ``text`` so that Markdown shows it literally (CommonMark 0.31 §2.4, §2.5).

    Marks with a backslash escape in every dialect get a backslash; ``<``, ``>`` and ``~`` have
    none in Python-Markdown and become character references, which never start a structure.
    """
    text = _ENTITIES.sub("&amp;", text)
    text = _MARKS.sub(r"\\\g<0>", text)
    text = text.replace("<", "&lt;").replace(">", "&gt;").replace("~", "&#126;")
    text = re.sub(r"^=", "&#61;", text)
    return _START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", text)


def markdown_address(address: str) -> str:
    """``address`` as a Markdown link destination: without a mark that could end or change it."""
    return quote(address, safe="%:/?#@!$&+,=~")


def web_address(link: str) -> str | None:
    """``link`` as an ASCII http(s) address that can stand in an attribute; None if it is none."""
    return quote(link, safe="%:/?#[]@!$&'()*+,;=~") if is_web(link) else None
