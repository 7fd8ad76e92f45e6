"""What the owner decides about mails that come back: where they are, and how often is too often."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

Way = Literal["maildir", "mbox", "imaps", "imap", "pop3s", "pop3", "-"]

_PORTS = {"imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110}
_FORMS = "maildir:PATH, mbox:PATH, imaps://user@host/folder, pop3s://user@host, or -"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mailbox is: a ``path``, or a ``folder`` of a ``user`` on a server. "-" is stdin."""

    way: Way
    path: Path = Path()
    host: str = ""
    port: int = 0
    user: str = ""
    folder: str = "INBOX"

    def __str__(self) -> str:
        """Such as a person may read it, without a password that was put there by mistake."""
        if self.host:
            return f"{self.way}://{self.user}@{self.host}"
        return "standard input" if self.way == "-" else f"{self.way}:{self.path}"


@dataclass(frozen=True)
class ReturnsSettings:
    """How mails that come back are read, and when they suppress the address.

    ``mailbox`` is such as ``place`` reads. ``soft_editions`` that came back within
    ``soft_window_days``, the last at least ``soft_days`` after the first, are too many.
    """

    mailbox: str = ""
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: float = 30.0
    soft_editions: int = 4
    soft_days: int = 3
    soft_window_days: int = 30

    def __post_init__(self) -> None:
        if self.mailbox:
            place(self.mailbox)
        if self.soft_editions < 2:
            raise ValueError("soft_editions has to be at least 2: a single failure says little")
        if not 1 <= self.soft_days <= self.soft_window_days:
            raise ValueError("soft_days has to be between 1 and soft_window_days")
        if self.timeout_s <= 0:
            raise ValueError("timeout_s has to be positive")


def place(text: str) -> Place:
    """The mailbox that ``text`` names: ``maildir:PATH``, ``mbox:PATH``, ``imaps://user@host/folder``,
    ``pop3s://user@host`` or ``-`` for standard input; ``imap`` and ``pop3`` do not encrypt, and are
    for a server on this machine. Raises ValueError.
    """
    if text == "-":
        return Place("-")
    way, _, rest = text.partition(":")
    if way in ("maildir", "mbox") and rest.strip("/"):
        return Place(way, Path(rest.removeprefix("//")).expanduser())  # type: ignore[arg-type] # a Way
    url = urlsplit(text)
    if way not in get_args(Way) or not url.hostname or not url.username:
        raise ValueError(f"'{_without_password(text)}' is no mailbox; write {_FORMS}")
    if url.password:
        raise ValueError("a password does not belong in the mailbox; name a password_file")
    return Place(
        way,  # type: ignore[arg-type] # it was just looked up
        host=url.hostname,
        port=url.port or _PORTS[way],
        user=unquote(url.username),
        folder=unquote(url.path.strip("/")) or "INBOX",
    )


def rooted(settings: ReturnsSettings, here: Path) -> ReturnsSettings:
    """The same with the paths in it counted from the folder ``here``."""
    found = place(settings.mailbox) if settings.mailbox else Place("-")
    local = found.way in ("maildir", "mbox")
    files = (settings.password_file, settings.ca_file)
    password_file, ca_file = (here / file if file else None for file in files)
    return replace(
        settings,
        mailbox=f"{found.way}:{here / found.path}" if local else settings.mailbox,
        password_file=password_file,
        ca_file=ca_file,
    )


def _without_password(text: str) -> str:
    return text.rpartition("@")[2] if "@" in text else text
