"""Checks of a DKIM signature, when there is one: what it covers and who signs. No cryptography."""

from __future__ import annotations

from collections.abc import Iterator

from digest.lint.addresses import aligned
from digest.lint.findings import Finding, must, should, shown
from digest.lint.mails import Mail
from digest.lint.origin import from_domain

MUST = ("From", "List-Unsubscribe", "List-Unsubscribe-Post")
SIGNATURES = 5
"""How many are looked at; a mail has one of its author's and perhaps one of its relay's."""

SHOULD = ("Subject", "Date", "To", "Message-ID")


def signatures(mail: Mail) -> Iterator[Finding]:
    """H13 and D1 of the best of the signatures: one that is right is enough."""
    found = [
        [*_covered(mail, tags), *_signer(mail, tags)]
        for field in mail.head.all("DKIM-Signature")[:SIGNATURES]
        for tags in (_tags(field.value),)
    ]
    yield from min(found, key=len, default=[])


def _tags(value: str) -> dict[str, str]:
    """The tags of a signature, without white space (RFC 6376 §3.2)."""
    pairs = (part.partition("=") for part in value.split(";"))
    return {name.strip(): "".join(text.split()) for name, sign, text in pairs if sign}


def _covered(mail: Mail, tags: dict[str, str]) -> Iterator[Finding]:
    names = tags.get("h", "").lower().split(":")
    for wanted, make in ((MUST, must), (SHOULD, should)):
        open_to_change = [
            name for name in wanted if name.lower() not in names and mail.head.all(name)
        ]
        if open_to_change:
            text = f"The DKIM signature leaves out {', '.join(open_to_change)}: name it in h=."
            yield make("H13", text, "RFC 6376 §5.4.1; RFC 8058 §4")


def _signer(mail: Mail, tags: dict[str, str]) -> Iterator[Finding]:
    own, domain, algorithm = from_domain(mail), tags.get("d", ""), tags.get("a", "")
    missing = [name for name in ("v", "a", "b", "bh", "d", "h", "s") if not tags.get(name)]
    if missing:
        text = f"The DKIM signature has no {', '.join(missing)}: let the relay sign again."
        yield must("D1", text, "RFC 6376 §3.5")
    elif algorithm not in ("rsa-sha256", "ed25519-sha256"):
        text = f"The DKIM signature uses {shown(algorithm)}: sign with rsa-sha256."
        yield must("D1", text, "RFC 8301 §3.1")
    elif own and not aligned(domain, own):
        text = (
            f"The DKIM signature is of {shown(domain)}, From at {shown(own)}: sign as the latter."
        )
        yield must("D1", text, "RFC 7489 §3.1.1")
    elif "l" in tags:
        text = "The DKIM signature covers the body in part (l=): anybody may add to it; remove l=."
        yield should("D1", text, "RFC 6376 §8.2")
