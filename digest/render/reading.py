"""Text from outside as people read it, worked out once."""

from __future__ import annotations

from functools import lru_cache

from digest.render.latex import readable
from digest.render.plain import plain

REMEMBERED = 4096
"""How many texts are kept as people read them: those of the papers of a week or two."""


@lru_cache(REMEMBERED)
def said(text: str) -> str:
    """``text`` from outside as people read it: plain, on one line, its LaTeX as Unicode."""
    return plain(readable(plain(text)))


def capitalised(text: str) -> str:
    """``text`` with its first letter in upper case and the rest as it is."""
    return text[:1].upper() + text[1:]
