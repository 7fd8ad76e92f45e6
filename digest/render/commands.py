"""LaTeX's commands in running text: dressed words, accents, escapes, links, citations."""

from __future__ import annotations

import re
import unicodedata

from digest.render.formulas import formula
from digest.render.literals import ADDRESS
from digest.render.scripts import lowered, raised
from digest.render.symbols import (
    ACCENTS,
    DRESS,
    GREEK,
    HATS,
    LETTERS,
    NAMED,
    RELATIONS,
    SIGNS,
    SILENT,
    SPACES,
    SWITCHES,
    WORDING,
)

_LINK = re.compile(
    rf"(?P<glued>[A-Za-z]?)\\href\s?\{{(?P<address>[^{{}}\s]{{1,500}})\}}\s?"
    r"\{(?P<words>[^{}]{0,300})\}"
    rf"|(?P<copied>[{ADDRESS}])\{{(?P<label>[^{{}}]{{1,300}})\}}"  # a link that lost its command
)
_URL = re.compile(r"([A-Za-z]?)\\url\s?\{\s?([^{}\s]{1,500})\s?\}")
_SECOND = re.compile(r"\\textcolor\s{0,3}\{[^{}]{0,40}\}(?=\s{0,3}\{)")
_ADDRESS = re.compile(f"[{ADDRESS}]")
_FOOTNOTE = re.compile(r"\s?\\footnote\{([^{}]{1,500})\}")
_CITED = re.compile(
    r"[ ~]?\\(?:[Cc]ite[a-z]{0,10}|(?:paren|text|auto|foot)cite)\*?(?:\[[^\]\[]{0,80}\]){0,2}"
    r"\s?\{([^{}]{1,300})\}"
)
_SILENT = re.compile(
    rf"[ ~]?\\(?:{'|'.join(sorted(SILENT))})(?![A-Za-z])\*?(?:\[[^\]\[]{{0,80}}\]){{0,2}}"
    r"\s{0,3}\{[^{}]{0,500}\}"
)
_ACCENT = re.compile(
    r"""(?<![\\])(?:
        \\(?P<braced>[`'^~"=.uvHckrd])\s?\{\s?(?P<inner>\\[ij](?![A-Za-z])|[^\W\d_])\s?\}
      | \{\\(?P<grouped>[`'^~"=.])(?P<alone>\\[ij](?![A-Za-z])|[^\W\d_])\}
      | (?<=[^\W\d_])\\(?P<sign>[`'^~"=.])(?P<letter>\\[ij](?![A-Za-z])|[^\W\d_])(?=[^\W\d_])
      | (?<=[^\W\d_])\\(?P<last>['`^"])(?P<vowel>[aeiouyAEIOUY])(?![\w'"`])
      | (?<![\w\\])\\(?P<first>['"^`])(?P<capital>[AEIOUYC])(?=[a-z]{2})(?!\w{0,40}\\)
    )""",
    re.VERBOSE,
)
_PIECE = re.compile(
    r"\\[A-Za-z]+\*?|\\\\(?=\s|$)|\\[%&$#_{} ,;:!/|]|\^\{|_\{|[{}]|[^\\{}^_]+|.", re.DOTALL
)
_ESCAPED = frozenset("%&$#_{}")
_SPACING = frozenset(" ,;:!/")
_LONGEST = 80
"""The longest superscript or subscript, in characters of its source."""

_SIGN = re.compile(r"\\([\^~])\{\}")


def without_commands(text: str) -> str:
    """``text``, formulas already replaced, with its commands carried out.

    An unknown command keeps its name if braces follow it, which only LaTeX writes; else it stays
    as it is, since it could be a path or a pattern.
    """
    if "{" not in text and "\\" not in text:
        return text
    text = _LINK.sub(_linked, text)
    if "\\" in text:
        text = _URL.sub(_addressed, _SIGN.sub(r"\1", text))
        text = _FOOTNOTE.sub(r" (\1)", _SECOND.sub(r"\\mbox", text))
        text = _ACCENT.sub(_accented, _SILENT.sub("", _CITED.sub(r" [\1]", text)))
    return _Prose(text).read()


def _linked(found: re.Match[str]) -> str:
    """The words and then, in brackets, the address; once if both are addresses."""
    address = found["address"] or found["copied"]
    words = (found["words"] if found["address"] else found["label"]).strip()
    start = found["glued"] + " " if found["glued"] else ""
    if not words or _ADDRESS.match(words):
        return start + address
    return f"{start}{words} ({address})"


def _addressed(found: re.Match[str]) -> str:
    return (found[1] and found[1] + " ") + found[2]


def _accented(found: re.Match[str]) -> str:
    parts = found.groupdict()
    sign = next(filter(None, map(parts.get, ("braced", "grouped", "sign", "last", "first"))))
    letter = next(filter(None, map(parts.get, ("inner", "alone", "letter", "vowel", "capital"))))
    accented = unicodedata.normalize("NFC", letter.removeprefix("\\") + ACCENTS[sign])
    return accented if len(accented) == 1 else found[0]


