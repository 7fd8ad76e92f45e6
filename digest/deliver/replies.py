"""A mail server's replies: as text that is safe to store and show, and the delay they name."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_REPLY_CHARS = 500

_DURATION = r"(\d{1,6})\s*(h(?:ou)?rs?|h|min(?:ute)?s?|m|sec(?:ond)?s?|s)\b"
_ASKS = r"(?:again|retry|wait|come back|(?:gr[ae]ylist|delay|defer)\w*)"
_ASKS_TO_WAIT = re.compile(
    rf"\b{_ASKS}[^.;]{{0,40}}?(?<![\d.:])(?P<run>{_DURATION}(?:[\s,]*(?:and\s+)?{_DURATION})*)",
    re.IGNORECASE,
)
_CLOCK = re.compile(rf"\b{_ASKS}\s+in\s+(\d{{1,2}}):(\d\d):(\d\d)\b", re.IGNORECASE)
_RETRY_AFTER = re.compile(r"\bretry[- ]after:?\s+(\d{1,6})\b", re.IGNORECASE)
_SECONDS = {"h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply code and its words, made plain (see ``plain``), lines joined by a space."""

    code: int
    text: str

    @property
    def words(self) -> str:
        """Code and text, as an operator reads it in an outcome."""
        return f"{self.code} {self.text}".rstrip()

    @property
    def positive(self) -> bool:
        """2yz: done as asked (RFC 5321 §4.2.1)."""
        return 200 <= self.code <= 299

    @property
    def temporary(self) -> bool:
        """4yz: not now."""
        return 400 <= self.code <= 499

    @property
    def permanent(self) -> bool:
        """5yz: not ever, asked like this."""
        return 500 <= self.code <= 599

    @property
    def status(self) -> str:
        """The enhanced status code such as ``5.1.1``, or "" (RFC 2034 §4)."""
        found = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", self.text)
        return found.group() if found else ""


def plain(raw: bytes | str, limit: int = MAX_REPLY_CHARS) -> str:
    """``raw`` as one printable line of at most ``limit`` characters.

    A reply is text from outside that ends up in a terminal, a log and a page: whatever is not
    printable (control characters, line ends, bidirectional overrides) becomes a space, bytes
    that are not UTF-8 become U+FFFD.
    """
    text = raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else raw
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def delay_named_s(text: str) -> float | None:
    """The seconds a reply asks to wait ("try again in 300 seconds"), None when it names none.

    Servers word this freely; greylisting ones also write ``come back in 00:04:59``.
    """
    if found := _ASKS_TO_WAIT.search(text):
        parts = re.findall(_DURATION, found["run"], re.IGNORECASE)
        return float(sum(int(number) * _SECONDS[unit[0].lower()] for number, unit in parts))
    if found := _CLOCK.search(text):
        hours, minutes, seconds = (int(part) for part in found.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    if found := _RETRY_AFTER.search(text):
        return float(found[1])
    return None
