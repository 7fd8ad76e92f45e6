"""Servers that cannot be trusted, and passwords that are no longer right."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.ledger import Verdict
from tests.faults.places import new_place, until
from tests.faults.scenarios import Scenario, end, expect, scripted, sinking
from tests.support.mailserver import make_certificates

READERS = 4
USER, PASSWORD = "digest", "correct horse"


def untrusted(folder: Path, *, kind: str) -> Verdict:
    """A certificate that is wrong in one way: nothing is sent, no password least of all."""
    place = new_place(folder, READERS)
    how: dict[str, Any] = {
        "names": ("elsewhere.example",) if kind == "wrong name" else ("localhost",),
        "valid_days": -2 if kind == "expired" else 2,
    }
    made = make_certificates(folder / "certificates", **how)
    known = make_certificates(folder / "known") if kind == "self-signed" else made
    served = {"starttls": made.server_context(), "users": {USER: PASSWORD}}
    with scripted(**served) as bad, sinking() as good:
        _secure(place, bad.port, known.ca_file)
        ran = place.deliver()
        states = place.states()
        said = [line for line in bad.server.commands if line.upper().startswith("AUTH")]
        place.env = {}
        found = end(place, good)
    expect(found, not said, f"{kind}: a password was sent")
    expect(found, states == {"queued": READERS}, f"{kind}: {states}")
    expect(found, "certificate" in ran.out, f"{kind}: not said why: {ran.out}")
    return found


def _secure(place: Any, port: int, ca_file: Path) -> None:
    place.server(
        port,
        host="localhost",
        security="starttls",
        username=USER,
        password=PASSWORD,
        ca_file=ca_file,
    )


def stripped(folder: Path, *, inject: bool) -> Verdict:
    """Someone in between takes STARTTLS out of the offer, or adds commands' answers after it."""
    place = new_place(folder, READERS)
    made = make_certificates(folder / "certificates")
    with _between(inject) as (port, heard), sinking() as good:
        _secure(place, port, made.ca_file)
        ran = place.deliver()
        states = place.states()
        place.env = {}
        found = end(place, good)
    text = b"".join(heard).upper()
    expect(found, b"AUTH" not in text and b"MAIL" not in text, f"it was sent {text!r}")
    expect(found, states == {"queued": READERS}, f"{states}")
    expect(found, ran.code == 1, f"exit code {ran.code}")
    return found


@contextmanager
def _between(inject: bool) -> Iterator[tuple[int, list[bytes]]]:
    """A server without STARTTLS, or one that says more than its consent to it; what it heard."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(client: socket.socket) -> None:
        with suppress(OSError), client:
            client.sendall(b"220 between\r\n")
            while line := client.recv(4096):
                heard.append(line)
                if line.upper().startswith(b"EHLO"):
                    offer = b"250-STARTTLS\r\n" if inject else b""
                    client.sendall(b"250-between\r\n" + offer + b"250 AUTH PLAIN\r\n")
                elif line.upper().startswith(b"STARTTLS"):
                    client.sendall(b"220 go\r\n250-AUTH PLAIN\r\n250 between\r\n")
                else:
                    client.sendall(b"250 fine\r\n")

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=talk, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def password_changed(folder: Path) -> Verdict:
    """The password is changed on the server in the middle: all wait, nobody is charged for it."""
    place = new_place(folder, 12, messages_per_connection=2)
    made = make_certificates(folder / "certificates")
    with scripted(starttls=made.server_context(), users={USER: PASSWORD}) as relay:
        _secure(place, relay.port, made.ca_file)
        running = place.start("run")
        until(lambda: relay.count() >= 3 or not running.runs(), 30, 0.001)
        relay.server.users[USER] = "another"
        until(lambda: "refuses to sign in" in running.said() or not running.runs(), 30)
        after = relay.count()
        until(lambda: not running.runs(), 3)
        held = relay.count() == after
        relay.server.users[USER] = PASSWORD
        came = until(lambda: relay.count() >= 12 or not running.runs(), 90, 0.05)
        running.signal(15)
        ran = running.wait(30)
        attempts = {one["attempts"] for one in place.messages()}
        found = end(place, relay)
    said = ran.out.count("refuses to sign in")
    expect(found, held, "mails left though the password was refused")
    expect(found, said == 1, f"it was said {said} times")
    expect(found, came, f"it did not go on by itself: {ran.out[-300:]}")
    expect(found, attempts == {1}, f"attempts were charged: {attempts}")
    return found


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "F41",
        "TLS that cannot be trusted",
        [
            *(partial(untrusted, kind=kind) for kind in ("expired", "wrong name", "self-signed")),
            partial(stripped, inject=False),
            partial(stripped, inject=True),
        ],
    ),
    Scenario("F42", "password changed in the middle", [password_changed]),
)
