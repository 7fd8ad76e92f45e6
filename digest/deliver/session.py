"""One SMTP connection: replies read within bounds, data written in blocks, phases kept apart.

The standard library's ``smtplib`` does EHLO, STARTTLS and AUTH. Reading is ours: its ``getreply``
has no bound on a reply's lines or duration, and turns an overlong line into a made-up 500.
"""

from __future__ import annotations

import re
import select
import smtplib
import ssl
import time
from contextlib import suppress
from typing import Any

from digest.deliver.replies import Reply, plain

MAX_REPLY_BYTES = 64 * 1024
BLOCK_BYTES = 64 * 1024
GOODBYE_TIMEOUT_S = 5.0
_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class Session(smtplib.SMTP):
    """One connection. Every method raises OSError (smtplib's errors are) once it is lost."""

    _unread = b""

    def __init__(self, *args: Any, timeout_s: float, **kwargs: Any) -> None:
        self.timeout_s = timeout_s  # first: the base class reads the greeting
        super().__init__(*args, **kwargs)

    def getreply(self) -> tuple[int, bytes]:
        """The next reply; its lines joined by newlines, as smtplib's own gives them.

        Raises:
            smtplib.SMTPServerDisconnected: no whole, sound reply came in time; now closed.
        """
        return self._reply_within(self.timeout_s)

    def _reply_within(self, timeout_s: float) -> tuple[int, bytes]:
        deadline = time.monotonic() + timeout_s
        try:
            return self._read_reply(deadline)
        except TimeoutError as error:
            self.close()
            why = f"no answer within {timeout_s:g} s"
            raise smtplib.SMTPServerDisconnected(why) from error
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(plain(str(error))) from error

    def _read_reply(self, deadline: float) -> tuple[int, bytes]:
        codes, lines, size = set(), [], 0
        while True:
            line = self._read_line(deadline, MAX_REPLY_BYTES - size)
            size += len(line)
            found = _REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
            if not found:
                raise ConnectionError(f"an answer that is not SMTP: {plain(line, 80)}")
            codes.add(int(found[1]))
            lines.append((found[3] or b"").strip())
            if found[2] != b"-":
                break
        if len(codes) > 1:  # RFC 5321 §4.2.1: the code is the same on every line
            raise ConnectionError(f"an answer with several codes: {sorted(codes)}")
        return codes.pop(), b"\n".join(lines)

    def _read_line(self, deadline: float, limit: int) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > limit:
                raise ConnectionError("an answer without end")
            if self.sock is None:
                raise ConnectionError("connection closed")
            remaining_s = deadline - time.monotonic()
            if remaining_s <= 0:
                raise TimeoutError
            self.sock.settimeout(remaining_s)
            chunk = self.sock.recv(BLOCK_BYTES)  # above TLS's 16 KiB: no record stays half read
            if not chunk:
                raise ConnectionError("connection closed by the server")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def docmd(self, cmd: str, args: str = "") -> tuple[int, bytes]:
        """As smtplib's; after STARTTLS nothing may be left that came in plain text.

        Such text would have been put there by someone in between (RFC 3207 §6).
        """
        answer = super().docmd(cmd, args)
        if self.sock is not None:
            self.sock.settimeout(self.timeout_s)  # for a TLS handshake that follows
        if cmd.upper() == "STARTTLS" and self._unread:
            self.close()
            raise smtplib.SMTPServerDisconnected("plain text was injected before encryption began")
        return answer

    def close(self) -> None:
        self._unread = b""
        super().close()

    def ask(self, line: str) -> Reply:
        """The reply to a command."""
        # Addresses are checked by now; UTF-8 in one is announced by SMTPUTF8 or never gets here.
        self.command_encoding = "utf-8"
        code, text = self.docmd(line)
        return Reply(code, plain(text))

    def answer(self, timeout_s: float) -> Reply:
        """The reply to what was written."""
        code, text = self._reply_within(timeout_s)
        return Reply(code, plain(text))

    def write(self, data: bytes) -> None:
        """Hand all of ``data`` to the system, or raise OSError; each block has its own timeout.

        When this raises, the last byte of ``data`` was not sent and never will be.
        """
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        view = memoryview(data)
        self.sock.settimeout(self.timeout_s)
        for start in range(0, len(data), BLOCK_BYTES):
            self.sock.sendall(view[start : start + BLOCK_BYTES])

    def last_words(self) -> Reply | None:
        """A reply that came before it was asked for, such as a refusal while data is written."""
        with suppress(OSError):
            return self.answer(1.0)
        return None

    def quiet(self) -> bool:
        """True when the connection stands and nothing unasked-for has come: fit for reuse.

        An idle connection that can be read was closed, or holds a 421 or a stray reply that
        would be taken for the answer to the next command.
        """
        if self.sock is None or self._unread:
            return False
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def goodbye(self) -> None:
        """Leave politely if that is quick; closed in any case."""
        self.timeout_s = GOODBYE_TIMEOUT_S
        with suppress(OSError):
            self.docmd("QUIT")
        self.close()


class TlsSession(Session, smtplib.SMTP_SSL):
    """A connection encrypted from its first byte (RFC 8314 §3)."""
