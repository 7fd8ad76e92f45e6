"""Superscripts and subscripts in plain text: n², xᵢ, and n^(3/2) where Unicode has no sign."""

from __future__ import annotations

import re

_RAISED = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
        strict=True,
    )
)
_LOWERED = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
_UPRIGHT = {
    "∘": "°", "°": "°", "′": "′", "′′": "″", "*": "*", "⊤": "ᵀ", "†": "†", "‡": "‡", "⋆": "⋆",
    "★": "★",
}  # fmt: skip
_LONGEST = 3
"""The longest script written in small letters; words of three are hard to read and to hear."""

_NUMBER = re.compile(r"[+-]?\d*[+-]?")
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_COMPACT = re.compile(r" *([^\w\s]) *")

_POWER = re.compile(
    r"\^(?<=[\w)\]]\^)(?<!_\^)([+-]?\d{1,9}(?![\d^]|\.\d|[+-]?\^)|\*(?!\*)|[^\W\d_](?![\w^'{\\]))"
)
_INDEX = re.compile(
    r"(?<![\w.\\/:@'`\"-])([^\W\d_])_(\d{1,3}|[aehijklmnoprstuvx])(?![A-Za-z\d_(\[]|[./-]\w|['\"`])"
    r"|(?<![\w.\\/:@'`\"-])([^\W\d_])_(\d{1,3}|[ijkmnt])(?=\([^\W\d_]{1,2}\))"
)


def raised(script: str) -> str:
    """``script`` as a superscript: ``2`` is "²", ``3/2`` is "^(3/2)", ``best`` is "^best"."""
    script = _compact(script)
    return _UPRIGHT.get(script) or _small(script, _RAISED, "^")


def lowered(script: str) -> str:
    """``script`` as a subscript: ``i`` is "ᵢ", ``0.5`` is "_0.5", ``i,j`` is "_(i,j)"."""
    return _small(_compact(script), _LOWERED, "_")


def with_scripts(text: str) -> str:
    """``text`` with the powers and indexes that plain text writes itself, as in M^3ViT or x_1.

    Names of code such as ``snake_case``, ``v_1.py`` or ``2^x^y`` stay as they are.
    """
    if "^" in text:
        text = _POWER.sub(_raise, text)
    return _INDEX.sub(_lower, text) if "_" in text else text


def _compact(script: str) -> str:
    return _COMPACT.sub(r"\1", script.strip(" ,"))


def _small(script: str, signs: dict[str, str], mark: str) -> str:
    if not script:
        return ""
    is_word = len(script) > 2 and script.isalpha()
    if (len(script) <= _LONGEST and not is_word) or _NUMBER.fullmatch(script):
        small = [signs.get(sign, "") for sign in script]
        if all(small):
            return "".join(small)
    whole = len(script) == 1 or bool(_WORD.fullmatch(script))
    whole = whole or (script[0], script[-1]) in (("[", "]"), ("(", ")"))
    return mark + (script if whole else f"({script})")


def _raise(found: re.Match[str]) -> str:
    small = raised(found[1])
    return found[0] if small.startswith("^") else small


def _lower(found: re.Match[str]) -> str:
    return (found[1] or found[3]) + lowered(found[2] or found[4])
