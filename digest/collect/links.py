"""Markdown links in a text: what they show and where they lead."""

from __future__ import annotations

import re
from collections.abc import Callable

_IMAGE = re.compile(
    r"!\[(?:\\.|[^\[\]\\]){0,2000}\](?:\((?:[^()\s]|\([^()\s]*\)){0,3000}(?:\s+\"[^\"]*\")?\)|\[\w*\])"
)
_LABEL = r"\[((?:\\.|[^\[\]\\]|\[(?:\\.|[^\[\]\\]){0,3000}\])*)\]"
_INLINE = re.compile(
    rf"{_LABEL}\(\s*<?((?:[^()<>\s]|\([^()\s]*\)){{0,3000}})>?(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s*\)",
    re.S,
)
_NUMBERED = re.compile(rf"{_LABEL}[ ]?\[(\w{{1,40}})\]", re.S)
_AUTO = re.compile(r"<(https?://[^<>\s]{1,3000})>")
_DEFINED = re.compile(
    r"^[ \t]*(?:\[(\w{1,40})\]:?|(\d{1,5})\.)[ \t]+<?((?:https?|file)://[^\s>]{1,3000}|/[^\s>]{1,3000})>?"
    r"(?:[ \t]+[\"'(].*)?[ \t]*$",
    re.M,
)
_ESCAPED = re.compile(r"\\([\\`*_\[\]#+\-.!|<>~\"'])")

OPEN, SHUT, CLOSE = "\x02", "\x03", "\x04"
"""Around a link in marked text: OPEN, its number, SHUT, what it shows, CLOSE."""

FULL_LINE_CHARS = 40
"""A shorter line was not broken to fit a screen: what stands below it is another text."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def marked(text: str) -> tuple[str, list[str]]:
    """``text`` with its links marked and images gone, and where the links lead, by their number.

    Links stand in brackets, ``[text](address)`` or ``[text][n]``, or after a number as text
    browsers write them, ``[n]text`` up to the end of the paragraph. Lines keep their places.
    """
    text = _CONTROL.sub("", text)
    targets = {m[1] or m[2]: m[3] for m in _DEFINED.finditer(text)}
    hrefs: list[str] = []

    def mark(label: str, href: str) -> str:
        hrefs.append(href)
        return f"{OPEN}{len(hrefs) - 1}{SHUT}{label}{CLOSE}"

    def numbered(match: re.Match[str]) -> str:
        href = targets.get(match[2])
        return mark(match[1], href) if href else match[0]

    text = _DEFINED.sub("", text)
    text = _IMAGE.sub(_blank, text)
    text = _INLINE.sub(lambda match: mark(match[1], match[2]), text)
    if targets:
        text = _NUMBERED.sub(numbered, text)
        text = _browsed(text, targets, mark)
    return _AUTO.sub(lambda match: mark(match[1], match[1]), text), hrefs


def _browsed(text: str, targets: dict[str, str], mark: Callable[[str, str], str]) -> str:
    """``text`` with the links of text browsers marked: ``[31]A Title``."""
    pattern = re.compile(
        r"\[(\d{1,5})\](?!\()"
        r"([^\n\x02\[]*(?:\n(?![ \t]*\n|[ \t]*\[\d)[^\n\x02\[]+|\[(?!\d{1,5}\])[^\n\x02\[]*)*)"
    )

    def one(match: re.Match[str]) -> str:
        href = targets.get(match[1])
        if not href:
            return match[0]
        lines = match[2].split("\n")
        full = next((n for n, line in enumerate(lines) if len(line) < FULL_LINE_CHARS), len(lines))
        own, rest = lines[: full + 1], lines[full + 1 :]
        return "\n".join([mark("\n".join(own), href), *rest])

    return pattern.sub(one, text)


def _blank(match: re.Match[str]) -> str:
    """An image leaves nothing but its line ends."""
    return "\n" * match[0].count("\n")


def unlinked(text: str) -> tuple[str, list[tuple[str, str]]]:
    """What ``text`` shows, and its links as pairs of what they show and where they lead."""
    found: list[tuple[str, str]] = []

    def take(match: re.Match[str]) -> str:
        found.append((unescaped(match[1]).strip(), match[2]))
        return match[1]

    shown = _INLINE.sub(take, _IMAGE.sub(_blank, text))
    shown = _AUTO.sub(lambda m: take_auto(found, m[1]), shown)
    found += [
        (url, url) for url in re.findall(r"https?://[^\s<>|)\]]+", shown) if (url, url) not in found
    ]
    return unescaped(shown).strip(), found


def take_auto(found: list[tuple[str, str]], url: str) -> str:
    found.append((url, url))
    return url


def unescaped(text: str) -> str:
    """``text`` without the backslashes that Markdown puts before its own signs.

    Others stay: ``\\(x\\)``, ``\\%`` and ``\\alpha`` are what an author wrote.
    """
    return _ESCAPED.sub(r"\1", text)
