"""How asking a source ends early: without a usable answer, and with the reason in words."""

from __future__ import annotations

LATER = "it is tried again later"


class Stopped(Exception):
    """No usable answer. The text is the end of a sentence: what happened, and what now."""
