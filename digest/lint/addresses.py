"""Mailboxes of address fields, and when two domains belong together."""

from __future__ import annotations

import re
from dataclasses import dataclass

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
DOT_ATOM = rf"{ATOM}(?:\.{ATOM})*+"

_TOKEN = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)|<[^<>]*+>|,|\\.|[^",<>\\]++|.', re.DOTALL)
_COMMENTED = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)|\\.|[()]|[^"\\()]++|.', re.DOTALL)
_ADDRESS = re.compile(rf'(?:{DOT_ATOM}|"(?:[^"\\\r\n]|\\.)*+")@({DOT_ATOM})')
_PHRASE = re.compile(rf'(?:{ATOM}|"(?:[^"\\]|\\.)*+"|[ \t.])*+')
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "net", "or", "org", "ne", "go", "gob", "gv"}


@dataclass(frozen=True, slots=True)
class Mailbox:
    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()


def mailboxes(value: str) -> list[Mailbox]:
    """The mailboxes of a list (RFC 5322 §3.4); ValueError names the first that is none."""
    entries: list[list[str]] = [[]]
    for piece in _TOKEN.findall(without_comments(value)):
        if piece == ",":
            entries.append([])
        else:
            entries[-1].append(piece)
    return [_mailbox("".join(entry).strip()) for entry in entries]


def _mailbox(text: str) -> Mailbox:
    name, bracket, rest = text.rpartition("<")
    address = rest.removesuffix(">") if bracket and rest.endswith(">") else text
    if not is_address(address) or not _PHRASE.fullmatch(name):
        raise ValueError(text)
    return Mailbox(name.strip(), address)


def is_address(text: str) -> bool:
    """Whether ``text`` is one bare address, of lengths that SMTP takes (RFC 5321 §4.5.3.1)."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and len(text) - len(found[1]) <= 65 and len(found[1]) <= 255


def without_comments(value: str) -> str:
    """``value`` without its comments (RFC 5322 §3.2.2); parentheses in quotes stay."""
    kept: list[str] = []
    depth = 0
    for piece in _COMMENTED.findall(value):
        if piece == "(":
            depth += 1
        elif piece == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(piece)
    return "".join(kept).strip()


def is_full(domain: str) -> bool:
    """Whether ``domain`` is one that mail can reach from anywhere (RFC 5321 §2.3.5)."""
    labels = domain.split(".")
    return len(labels) > 1 and all(labels) and labels[-1] not in ("localhost", "local", "internal")


def organization(domain: str) -> str:
    """The domain somebody registered (RFC 7489 §3.2), by a rule of thumb for names as co.uk.

    The exact answer needs the public suffix list, which grows old in a program.
    """
    labels = domain.lower().rstrip(".").split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if deep else -2 :])


def aligned(one: str, other: str) -> bool:
    """Whether two domains are the same in DMARC's relaxed mode (RFC 7489 §3.1)."""
    return organization(one) == organization(other)