class _Prose:
    """One pass over the pieces of a text; every group knows what becomes of its braces."""

    def __init__(self, text: str) -> None:
        self.pieces = _PIECE.findall(text)
        self.out: list[str] = []
        self.open: list[tuple[int, str]] = []
        """Where in ``out`` each open group began, and what it is."""

    def read(self) -> str:
        at = 0
        while at < len(self.pieces):
            at = self.one(at)
        while self.open:
            begun, kind = self.open.pop()
            self.out[begun] = "" if kind == "dress" else kind
        return "".join(self.out)

    def piece(self, at: int) -> str:
        return self.pieces[at] if 0 <= at < len(self.pieces) else ""

    def one(self, at: int) -> int:
        """Reads what stands at ``at``; the place of the next piece."""
        piece = self.pieces[at]
        if not piece:
            return at + 1
        if piece in ("{", "^{", "_{"):
            self.begin(piece)
        elif piece == "}":
            self.end()
        elif piece[0] == "\\" and len(piece) > 1:
            return self.command(piece[1:], at)
        else:
            self.out.append(piece)
        return at + 1

    def begin(self, kind: str) -> None:
        self.open.append((len(self.out), kind))
        self.out.append("")

    def end(self) -> None:
        """Closes the innermost group, or writes the brace where none is open."""
        if not self.open:
            self.out.append("}")
            return
        begun, kind = self.open.pop()
        if kind == "dress":
            return
        short = len(self.out) - begun < 20
        inner, before = "".join(self.out[begun + 1 :]) if short else "", self.before(begun)
        if kind != "{" and (script := _script(inner, kind, before)):
            self.out[begun:] = [script]
        elif kind != "{" or not _needless(inner, before):
            self.out[begun] = kind
            self.out.append("}")

    def before(self, at: int) -> str:
        """The last character written before place ``at``, looking back a few pieces only."""
        return "".join(self.out[max(0, at - 4) : at])[-1:]

    def command(self, written: str, at: int) -> int:
        name = written.rstrip("*")
        following = self.piece(at + 1)
        if name in WORDING | DRESS | HATS.keys() and following == "{":
            self.begin("dress")
            return at + 2
        if name in SWITCHES:
            return self.switch(at)
        if name in LETTERS:
            return self.letter(name, at)
        sign = self.sign(name)
        if sign is None:
            return self.unknown(written, at)
        self.out.append(sign)
        if sign.endswith(" ") and following[:1].isspace():
            self.pieces[at + 1] = following.lstrip()
        return at + 3 if (following, self.piece(at + 2)) == ("{", "}") else at + 1

    def switch(self, at: int) -> int:
        """Drops a command of which nothing is seen, and the braces around what it dresses."""
        following = self.piece(at + 1)
        if not self.before(len(self.out)).isalnum():
            self.pieces[at + 1 : at + 2] = [following.lstrip(" ")] if following else []
        if self.open and self.open[-1] == (len(self.out) - 1, "{"):
            self.open[-1] = (len(self.out) - 1, "dress")
        if not following or not self.pieces[at + 1]:
            return at + 2
        return at + 1

    def letter(self, name: str, at: int) -> int:
        """``\\o`` between letters or in braces; alone it could be anything."""
        following = self.piece(at + 1)
        joined = self.before(len(self.out)).isalpha() or following[:1] == " "
        if (following, self.piece(at + 2)) == ("{", "}"):
            self.out.append(LETTERS[name])
            return at + 3
        in_braces = following == "}" and bool(self.open) and self.open[-1][0] == len(self.out) - 1
        if in_braces:
            self.open[-1] = (self.open[-1][0], "dress")
        if not (in_braces or (joined and self.before(len(self.out)).isalpha())):
            self.out.append("\\" + name)
            return at + 1
        self.out.append(LETTERS[name])
        if following[:1] == " " and following[1:2].islower():
            self.pieces[at + 1] = following[1:]
        return at + 1

    def sign(self, name: str) -> str | None:
        """What a command without argument stands for here; None if it is not certain."""
        before = self.before(len(self.out))
        if name in _ESCAPED:
            return name
        if name in _SPACING:
            return None if before in (":", "\\") else SPACES[name]
        if name == "\\":
            return ""
        if name in SPACES and len(name) > 1:
            return SPACES[name]
        known = GREEK.get(name) or RELATIONS.get(name) or SIGNS.get(name)
        known = known or (name if name in NAMED and len(name) > 2 else None)
        return None if before.isalpha() or before in ("\\", "/") else known

    def unknown(self, name: str, at: int) -> int:
        following = self.piece(at + 1)
        if len(name) > 1 and following == "{" and not self.before(len(self.out)).isalpha():
            if self.piece(at + 2) == "}":
                self.out.append(name)
                return at + 3
            self.begin("dress")
            return at + 2
        self.out.append("\\" + name)
        return at + 1


def _script(source: str, kind: str, before: str) -> str:
    """A braced superscript or subscript behind ``before``; empty if it is none."""
    if len(source) > _LONGEST or not (before.isalnum() or before in ")]|′*") or not source.strip():
        return ""
    return (raised if kind == "^{" else lowered)(formula(source))


def _needless(inner: str, before: str) -> bool:
    """Whether the braces around ``inner`` only keep LaTeX from setting a sign with spaces."""
    if inner == ",":
        return before.isdigit()
    if inner in ("=", "<", ">", ":", "+", "-", "/"):
        return before.isalnum()
    return len(inner) == 1 and not inner.isascii() and before != "\\"
