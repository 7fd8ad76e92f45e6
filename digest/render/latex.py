"""LaTeX in titles and abstracts as text people read: α, M³ViT, O(n^(3/2)), 2D & 3D."""

from __future__ import annotations

import re

from digest.render.commands import without_commands
from digest.render.formulas import formula
from digest.render.literals import put_back, set_aside
from digest.render.mending import mended
from digest.render.scripts import with_scripts
from digest.render.symbols import HATS
from digest.render.typography import typeset

_ROUNDS = 4
"""Rounds until nothing changes any more; real texts need two."""

_SIGNS = ("\\", "$", "^", "_", "{", "~", "`", "''", "--")

_FORMULA = re.compile(
    r"""(?<!\\)(?:
        \$\$(?P<shown>(?:[^$\\]|\\.){1,800})\$\$
      | \$(?P<dollars>(?:[^$\\]|\\.){1,400})\$
      | \\\((?P<round>(?:[^\\]|\\(?![()\[\]])){1,400}?)\\\)
      | \\\[(?P<square>(?:[^\\]|\\(?![()\[\]])){1,800}?)\\\]
    )""",
    re.VERBOSE | re.DOTALL,
)
_GROUP = r"\{[^{}$]{0,80}\}"
_LOOSE = re.compile(
    rf"\\(?:[dt]?frac\s?{_GROUP}\s?{_GROUP}|binom{_GROUP}{_GROUP}|sqrt(?:\[\d\])?\s?{_GROUP}"
    rf"|mathbb\s?{_GROUP}|(?:{'|'.join(HATS)})\s?{_GROUP})"
)
_ARGUMENT = re.compile(r"\\[A-Za-z]+\s?\{[^{}]*\}")
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}\s+[A-Za-z]{2,}")
_SMALL_WORD = re.compile(r"(?<![\\A-Za-z])[a-z]{2,}")
_LONG_WORD = re.compile(r"[A-Za-z]{2}")
_VARIABLE = re.compile(r"[A-Z][A-Z_]+[/:]?")
_MATHEMATICAL = re.compile(r"[\\^_=<>+|]|[^\W\d_a-zA-Z]")


def readable(text: str) -> str:
    """``text`` with its LaTeX as Unicode, and with the damage of web copies mended.

    What is not certainly LaTeX stays: prices, paths, patterns, names of code, "~5%". Any text may
    come, in time that grows as its length; reading a result again does not change it.
    """
    now = text
    for _ in range(_ROUNDS):
        before, now = now, _read(now) if _may_hold_latex(now) else now
        if now == before:
            return now
    return text  # what never settles is no text of people, and half-read it would be worse


def _may_hold_latex(text: str) -> bool:
    return any(sign in text for sign in _SIGNS) or mended(text) != text


def _read(text: str) -> str:
    apart = set_aside(text)
    if apart is None:
        return text
    text, literals = apart
    text = _without_formulas(mended(text))
    return put_back(typeset(with_scripts(without_commands(text))), literals)


def _without_formulas(text: str) -> str:
    """``text`` with what stands between dollar signs, or their like, as Unicode."""
    if "$" not in text and "\\" not in text:
        return text
    parts, at, start = [], 0, 0
    while found := _FORMULA.search(text, start):
        if _is_formula(found):
            parts += [text[at : found.start()], _set(found)]
            at = start = found.end()
        else:
            start = found.start() + 1
    text = "".join(parts) + text[at:]
    return _LOOSE.sub(lambda loose: formula(loose[0]), text)


def _set(found: re.Match[str]) -> str:
    """A formula's text; "about" is kept apart from a word before it, or it would be a tie."""
    inner = found[found.lastgroup or 0]
    if "\\href" in inner or "\\url" in inner:
        return inner
    line = formula(inner)
    before = found.string[found.start() - 1 : found.start()]
    return " " + line if line.startswith("~") and before.isalpha() else line


def _is_formula(found: re.Match[str]) -> bool:
    inner = found[found.lastgroup or 0]
    if found.lastgroup == "dollars":
        return _is_between_dollars(inner, found.string[: found.start()][-1:], found)
    if found.lastgroup in ("round", "square"):  # Markdown writes \[1\] and \(see\) for brackets
        short = any(map(str.isalpha, inner)) and not _LONG_WORD.search(inner)
        return (short or bool(_MATHEMATICAL.search(inner))) and not _is_prose(inner)
    return not _is_prose(inner)


def _is_between_dollars(inner: str, before: str, found: re.Match[str]) -> bool:
    """Whether two dollar signs hold a formula, and are not two prices or two variables."""
    after = found.string[found.end() : found.end() + 1]
    if inner[0].isspace() or inner[-1].isspace():
        return inner[0].isspace() and inner[-1].isspace() and "\\" in inner and not _is_prose(inner)
    if inner[0].isdigit():
        price = after.isdigit() or before.isalpha() or _SMALL_WORD.search(_bare(inner))
        return not price and not _is_prose(inner)
    return not (_VARIABLE.fullmatch(inner) and after.isalpha()) and not _is_prose(inner)


def _is_prose(inner: str) -> bool:
    """Whether words stand side by side, outside of commands, or braces do not match."""
    plain = inner.replace("\\{", "").replace("\\}", "")
    return plain.count("{") != plain.count("}") or bool(_WORDS.search(_bare(inner)))


def _bare(inner: str) -> str:
    return _ARGUMENT.sub("", inner)
