"""Mailboxes on servers, IMAP (RFC 9051) and POP3 (RFC 1939), over connections that are checked."""

from __future__ import annotations

import imaplib
import poplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from digest.errors import SourceError
from digest.returns.opened import LARGEST, LINES
from digest.returns.settings import Place, ReturnsSettings

LONGEST = 65_536
"""Octets of a line that is taken from a server; what follows on it is dropped."""

_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail in a mailbox: ``done`` removes it, ``leave`` lets it be for others to read.

    ``data`` is at most the first LARGEST octets of it.
    """

    id: str
    data: bytes = field(repr=False)
    done: Callable[[], None]
    leave: Callable[[], None]


def _context(settings: ReturnsSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)


# IMAP ------------------------------------------------------------------------------------------


@contextmanager
def imap(
    place: Place, settings: ReturnsSettings, password: str, most: int
) -> Iterator[Iterator[Waiting]]:
    """The unseen mails of an IMAP folder, oldest first. Raises SourceError."""
    try:
        server = _imap(place, settings)
        try:
            server.login(place.user, password)
            quoted = '"' + re.sub(r'(["\\])', r"\\\1", place.folder) + '"'
            status, answer = server.select(quoted)
            if status != "OK":
                raise SourceError(
                    str(place), f"the folder {place.folder} cannot be opened: {_words(answer)}"
                )
            yield _unseen(server, most)
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
    except imaplib.IMAP4.error as error:
        raise SourceError(str(place), f"the server refused: {_words(error.args)}") from error
    except OSError as error:
        raise SourceError(str(place), f"the server cannot be reached: {error}") from error


def _imap(place: Place, settings: ReturnsSettings) -> imaplib.IMAP4:
    if place.way == "imap":
        return imaplib.IMAP4(place.host, place.port, timeout=settings.timeout_s)
    return imaplib.IMAP4_SSL(
        place.host, place.port, ssl_context=_context(settings), timeout=settings.timeout_s
    )


def _unseen(server: imaplib.IMAP4, most: int) -> Iterator[Waiting]:
    _, answer = server.uid("SEARCH", "UNSEEN")
    for uid in sorted(int(uid) for uid in (answer[0] or b"").split())[-most:]:
        data = _fetched(server, str(uid))
        if data is not None:
            yield Waiting(str(uid), data, _deleter(server, str(uid)), _seer(server, str(uid)))


def _fetched(server: imaplib.IMAP4, uid: str) -> bytes | None:
    """What is read of a mail, looked at without marking it; None when it is gone."""
    _, answer = server.uid("FETCH", uid, "(RFC822.SIZE)")
    size = _SIZE.search(b" ".join(part for part in answer if isinstance(part, bytes)))
    if not size:
        return None
    part = f"<0.{LARGEST}>" if int(size[1]) > LARGEST else ""
    _, answer = server.uid("FETCH", uid, f"(BODY.PEEK[]{part})")
    return next((part[1] for part in answer if isinstance(part, tuple)), None)


def _deleter(server: imaplib.IMAP4, uid: str) -> Callable[[], None]:
    """Removes a mail; without UIDPLUS only marks it, lest what others marked goes with it."""

    def delete() -> None:
        _told(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        if "UIDPLUS" in server.capabilities:
            _told(server.uid("EXPUNGE", uid))

    return delete


def _seer(server: imaplib.IMAP4, uid: str) -> Callable[[], None]:
    return lambda: _told(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))


def _told(answered: tuple[str, object]) -> None:
    if answered[0] != "OK":
        raise imaplib.IMAP4.error(_words(answered[1]))


def _words(answer: object) -> str:
    said = answer[0] if isinstance(answer, list | tuple) and answer else answer
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


# POP3 ------------------------------------------------------------------------------------------


class _LongLines:
    """A reader of lines that shortens one that is too long, where poplib would give up the mail."""

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(LONGEST)  # type: ignore[attr-defined] # poplib has it
        if not line:
            raise poplib.error_proto("-ERR EOF")
        rest = line
        while not rest.endswith(b"\n"):
            rest = self.file.readline(LONGEST)  # type: ignore[attr-defined]
            if not rest:
                raise poplib.error_proto("-ERR EOF")
        return line.rstrip(b"\r\n"), len(line)


class _Pop3(_LongLines, poplib.POP3):
    """POP3 without encryption, for a server on this machine."""


class _Pop3Tls(_LongLines, poplib.POP3_SSL):
    """POP3 that is encrypted from the start."""


@contextmanager
def pop3(
    place: Place, settings: ReturnsSettings, password: str, most: int
) -> Iterator[Iterator[Waiting]]:
    """The mails of a POP3 mailbox, oldest first; QUIT makes removals final (RFC 1939 §6).

    Raises SourceError.
    """
    try:
        server = _pop3(place, settings)
        try:
            server.user(place.user)
            server.pass_(password)
            yield _listed(server, most)
            server.quit()
        finally:
            server.close()
    except poplib.error_proto as error:
        raise SourceError(str(place), f"the server refused: {_words(error.args)}") from error
    except OSError as error:
        raise SourceError(str(place), f"the server cannot be reached: {error}") from error


def _pop3(place: Place, settings: ReturnsSettings) -> poplib.POP3:
    if place.way == "pop3":
        return _Pop3(place.host, place.port, timeout=settings.timeout_s)
    return _Pop3Tls(place.host, place.port, timeout=settings.timeout_s, context=_context(settings))


def _listed(server: poplib.POP3, most: int) -> Iterator[Waiting]:
    sizes = [[int(part) for part in line.split()[:2]] for line in server.list()[1]]
    for number, size in sizes[-most:]:
        lines = server.top(number, LINES)[1] if size > LARGEST else server.retr(number)[1]
        data = b"\r\n".join([*lines, b""])[:LARGEST]
        yield Waiting(str(number), data, _dropper(server, number), lambda: None)


def _dropper(server: poplib.POP3, number: int) -> Callable[[], None]:
    def drop() -> None:
        server.dele(number)

    return drop
