"""Text becomes terms: lower case, no stop words, English stems; CJK runs become pairs."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer

CJK = "぀-ヿ㐀-鿿가-힯"
WORD = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:'[^\W_{CJK}]+)?")
"""Runs of CJK letters, which have no spaces to split at, or words of anything else."""

STOP = frozenset(
    """a about above after all also am an and any are as at be because been before being below
    between both but by can cannot could did do does doing down during each either et few for from
    further had has have having he her here hers him his how however i if in into is it its itself
    just let made make makes making me more most my no nor not of off on once one only or other our
    ours out over own per same she should so some such than that the their theirs them then there
    therefore these they this those through thus to too toward under until up upon us very via was
    we were what
    when where whether which while who whom whose why will with within without would you your
    al paper papers propose proposed present show using use used based novel approach method
    methods results work new existing demonstrate various several""".split()  # noqa: SIM905
)
"""Function words, and the words every abstract uses, which tell no two papers apart."""

REMEMBERED = 100_000
"""Words whose terms are remembered, about 12 MB of them."""

_SPACED = {mark: " " for mark in range(128) if not chr(mark).isalnum()}
_known: dict[str, str] = {}
_local = threading.local()


def terms(text: str) -> list[str]:
    """The text's terms in order, repeats included. Same text, same terms, on any machine."""
    folded = _plain(text).casefold()
    found = folded.translate(_SPACED).split() if _is_simple(folded) else WORD.findall(folded)
    if not folded.isascii():
        found = [piece for run in found for piece in _pieces(run)]
    known = _known
    return [t for word in found if (t := known[word] if word in known else _stemmed(word))]


def _is_simple(folded: str) -> bool:
    """Whether all but letters and digits is as good as a space: then no pattern is needed."""
    return folded.isascii() and "'" not in folded


def _stemmed(word: str) -> str:
    """The term of one word, which is remembered; "" where it has none."""
    kept = word not in STOP and (len(word) > 1 or not word.isascii())
    term = str(_stemmer().stemWord(word)) if kept else ""
    if len(_known) < REMEMBERED:  # the common ones are met first; nothing is ever taken out
        _known[word] = term
    return term


def words(text: str) -> list[tuple[str, str]]:
    """Pairs of a word as it stands in the text and its term, in order."""
    pieces = WORD.findall(_plain(text))
    if not text.isascii():
        pieces = [piece for run in pieces for piece in _pieces(run)]
    return [(piece, term) for piece, term in zip(pieces, map(_term, pieces), strict=True) if term]


@lru_cache(16_384)
def _term(word: str) -> str:
    """The term of one word; "" where it has none."""
    return next(iter(terms(word)), "")


def _plain(text: str) -> str:
    """The text with one way to write each letter and the apostrophe, which the stemmer knows."""
    return unicodedata.normalize("NFKC", text).replace("’", "'")


def _pieces(run: str) -> list[str]:
    """The run itself, or for CJK, which has no spaces, each pair of letters in it."""
    if len(run) == 1 or not "぀" <= run[0] <= "힯":
        return [run]
    return [run[n : n + 2] for n in range(len(run) - 1)]


def _stemmer() -> Stemmer.Stemmer:
    """One stemmer a thread: they keep a cache and must not be shared."""
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer
