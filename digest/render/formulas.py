"""A formula of LaTeX as one line of Unicode: x_i^2 \\leq \\frac{1}{2} is "xᵢ² ≤ 1/2"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from digest.render.formula_line import Line
from digest.render.scripts import lowered, raised
from digest.render.symbols import (
    DOUBLE_STRUCK,
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

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
_DEEPEST = 12
"""Groups within groups that are understood; real formulas stay below six."""

_ATOM = re.compile(r"[\w.′°²³]+|√[\w.]+")
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_LASTING = ("\\,", "\\;", "\\ ", "~")
_ESCAPED = "%&$#_{}"


def formula(source: str) -> str:
    """The formula ``source``, given without its dollar signs, as readable text.

    Never fails: what is not understood keeps its name or is left out if it is not seen.
    """
    reader = _Reader(_TOKEN.findall(source))
    parts = []
    while reader.tokens:
        parts.append(reader.line().text)
        reader.take()  # a brace that closes nothing
    text = "".join(parts).strip()
    return text + " " if source.endswith(_LASTING) else text  # 36.14\,$dB


class _Reader:
    """Reads tokens from the end of a list, each once."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]
        self.depth = 0

    def take(self) -> str:
        return self.tokens.pop() if self.tokens else ""

    def skip_space(self) -> None:
        while self.tokens and self.tokens[-1].isspace():
            self.tokens.pop()

    def line(self) -> Line:
        """What comes up to the brace that closes this group, or to the end."""
        line = Line()
        while self.tokens and self.tokens[-1] != "}":
            self.one(line)
        return line

    def one(self, line: Line) -> None:
        piece = self.take()
        if piece in "^_" and self.tokens[-1:] == ["("]:
            line.text = line.text.rstrip() + piece  # written by us, or by people in plain text
        elif piece in "^_":
            line.script((raised if piece == "^" else lowered)(self.script()))
        elif piece == "{":
            self.group_into(line)
        elif piece.startswith("\\"):
            self.command(piece[1:].rstrip("*"), line)
        elif piece.isspace() or piece in "~&":
            line.space()
        elif piece == "'":
            line.script("′")
        else:
            line.put(piece)

    def group_into(self, line: Line) -> None:
        """The group that begins here, without its braces; alone in them a sign sets no spaces."""
        if len(self.tokens) > 1 and self.tokens[-2] == "}":
            sign = self.tokens[-1].removeprefix("\\")
            if sign in RELATIONS:
                del self.tokens[-2:]
                line.put(RELATIONS[sign])
                return
        line.put(self.rest_of_group())

    def rest_of_group(self) -> str:
        self.depth += 1
        inner = self.line().text if self.depth <= _DEEPEST else ""
        self.depth -= 1
        if self.tokens and self.tokens[-1] == "}":
            self.take()
        return inner

    def argument(self) -> str:
        """The next group or, without one, the next piece."""
        self.skip_space()
        piece = self.take()
        if piece == "{":
            return self.rest_of_group()
        if piece == "}":
            self.tokens.append(piece)
            return ""
        if not piece.startswith("\\"):
            if piece.isdigit() and len(piece) > 1:  # \frac12 is a half
                self.tokens.append(piece[1:])
            return piece[:1]
        line = Line()
        self.depth += 1
        if self.depth <= _DEEPEST:
            self.command(piece[1:].rstrip("*"), line)
        self.depth -= 1
        return line.text

    def script(self) -> str:
        """The argument of ``^`` or ``_``; a number without braces is taken whole: 10^-6."""
        self.skip_space()
        if len(self.tokens) > 1 and self.tokens[-1] in "+-" and self.tokens[-2][0].isdigit():
            return self.take() + self.take()
        if self.tokens and self.tokens[-1][0].isdigit():
            return self.take()
        return self.argument()

    def words(self) -> str:
        """The next group as text, its spaces kept."""
        self.skip_space()
        if not self.tokens or self.tokens[-1] != "{":
            return self.argument()
        depth, pieces = 0, []
        while self.tokens:
            piece = self.take()
            depth += (piece == "{") - (piece == "}")
            if depth == 0:
                break
            if piece[:1] == "\\" and piece[1:] in _ESCAPED:
                piece = piece[1:]
            if piece not in ("{", "}") and piece[1:] not in WORDING:
                pieces.append(piece)
        return "".join(pieces)

    def goes_on(self) -> bool:
        """Whether what comes next would seem to belong to the fraction before it."""
        self.skip_space()
        following = self.tokens[-1] if self.tokens else ""
        name = following[1:]
        return following.isalnum() or (
            following[:1] == "\\" and (name in GREEK or name in DRESS or name in _TAKING)
        )

    def optional(self) -> str:
        """What stands in square brackets here, if anything."""
        if not self.tokens or self.tokens[-1] != "[" or "]" not in self.tokens[-20:]:
            return ""
        pieces = []
        while (piece := self.take()) != "]":
            pieces.append(piece)
        return "".join(pieces[1:])

    def command(self, name: str, line: Line) -> None:
        if name not in SPACES:
            self.skip_space()
        if name in _TAKING:
            line.put(_TAKING[name](self))
        elif name in NAMED:
            line.name(name)
        elif name in RELATIONS:
            self.relation(name, line)
        elif name in WORDING:
            line.put(self.words())
        elif name in DRESS:
            line.put(self.argument())
        elif name in HATS:
            line.put(_hatted(self.argument(), HATS[name]))
        elif name in SILENT:
            self.argument()
        else:
            _simple(name, line)

    def relation(self, name: str, line: Line) -> None:
        if name == "xrightarrow":
            self.argument()
        line.relation(RELATIONS[name])


