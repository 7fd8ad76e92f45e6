"""One mail address: checked at the door, and written as it stands in a header."""

from __future__ import annotations

import re

from digest.render.settings import ascii_domain

_LABEL = r"(?:[A-Za-z0-9_-]|[^\x00-\x7f])+"
_ADDRESS = re.compile(
    r'(?P<local>[^\s"(),:;<>@[\]\\]+|"[^\s"<>@\\]+")@'
    rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Za-z.:]+\])"
)
_LONGEST, _LONGEST_LOCAL = 254, 64  # octets: RFC 5321 §4.5.3.1


def one_address(address: str) -> str:
    """``address`` with its domain as A-labels. Raises ValueError unless it is one bare address.

    A local part with dots in odd places is taken, for real mailboxes have such; one with spaces,
    controls, or characters that turn the direction of text never is.
    """
    found = _ADDRESS.fullmatch(address)
    if found and address.isprintable():
        if address.isascii():
            bare, local = address, found.end("local")
        else:
            bare, local = ascii_domain(address), len(found["local"].encode())
        if local <= _LONGEST_LOCAL and len(bare.encode()) <= _LONGEST:
            return bare
    raise ValueError(f"{address[:80]!r} is not one mail address")


def addr_spec(address: str) -> str:
    """One bare address as it stands in a header (RFC 5322 §3.4.1).

    A local part such as ``a..b`` or ``.`` is no dot-atom, and so is quoted.
    """
    local, _, domain = address.rpartition("@")
    odd = ".." in local or "." in (local[0], local[-1])
    return f'"{local}"@{domain}' if odd and local[0] != '"' else address
