"""Checks that reading a mail tells nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.lint.findings import Finding, counted, must, several, should
from digest.lint.mails import Mail
from digest.lint.pages import Element

TINY = 2
"""The largest side of a picture that nobody sees, in pixels."""

_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_CSS_URL = re.compile(r"url\(\s*[\"']?\s*(?:https?:)?//")
_PIXELS = re.compile(r"\s*(\d{1,6})(?:px)?\s*")


def pictures(mail: Mail) -> Iterator[Finding]:
    """P1: no picture is fetched, above all none that only counts who opens the mail."""
    if not mail.page:
        return
    remote = [image for image in mail.page.all("img") if _REMOTE.match(_source(image))]
    tiny = [_source(image) for image in remote if _is_pixel(image)]
    if tiny:
        found = f"{counted(len(tiny), 'picture')} that nobody sees ({several(tiny)})"
        text = f"{found} to track who reads: remove it."
        yield must("P1", text, "GDPR Art. 6; ePrivacy Art. 5(3)")
    others = [_source(image) for image in remote if not _is_pixel(image)]
    others += [e.name for e in mail.page.elements if _fetches(e)]
    if others:
        text = f"{counted(len(others), 'picture')} from outside ({several(others)}): do without."
        yield should("P1", text, "ePrivacy Art. 5(3)")


def _source(image: Element) -> str:
    return image.attributes.get("src", "")


def _fetches(element: Element) -> bool:
    """Whether ``element`` has a background picture that stands elsewhere."""
    named = element.attributes.get("background", "")
    return bool(_REMOTE.match(named)) or any(map(_CSS_URL.search, element.style.values()))


def _is_pixel(image: Element) -> bool:
    sides = [image.style.get(name, image.attributes.get(name, "")) for name in ("width", "height")]
    sizes = [int(found[1]) for side in sides if (found := _PIXELS.fullmatch(side))]
    return image.look.hidden or (bool(sizes) and max(sizes) <= TINY)
