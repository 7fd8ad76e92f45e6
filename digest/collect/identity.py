"""When two reports without a common id are of one paper: a measured rule, and where to look.

Measured on 11,900 real papers (arXiv, Hugging Face, CISI, Cranfield, systematic reviews): of the
pairs of different papers that share a title or much of an abstract, every one differs in a number
of the title, in abstracts that have nothing in common, or in a title that is 87 % alike or less
("spanwise lift distributions for swept wings", "... for unswept wings"). Whole abstracts are shared
by different papers (chapters of one book, reports of one workshop), whole titles too ("Information
retrieval systems"): neither is enough alone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from zlib import crc32

import numpy as np

from digest.papers import Paper, author_key, contradict, title_key

ALIKE = 90.0
"""Percent: titles are one with changes. Different papers with shared abstracts reach 87."""

SHARED = 0.5
"""Of the shorter abstract, what papers with nearly one title share; different ones 0.28."""

SUBTITLE_SHARED = 0.7
"""The same where the titles have only their beginning in common."""

UNLIKE = 0.5
"""Papers of one title are two when their abstracts share less of their words than this.

Different papers of one title share up to 0.48: volumes of one annual review."""

RETOLD = 0.3
"""The same where the title holds a name ("ForCenNet"): two summaries of one paper share 0.41."""

REVISED = 0.25
"""Of the shorter abstract, what two of one title share; different ones share 0.08."""

TELLING = 8
"""Shingles an abstract needs to say anything; shorter ones are taken for missing."""

SKETCH = 6
"""Shingles an abstract is found by. Two that share half of theirs miss each other in 2 %."""

_VERSION = re.compile(
    r"^\W*(?:v(?:ersion\s?)?\d{1,2}\W*?[:.\-–—\]]|(?:re|updated?|revised)\s*:)\W*(?=\w)", re.I
)
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*|\\.")
_LATEX = str.maketrans("", "", "${}^_")
_WORD = re.compile(r"[^\W_]+")
_CONTENT = re.compile(r"[^\W_]{5,}")
_ASCII_SPACED = bytes(n if chr(n).isalnum() and n < 128 else 32 for n in range(256))
_NAME = re.compile(r"[a-z][A-Z]|[A-Za-z]-?\d|\d[A-Z]|[A-Z]{2}[a-z]")
_NUMBER = re.compile(r".*\d.*|[ivx]+")
_HEAD = re.compile(r"\s*(?::|\s[-–—]|\?)\s")
_CUT = re.compile(r"\s*(?:…|\.\.\.)\s*$")
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψω",
        re.findall(
            r"\w+",
            "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma "
            "tau upsilon phi chi psi omega",
        ),
        strict=True,
    )
)
_GREEK_NAMES = frozenset(_GREEK.values())


def same(a: Paper, b: Paper) -> bool:
    """Whether the two are one paper. Symmetric; ids decide where both have one of a kind."""
    if contradict(a, b):
        return False
    if (a.arxiv_id and a.arxiv_id == b.arxiv_id) or (a.doi and a.doi == b.doi):
        return True
    one, two = spelled(a.title), spelled(b.title)
    if one == two:
        return _one_title(a, b, one)
    return _near(one, two) and _near_title(a, b, one, two)


def blocks(paper: Paper) -> tuple[int, ...]:
    """The places of an archive where reports of this paper may be: any two share at least one.

    Its title, either half of it, the beginning of its abstract, and the smallest of its hashed
    shingles (a bottom-k sketch: Broder 1997).
    """
    title = spelled(paper.title).split()
    half = len(title) // 2
    texts = [("title", title)]
    if half >= 2:
        texts += [("first", title[:half]), ("last", title[-half:])]
    if len(title) > 5:
        texts.append(("head", title[:5]))
    found = [crc32(" ".join([kind, *words]).encode()) for kind, words in texts]
    return tuple(
        dict.fromkeys(
            [*found, *(int(n) & 0x7FFFFFFFFFFFFFFF for n in _shingles(paper.abstract)[:SKETCH])]
        )
    )


def spelled(title: str) -> str:
    """``title`` in plain small letters: no accents, LaTeX, punctuation or "v2:" before it."""
    text = _VERSION.sub("", title)
    if "\\" in text or "$" in text:
        text = _COMMAND.sub(lambda command: _letter(command[1]), text).translate(_LATEX)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(_GREEK.get(char, char) for char in text if not unicodedata.combining(char))
    return " ".join(_WORD.findall(text.casefold())) or title_key(title)


def _letter(command: str | None) -> str:
    return command if command and command.lower() in _GREEK_NAMES else ""


def _one_title(a: Paper, b: Paper, title: str) -> bool:
    """Whether papers of one title are one: not where everything else is different."""
    authors = [{author_key(name) for name in paper.authors} for paper in (a, b)]
    if (a.abstract and a.abstract == b.abstract) or len(authors[0] & authors[1]) >= 2:
        return True
    if min(len(_content(paper)) for paper in (a, b)) >= 4:
        revised = _tells(a) and _tells(b) and overlap(a.abstract, b.abstract) >= REVISED
        named = all(_NAME.search(paper.title) for paper in (a, b))
        return revised or _words_shared(a, b) >= (RETOLD if named else UNLIKE)
    if a.link and a.link == b.link:
        return True
    if all(authors):
        return bool(authors[0] & authors[1])
    return (len(title) >= 15 and title.count(" ") >= 2) or _say_nothing_else(a, b)


def _say_nothing_else(a: Paper, b: Paper) -> bool:
    """Whether there is nothing but a title to go by."""
    return a.abstract == b.abstract and not (a.link and b.link)


def _near(one: str, two: str) -> bool:
    """Whether titles may be one with changes; their numbers are not among what may change."""
    return one[:5] == two[:5] or one[-5:] == two[-5:] or _alike(one, two) >= ALIKE


def _near_title(a: Paper, b: Paper, one: str, two: str) -> bool:
    cut = _is_cut(a.title, b.title, one, two)
    if not cut and _numbers(one) != _numbers(two):
        return False
    if not (_tells(a) and _tells(b)):
        return _is_typo(one, two) and len(one) >= 40
    alike = _alike(one, two) >= ALIKE or _is_typo(one, two)
    if not (alike or cut or _one_head(a.title, b.title)):
        return False
    return overlap(a.abstract, b.abstract) >= (SHARED if alike else SUBTITLE_SHARED)


def _alike(one: str, two: str) -> float:
    from rapidfuzz import fuzz  # late: only papers that share a block come here

    return fuzz.ratio(one, two)


def _is_typo(one: str, two: str) -> bool:
    """Whether titles differ in a letter of a word or two; never the first: "typed", "untyped"."""
    from rapidfuzz.distance import OSA

    if one.replace(" ", "") == two.replace(" ", ""):
        return True
    words = list(zip(one.split(), two.split(), strict=False))
    other = [(x, y) for x, y in words if x != y]
    return (
        one.count(" ") == two.count(" ")
        and len(other) <= 2
        and all(x[0] == y[0] and len(x) >= 5 and OSA.distance(x, y) <= 1 for x, y in other)
    )


def _is_cut(a: str, b: str, one: str, two: str) -> bool:
    """Whether one title breaks off with "…" and is the beginning of the other."""
    return any(
        bool(_CUT.search(raw)) and len(short) >= 15 and long.startswith(short)
        for raw, short, long in ((a, one, two), (b, two, one))
    )


def _one_head(a: str, b: str) -> bool:
    """Whether titles differ in what follows their first colon, and begin with more than a word.

    A word with a capital or a digit inside is a name, and enough.
    """
    heads = [_HEAD.split(_VERSION.sub("", title), maxsplit=1)[0] for title in (a, b)]
    if spelled(heads[0]) != spelled(heads[1]):
        return False
    return heads[0].count(" ") >= 2 or any(
        char.isupper() or char.isdigit() for char in heads[0][1:]
    )


def _numbers(title: str) -> list[str]:
    return sorted(word for word in title.split() if _NUMBER.fullmatch(word))


def _tells(paper: Paper) -> bool:
    return len(_shingles(paper.abstract)) >= TELLING


def overlap(a: str, b: str) -> float:
    """How much of the shorter text's shingles the other holds: 0 to 1 (containment)."""
    one, two = set(_shingles(a)), set(_shingles(b))
    return len(one & two) / (min(len(one), len(two)) or 1)


