"""LaTeX that lost its dollar signs and backslashes on the way, put right where that is certain.

Web pages that show mathematics leave, when copied, ``Oleft(k^{-3} right)`` or ``2.5times``. Every
rule asks for a neighbourhood that prose does not have: ``leq`` between operands, ``alpha``
in a superscript; the words alone are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from digest.render.symbols import GREEK, NAMED, RELATIONS, SIGNS

_UNSPOKEN = "times cdot infty ldots cdots ell leq geq neq circ propto rightarrow"
_RESTORED = GREEK | {name: (RELATIONS | SIGNS)[name] for name in _UNSPOKEN.split()}
"""Words that no prose has in a superscript: "partial", "sum" and "sim" are left out."""

_LETTER = "|".join(sorted([*GREEK, "ell"], key=len, reverse=True))
_WORD = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2,}")
_MATH_WORDS = NAMED | _RESTORED.keys() | {"sum", "prod", "mathcal", "mathbb", "mathbf", "mathrm"}
_MATH_SIGN = re.compile(r"[\d^_\\+*/=<>|{}]")

_FENCED = re.compile(
    rf"""(?<!\\)(?P<before>{_LETTER})?(?<!\\)(?:left|(?P<size>[bB]igg?)l?)\s?(?P<open>[(\[|])
        (?P<inner>[^\n]{{1,160}}?)
        \s?(?:right|(?P=size)r?)\s?(?P<close>[)\]|])""",
    re.VERBOSE,
)
_BRACED = re.compile(r"([\^_])\{([^{}\\]{1,60})\}")
_BARE = re.compile(
    rf"(?<=[\w)\]])(\^|(?<=\b[A-Za-z])_)({_LETTER}|top|circ|prime|infty|ast|dagger)\b"
)

_Change = str | Callable[[re.Match[str]], str]


def _sign(found: re.Match[str]) -> str:
    return (RELATIONS | SIGNS | GREEK)[found[1]]


def _between(found: re.Match[str]) -> str:
    return f"{found['left'] or ''} {RELATIONS[found['sign']]} "


def _command(found: re.Match[str]) -> str:
    return f"\\{found[1]}{_marked(found[2])}"


_RULES: tuple[tuple[str, str, _Change], ...] = (
    # the key of a citation behind its tie
    ("~", r"(?<=\w)~(?=[a-z]{0,30}\d{4}[a-z])([a-z]{0,30}\d{4}[a-z]{2,30})\b", r" [\1]"),
    # {\cal O}(n), {\bf 1}
    ("}(", r"(?<![\w}\\^$])\{([A-Z])\}(?=\()", r"\1"),
    ("{", r"\{(?:bf|it|em|rm|cal|tt|sc) ([^{}\\]{1,80})\}", r"\1"),
    # \textbf{...}, \mathcal{O}, \mathcal O
    ("{", r"(?<![A-Za-z\\])text(?:bf|it|tt|sc|rm)\{([^{}\\]{1,80})\}", r"\1"),
    ("{", r"(?<![A-Za-z\\])math(?:cal|bf|rm|sf|it|frak)\{([^{}\\]{1,80})\}", r"\1"),
    ("math", r"(?<![A-Za-z\\])math(?:cal|bf|rm|sf|frak) (?=[A-Z](?:_|\^|\b))", ""),
    ("mathbb", r"(?<![A-Za-z\\])mathbb\{([A-Z])\}", r"\\mathbb{\1}"),
    # 1.5\times, n\times m
    ("times", r"(?<=\d)times(?![a-z]|[A-Z][a-z])", "×"),
    ("times", r"(?<![A-Za-z\\])([A-Za-z])times(?: ?(?=[A-Za-z\d]\b))", r"\1×"),
    (" times ", r"(?<![\w\\'])((?![aAI])[A-Za-z]) times (?=(?![aAI])[A-Za-z]\b(?!'))", r"\1×"),
    # {\sim}50, 2.4\sim 6.7, \sim50
    ("{sim}", r"\{sim\}(?=\d)", "~"),
    ("sim", r"(?<=\d) ?sim ?(?=\d)", "~"),
    ("sim", r"(?<![\w\\-])sim(?=\d[\d.,]*(?:[\s%)×-]|\\%|times|$))", "~"),
    # k\geq 2, m\gg n, T\propto D
    *((name,
       rf"(?:(?<![A-Za-z\\])(?P<left>[A-Za-z])|(?<=[\d)\]}}])) ?(?P<sign>{name})"
       r"(?: ?(?=\d)| (?=[A-Za-zα-ω(]\w{0,2}(?!\w)))", _between) for name in ("geq", "leq", "neq")),
    *((f" {name} ", rf"(?<![\w\\])(?P<left>[A-Za-z]) (?P<sign>{name}) (?=[A-Za-z\d]\b)", _between)
      for name in ("gg", "ll")),
    ("propto", r"(?<=[\w)\]}] )(propto)(?= [\w(])", _sign),
    ("arrow", r"(?<=[\w)\]}] )((?:left|[rR]ight|leftright)arrow)(?= [\w(])", _sign),
    # a \cdot b, \infty, a,\ldots,b
    ("cdot", r"(?<=[\w)\]}|] )(cdot)(?= [\w(|])", _sign),
    ("infty", r"(?<![A-Za-z\\])(infty)(?![A-Za-z])", _sign),
    ("dots", r"(?<=[,+ ({])([lc]dots)(?=[,+ )}]|$)", _sign),
    # \sigma^2, \alpha_1, \Theta(n)
    ("^", rf"(?<![A-Za-z\\_/.-])({_LETTER})(?=\^[\d{{*])", _sign),
    ("_", rf"(?<![A-Za-z\\_/.-])({_LETTER})(?=_(?:\{{|[a-z\d]\b(?![.(-])))", _sign),
    ("a(", r"(?<![\w\\.])(Omega|Theta)(?=\((?![a-z]{3,}\b(?!\{)))", _sign),
    # K\log K
    ("log", r"(?<![A-Za-z\\])([A-Za-z])log(?=(?:\^\d|_\d)? \1\b)", r"\1 log"),
    ("log", r"(?<=[Oo]\()([A-Z]{1,2})log(?=(?:\^\d|_\d)? [A-Za-z]\))", r"\1 log"),
    # \sqrt[3]{n}, \frac{a}{b}
    ("sqrt", r"(?<![A-Za-z\\])(sqrt)((?:\[\d\])?\{[^{}\\]{1,60}\})", _command),
    ("frac{", r"(?<![A-Za-z\\])(frac)(\{[^{}\\]{1,60}\}\{[^{}\\]{1,60}\})", _command),
    # FE^{\,2}
    ("{,", r"(?<=[\^_]\{),(?=\w{1,8}\})", ""),
)  # fmt: skip
"""What every match contains, looked for first because that is far quicker; pattern; change."""

_COMPILED = tuple((needle, re.compile(pattern), change) for needle, pattern, change in _RULES)


def mended(text: str) -> str:
    """``text`` with lost signs restored, still with the braces and carets of its formulas."""
    if "^" in text or "_" in text:
        text = _BARE.sub(lambda found: f"{found[1]}{{\\{found[2]}}}", text)
        text = _BRACED.sub(lambda found: f"{found[1]}{{{_marked(found[2])}}}", text)
    if "right" in text or "ig(" in text or "ig[" in text:
        text = _FENCED.sub(_fenced, text)
    for needle, pattern, change in _COMPILED:
        if needle in text:
            text = pattern.sub(change, text)
    return text


def _marked(formula: str) -> str:
    """The source of a formula with the backslashes of its words restored."""
    return _WORD.sub(lambda word: ("\\" if word[0] in _RESTORED else "") + word[0], formula)


def _fenced(found: re.Match[str]) -> str:
    """``left( x right)`` as ``( x )`` if what it holds is a formula and not prose."""
    inner = found["inner"]
    words = [word for word in _WORD.findall(inner) if len(word) > 2]
    known = all(word in _MATH_WORDS for word in words)
    if not known or not (words or _MATH_SIGN.search(inner) or len(inner.strip()) == 1):
        return found[0]
    return _marked((found["before"] or "") + found["open"] + inner.strip() + found["close"])
