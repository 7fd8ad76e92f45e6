"""A formula being put together on one line, with the spaces that mathematics wants."""

from __future__ import annotations

_OPENING = "([{⟨⌊⌈"


class Line:
    """Text that grows at its end; ``text`` is what there is."""

    def __init__(self) -> None:
        self.text = ""
        self._name = False

    def put(self, text: str) -> None:
        """Adds ``text``; after a function's name a space comes first where it would stick."""
        if self._name and (text[:1].isalnum() or text[:1] in "√∑|"):
            self.space()
        self.text += text
        self._name = self._name and text == ""

    def script(self, text: str) -> None:
        """Adds a superscript or subscript; behind a space there is nothing it could belong to."""
        self.text = self.text.rstrip() + text

    def space(self) -> None:
        if self.text and not self.text.endswith(" "):
            self.text += " "

    def relation(self, sign: str) -> None:
        """Adds a sign between two operands, or before one where nothing stands before it."""
        self._name = False
        bare = self.text.rstrip()
        if not bare or bare[-1] in _OPENING:
            self.text = bare + sign
        else:
            self.text = f"{bare} {sign} "

    def name(self, name: str) -> None:
        if self.text[-1:].isalnum() or self.text[-1:] in (")", "]", "}"):
            self.text += " "
        self.text += name
        self._name = True