def _simple(name: str, line: Line) -> None:
    """A command without argument; one that nobody knows shows its name."""
    if name in SPACES or name == "\\":
        line.put(SPACES.get(name, " ") if not line.text.endswith(" ") else "")
    elif name == "times":
        line.script("×")
    elif name in GREEK or name in SIGNS or name in LETTERS:
        line.put(GREEK.get(name) or SIGNS.get(name) or LETTERS[name])
    elif name == "|":
        line.put("‖")
    elif name not in SWITCHES:
        line.put(name)


def _hatted(text: str, mark: str) -> str:
    """``text`` under an accent if it is one letter; over more there is no way to write it."""
    return unicodedata.normalize("NFC", text + mark) if len(text) == 1 else text


def _atom(text: str) -> str:
    return text if _ATOM.fullmatch(text) else f"({text})"


def _fraction(reader: _Reader) -> str:
    over, under = reader.argument(), reader.argument()
    text = f"{_atom(over)}/{_atom(under)}"
    return f"({text})" if reader.goes_on() else text


def _root(reader: _Reader) -> str:
    degree, inner = reader.optional(), reader.argument()
    sign = _ROOTS.get(degree) or raised(degree) + "√"
    return sign + _atom(inner)


def _binomial(reader: _Reader) -> str:
    return f"({reader.argument()} choose {reader.argument()})"


def _second(reader: _Reader) -> str:
    reader.argument()
    return reader.argument()


def _double_struck(reader: _Reader) -> str:
    letter = reader.argument()
    return DOUBLE_STRUCK.get(letter, letter)


_TAKING: dict[str, Callable[[_Reader], str]] = {
    **dict.fromkeys(("frac", "dfrac", "tfrac", "nicefrac", "sfrac"), _fraction),
    **dict.fromkeys(("binom", "dbinom", "tbinom"), _binomial),
    **dict.fromkeys(("textcolor", "overset", "stackrel", "underset"), _second),
    **dict.fromkeys(("mathbb", "mathds", "Bbb"), _double_struck),
    "sqrt": _root,
}
"""Commands that do something with what follows them."""
