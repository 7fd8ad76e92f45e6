"""A little work that a browser does before a page sends mail for it; without third parties.

A page holds a challenge: an instant and a number used once, signed. The browser looks for an
answer such that SHA-256 over challenge, mail address and answer begins with so many zero bits, in
a second or so; checking takes one hash. A mail to another address is another piece of work.

A browser without JavaScript cannot work. It may send the form all the same, once it has been open
for as long as a person needs to fill it in, and only few such forms are taken, from one network
and from all together. So a program that does not work either is slow: people wait for nothing,
and thousands of mails cannot be had.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from hashlib import sha256

from digest.links import Key
from digest.web.protection import Limit, network_of

LASTS = dt.timedelta(hours=12)
"""How long a page may be open before its form is sent."""

WAIT = dt.timedelta(seconds=10)
"""How long a page has to be open where the browser does not work."""

SLOW_MINUTES, SLOW, ALL_SLOW = 60, 3, 60
"""Without work: so many from one network, and from all together, in so many minutes."""

_CHALLENGE = re.compile(r"([0-9a-f]{1,12})\.([0-9a-f]{16})\.([0-9a-f]{32})")
_ANSWER = re.compile(r"[0-9]{1,15}")

OLD = "This page was open for very long. Please press the button once more."
QUICK = "That was quick. Please look it over, and press the button again in {} seconds."
MANY = (
    "Just now too many ask without JavaScript. Please try again in an hour, or allow JavaScript "
    "for this page."
)


class Work:
    """Challenges of one site; ``bits`` is how much work one is, and 0 asks for none."""

    def __init__(self, keys: Sequence[Key], bits: int) -> None:
        self.bits = bits
        self._keys = keys
        self._slow = Limit(SLOW, SLOW_MINUTES)
        self._all_slow = Limit(ALL_SLOW, SLOW_MINUTES)

    def challenge(self, now: dt.datetime) -> str:
        """A new challenge, made at ``now``."""
        said = f"{int(now.timestamp()):x}.{secrets.token_hex(8)}"
        return f"{said}.{_signed(self._keys[0], said)}"

    def kept(self, challenge: str, now: dt.datetime) -> str:
        """The challenge of a form that is shown again: the same as long as it is good."""
        at = self._made_at(challenge)
        return challenge if at and now - at < LASTS / 2 else self.challenge(now)

    def problem(
        self, challenge: str, answer: str, address: str, network: str, now: dt.datetime
    ) -> str | None:
        """Why the form is not taken, in a sentence for its sender; None when it is."""
        if not self.bits:
            return None
        at = self._made_at(challenge)
        if at is None or now - at > LASTS:
            return OLD
        if self._answers(challenge, answer, address):
            return None
        if now - at < WAIT:
            return QUICK.format((WAIT - (now - at)).seconds + 1)
        clock = time.monotonic()
        few = self._slow.allows(network_of(network), clock) and self._all_slow.allows("", clock)
        return None if few else MANY

    def _made_at(self, challenge: str) -> dt.datetime | None:
        """When we made this challenge; None if we did not."""
        found = _CHALLENGE.fullmatch(challenge)
        if not found:
            return None
        said = f"{found[1]}.{found[2]}"
        if not any(hmac.compare_digest(_signed(key, said), found[3]) for key in self._keys):
            return None
        return dt.datetime.fromtimestamp(int(found[1], 16), dt.UTC)

    def _answers(self, challenge: str, answer: str, address: str) -> bool:
        if not _ANSWER.fullmatch(answer):
            return False
        hashed = sha256(f"{challenge}:{address}:{answer}".encode("utf-8", "replace")).digest()
        return int.from_bytes(hashed) >> (8 * len(hashed) - self.bits) == 0


def _signed(key: Key, said: str) -> str:
    return hmac.digest(key.secret, b"digest web work 1\0" + said.encode(), "sha256")[:16].hex()
