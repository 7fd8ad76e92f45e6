"""Passwords as hashes, which tell nobody what they were: made, told apart from text, compared."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import unicodedata

COST, BLOCK, PARALLEL = 15, 8, 3
"""scrypt's parameters: 2**15 blocks of 8 * 128 octets are 32 MiB, three times over (OWASP)."""

MOST_COST, MOST_PARALLEL = 20, 16
"""More than this in a hash would let one attempt to sign in take minutes, or a machine's memory."""

SALT, SIZE = 16, 32
_FORM = re.compile(r"scrypt:([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2}):([\w-]{22}):([\w-]{43})", re.A)


def hashed(password: str, cost: int = COST) -> str:
    """The hash of a password with a new salt; its parameters stand in it.

    It holds neither blanks nor anything that YAML or a shell would take for its own.
    """
    salt = secrets.token_bytes(SALT)
    made = _scrypt(password, salt, cost, BLOCK, PARALLEL)
    return f"scrypt:{cost}:{BLOCK}:{PARALLEL}:{_text(salt)}:{_text(made)}"


def is_hash(text: str) -> bool:
    """Whether this is a hash of ours whose parameters can be afforded."""
    return _parts(text) is not None


def matches(password: str, stored: str) -> bool:
    """Whether this is the password of the hash; False, too, where ``stored`` is none."""
    parts = _parts(stored)
    if parts is None:
        return False
    cost, block, parallel, salt, made = parts
    return hmac.compare_digest(_scrypt(password, salt, cost, block, parallel), made)


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    # The same letters can be typed as different characters: one keyboard's é is another's e + ´.
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "replace")
    room = 128 * block * (2**cost + parallel + 2)
    return hashlib.scrypt(typed, salt=salt, n=2**cost, r=block, p=parallel, maxmem=room, dklen=SIZE)


def _parts(text: str) -> tuple[int, int, int, bytes, bytes] | None:
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    cost, block, parallel = (int(found[n]) for n in (1, 2, 3))
    if not (1 <= cost <= MOST_COST and 1 <= block <= BLOCK and 1 <= parallel <= MOST_PARALLEL):
        return None
    try:
        salt, made = (base64.urlsafe_b64decode(found[n] + "==") for n in (4, 5))
    except binascii.Error:
        return None
    return (cost, block, parallel, salt, made) if (len(salt), len(made)) == (SALT, SIZE) else None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
