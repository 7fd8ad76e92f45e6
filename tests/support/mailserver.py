"""Real mail servers on loopback for tests: they receive, refuse, hang and break off as told.

``mail_server()`` runs aiosmtpd; ``raw_server()`` sends whatever bytes it is given, for answers
no library would let one send. Both listen on a free port, in a thread, and always stop.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DROP = "drop the connection without a word"
HANG = "never answer"
VERBS = ("EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT")


@dataclass(frozen=True)
class Received:
    """A message the server has had whole, up to and including the final dot."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    """Dot-stuffing undone, otherwise as it came."""
    connection: int
    """1 for the first connection, and so on."""
    user: str | None
    encrypted: bool


@dataclass
class MailServer:
    """What a test sees and sets. Steps are the verbs, CONNECT, BODY (after 354) and DOT.

    What a step does is DROP, HANG or a reply; one that begins with 421 also closes. A message
    whose DOT is dropped or hung counts as received: the server took it and did not say so.
    """

    port: int = 0
    users: dict[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """Extensions left out of the EHLO reply, such as ``8BITMIME``."""
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """Replies to RCPT by address."""
    always: dict[str, str] = field(default_factory=dict)
    _next: dict[str, list[str | None]] = field(default_factory=lambda: defaultdict(list))

    def then(self, step: str, *actions: str | None) -> None:
        """What ``step`` does the next times, one action each; None behaves as usual."""
        self._next[step].extend(actions)

    def action(self, step: str) -> str | None:
        return self._next[step].pop(0) if self._next[step] else self.always.get(step)

    def recipients(self) -> list[str]:
        return [address for mail in self.received for address in mail.recipients]


class _Handler:
    """aiosmtpd's hooks: what it offers and what it does with a message."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_EHLO(self, smtp, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        unwanted = (*self.server.hidden, *(() if self.server.users else ("AUTH",)))
        return [r for r in responses if r[4:].split(" ")[0] not in unwanted]

    async def handle_DATA(self, smtp, session, envelope):  # noqa: N802
        action = self.server.action("DOT")
        if action in (None, DROP, HANG) or action.startswith("2"):
            self.server.received.append(
                Received(
                    envelope.mail_from,
                    tuple(envelope.rcpt_tos),
                    envelope.original_content,
                    smtp.number,
                    session.auth_data.login.decode() if session.authenticated else None,
                    smtp.transport.get_extra_info("ssl_object") is not None,
                )
            )
        if action in (DROP, HANG):
            await smtp.act(action)
        return action or "250 2.0.0 taken"


class _ScriptedSmtp(SMTP):
    """aiosmtpd's protocol, asking the test first at each step."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        self.told = server
        self.number = 0
        super().__init__(
            _Handler(server),
            hostname="localhost",
            auth_require_tls=False,  # offered in plain text too: the client must not fall for it
            authenticator=self._known,
            **options,
        )

    def _known(self, smtp, session, envelope, mechanism, auth_data):
        known = self.told.users.get(auth_data.login.decode())
        success = known == auth_data.password.decode()
        return AuthResult(success=success, handled=False, auth_data=auth_data)

    async def act(self, action: str) -> None:
        if action == DROP:
            self.transport.abort()
        if action in (DROP, HANG):
            await asyncio.sleep(3600)  # cancelled once the connection is gone
        await self.push(action)
        if action.startswith("421"):
            self.transport.close()

    async def _handle_client(self) -> None:
        self.told.connections += 1
        self.number = self.told.connections
        if action := self.told.action("CONNECT"):
            await self.act(action)
            self.transport.close()
            return
        await super()._handle_client()

    async def step(self, verb: str, arg: str | None, usual: Callable[..., Any]) -> None:
        self.told.commands.append(f"{verb} {arg or ''}".rstrip())
        if action := self.told.action(verb):
            await self.act(action)
        elif verb == "MAIL" and self.told.users and not self.session.authenticated:
            await self.push("530 5.7.0 Authentication required")
        elif verb == "RCPT" and (reply := self.told.refused.get(arg[4:-1])):
            await self.act(reply)
        elif verb == "DATA" and (action := self.told.action("BODY")):
            await self.push("354 go on")
            if action == DROP:
                await self._reader.read(1)
            await self.act(action)
            await asyncio.sleep(3600)  # like a server that stops reading
        else:
            await usual(arg)


def _scripted(verb: str) -> Callable[..., Any]:
    usual = getattr(SMTP, f"smtp_{verb}")

    async def method(self: _ScriptedSmtp, arg: str | None) -> None:
        await self.step(verb, arg, lambda a: usual(self, a))

    return method


for _verb in VERBS:
    setattr(_ScriptedSmtp, f"smtp_{_verb}", _scripted(_verb))


@contextmanager
def _listening(factory: Callable[[asyncio.AbstractEventLoop], Any], tls=None) -> Iterator[int]:
    """The port where ``factory``'s protocols answer, from a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    transports: list[Any] = []

    def tracked() -> Any:
        protocol = factory(loop)
        made = protocol.connection_made
        protocol.connection_made = lambda t: (transports.append(t), made(t))[1]
        return protocol

    async def stop() -> None:
        listener.close()
        for transport in transports:
            transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # aborted sockets are closed by callbacks still to run

    thread.start()
    listener = asyncio.run_coroutine_threadsafe(
        loop.create_server(tracked, "127.0.0.1", 0, ssl=tls), loop
    ).result(10)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def mail_server(
    *,
    users: dict[str, str] | None = None,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    smtputf8: bool = False,
    size: int = 33_554_432,
    hidden: Sequence[str] = (),
) -> Iterator[MailServer]:
    """A running server: ``starttls`` offers it, ``tls`` encrypts from the first byte."""
    told = MailServer(users=users or {}, hidden=tuple(hidden))

    def protocol(loop: asyncio.AbstractEventLoop) -> SMTP:
        return _ScriptedSmtp(
            told, loop=loop, tls_context=starttls, enable_SMTPUTF8=smtputf8, data_size_limit=size
        )

    with _listening(protocol, tls) as told.port:
        yield told


