"""A TCP proxy on loopback that cuts connections at a byte: resets, closes, half-closes, stalls."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

How = Literal["reset", "close", "half", "stall"]
"""``reset`` and ``close`` end both sides, ``half`` only this direction, ``stall`` says no more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one connection. ``up`` counts bytes to the server, ``down`` those back.

    The byte at which it is cut is not passed on; None never cuts. ``delay_s`` is added to each
    piece that comes back, ``pieces`` is how many bytes go on at a time there (0: as they come).
    """

    up: int | None = None
    down: int | None = None
    how: How = "reset"
    delay_s: float = 0.0
    pieces: int = 0


UNHARMED = Plan()


class Proxy:
    """Passes connections on to a port; ``plan`` is asked for each, counted from 0."""

    def __init__(self, upstream: int, plan: Callable[[int], Plan]) -> None:
        self.upstream, self.plan = upstream, plan
        self.connections = 0
        self._closing = False
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Break what is open, and listen no more."""
        self._closing = True
        with suppress(OSError):  # wakes the thread that waits for a connection
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._listener.close()
        for one in self._sockets:
            _end(one)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            with suppress(OSError):
                client, _ = self._listener.accept()
                if self._closing:
                    client.close()
                    return
                self._connect(client)
                continue
            return

    def _connect(self, client: socket.socket) -> None:
        plan = self.plan(self.connections)
        self.connections += 1
        try:
            server = socket.create_connection(("127.0.0.1", self.upstream), 5)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets += [client, server]
        for source, target, cut, back in (
            (client, server, plan.up, False),
            (server, client, plan.down, True),
        ):
            thread = threading.Thread(
                target=_pass_on, args=(source, target, cut, plan, back), daemon=True
            )
            self._threads.append(thread)
            thread.start()


def _pass_on(
    source: socket.socket, target: socket.socket, cut: int | None, plan: Plan, back: bool
) -> None:
    """Pass bytes on until the end or the cut; ``back`` is the server's direction."""
    left = cut
    size = plan.pieces if back and plan.pieces else 65536
    try:
        while data := source.recv(size):
            if back and plan.delay_s:
                time.sleep(plan.delay_s)
            if left is not None and len(data) >= left:
                target.sendall(data[:left])
                _cut(source, target, plan.how)
                return
            target.sendall(data)
            left = None if left is None else left - len(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
    except OSError:
        _end(source)
        _end(target)


def _cut(source: socket.socket, target: socket.socket, how: How) -> None:
    if how == "half":
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
    if how in ("half", "stall"):
        with suppress(OSError):
            while source.recv(65536):  # what comes now is swallowed
                pass
        return
    for one in (source, target):
        _reset(one) if how == "reset" else _end(one)


def _reset(one: socket.socket) -> None:
    """End it with RST, as a crashed machine or a firewall does."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # A plain close() would leave the other thread's recv() waiting, and nothing be sent.
    with suppress(OSError):
        one.shutdown(socket.SHUT_RD)
    one.close()


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxy(upstream: int, plan: Callable[[int], Plan] = lambda _: UNHARMED) -> Iterator[Proxy]:
    """A running proxy in front of ``upstream``."""
    running = Proxy(upstream, plan)
    try:
        yield running
    finally:
        running.close()


def first(plan: Plan) -> Callable[[int], Plan]:
    """This plan for the first connection, none for those after it."""
    return lambda number: plan if number == 0 else UNHARMED
