"""Notices when a server refuses one message after another for the same reason: ours, not theirs."""

from __future__ import annotations

import re
from typing import Generic, TypeVar

from digest.deliver.outcomes import Accepted, Deferred, Outcome, Rejected

IN_A_ROW = 10
"""Refusals alike after which the rest would fare no better."""

T = TypeVar("T")

_ABOUT_RECIPIENT = re.compile(
    r"(?<![\w.])[45]\.[12]\.\d|gr[ae]y-?list|user unknown|no such user", re.I
)
"""Replies about one address or its mailbox (RFC 3463 §3.2, §3.3), or that pass with time."""

_VARIES = re.compile(r"<[^>]*>|\S+@\S+|\b(?=\w*\d)\w{4,}\b|\d+(?=\s*(?:s|sec|min))", re.I)
"""What differs between replies that mean the same: addresses, queue ids, seconds."""


class Breaker(Generic[T]):
    """Counts refusals alike, over the runs of a program. Not safe for threads.

    ``open`` from when delivery had to pause until a message is accepted, or refused for another
    reason.
    """

    def __init__(self, most: int = IN_A_ROW) -> None:
        self._most = most
        self._reason = ""
        self._alike: list[T] = []
        self.open = False

    def feed(self, outcome: Outcome, message: T) -> list[T]:
        """The messages refused alike in a row, when delivery has to pause for it; else none.

        Once it had to, the next refusal for the same reason is enough: one message finds out.
        """
        if isinstance(outcome, Accepted):
            self._reason, self._alike, self.open = "", [], False
            return []
        if not isinstance(outcome, Deferred | Rejected) or _ABOUT_RECIPIENT.search(outcome.reply):
            return []
        reason = _VARIES.sub("", outcome.reply)
        if reason != self._reason:
            self._reason, self._alike, self.open = reason, [], False
        self._alike.append(message)
        self.open = self.open or len(self._alike) >= self._most
        if not self.open:
            return []
        alike, self._alike = self._alike, []
        return alike
