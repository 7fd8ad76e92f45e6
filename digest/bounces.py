"""What came back of a mail, and who gets nothing more because of it: Bounce, Suppression."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "hard",
    "soft",
    "full",
    "policy",
    "delayed",
    "delivered",
    "complaint",
    "auto-reply",
    "request",
    "unknown",
]
"""What a mail that came back says: there is no such address; it failed, for now or for good; the
mailbox is full; the server wants no such mail or no mail of ours; it is still being tried; it
arrived; the reader calls it spam; a machine answered for the reader; the reader asks to leave, or
votes; none of these.
"""

Reason = Literal["bounce", "complaint", "operator", "left", "erased"]
"""Why an address gets nothing: its mail came back, its reader complained, somebody here said so,
it left another list before it was brought here, its reader had all that was known of it erased.
"""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report on a mail of ours, read at an instant; a fact, never changed.

    ``report`` is the SHA-256 of the report in hex, so that one that is read twice counts once.
    ``address`` is where the mail went, and ``date`` that of its edition. ``status`` is such as
    "5.1.1" or empty, ``words`` the server's own. ``at`` is aware, UTC.
    """

    report: str
    message_id: str
    subscriber: str
    address: str
    date: dt.date
    kind: Kind
    at: dt.datetime
    status: str = ""
    words: str = ""

    @property
    def said(self) -> str:
        """Status and words, in which the status stands already more often than not."""
        return explained(self.status, self.words)


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that gets nothing, since when and why; ``detail`` says it in words.

    ``address`` is in small letters; that of a reader who had everything erased is "hmac:" and a
    keyed hash, which tells nobody what it was.
    """

    address: str
    reason: Reason
    at: dt.datetime
    detail: str = ""


def explained(status: str, words: str) -> str:
    """What a server said: its words, and its status where they do not hold it."""
    return words if status in words else f"{status} {words}".strip()
