"""Checks for what a hostile title or abstract leaves behind when it was not made plain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.lint.findings import Finding, counted, must, several, should, shown
from digest.lint.mails import Mail
from digest.lint.words import MARK, words

BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_HEADERS = ("Subject", "From", "To", "Reply-To", "List-Id")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*+):", re.IGNORECASE)
_IGNORED = re.compile("[\x00-\x20\x7f-\xa0]+")
_ALLOWED = ("http", "https", "mailto")
_HOST = re.compile(r"https?://(?:[^/?#@]*+@)?([^/?#:]++)", re.IGNORECASE)


def headers(mail: Mail) -> Iterator[Finding]:
    """X1: what a header reads as hides no control and no second encoded word."""
    for name in _HEADERS:
        value = mail.head.first(name)
        if value is None:
            continue
        text = words(value).text
        if MARK in text and not words(value).faults:
            said = f"{name} reads as {shown(text)}, an encoded word once more: neutralise '=?'."
            yield must("X1", said, "RFC 2047 §5; CVE-2024-6923")
        yield from _characters(name, text.replace("\t", " "))


def bodies(mail: Mail) -> Iterator[Finding]:
    """X1: the text hides nothing that turns it around or drives a terminal."""
    yield from _characters("The text part", _unbroken(mail.text))
    if mail.page:
        text = "".join(run.text for run in mail.page.runs)
        yield from _characters("The HTML part", _unbroken(text))


def _unbroken(text: str) -> str:
    """``text`` without line ends and NUL, which H9 tells of."""
    return text.replace("\r", "\n").replace("\0", "")


def _characters(where: str, text: str) -> Iterator[Finding]:
    for what, pattern in (("bidi control", BIDI), ("control character", CONTROL)):
        found = pattern.findall(text)
        if found:
            number = counted(len(found), what)
            said = (
                f"{where} holds {number}, first U+{ord(found[0]):04X}: strip it from what comes in."
            )
            yield must("X1", said, "Unicode UAX #9 §2; RFC 5198 §2")


def links(mail: Mail) -> Iterator[Finding]:
    """X1: links lead to the web or to a mailbox, and run nothing."""
    targets = [
        element.attributes[name]
        for element in (mail.page.elements if mail.page else ())
        for name in ("href", "src", "action", "background")
        if name in element.attributes and (element.name, name) != ("link", "href")
    ]
    bad = [target for target in targets if not _is_allowed(target)]
    if bad:
        found = f"{counted(len(bad), 'link')} to neither http(s) nor mailto"
        text = f"{found} ({several(bad)}): remove it."
        yield must("X1", text, "RFC 3986 §7")


def scripts(mail: Mail) -> Iterator[Finding]:
    """X1: no attribute runs a script."""
    elements = mail.page.elements if mail.page else []
    handlers = sorted({name for element in elements for name in _handlers(element.attributes)})
    if handlers:
        text = f"The HTML has {', '.join(handlers[:5])}, which run scripts: escape what comes in."
        yield must("X1", text, "HTML Living Standard §8.1.8")


def _is_allowed(target: str) -> bool:
    bare = _IGNORED.sub("", target)
    scheme = _SCHEME.match(bare)
    if scheme:
        return scheme[1].lower() in (*_ALLOWED, "cid")
    return bare.startswith("#")


def _handlers(attributes: dict[str, str]) -> Iterator[str]:
    return (name for name in attributes if re.fullmatch(r"on[a-z]{3,}", name))


def disguises(mail: Mail) -> Iterator[Finding]:
    """X1: a link that shows an address leads there."""
    if not mail.page:
        return
    for link in mail.page.all("a"):
        shows = _HOST.match(mail.page.words(link))
        leads = _HOST.match(link.attributes.get("href", ""))
        if shows and leads and shows[1].lower() != leads[1].lower():
            text = (
                f"A link shows {shown(shows[1])} and leads to {shown(leads[1])}: show the target."
            )
            yield should("X1", text, "RFC 3986 §7.6")
            return
