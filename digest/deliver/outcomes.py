"""What became of one message: Accepted, Deferred, Rejected, Uncertain; and the Transport shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from digest.messages import Message


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility for the message (RFC 5321 §6.1)."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """A 4xx reply: the same message may be accepted later (RFC 5321 §4.2.1)."""

    reply: str
    after_s: float | None = None
    """The delay the reply itself asks for, in seconds, when it names one."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A 5xx reply: this message will never be accepted for this recipient."""

    reply: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The connection was lost after the final dot and before the reply: perhaps delivered."""

    reply: str


Outcome = Accepted | Deferred | Rejected | Uncertain


class Transport(Protocol):
    """A way out for messages. Raises MailServerDown when no message at all can leave now."""

    def send(self, message: Message) -> Outcome: ...

    def close(self) -> None: ...