class _Raw(asyncio.Protocol):
    """Answers each line with the chunks set for its verb; a message's end counts as ``DOT``."""

    def __init__(self, answers: dict[str, Sequence[bytes]], heard: list[str]) -> None:
        self.answers, self.heard, self.buffer, self.body = answers, heard, b"", False
        self.queue: asyncio.Queue[Sequence[bytes]] = asyncio.Queue()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.task = asyncio.ensure_future(self._talk())
        self.queue.put_nowait(self.answers["CONNECT"])

    def connection_lost(self, error: Exception | None) -> None:
        self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := b"\r\n.\r\n" if self.body else b"\r\n") in self.buffer:
            line, _, self.buffer = self.buffer.partition(end)
            verb = "DOT" if self.body else line.split(b" ")[0].decode().upper()
            self.heard.append(verb if self.body else line.decode())
            self.body = verb == "DATA"
            self.queue.put_nowait(self.answers.get(verb, [b"250 fine\r\n"]))

    async def _talk(self) -> None:
        while True:
            for chunk in await self.queue.get():
                self.transport.write(chunk)
                await asyncio.sleep(0.002)  # so that chunks arrive apart


@contextmanager
def raw_server(**answers: bytes | Sequence[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The port of a server that answers by verb with these bytes, and the lines it heard."""
    usual: dict[str, Any] = {
        "CONNECT": b"220 raw\r\n",
        "DATA": b"354 go on\r\n",
        "QUIT": b"221 bye\r\n",
    }
    chunks = {
        verb: [said] if isinstance(said, bytes) else said
        for verb, said in {**usual, **answers}.items()
    }
    heard: list[str] = []
    with _listening(lambda loop: _Raw(chunks, heard)) as port:
        yield port, heard


@dataclass(frozen=True)
class Certificates:
    """An authority of our own, and what a server it vouches for needs."""

    ca_file: Path
    chain_file: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain_file)
        return context


def make_certificates(
    folder: Path, *, names: Sequence[str] = ("localhost",), valid_days: int = 2
) -> Certificates:
    """A fresh authority and server certificate; ``valid_days`` below 0 makes it expired."""
    now = dt.datetime.now(dt.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    if "localhost" in names:
        alternatives.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))

    def certificate(name: x509.Name, holder: Any, until: dt.datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(holder.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=30))
            .not_valid_after(until)
        )

    ca = (
        certificate(ca_name, ca_key, now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    server = (
        certificate(server_name, key, now + dt.timedelta(days=valid_days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + server.public_bytes(pem)
    )
    return Certificates(folder / "ca.pem", folder / "server.pem")
