"""Alerts that come by mail: a Maildir or an IMAP folder, read without changing it."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from digest.collect.markup import shown
from digest.errors import SourceError

MAX_MAIL_BYTES = 16_000_000
"""The largest mail read; the longest listing of arXiv has about a megabyte."""

MAX_MAILS = 500
"""Mails taken at once; the rest is left to the next time."""

_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where an IMAP folder is. ``tls`` False is for a server on this machine."""

    host: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    port: int = 993
    tls: bool = True
    timeout_s: float = 30.0


def messages(maildir: Path) -> Iterator[tuple[str, bytes]]:
    """Id and bytes of each mail in a Maildir that is not marked as seen, in the order of names.

    Names begin with the time of delivery, so the oldest comes first. A mail that another program
    moves or that is too large is passed over. Raises: SourceError when it is no Maildir.
    """
    if not any((maildir / part).is_dir() for part in ("new", "cur")):
        raise SourceError(str(maildir), "it is not a Maildir: it has neither new/ nor cur/")
    paths = [path for part in ("new", "cur") for path in (maildir / part).glob("*")]
    waiting = [p for p in paths if not p.name.startswith(".") and "S" not in _flags(p.name)]
    for path in sorted(waiting, key=lambda path: path.name)[:MAX_MAILS]:
        with suppress(FileNotFoundError, IsADirectoryError):
            if path.stat().st_size <= MAX_MAIL_BYTES:
                yield _base(path.name), path.read_bytes()


def mark_seen(maildir: Path, id: str) -> bool:
    """Moves a mail to ``cur/`` with the flag S, keeping its other flags; False when it is gone.

    For the caller to do after the papers are stored: the other way round a crash loses them.
    """
    (maildir / "cur").mkdir(exist_ok=True)
    for path in (*(maildir / "new").glob("*"), *(maildir / "cur").glob("*")):
        if _base(path.name) == id:
            flags = "".join(sorted({*_flags(path.name), "S"}))
            with suppress(FileNotFoundError):
                path.replace(maildir / "cur" / f"{id}:2,{flags}")
                return True
    return False


def imap_messages(settings: ImapSettings) -> list[tuple[str, bytes]]:
    """Id and bytes of each unseen mail of an IMAP folder, oldest first; nothing is changed there.

    Ids hold for the life of the folder (UIDVALIDITY and UID, RFC 9051 section 2.3.1.1). Raises:
    SourceError.
    """
    with _folder(settings, readonly=True) as (server, validity):
        _, answer = server.uid("SEARCH", "UNSEEN")
        uids = sorted((int(uid) for uid in (answer[0] or b"").split()), key=int)[:MAX_MAILS]
        return [
            (f"{validity}:{uid}", mail)
            for uid in uids
            if (mail := _fetched(server, str(uid))) is not None
        ]


def imap_mark_seen(settings: ImapSettings, ids: list[str]) -> None:
    """Marks mails as seen, after the caller stored their papers. Raises: SourceError.

    Ids of a folder that was made anew in between are passed over: they mean other mails now.
    """
    with _folder(settings, readonly=False) as (server, validity):
        for id in ids:
            then, _, uid = id.partition(":")
            if then == validity and uid.isdigit():
                server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")


def text_of(mail: bytes, name: str = "mail") -> bytes:
    """The plain text of a mail in UTF-8, decoded; of one that has only HTML, what it shows.

    Raises: SourceError when it has neither, or is nested beyond reading.
    """
    try:
        parts = [part for part in message_from_bytes(mail).walk() if not part.is_multipart()]
    except (RecursionError, ValueError, LookupError) as error:
        raise SourceError(name, "it is not a mail that can be read") from error
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and not part.get_filename():
                text = _decoded(part)
                if text.strip():
                    return (shown(text) if kind == "text/html" else text).encode("utf-8", "replace")
    raise SourceError(name, "the mail has no text")


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # a character set nobody knows
        return data.decode("utf-8", "replace")


def _base(name: str) -> str:
    """The part of a mail's name that stays when its flags change."""
    return name.partition(":2,")[0]


def _flags(name: str) -> str:
    return name.partition(":2,")[2]


@contextmanager
def _folder(settings: ImapSettings, *, readonly: bool) -> Iterator[tuple[imaplib.IMAP4, str]]:
    """The server with the folder selected, and the folder's UIDVALIDITY; logged out afterwards."""
    where = f"{settings.user}@{settings.host}/{settings.folder}"
    try:
        server = _connected(settings)
        try:
            server.login(settings.user, settings.password)
            quoted = '"' + re.sub(r'(["\\])', r"\\\1", settings.folder) + '"'
            status, answer = server.select(quoted, readonly=readonly)
            if status != "OK":
                raise SourceError(where, f"the folder cannot be opened: {_words(answer)}")
            _, said = server.response("UIDVALIDITY")
            validity = said[0] if said and isinstance(said[0], bytes) else b"0"
            yield server, validity.decode("ascii", "replace")
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
    except imaplib.IMAP4.error as error:
        raise SourceError(where, f"the mail server refused: {_words(error.args)}") from error
    except OSError as error:
        raise SourceError(where, f"the mail server cannot be reached: {error}") from error


def _connected(settings: ImapSettings) -> imaplib.IMAP4:
    if settings.tls:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(
            settings.host, settings.port, ssl_context=context, timeout=settings.timeout_s
        )
    return imaplib.IMAP4(settings.host, settings.port, timeout=settings.timeout_s)


def _fetched(server: imaplib.IMAP4, uid: str) -> bytes | None:
    """A mail's bytes, looked at without marking it; None when it is gone or too large."""
    _, answer = server.uid("FETCH", uid, "(RFC822.SIZE)")
    size = _SIZE.search(b" ".join(part for part in answer if isinstance(part, bytes)))
    if not size or int(size[1]) > MAX_MAIL_BYTES:
        return None
    _, answer = server.uid("FETCH", uid, "(BODY.PEEK[])")
    return next((part[1] for part in answer if isinstance(part, tuple)), None)


def _words(answer: object) -> str:
    said = answer[0] if isinstance(answer, list | tuple) and answer else answer
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
