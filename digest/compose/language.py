"""Text becomes terms: lower case, no stop words, English stems; CJK runs become pairs."""

from __future__ import annotations

import re
import threading
import unicodedata

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

_local = threading.local()


def terms(text: str) -> list[str]:
    """The text's terms in order, repeats included. Same text, same terms, on any machine."""
    folded = _plain(text).casefold()
    found = WORD.findall(folded)
    if not folded.isascii():
        found = [piece for run in found for piece in _pieces(run)]
    kept = [word for word in found if word not in STOP and (len(word) > 1 or not word.isascii())]
    return list(_stemmer().stemWords(kept))


def words(text: str) -> list[tuple[str, str]]:
    """Pairs of a word as it stands in the text and its term, in order."""
    pieces = [piece for run in WORD.findall(_plain(text)) for piece in _pieces(run)]
    return [(piece, term) for piece in pieces for term in terms(piece)[:1]]


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
