"""Checks of HTML against what mail programs keep of it: size, styles, elements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.lint.findings import Finding, must, should, shown
from digest.lint.mails import Mail
from digest.lint.pages import Page

CLIPPED, LARGE = 102 * 1024, 90 * 1024
"""The HTML that Gmail cuts off, and a size that leaves room for what relays add; octets."""

STYLE_LIMIT = 8 * 1024
"""Gmail drops a style element that is longer, whole; characters."""

_ACTIVE = ("script", "iframe", "frame", "object", "embed", "applet")
_FORMS = ("form", "input", "select", "textarea", "button", "video", "audio", "svg", "canvas")
_UNKNOWN = {
    "position": re.compile(r"absolute|fixed|relative|sticky"),
    "display": re.compile(r"flex|inline-flex|grid|inline-grid"),
    "background-image": re.compile(r"url"),
}


def size(mail: Mail) -> Iterator[Finding]:
    """C1: Gmail shows the HTML whole."""
    number = len(mail.rich.data) if mail.rich else 0
    kib = f"{number / 1024:.1f} KB"
    if number > CLIPPED:
        text = f"The HTML has {kib}: Gmail clips it at 102 KB and hides the footer; shorten it."
        yield must("C1", text, "Gmail clipping, hteumeuleu/email-bugs#41")
    elif number > LARGE:
        text = f"The HTML has {kib}: keep it below 90 KB, relays and forwards add to it."
        yield should("C1", text, "Gmail clipping, hteumeuleu/email-bugs#41")


def elements(mail: Mail) -> Iterator[Finding]:
    """C2: no element that mail programs remove, and no style from elsewhere."""
    if not mail.page:
        return
    active = sorted({element.name for element in mail.page.all(*_ACTIVE)})
    if active:
        text = f"The HTML has {', '.join(active)}: filters refuse or strip it; remove it."
        yield must("C2", text, "caniemail.com")
    sheets = [link for link in mail.page.all("link") if "stylesheet" in _rel(link.attributes)]
    if sheets:
        text = f"The HTML loads {shown(sheets[0].attributes.get('href', ''))}: put styles inline."
        yield must("C2", text, "caniemail.com/features/html-link")
    meta = [tag.attributes.get("http-equiv", "").lower() for tag in mail.page.all("meta")]
    if "refresh" in meta or any(mail.page.all("base")):
        text = "The HTML has a refresh or a base, which redirects its reader: remove it."
        yield must("C2", text, "caniemail.com")
    forms = sorted({element.name for element in mail.page.all(*_FORMS)})
    if forms:
        text = f"The HTML has {', '.join(forms)}, which few mail programs show: link to a page."
        yield should("C2", text, "caniemail.com/features/html-form")


def _rel(attributes: dict[str, str]) -> str:
    return attributes.get("rel", "").lower()


def styles(mail: Mail) -> Iterator[Finding]:
    """C2: no style that half of the mail programs leave out."""
    if not mail.page:
        return
    used = sorted({said for element in mail.page.elements for said in _unknown(element.style)})
    if used:
        text = f"Inline styles use {', '.join(used)}, which many mail programs drop: use tables."
        yield should("C2", text, "caniemail.com")
    for sheet in map(str.lower, _sheets(mail.page)):
        if len(sheet) > STYLE_LIMIT:
            text = f"A style element has {len(sheet):,} characters: Gmail drops it over 8,192."
            yield should("C2", text, "caniemail.com/features/html-style")
        if "@import" in sheet or "@font-face" in sheet or "fonts.googleapis" in sheet:
            text = "A style element loads a web font or sheet: name fonts that are there."
            yield should("C2", text, "caniemail.com/features/css-at-font-face")


def _unknown(style: dict[str, str]) -> Iterator[str]:
    found = ((name, value.match(style.get(name, ""))) for name, value in _UNKNOWN.items())
    yield from (f"{name}:{match[0]}" for name, match in found if match)
    if any("var(" in value for value in style.values()):
        yield "var()"


def _sheets(page: Page) -> Iterator[str]:
    return (
        "".join(run.text for run in page.runs[sheet.first : sheet.last])
        for sheet in page.all("style")
    )
