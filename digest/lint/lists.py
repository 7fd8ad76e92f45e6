"""Checks of the fields that make a mail a list's: leaving it, naming it, answering for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from digest.lint.addresses import DOT_ATOM, without_comments
from digest.lint.findings import Finding, counted, must, several, should, shown
from digest.lint.mails import Mail
from digest.lint.origin import found

ID_LIMIT = 255
"""The longest list identifier, in octets (RFC 2919 §3)."""

_URIS = re.compile(r"\s*<([^<>]*+)>\s*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:[!-;=?-~]+")
_HTTPS = re.compile(r"https://[^/?#]+([^#]*)", re.IGNORECASE)
_LIST_ID = re.compile(r"(?:[^<>]*[\s\"?=])?<([^<>]*)>")
_DOTTED = re.compile(rf"{DOT_ATOM}", re.ASCII)
_DATED = re.compile(r"(?:19|20)\d\d-?[01]\d-?[0-3]\d|\d{6,}")
_LINKS = ("List-Help", "List-Subscribe", "List-Owner", "List-Archive")


def uris(value: str) -> list[str] | None:
    """The URIs of a list field, without brackets (RFC 2369 §2); None when it is no such list."""
    matches = [_URIS.fullmatch(entry) for entry in without_comments(value).split(",")]
    links = [match[1] for match in matches if match]
    return links if len(links) == len(matches) else None


def unsubscribe(mail: Mail) -> Iterator[Finding]:
    """H11: List-Unsubscribe is one https link, then a mailto."""
    value = mail.head.first("List-Unsubscribe")
    if value is None:
        return
    links = uris(value)
    if not links or not all(map(_URI.fullmatch, links)):
        text = (
            f"List-Unsubscribe {shown(value)} is no list of <links>: write <https://…>, <mailto:…>."
        )
        yield must("H11", text, "RFC 2369 §2, §3.2")
        return
    schemes = [link.partition(":")[0].lower() for link in links]
    if schemes.count("https") != 1:
        number = (
            counted(schemes.count("https"), "https link") if "https" in schemes else "no https link"
        )
        text = f"List-Unsubscribe has {number} ({several(links)}): one click needs exactly one."
        yield must("H11", text, "RFC 8058 §3.1")
    elif "http" in schemes:
        text = "List-Unsubscribe has a plain http link, which shows the token to all: remove it."
        yield must("H11", text, "RFC 8058 §3.1")
    else:
        yield from _preference(schemes)


def _preference(schemes: list[str]) -> Iterator[Finding]:
    """H11 of a list with one https link: that it comes first, and a mailto after it."""
    if schemes[0] != "https":
        text = f"List-Unsubscribe begins with {schemes[0]}: put https first, as the preferred one."
        yield should("H11", text, "RFC 2369 §2")
    elif "mailto" not in schemes:
        text = "List-Unsubscribe has no mailto: add one for programs without one click."
        yield should("H11", text, "RFC 2369 §3.2")


def one_click(mail: Mail) -> Iterator[Finding]:
    """H12: List-Unsubscribe-Post says what has to be posted, to the letter."""
    value = mail.head.first("List-Unsubscribe-Post")
    if value is not None and value != "List-Unsubscribe=One-Click":
        text = f"List-Unsubscribe-Post is {shown(value)}: write List-Unsubscribe=One-Click."
        yield must("H12", text, "RFC 8058 §3.1, §5")


def token(mail: Mail) -> Iterator[Finding]:
    """H15: the one-click link says who leaves, but not to everybody."""
    links = uris(mail.head.first("List-Unsubscribe") or "") or []
    matches = [match for link in links if (match := _HTTPS.fullmatch(link))]
    if not matches:
        return
    rest = matches[0][1]
    readers = [box.address.lower() for box in found(mail, "To")]
    if not rest.strip("/?"):
        text = f"The unsubscribe link {shown(matches[0][0])} names nobody: add a signed token."
        yield must("H15", text, "RFC 8058 §3.1")
    elif any(reader in unquote(rest).lower() for reader in readers):
        text = "The unsubscribe link holds the reader's address: put a signed token in its place."
        yield should("H15", text, "RFC 8058 §3.1")


def list_id(mail: Mail) -> Iterator[Finding]:
    """H17: List-Id is one name in brackets, the same for every edition."""
    value = mail.head.first("List-Id")
    if value is None:
        return
    match = _LIST_ID.fullmatch(without_comments(value))
    name = match[1] if match else ""
    if not _DOTTED.fullmatch(name) or "." not in name:
        text = f"List-Id {shown(value)} is malformed: write 'Title <list.your.domain>'."
        yield must("H17", text, "RFC 2919 §2, §3")
    elif len(name) > ID_LIMIT:
        text = f"List-Id has {len(name)} octets in brackets, and {ID_LIMIT} is the most: cut it."
        yield must("H17", text, "RFC 2919 §3")
    elif _DATED.search(name):
        text = f"List-Id {shown(name)} holds a date or number: it must be the same every day."
        yield should("H17", text, "RFC 2919 §4")


def list_links(mail: Mail) -> Iterator[Finding]:
    """H18: the other list fields hold links, and List-Post says that nobody posts."""
    for name in _LINKS:
        value = mail.head.first(name)
        if value is not None and not _are_links(value):
            text = f"{name} {shown(value)} is no <link>: put an https: or mailto: in brackets."
            yield must("H18", text, "RFC 2369 §2")
    post = mail.head.first("List-Post")
    if post is not None and without_comments(post) != "NO" and not _are_links(post):
        text = f"List-Post is {shown(post)}: write NO, since nobody posts to this list."
        yield must("H18", text, "RFC 2369 §3.4")


def _are_links(value: str) -> bool:
    links = uris(value)
    return bool(links) and all(map(_URI.fullmatch, links or []))


def feedback_id(mail: Mail) -> Iterator[Finding]:
    """H21: Feedback-ID has four parts and names no person."""
    value = mail.head.first("Feedback-ID")
    if value is None:
        return
    last = value.rpartition(":")[2].strip()
    if "@" in value:
        text = f"Feedback-ID {shown(value)} names a person: use names of campaigns alone."
        yield must("H21", text, "Gmail feedback loop; GDPR Art. 5")
    elif value.count(":") > 3 or not 5 <= len(last) <= 15:
        text = (
            f"Feedback-ID {shown(value)} is not a:b:c:sender with 5 to 15 letters last: correct it."
        )
        yield must("H21", text, "Gmail feedback loop")


def archived_at(mail: Mail) -> Iterator[Finding]:
    """H23: Archived-At is the link of the web copy."""
    value = mail.head.first("Archived-At")
    if value is not None and not (_are_links(value) and value.lower().startswith("<https://")):
        text = f"Archived-At {shown(value)} is no <https://…> link: correct it."
        yield should("H23", text, "RFC 5064 §2")
