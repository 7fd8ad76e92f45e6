"""How the mail server is reached, and how a run of delivery goes about its messages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from digest.deliver.pacing import PaceSettings

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How to reach the mail server. ``security`` is obeyed or the server counts as down."""

    host: str = "localhost"
    port: int = 587
    security: Security = "starttls"
    username: str = ""
    """Empty: no signing in."""
    password: str = field(default="", repr=False)
    connect_timeout_s: float = 30.0
    timeout_s: float = 300.0
    """For the greeting and each reply or block of data before the final dot (RFC 5321 §4.5.3.2)."""
    dot_timeout_s: float = 600.0
    """For the reply to the final dot; shorter means more messages left uncertain (§4.5.3.2.6)."""
    ca_file: Path | None = None
    """Certificate authorities to trust instead of the system's."""
    hello_name: str = ""
    """What EHLO says; empty: this machine's full name."""
    messages_per_connection: int = 100
    """After so many a new connection is made, as relays like it; 0: never."""

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("host must name the mail server")
        if not 1 <= self.port <= 65535:
            raise ValueError("port has to be between 1 and 65535")
        if self.messages_per_connection < 0:
            raise ValueError("messages_per_connection cannot be below 0")
        if self.security not in get_args(Security):
            raise ValueError(f"security must be starttls, tls or none, not {self.security!r}")

    @property
    def server(self) -> str:
        return f"{self.host}:{self.port}"


_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = rf"(?=.{{1,100}}\Z){_LABEL}(?:\.{_LABEL})*"
_DOMAIN = rf"(?=.{{1,100}}\Z)(?:{_LABEL}\.)+{_LABEL}"


@dataclass(frozen=True)
class DkimSettings:
    """A key that signs, in ``key_file``; its public half stands in DNS under ``selector``.

    ``domain`` is who signs, by default the sender's; it has to be the sender's or one above it.
    """

    selector: str
    key_file: Path
    domain: str = ""

    def __post_init__(self) -> None:
        check_names(self.selector, self.domain or "example.org")


def check_names(selector: str, domain: str) -> None:
    """Raises ValueError when these are no names that can stand in DNS."""
    if not re.fullmatch(_SELECTOR, selector):
        raise ValueError(f"the selector {selector!r} is not a name such as digest2026")
    if not re.fullmatch(_DOMAIN, domain):
        raise ValueError(f"the domain {domain!r} is not a name such as example.org")


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """The backoff: 5, 10, 20, 40, 80, 160, 240, 240 minutes by default.

    These add up to 13 h 15 min, at most 16 h with jitter: the ninth attempt, the last, falls
    before the next day's edition. Only delays named by the server can stretch that, each to
    ``max_delay_s`` at most.
    """

    first_delay_s: float = 300.0
    """Seconds before the second attempt; doubled after each further one."""
    max_delay_s: float = 4 * 3600.0
    """No wait is longer (before jitter), whatever the server asks for."""
    jitter: float = 0.2
    """A wait grows by up to this share, so that a server's return meets no stampede."""
    max_attempts: int = 9
    """Attempts in all; a message deferred at the last one has failed."""


@dataclass(frozen=True, slots=True)
class DeliverSettings:
    """``connections`` to the server at once; what becomes of ``uncertain`` messages."""

    retry: RetrySettings = field(default_factory=RetrySettings)
    pace: PaceSettings = field(default_factory=PaceSettings)
    connections: int = 1
    uncertain: Literal["hold", "resend"] = "hold"

    def __post_init__(self) -> None:
        if not 1 <= self.connections <= 100:
            raise ValueError("connections has to be between 1 and 100")
