"""A mail taken apart for the checks: header, MIME tree, text and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from digest.lint.fields import Head, head, split
from digest.lint.mime import Part, read
from digest.lint.pages import Page, page

Kind = Literal["edition", "notice"]

LIMIT = 25 * 1024 * 1024
"""The largest mail that is looked at, in octets: what Gmail takes at most."""

READ = 256 * 1024
"""The most of a text or HTML part whose words are looked at, in characters."""

_LIST = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Post", "List-Help")


@dataclass(frozen=True, slots=True)
class Mail:
    """``data`` is the mail as it came; ``text`` and ``page`` are at most READ characters of it."""

    data: bytes
    raw_head: bytes
    head: Head
    body: bytes
    root: Part
    plain: Part | None
    rich: Part | None
    text: str
    page: Page | None
    kind: Kind


def mail(data: bytes) -> Mail:
    """``data`` taken apart; any octets will do."""
    lines = data if b"\n" in data else data.replace(b"\r", b"\r\n")
    raw_head, body = split(lines)
    header = head(raw_head)
    root = read(header, body)
    plain, rich = _leaf(root, "text/plain"), _leaf(root, "text/html")
    return Mail(
        data,
        raw_head,
        header,
        body,
        root,
        plain,
        rich,
        plain.text[:READ] if plain else "",
        page(rich.text[:READ]) if rich else None,
        kind(header),
    )


def _leaf(root: Part, kind: str) -> Part | None:
    """The first part of ``kind`` that is no attachment."""
    for part in root.walk():
        disposition = part.head.first("Content-Disposition") or ""
        if part.kind == kind and not disposition.lower().startswith("attachment"):
            return part
    return None


def kind(header: Head) -> Kind:
    """A notice goes to one person on their own act; all else is held to what an edition needs."""
    listed = any(header.all(name) for name in _LIST)
    bulk = (header.first("Precedence") or "").lower() in ("bulk", "list")
    automatic = bool(header.all("Auto-Submitted"))
    return "notice" if automatic and not listed and not bulk else "edition"
