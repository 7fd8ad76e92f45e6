"""What a mail server's extensions mean for the mails that go through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capability:
    """An SMTP extension by its EHLO keyword; ``meaning`` of its being there, or not."""

    keyword: str
    offered: bool
    meaning: str


_MEANINGS = {
    "PIPELINING": (
        "a message takes two round trips (RFC 2920)",
        "a message takes four round trips instead of two: slower",
    ),
    "SIZE": (
        "what is too big is known before it is sent (RFC 1870)",
        "a mail that is too big is refused only when it was sent",
    ),
    "8BITMIME": (
        "bytes beyond ASCII may pass (RFC 6152); our mails need none",
        "our mails are plain ASCII on the wire, so nothing is missing",
    ),
    "DSN": (
        "bounces name the message and leave its text out (RFC 3461)",
        "bounces come as the server likes to write them; they are recognised by their address",
    ),
    "SMTPUTF8": (
        "addresses such as jürgen@example.org can be written to (RFC 6531)",
        "readers whose address has other letters than ASCII before the @ cannot be written to",
    ),
    "ENHANCEDSTATUSCODES": (
        "refusals say exactly why (RFC 2034)",
        "refusals say why in words only",
    ),
}


def capabilities(features: Mapping[str, str]) -> tuple[Capability, ...]:
    """What the server offers of the extensions that matter here; keywords in any case."""
    offered = {name.upper(): value for name, value in features.items()}
    found = [
        Capability(name, name in offered, there if name in offered else missing)
        for name, (there, missing) in _MEANINGS.items()
    ]
    limit = offered.get("SIZE", "")
    if limit.isdecimal() and int(limit):
        found[1] = Capability("SIZE", True, f"a mail may have {int(limit):,} bytes (RFC 1870)")
    return tuple(found)
