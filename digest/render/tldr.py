"""The one or two sentences of an abstract that say best what a paper does."""

from __future__ import annotations

import re

from digest.render.sentences import sentences

LIMIT = 240
"""Characters of a TL;DR: about two lines on a screen, 40 words."""

_STRETCH = 4 / 3
"""How much longer a much better sentence may be: 320 of 240 characters."""

_OVER = 1.5
"""What a sentence loses for being over the limit: as much as for not naming the thing."""

_GOOD = 2.0
"""The score from which on a sentence can stand for its paper."""

_PAPER = r"(?:paper|work|article|study|report|survey|thesis|manuscript|letter|note)"
_WE_OFFER = re.compile(
    r"\b[Ww]e (?:\w+ly |\w+ \w+ly |hereby |therefore |thus )?(?:introduce|propose|present|develop"
    r"|release|describe|design|build|contribute|devise|formulate|construct|provide|report|adapt"
    r"|bring|created?|offer|establish|curate|revisit|unveil|advance)\b"
)
_WE_STUDY = re.compile(
    r"\b[Ww]e (?:\w+ly )?(?:study|investigate|show|find|argue|demonstrate|explore|analy[sz]e"
    r"|examine|conclude|prove|address|consider|evaluate|conduct|survey|review|compare|maximize"
    r"|identify|discover|reveal|observe|ask|explain|aim|seek|perform)\b"
)
_THIS_OFFERS = re.compile(
    rf"[Tt]his {_PAPER} (?:proposes|presents|introduces|describes|develops|reports|provides"
    r"|studies|investigates|examines|explores|offers|focuses|surveys|reviews|shows|addresses|argues)"
)
_OURS = re.compile(
    rf"\b(?:[Oo]ur|[Tt]his|[Tt]he) (?:proposed |main |key )?(?:{_PAPER}|method|approach|framework"
    r"|results?|findings?|analysis|contribution|claim|model)\b"
)
_PASSIVE = (" is proposed", " is introduced", " is presented", " are proposed", " are introduced")
_HERE = re.compile(
    rf"^(?:\w+: )?(?:In this {_PAPER}|Here|To (?:address|tackle|solve|overcome|bridge|fill"
    r"|this end|close|mitigate|remedy|resolve|enable)|Motivated|Inspired|Building on|As a remedy)\b"
)
_ASIDE = re.compile(r"\b[Ww]e (?:also|further|then|additionally|next|finally|first)\b")
_LEANING = re.compile(
    r"(?:These|Those|They|It|Its|Such|Moreover|Further(?:more)?|Additionally|However|But|Yet|First"
    r"|Second|Third|Then|Finally|Lastly|Next|Also|In addition|For (?:example|instance)|Meanwhile"
    rf"|Specifically|Concretely|In particular|Besides|Notably|Both|Thus|This (?!{_PAPER}\b))\b"
)
_ELSEWHERE = ("http", "available at", "s available", "are available", "publicly available.",
              "e released", "Warning:", "Keywords:")  # fmt: skip
"""What a sentence has that points to code, data or a page and says nothing of the paper."""

_TERM = re.compile(r"[^\W_]{3,}|[^\W_]+\d[^\W_]*")
_COMMON = frozenset(
    """the and for with from via that this are our can towards toward into using based how what why
    when not does its new over under between beyond through more approach method paper model
    models learning""".split()  # noqa: SIM905
)
_NAME = re.compile(r"([\w.+-]+(?: [\w.+-]+){0,2}): ")
"""What a title names before its colon."""

_ROOT = 6
"""Letters by which two words are told to be one: "compression" and "compress" agree."""


def tldr(title: str, abstract: str, limit: int = LIMIT) -> str | None:
    """One or two whole sentences of ``abstract`` on one line, or None if none can stand alone.

    At most ``limit`` characters; up to a third more where the sentence that says what the paper
    brings is that long and none below comes near it. Both texts should be rid of their LaTeX.
    """
    found = sentences(abstract)
    scores = _scores(title, found)
    short = [n for n, text in enumerate(found) if len(text) <= limit and _is_whole(text)]
    longer = [n for n, text in enumerate(found) if limit < len(text) <= limit * _STRETCH]
    good = [(_OVER - scores[n], n) for n in longer if scores[n] >= _GOOD and _is_whole(found[n])]
    if not (ranked := sorted(good + [(-scores[n], n) for n in short])):
        return None
    first = ranked[0][1]
    room = min(limit - len(found[first]) - 1, limit // 2)
    more = [n for _, n in ranked if n > first and scores[n] >= _GOOD and len(found[n]) <= room]
    return " ".join(found[n] for n in [first, *more[:1]])


def _is_whole(sentence: str) -> bool:
    """Whether ``sentence`` ends as sentences do; what a page cut off does not."""
    end = sentence.rstrip("\"'”’)]」』）")
    return end.endswith((".", "!", "?", "。", "！", "？")) and not end.endswith("...")


def _scores(title: str, found: list[str]) -> list[float]:
    name, wanted = _NAME.match(title), _roots(title)
    return [
        _score(sentence, wanted, name[1] if name else "", n / len(found))
        for n, sentence in enumerate(found)
    ]


def _score(sentence: str, wanted: list[str], name: str, place: float) -> float:
    """How well ``sentence`` stands for a paper; ``place`` is 0 for the first, below 1 for all.

    A sentence that neither says what "we" or "this paper" do nor names the thing is background,
    however many words it shares with the title. The weights were set by hand on half of the
    papers that tests/bench measures.
    """
    folded = sentence.casefold()
    score = 2.0 * sum(root in folded for root in wanted) / (len(wanted) or 1) - place
    score += _offer(sentence)
    score += 1.5 * bool(name and name in sentence) + 0.5 * bool(_HERE.match(sentence))
    score -= 1.5 * bool(_LEANING.match(sentence)) + 4.0 * any(w in sentence for w in _ELSEWHERE)
    score -= 1.0 * (("we " in sentence or "We " in sentence) and bool(_ASIDE.search(sentence)))
    return score - 2.0 * (len(sentence) < 50) - 2.0 * sentence.endswith("?")


def _offer(sentence: str) -> float:
    """3 for a sentence that says what a paper brings, 1.5 for what it looks into, else 0.

    Words are looked for before patterns: most sentences have none, and it halves the time.
    """
    we = "we " in sentence or "We " in sentence
    this = "his " in sentence
    if (we and _WE_OFFER.search(sentence)) or (this and _THIS_OFFERS.search(sentence)):
        return 3.0
    if any(words in sentence for words in _PASSIVE):
        return 3.0
    if (we and _WE_STUDY.search(sentence)) or _OURS.search(sentence):
        return 1.5
    return 0.0


def _roots(title: str) -> list[str]:
    words = (word.casefold() for word in _TERM.findall(title))
    return sorted({word[:_ROOT] for word in words if word not in _COMMON})
