"""A small IMAP server: enough of RFC 9051 to log in, search, fetch and store."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ImapServer:
    """One folder, ``Alerts``, of mails by UID; ``seen`` are those marked, ``said`` all commands."""

    def __init__(
        self, mails: dict[int, bytes], password: str = "secret", validity: int = 7
    ) -> None:
        self.mails, self.password, self.validity = mails, password, validity
        self.seen: set[int] = set()
        self.said: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            self.said.append(command)
            writer.write(self.answer(command) if not self.refused(command) else b"")
            verdict = "NO no such thing" if self.refused(command) else "OK done"
            writer.write(f"{tag} {verdict}\r\n".encode())
            await writer.drain()
            if command == "LOGOUT":
                break
        writer.close()

    def refused(self, command: str) -> bool:
        wrong_password = command.startswith("LOGIN") and f'"{self.password}"' not in command
        opens = command.startswith(("SELECT", "EXAMINE"))
        return wrong_password or (opens and '"Alerts"' not in command)

    def answer(self, command: str) -> bytes:
        uid = next((int(n) for n in re.findall(r"UID \w+ (\d+)", command)), 0)
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.startswith(("SELECT", "EXAMINE")):
            return (
                f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] ok\r\n".encode()
            )
        if command == "UID SEARCH UNSEEN":
            left = " ".join(str(n) for n in sorted(self.mails) if n not in self.seen)
            return f"* SEARCH {left}\r\n".encode()
        if "RFC822.SIZE" in command:
            return f"* 1 FETCH (UID {uid} RFC822.SIZE {len(self.mails[uid])})\r\n".encode()
        if "BODY.PEEK[]" in command:
            mail = self.mails[uid]
            return f"* 1 FETCH (UID {uid} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n"
        if command.startswith("UID STORE"):
            self.seen.add(uid)
        return b"* BYE bye\r\n" if command == "LOGOUT" else b""


@contextmanager
def imap_server(mails: dict[int, bytes]) -> Iterator[ImapServer]:
    """A server on a free port of this machine, in a thread of its own."""
    server, loop, started = ImapServer(mails), asyncio.new_event_loop(), threading.Event()

    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        started.set()
        async with listening:
            await stopped.wait()

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    started.wait(5)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(5)
        loop.close()
