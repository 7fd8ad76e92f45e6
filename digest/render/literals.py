"""Addresses, paths and code in a text, set aside so that nothing changes within them."""

from __future__ import annotations

import re

ADDRESS = "\U000f0000-\U000ffffd"
"""The signs that stand for addresses: a range for a pattern's class."""

OTHERS = "\U00100000-\U0010fffd"
"""The signs that stand for paths, code and patterns."""

_MOST = 60_000
_KEPT = re.compile(f"[{ADDRESS}{OTHERS}]")
_LITERAL = re.compile(
    r"""(?P<address>(?:https?|ftp)://[^\s{}<>"\\$]+(?:\\[_%&\#~][^\s{}<>"\\$]*)*)
      | (?<![\w\\])[A-Za-z]:\\[^\s{}$]*
      | (?<![\w\\])\\\\\w+\\[^\s{}$]*
      | (?<!`)`[^`'\s][^`'\n]{0,80}`(?!`)
      | (?<![^\s"'/(\[])\^[^\s$]{1,60}\$(?![^\s"'/)\],.;])
    """,
    re.VERBOSE,
)
_BEGINNINGS = ("://", ":\\", "\\\\", "`", "^")
_ESCAPED = re.compile(r"\\([_%&#~])")


def set_aside(text: str) -> tuple[str, dict[str, str]] | None:
    """``text`` with a private sign for each literal, and what they stand for.

    None if ``text`` holds such signs itself, or too many literals.
    """
    if not text.isascii() and _KEPT.search(text):
        return None
    if not any(sign in text for sign in _BEGINNINGS):
        return text, {}
    signs: dict[str, str] = {}

    def sign_of(found: re.Match[str]) -> str:
        base = ADDRESS[0] if found["address"] else OTHERS[0]
        return signs.setdefault(found[0], chr(ord(base) + len(signs)))

    text = _LITERAL.sub(sign_of, text)
    if len(signs) > _MOST:
        return None
    return text, {sign: _ESCAPED.sub(r"\1", literal) if sign < OTHERS[0] else literal
                  for literal, sign in signs.items()}  # fmt: skip


def put_back(text: str, literals: dict[str, str]) -> str:
    """``text`` with its literals instead of their signs."""
    return _KEPT.sub(lambda sign: literals[sign[0]], text) if literals else text
