"""LaTeX in names and titles as Unicode: accents, letters, dashes, quotes; mathematics stays."""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ",
    "dj": "đ", "DJ": "Đ", "textendash": "–", "textemdash": "—", "textquoteright": "’",
    "textquoteleft": "‘", "textasciitilde": "~", "textbackslash": "\\", "ldots": "…", "dots": "…",
    "copyright": "©", "textregistered": "®", "texttrademark": "™", "textdegree": "°",
}  # fmt: skip
_ACCENTED = re.compile(
    r"""\\(?: (?P<sign>[`'^~"=.])\s*  |  (?P<name>[uvHckrdb])(?:\s+|(?=[{\\])) )
        (?: \{ \s* (?P<inner>\\[ij]|[^\W\d_])? \s* \}  |  (?P<outer>\\[ij](?![a-zA-Z])|[^\W\d_]) )
    """,
    re.VERBOSE,
)
_NAMES = "|".join(sorted(_LETTERS, key=len, reverse=True))
_LETTER = re.compile(rf"\\({_NAMES})(?![a-zA-Z])(?:\{{\}}|[ \t]+(?=\S))?")
_STYLE = re.compile(
    r"\\(?:emph|text(?:bf|it|tt|sc|rm|sf|sl|up|normal)?|mbox|url|href|uppercase|bf|it|em|tt|rm|sc"
    r"|mathrm|enquote)(?![a-zA-Z])\s*"
)
_ESCAPED = re.compile(r"\\([&%$#_{}])")
_MATHS = re.compile(r"((?<!\\)\$[^$]{1,2000}\$)")
_SPECIAL = re.compile(r"[\\{}~`'$-]")


def unicode_of(text: str) -> str:
    """``text`` as a reader would print it: ``{\\"o}`` is "ö", ``{BERT}`` is "BERT".

    Between dollar signs nothing changes: it is mathematics. Unknown commands stay as they are.
    """
    if not _SPECIAL.search(text):
        return text
    parts = _MATHS.split(text)
    return "".join(part if number % 2 else _prose(part) for number, part in enumerate(parts))


def accents_of(text: str) -> str:
    """``text`` with accents and letters as Unicode and nothing else changed."""
    if "\\" not in text:
        return text
    parts = _MATHS.split(text)
    return "".join(
        part if number % 2 else _LETTER.sub(_letter, _ACCENTED.sub(_accented, part))
        for number, part in enumerate(parts)
    )


def _prose(text: str) -> str:
    text = _LETTER.sub(_letter, _ACCENTED.sub(_accented, text))
    text = _STYLE.sub("", text).replace("\\\\", " ").replace("\\ ", " ").replace("\\-", "")
    text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    text = re.sub(r"(?<!\\)[{}]", "", re.sub(r"(?<!\\)~", " ", text))
    return _ESCAPED.sub(r"\1", text)


def _accented(found: re.Match[str]) -> str:
    letter = (found["inner"] or found["outer"] or "").removeprefix("\\")
    accent = _ACCENTS[found["sign"] or found["name"]]
    return unicodedata.normalize("NFC", letter + accent) if letter else ""


def _letter(found: re.Match[str]) -> str:
    return _LETTERS[found[1]]
