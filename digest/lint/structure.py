"""Checks of the MIME structure: version, alternatives, charsets, boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.lint.addresses import without_comments
from digest.lint.findings import Finding, must, should, shown
from digest.lint.mails import Mail
from digest.lint.mime import DEPTH, PARTS, Part, delimiters

SHARE = 0.2
"""The least length of the text part for that of the HTML: what says less leaves picks out."""

_MARK = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_SPECIAL = re.compile(r'boundary\s*=\s*(?!")[^;\s]*[()<>@,;:\\"/\[\]?=]', re.IGNORECASE)
_LINK = re.compile(r"(?:https?:|mailto:)\S+")


def version(mail: Mail) -> Iterator[Finding]:
    """H7: MIME-Version is 1.0."""
    value = mail.head.first("MIME-Version")
    if value is not None and without_comments(value).replace(" ", "") != "1.0":
        yield must("H7", f"MIME-Version is {shown(value)}: write 1.0.", "RFC 2045 §4")


def alternatives(mail: Mail) -> Iterator[Finding]:
    """H8: text first and HTML last, as two forms of one mail."""
    parts = list(mail.root.walk())
    for part in parts[1:]:
        if len(part.head.all("Content-Type")) > 1:
            text = f"A {part.kind} part names its type more than once: keep one."
            yield must("H8", text, "RFC 2045 §5")
    if any(part.refused and part.mark for part in parts):
        text = f"More than {PARTS} parts, or over {DEPTH} deep: filters refuse that; send two."
        yield must("H8", text, "RFC 2046 §5.1")
        return
    both = next((part for part in parts if part.kind == "multipart/alternative"), None)
    fault = _order(both) if both else _single(mail)
    if fault and mail.head.all("Content-Type"):
        yield fault


def _order(both: Part) -> Finding | None:
    if not both.mark:
        return None  # what is wrong is told once, by H10
    kinds = [part.kind for part in both.parts]
    last = both.parts[-1] if both.parts else None
    if last and last.kind == "multipart/related" and last.parts:
        kinds[-1] = last.parts[0].kind
    if kinds and kinds[0] == "text/plain" and kinds[-1] == "text/html":
        return None
    text = f"The alternatives are {', '.join(kinds[:5]) or 'none'}: text/plain first, html last."
    return must("H8", text, "RFC 2046 §5.1.4")


def _single(mail: Mail) -> Finding | None:
    if mail.plain and not mail.rich:
        text = "There is no HTML part: add one after the text, as multipart/alternative."
        return should("H8", text, "RFC 2046 §5.1.4") if mail.kind == "edition" else None
    if mail.rich and not mail.plain:
        text = "There is no text part: add one before the HTML, as multipart/alternative."
    elif mail.rich:
        text = f"Text and HTML stand in {shown(mail.root.kind)}: write multipart/alternative."
    else:
        text = f"{shown(mail.root.kind)} holds neither text nor HTML: write both."
    return must("H8", text, "RFC 2046 §5.1.4")


def charsets(mail: Mail) -> Iterator[Finding]:
    """H8: both parts are UTF-8, say so, and hold something."""
    for part in (mail.plain, mail.rich):
        if part is None or (part is mail.root and not part.head.all("Content-Type")):
            continue
        ascii_only = part.charset in ("us-ascii", "ascii") and part.data.isascii()
        if part.charset not in ("utf-8", "utf8") and not ascii_only:
            found = shown(part.charset) if part.charset else "no charset"
            text = f"The {part.kind} part names {found}: write charset=utf-8."
            yield must("H8", text, "RFC 2046 §4.1.2")
        elif not _is_utf8(part.data):
            text = f"The {part.kind} part is not the UTF-8 it claims to be: encode it as such."
            yield must("H8", text, "RFC 3629 §3")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def contents(mail: Mail) -> Iterator[Finding]:
    """H8: both parts hold something, and the text about what the HTML does."""
    seen = mail.page.seen if mail.page else ""
    if mail.plain and not mail.text.strip():
        text = "The text part is empty: say there what the HTML says."
        yield must("H8", text, "RFC 2046 §5.1.4")
    elif mail.page and not seen.strip():
        text = "The HTML part shows no text: say there what the text part says."
        yield must("H8", text, "RFC 2046 §5.1.4")
    elif mail.page and mail.plain:
        share = _length(mail.text) / max(_length(seen), 1)
        if share < SHARE:
            text = f"The text part has {share:.0%} of the words of the HTML: say the same in both."
            yield should("H8", text, "RFC 2046 §5.1.4")


def _length(text: str) -> int:
    """The length of what is read: without links and white space."""
    return len("".join(_LINK.sub("", text).split()))


def boundaries(mail: Mail) -> Iterator[Finding]:
    """H10: each boundary is well formed, closes its multipart and occurs nowhere else."""
    for part in mail.root.walk():
        if part.kind.startswith("multipart/"):
            yield from _boundary(part)


def _boundary(part: Part) -> Iterator[Finding]:
    declared = part.head.first("Content-Type") or ""
    if not part.mark:
        text = f"{part.kind} names no boundary: its parts cannot be told apart; add one."
        yield must("H10", text, "RFC 2046 §5.1.1")
    elif not _MARK.fullmatch(part.mark):
        text = (
            f"The boundary {shown(part.mark)} is not 1 to 70 of the allowed characters: change it."
        )
        yield must("H10", text, "RFC 2046 §5.1.1")
    elif _SPECIAL.search(declared[:2_000]):
        text = f'The boundary {shown(part.mark)} needs quotes: write boundary="…".'
        yield must("H10", text, "RFC 2045 §5.1")
    elif not part.closed:
        text = f"The delimiter --{part.mark}-- that ends {part.kind} is missing: add it."
        yield must("H10", text, "RFC 2046 §5.1.1")
    elif not part.refused:
        yield from _elsewhere(part)


def _elsewhere(part: Part) -> Iterator[Finding]:
    """Where a boundary stands beside the delimiters."""
    name = part.mark.encode("utf-8", "surrogateescape")
    number = sum(1 for _ in delimiters(part.body, part.mark))
    starts = part.body.startswith(b"--" + name) + part.body.count(b"\n--" + name)
    if starts > number or not all(child.head.all("Content-Type") for child in part.parts):
        text = f"The boundary {shown(part.mark)} also begins a line within a part: take another."
        yield must("H10", text, "RFC 2046 §5.1.1")
    elif part.body.count(name) > number:
        text = f"The boundary {shown(part.mark)} also stands within a part: take another."
        yield should("H10", text, "RFC 2046 §5.1.1")
