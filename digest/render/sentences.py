"""A text's sentences, also where a copy lost the space between two or a script has none."""

from __future__ import annotations

import re

_STARTERS = (
    "We|The|In|This|Our|To|However|It|These|For|An?|By|As|On|Extensive|Experiments?|Moreover"
    "|Furthermore|Additionally|Finally|Specifically|Code|While|Despite|Although|With|Through"
    "|Recent|Existing|Using|Here|Results|First|Second|Third|Unlike|When|Based|Then|Thus"
)
_END = re.compile(r"[.!?…。！？][.!?…]*[\"'”’)\]」』）]*")
_STICKING = re.compile(rf"(?:{_STARTERS}) [a-z]")
"""What comes behind a full stop whose space was lost: a word that opens sentences."""

_STARTING = re.compile(rf"(?:{_STARTERS})\b(?!\.)")
_NO_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|w\.r\.t|a\.k\.a|viz|ca|[Ff]igs?|[Ee]qs?|[Ss]ecs?"
    r"|Tab|Alg|Thm|Refs?|No|Vol|Dr|Prof|Mr|Mrs|Ms|St|Ch|App|Suppl|pp)|(?:^|[\s(.-])[A-Z])\.$"
)
_INITIAL = re.compile(r"(?:^|[^.\w])[A-Z]\.$")
_OPENING = "\"'“‘(["
_LONGEST = 12
"""Characters before a full stop that tell whether it closes an abbreviation."""


def sentences(text: str) -> list[str]:
    """The sentences of ``text`` in order; each is a part of ``" ".join(text.split())``.

    A full stop ends none if it closes an abbreviation or an initial, or a small letter follows.
    """
    text = " ".join(text.split())
    found, start = [], 0
    for end in _END.finditer(text):
        if _ends(text, end.start(), end.end()):
            found.append(text[start : end.end()])
            start = end.end() + text.startswith(" ", end.end())
    if start < len(text):
        found.append(text[start:])
    return found


def _ends(text: str, sign: int, end: int) -> bool:
    """Whether the sentence sign at ``sign``, with what closes behind it up to ``end``, ends one."""
    if end == len(text) or text[sign] in "。！？":
        return True
    if text[end] != " ":
        before = text[max(0, sign - 3) : sign]
        lost = (before.isalpha() and before.islower()) or before.endswith(")")
        return lost and len(before) == 3 and bool(_STICKING.match(text, end))
    after = text[end + 1 : end + 16].lstrip(_OPENING)
    if not after or after[0].islower():
        return not after
    stop = text[max(0, sign - _LONGEST) : sign + 1]
    if text[sign] != "." or not _NO_END.search(stop):
        return True
    return bool(_INITIAL.search(stop) and _STARTING.match(after))