def _content(paper: Paper) -> set[str]:
    return set(_CONTENT.findall(paper.abstract.casefold()))


def _words_shared(a: Paper, b: Paper) -> float:
    one, two = _content(a), _content(b)
    return len(one & two) / min(len(one), len(two))


_MIX = tuple(np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))


@lru_cache(maxsize=256)
def _shingles(text: str) -> tuple[int, ...]:
    """The hashes of all runs of four words of five letters or more, smallest first.

    Short words are left out with the phrases every abstract uses ("in this paper we show that").
    """
    folded = text.casefold()
    if folded.isascii():  # the same, in a quarter of the time
        split = folded.encode().translate(_ASCII_SPACED).split()
        found = [word for word in split if len(word) >= 5]
    else:
        found = [word.encode() for word in _CONTENT.findall(folded)]
    words = np.array([crc32(word) for word in found], np.uint64)
    if len(words) < 4:
        return ()
    mixed = words[:-3]
    for n, factor in enumerate(_MIX, start=1):
        mixed = (mixed ^ (mixed >> np.uint64(29))) * factor + words[n : len(words) - 3 + n]
    mixed = (mixed ^ (mixed >> np.uint64(31))) * _MIX[0]
    return tuple(dict.fromkeys(np.sort(mixed).tolist()))
