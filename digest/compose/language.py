"""Text becomes terms: lower case, no stop words, English stems; CJK runs become pairs."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator

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
    therefore these they this those through thus to too toward under until up upon us very via was we were what
    when where whether which while who whom whose why will with within without would you your
    al paper papers propose proposed present show using use used based novel approach method
    methods results work new existing demonstrate various several""".split()  # noqa: SIM905
)
"""Function words, and the words every abstract uses, which tell no two papers apart."""

_local = threading.local()


def terms(text: str) -> list[str]:
    """The text's terms in order, repeats included. Same text, same terms, on any machine."""
    return [term for _, term in words(text)]


def words(text: str) -> list[tuple[str, str]]:
    """Pairs of a word as it stands in the text and its term, in order."""
    found = [
        (word, word.casefold())
        for run in WORD.findall(unicodedata.normalize("NFKC", text).replace("’", "'"))
        for word in _split(run)
    ]
    kept = [
        (word, folded)
        for word, folded in found
        if folded not in STOP and (len(folded) > 1 or not folded.isascii())
    ]
    stems = _stemmer().stemWords([folded for _, folded in kept])
    return [(word, stem) for (word, _), stem in zip(kept, stems, strict=True)]


def _split(run: str) -> Iterator[str]:
    if not "぀" <= run[0] <= "힯" or len(run) == 1:
        yield run
    else:
        yield from (run[n : n + 2] for n in range(len(run) - 1))


def _stemmer() -> Stemmer.Stemmer:
    """One stemmer a thread: they keep a cache and must not be shared."""
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer
