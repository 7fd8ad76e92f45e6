"""A finished mail, ready for any transport."""

from __future__ import annotations

from dataclasses import dataclass

STATES = (
    *("queued", "claimed", "sending", "sent", "deferred", "failed", "uncertain"),
    *("withdrawn", "superseded"),
)
"""The states of a message on its way, as it goes through them; drawn in ``store/outbox.py``."""


@dataclass(frozen=True, slots=True)
class Message:
    """``data`` is the whole mail as it goes over the wire, CRLF line ends, not dot-stuffed.

    ``sender`` and ``recipient`` are the envelope's bare addresses; ``message_id`` stands in
    angle brackets, as in the header, and is the same whenever this edition is written again.

    An edition's waits without ``data``: it is printed when its turn has come.
    """

    message_id: str
    sender: str
    recipient: str
    data: bytes
