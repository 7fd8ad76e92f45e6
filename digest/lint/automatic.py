"""Checks of what a mail tells machines of itself: that one wrote it, and in which language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.lint.findings import Finding, must, should, shown
from digest.lint.mails import Mail

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*+")


def auto_submitted(mail: Mail) -> Iterator[Finding]:
    """H19: a program says that it is one, so that no holiday reply comes back."""
    value = mail.head.first("Auto-Submitted")
    if value is None:
        return
    keyword = value.partition(";")[0].strip().lower()
    allowed = ("auto-generated",) if mail.kind == "edition" else ("auto-generated", "auto-replied")
    if keyword not in allowed:
        text = f"Auto-Submitted is {shown(value)}: write auto-generated."
        yield must("H19", text, "RFC 3834 §5")


def precedence(mail: Mail) -> Iterator[Finding]:
    """H20: old responders keep quiet."""
    value = mail.head.first("Precedence")
    if value is not None and value.lower() not in ("bulk", "list"):
        text = f"Precedence is {shown(value)}: write bulk, or leave it out."
        yield should("H20", text, "RFC 3834 §2")


def language(mail: Mail) -> Iterator[Finding]:
    """H27: the header names the language that the HTML names."""
    value = mail.head.first("Content-Language")
    if value is None:
        return
    named = [tag.strip() for tag in value.split(",")]
    if not all(map(_LANGUAGE.fullmatch, named)):
        text = f"Content-Language {shown(value)} is no language: write a tag such as en or pt-BR."
        yield must("H27", text, "RFC 5646 §2.1")
        return
    roots = {tag.partition("-")[0].lower() for tag in named}
    found = html_language(mail)
    if found and found.partition("-")[0].lower() not in roots:
        text = f"Content-Language is {shown(value)}, lang of the HTML {shown(found)}: agree on one."
        yield should("H27", text, "RFC 3282 §2")


def html_language(mail: Mail) -> str:
    """What the html element says of its language."""
    root = next(mail.page.all("html"), None) if mail.page else None
    return root.attributes.get("lang", "").strip() if root else ""
