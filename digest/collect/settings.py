"""What collecting may take, and how sources are asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from digest.papers import Announced


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """What collecting may take: ``max_file_mb`` for one file, ``settle_s`` of rest before it.

    A file of the inbox that changed within the last ``settle_s`` seconds is still being written.
    ``announce``: which announcements in files are news, as for a polled source. ``resolve``: ask
    arXiv for the ids and links of papers of which only the title is known.
    """

    max_file_mb: int = 64
    settle_s: float = 2.0
    announce: tuple[Announced, ...] = ("new",)
    resolve: bool = False
    resolve_url: str = "https://export.arxiv.org/api/query"

    def __post_init__(self) -> None:
        if not 1 <= self.max_file_mb <= 1024:
            raise ValueError("max_file_mb must be from 1 to 1024")
        if not 0 <= self.settle_s <= 3600:  # false for NaN too
            raise ValueError("settle_s must be from 0 to 3600")

    @property
    def max_bytes(self) -> int:
        """``max_file_mb`` in bytes."""
        return self.max_file_mb * 1_000_000


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How sources are asked, and how much one of them may take. Sizes are in millions of bytes."""

    contact: str = ""
    """An address or page of whoever runs this; sources ask for it before they block anyone."""
    user_agent: str = "digest/0.1"
    timeout_s: float = 20.0
    """For connecting, and for each wait for more."""
    total_s: float = 60.0
    """For one source with all its redirects, however slowly it drips."""
    max_mb: float = 16.0
    """On the wire, headers included."""
    max_unpacked_mb: float = 64.0
    max_redirects: int = 5
    at_once: int = 8
    """Hosts asked at the same time; the sources of one host are asked one after the other."""
    allow_private: bool = False
    """Ask private and loopback addresses too, for intranets; anyone's redirect may then as well."""
    ca_file: Path | None = None
    """Certificate authorities to trust instead of the system's."""

    def __post_init__(self) -> None:
        ranges = {
            "timeout_s": (0.01, 600),
            "total_s": (0.01, 3600),
            "max_mb": (0.001, 1024),
            "max_unpacked_mb": (0.001, 1024),
            "max_redirects": (0, 20),
            "at_once": (1, 64),
        }
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:  # true for NaN too
                raise ValueError(f"{name} has to be between {least} and {most}")
        for name, extra in (("contact", "()<>"), ("user_agent", "")):
            value = getattr(self, name)
            if not (value.isascii() and value.isprintable()) or set(value) & set(extra):
                raise ValueError(f"{name} has to be plain ASCII without {extra or 'line breaks'}")
        if not self.user_agent.strip():
            raise ValueError("user_agent has to name this program")

    @property
    def identity(self) -> str:
        """The User-Agent sent (RFC 9110 §10.1.5), such as ``digest/0.1 (+mailto:me@lab.org)``."""
        return f"{self.user_agent} (+{self.contact})" if self.contact else self.user_agent
