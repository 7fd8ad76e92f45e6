"""The mailboxes that mails come back to, read so that a crash at any moment loses none.

A mail is handed out, its effect is stored by whoever took it, and only then is ``done`` called,
which removes it. What dies in between is read again the next time, and then found to be stored.
A mail that is not about ours is left to whoever else reads the mailbox: ``leave`` at most marks it
as seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import mailbox
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from digest.errors import SourceError
from digest.returns.opened import LARGEST
from digest.returns.servers import Waiting, imap, pop3
from digest.returns.settings import Place, ReturnsSettings

MOST = 1_000
"""Mails taken at once, the newest where there are more; the rest is left to the next time."""

__all__ = ["Waiting", "opened"]


def opened(
    place: Place, settings: ReturnsSettings, password: str
) -> AbstractContextManager[Iterator[Waiting]]:
    """The mails in a mailbox, oldest first, while it is open. Raises SourceError.

    Removals are final once it is closed without an error.
    """
    if place.way in ("imaps", "imap"):
        return imap(place, settings, password, MOST)
    if place.way in ("pop3s", "pop3"):
        return pop3(place, settings, password, MOST)
    if place.way == "-":
        return contextlib.nullcontext(_standard_input())
    return {"maildir": _maildir, "mbox": _mbox}[place.way](place.path)


def _nothing() -> None:
    """What is to be done about a mail that nobody keeps."""


def _standard_input() -> Iterator[Waiting]:
    data = sys.stdin.buffer.read(LARGEST)
    while sys.stdin.buffer.read(LARGEST):
        pass  # the mail server that writes it must not find the pipe closed
    if data.strip():
        yield Waiting("standard input", data, _nothing, _nothing)


# A Maildir -------------------------------------------------------------------------------------


@contextmanager
def _maildir(folder: Path) -> Iterator[Iterator[Waiting]]:
    if not any((folder / part).is_dir() for part in ("new", "cur")):
        raise SourceError(str(folder), "it is not a Maildir: it has neither new/ nor cur/")
    try:
        yield _in_maildir(folder)
    except OSError as error:
        raise SourceError(str(folder), f"it cannot be used ({error.strerror})") from error


def _in_maildir(folder: Path) -> Iterator[Waiting]:
    paths = [path for part in ("new", "cur") for path in (folder / part).glob("[!.]*")]
    unseen = [path for path in paths if not {"S", "T"} & set(path.name.partition(":2,")[2])]
    for path in sorted(unseen, key=lambda path: path.name)[-MOST:]:
        with suppress(FileNotFoundError, IsADirectoryError):  # another program was faster
            with path.open("rb") as file:
                data = file.read(LARGEST)
            yield Waiting(path.name, data, _remover(path), _marker(folder, path))


def _remover(path: Path) -> Callable[[], None]:
    return lambda: path.unlink(missing_ok=True)


def _marker(folder: Path, path: Path) -> Callable[[], None]:
    def mark() -> None:
        base, _, flags = path.name.partition(":2,")
        (folder / "cur").mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            path.replace(folder / "cur" / f"{base}:2,{''.join(sorted({*flags, 'S'}))}")

    return mark


# An mbox ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Held:
    """A mail of an mbox, whose place in the file may change until it is removed."""

    hash: bytes
    data: bytes


@contextmanager
def _mbox(file: Path) -> Iterator[Iterator[Waiting]]:
    """Locked while it is read and while it is written, but not in between: mails may arrive."""
    if not file.is_file():
        raise SourceError(str(file), "there is no such mbox; check the path")
    done: set[bytes] = set()
    try:
        with _locked(file) as box:
            keys = box.keys()[-MOST:]
            held = [_held(box, key) for key in keys]
        try:
            yield (
                Waiting(str(n), one.data, _noting(done, one.hash), _nothing)
                for n, one in enumerate(held)
            )
        finally:
            if done:
                _remove(file, done)
    except (OSError, mailbox.Error) as error:
        raise SourceError(str(file), f"it cannot be read and changed ({error})") from error


@contextmanager
def _locked(file: Path) -> Iterator[mailbox.mbox]:
    box = mailbox.mbox(file, create=False)
    try:
        box.lock()
        yield box
    finally:
        box.close()  # which unlocks


def _held(box: mailbox.mbox, key: str) -> _Held:
    with box.get_file(key) as mail:
        data = mail.read(LARGEST)
        return _Held(hashlib.sha256(data).digest(), data)


def _noting(done: set[bytes], hash_: bytes) -> Callable[[], None]:
    return lambda: done.add(hash_)


def _remove(file: Path, done: set[bytes]) -> None:
    with _locked(file) as box:
        for key in box.keys():  # noqa: SIM118 - iterating over it gives the mails
            if _held(box, key).hash in done:
                box.remove(key)
        box.flush()
