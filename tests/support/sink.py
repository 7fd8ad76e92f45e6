"""Postfix's smtp-sink on a free loopback port: receives, refuses, breaks off by its switches.

It comes with Debian's postfix. Each message that it received whole becomes a file; so do those that
it then refuses at the final dot (``-r .``, ``-f .``): whoever uses these switches has to know.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED = "postfix"
"""Who smtp-sink becomes when root starts it: it refuses to stay root."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that a server had whole. ``content`` is a hash of header and body as received."""

    recipient: str
    message_id: str
    content: str


def mail_of(recipient: str, data: bytes) -> Mail:
    """The mail of these bytes; line ends count as alike, for sink keeps no CR."""
    plain = data.replace(b"\r\n", b"\n").rstrip(b"\n")
    found = re.search(rb"^Message-ID:\s*(\S+)", plain, re.IGNORECASE | re.MULTILINE)
    message_id = found[1].decode() if found else ""
    return Mail(recipient, message_id, hashlib.sha256(plain).hexdigest())


def find_sink() -> str | None:
    """The program's path, None where Postfix is not installed."""
    return shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def find_source() -> str | None:
    """The path of smtp-source, None where Postfix is not installed."""
    return shutil.which("smtp-source", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Sink:
    """A running smtp-sink. ``start`` again after ``stop`` listens on the same port."""

    def __init__(self, folder: Path | None, *switches: str) -> None:
        self.port = free_port()
        self.switches = switches
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *switches: str) -> None:
        """Listen; ``switches`` replace those it was made with. Returns once it answers."""
        self.switches = switches or self.switches
        command = [find_sink() or "smtp-sink", *self.switches]
        if getpass.getuser() == "root":
            command += ["-u", UNPRIVILEGED]
        if self._folder:
            command += ["-d", f"{self._folder}/m."]
        command += [f"127.0.0.1:{self.port}", "512"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def _wait(self) -> None:
        assert self._process is not None
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"smtp-sink ended with {self._process.returncode}")
            if listens(self.port):
                return
            time.sleep(0.01)
        raise RuntimeError("smtp-sink does not listen")

    def stop(self) -> None:
        """End the process; connections break."""
        process, self._process = self._process, None
        if process:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(10)

    def freeze(self) -> None:
        """Let it stand still, connections open, until ``thaw``."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def count(self) -> int:
        """How many messages were received so far, the one under way included."""
        return sum(1 for _ in self._folder.iterdir()) if self._folder else 0

    def mails(self) -> list[Mail]:
        """What was received whole, one mail a recipient, in no order."""
        if not self._folder:
            return []
        return [mail for file in self._folder.iterdir() for mail in _read(file.read_bytes())]


def _read(dump: bytes) -> Iterator[Mail]:
    """The mails of one dump: lines that smtp-sink put before it, then the message."""
    found = re.match(rb"(?:X-[A-Za-z-]+: .*\n)+Received: .*\n(?:[ \t].*\n)*", dump)
    if not found:
        return
    for recipient in re.findall(rb"^X-Rcpt-Args: <([^>]*)>", found[0], re.MULTILINE):
        yield mail_of(recipient.decode(), dump[found.end() :])


@contextmanager
def smtp_sink(*switches: str, dump: bool = True, running: bool = True) -> Iterator[Sink]:
    """A sink; with ``dump`` false it throws messages away, which is what makes it quick."""
    folder = Path(tempfile.mkdtemp(prefix="sink-")) if dump else None
    if folder:
        folder.chmod(0o777)  # it writes as another user
    sink = Sink(folder, *switches)
    try:
        if running:
            sink.start()
        yield sink
    finally:
        sink.stop()
        if folder:
            shutil.rmtree(folder)


def free_port() -> int:
    """A port nobody listens on; of those the system does not hand out to clients by itself."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """True when somebody takes connections there."""
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex(("127.0.0.1", port)) == 0
