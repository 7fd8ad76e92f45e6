"""Digest files for tests: written in either layout, from given or drawn titles and abstracts."""

from __future__ import annotations

import random
import re

from hypothesis import strategies as st

from digest.collect.banner import is_banner
from digest.collect.plain import plain
from digest.collect.turns import ends_like_a_text

COMPACT = "Get trending papers in your email inbox once a day!\nGet trending papers in your email inbox!\nSubscribe"
SPACED = (
    "new",
    "Get trending papers in your email inbox!",
    "Subscribe",
    "byAK and the research community",
)

Pairs = list[tuple[str, str]]


def compact(pairs: Pairs) -> str:
    """The compact layout: no blank lines, no date, "Subscribe" glued to the first title."""
    return COMPACT + "\n".join(line for pair in pairs for line in pair)


def spaced(pairs: Pairs, date: str = "May 19") -> str:
    """The spaced layout: a blank line between any two, and a date."""
    return "\n\n".join([*SPACED, date, *(line for pair in pairs for line in pair)])


def _plain(text: str) -> bool:
    return bool(text) and plain(text, 2_000) == text


_BREAK = re.compile(r"[.!?…]\W*\s|[。！？｡।॥؟۔։።။]\W*\w")


def titles() -> st.SearchStrategy[str]:
    """Any plain text of up to 300 characters in one sentence: a word, CJK, markup, formulas."""
    text = st.text(min_size=1, max_size=300).map(lambda text: plain(text, 300))
    words = st.sampled_from(
        ["new", "Subscribe", "May 19", "π0", "<script>alert(1)</script>", "{{7*7}}"]
    )
    return (text | words).filter(lambda t: _plain(t) and not _BREAK.search(t) and not is_banner(t))


def abstracts() -> st.SearchStrategy[str]:
    """Any plain text of up to 2,000 characters that ends as a text does."""
    text = st.text(min_size=1, max_size=1_000).map(lambda text: plain(text, 1_000))
    return st.builds(
        lambda text, times, end: plain(" ".join([text] * times) + end, 2_000),
        text,
        st.integers(1, 3),
        st.sampled_from([".", "?", "!", ".”", ".)", "。", " https://example.org/code"]),
    ).filter(lambda text: _plain(text) and ends_like_a_text(text) and not is_banner(text))


def lists() -> st.SearchStrategy[Pairs]:
    """Papers of a file: at least one."""
    return st.lists(st.tuples(titles(), abstracts()), min_size=1, max_size=8)


WORDS = (
    "we a the of model models language vision learning method results show that in on for and data"
    " training large task new framework benchmark attention efficient state art propose which"
)


def likely(count: int, seed: int = 0) -> Pairs:
    """``count`` papers with titles and abstracts of the usual length and form."""
    rng = random.Random(seed)
    return [(_title(rng, number), _abstract(rng)) for number in range(1, count + 1)]


def _title(rng: random.Random, number: int) -> str:
    return f"Paper {number}: " + " ".join(rng.choices(WORDS.split(), k=rng.randint(4, 14))).title()


def _abstract(rng: random.Random) -> str:
    sentences = (
        " ".join(rng.choices(WORDS.split(), k=rng.randint(12, 30)))
        for _ in range(rng.randint(5, 10))
    )
    return " ".join(f"{sentence.capitalize()}." for sentence in sentences)
