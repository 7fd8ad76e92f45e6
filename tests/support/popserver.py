"""A small POP3 server: enough of RFC 1939 to log in, list, retrieve, delete and quit, or to die."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PopServer:
    """One mailbox; ``dies`` is the verb at which the server hangs up instead of answering, once.

    What is deleted is gone at QUIT only (RFC 1939 §6). ``said`` are all commands.
    """

    def __init__(self, mails: list[bytes], password: str = "secret") -> None:
        self.mails, self.password = list(mails), password
        self.dies: str | None = None
        self.said: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK ready\r\n")
        gone: set[int] = set()
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            verb, *arguments = line.split()
            if verb == self.dies:
                self.dies = None
                break
            if verb == "DELE":
                gone.add(int(arguments[0]) - 1)
            if verb == "QUIT":
                self.mails = [mail for n, mail in enumerate(self.mails) if n not in gone]
            writer.write(self.answer(verb, arguments))
            await writer.drain()
            if verb == "QUIT":
                break
        writer.close()

    def answer(self, verb: str, arguments: list[str]) -> bytes:
        if verb == "PASS" and arguments != [self.password]:
            return b"-ERR wrong password\r\n"
        if verb == "LIST":
            listed = "".join(f"{n} {len(mail)}\r\n" for n, mail in enumerate(self.mails, start=1))
            return b"+OK\r\n" + listed.encode() + b".\r\n"
        if verb in ("RETR", "TOP"):
            lines = self.mails[int(arguments[0]) - 1].splitlines()
            lines = lines[: int(arguments[1])] if verb == "TOP" else lines
            stuffed = b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines)
            return b"+OK\r\n" + stuffed + b".\r\n"
        return b"+OK\r\n"


@contextmanager
def pop_server(mails: list[bytes], tls: ssl.SSLContext | None = None) -> Iterator[PopServer]:
    """A server on a free port of this machine, in a thread of its own."""
    server, loop, started = PopServer(mails), asyncio.new_event_loop(), threading.Event()

    async def run() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
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
