"""Messages leave into a folder, an ``.eml`` file each: to try things out, or for another mailer."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from digest.deliver.outcomes import Accepted, Outcome
from digest.errors import MailServerDown
from digest.messages import Message

MAX_RECIPIENT_CHARS = 120

_WHAT_NOW = {
    errno.ENOSPC: "is full; free some space",
    errno.EDQUOT: "is full; free some space or raise the quota",
    errno.EACCES: "cannot be written; check its owner and permissions",
    errno.EPERM: "cannot be written; check its owner and permissions",
    errno.EROFS: "is read-only; choose another one",
    errno.EEXIST: "is not a folder; choose another one",
    errno.ENOTDIR: "is not a folder; choose another one",
}


class FolderTransport:
    """A way out into a folder, made at the first message. Nothing to keep open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> Outcome:
        """Accepted, once the file is on the disk, whole, under its final name.

        The same message again replaces its own file, so a crash between writing and recording
        leaves one file, not two.

        Raises:
            MailServerDown: the folder cannot be written.
        """
        path = self._folder / file_name(message)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _replace(path, message.data)
        except OSError as error:
            what_now = _WHAT_NOW.get(
                error.errno or 0, f"cannot be written ({error.strerror}); choose another one"
            )
            raise MailServerDown(f"delivery folder {self._folder} {what_now}") from error
        return Accepted(f"written to {path}")

    def close(self) -> None:
        """Nothing to do."""


def file_name(message: Message) -> str:
    """The message's file name: ``2026-05-20_ada@example.org_1f3c….eml``.

    The day is there when the message id holds one. The digits at the end come from the whole
    message id: they keep two messages of one day to one reader apart. Nothing else goes in (not
    the Date header, not the clock), so that a message written again finds its own file.
    """
    day = re.search(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", message.message_id)
    recipient = re.sub(r"[^A-Za-z0-9@.+_-]", "_", message.recipient)[:MAX_RECIPIENT_CHARS]
    digits = hashlib.sha256(message.message_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    parts = [day.group() if day else "", recipient.lstrip(".-_"), digits]
    return "_".join(part for part in parts if part) + ".eml"


def _replace(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader, or a power cut, meets all of it or none."""
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too; on systems where folders cannot be opened it already is."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
