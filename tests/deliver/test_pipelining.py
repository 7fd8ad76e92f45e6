"""MAIL, RCPT and DATA in one write where the server offers it, one by one where it does not."""

from __future__ import annotations

import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial

import pytest

from digest.deliver.outcomes import Accepted, Deferred, Rejected
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.errors import MailServerDown
from digest.messages import Message

MESSAGE = Message(
    "<1@example.org>", "digest@example.org", "ada@example.org", b"Subject: Today\r\n\r\nHello\r\n"
)
to = partial(replace, MESSAGE)
USUAL = {
    "MAIL": "250 2.1.0 go on",
    "RCPT": "250 2.1.5 go on",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 taken",
    "RSET": "250 2.0.0 forgotten",
    "QUIT": "221 2.0.0 bye",
}


class Server:
    """Answers each line as told, whatever came before it, and keeps what came in one piece."""

    def __init__(self, offers: tuple[str, ...]) -> None:
        self.offers = offers
        self.then: dict[str, list[str]] = defaultdict(list)
        self.segments: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection:
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        connection.sendall(b"220 here\r\n")
        unread, body = b"", False
        while piece := connection.recv(1 << 16):
            self.segments.append(piece)
            unread += piece
            answers = []
            # A message may have no line at all: then its end is the first of what comes.
            while (end := b"\r\n.\r\n" if body else b"\r\n") in (b"\r\n" * body) + unread:
                line, _, unread = ((b"\r\n" * body) + unread).partition(end)
                verb = "DOT" if body else line.split(b" ")[0].decode().upper()
                if body:
                    self.bodies.append(line.removeprefix(b"\r\n"))
                answers.append(self._said(verb))
                body = verb == "DATA" and answers[-1].startswith("354")
            connection.sendall("".join(f"{said}\r\n" for said in answers).encode())
            if any(said.startswith("421") for said in answers):
                return

    def _said(self, verb: str) -> str:
        if verb == "EHLO":
            lines = ["here", *self.offers]
            return "\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"])
        return self.then[verb].pop(0) if self.then[verb] else USUAL[verb]

    def heard(self) -> list[bytes]:
        """What came, in one piece each, without the greeting and the end."""
        return [one for one in self.segments if not one.lower().startswith((b"ehlo", b"quit"))]


@contextmanager
def sending(*offers: str, **known: int) -> Iterator[tuple[Server, SmtpTransport]]:
    with closing(Server(offers)) as server:
        settings = SmtpSettings(
            "127.0.0.1", server.port, "none", timeout_s=5, dot_timeout_s=5, **known
        )
        with closing(SmtpTransport(settings)) as transport:
            yield server, transport


OPENING = b"MAIL FROM:<digest@example.org>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n"
BODY = MESSAGE.data + b".\r\n"


def test_where_it_is_offered_the_whole_opening_leaves_at_once():
    with sending("PIPELINING") as (server, transport):
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert server.heard() == [OPENING, BODY, OPENING, BODY]
    assert server.connections == 1


def test_where_it_is_not_offered_every_command_waits_for_the_reply_to_the_one_before():
    with sending() as (server, transport):
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert server.heard() == [*(line + b"\r\n" for line in OPENING.split(b"\r\n")[:-1]), BODY]


@pytest.mark.parametrize("reply", ["550 5.1.1 no such user", "450 4.2.1 busy", "552 5.2.2 full"])
def test_a_refused_recipient_whose_message_is_asked_for_gets_an_empty_one_and_the_next_is_fine(
    reply,
):
    with sending("PIPELINING") as (server, transport):
        server.then["RCPT"].append(reply)
        server.then["DOT"].append("554 5.5.1 no valid recipients")
        outcome = transport.send(MESSAGE)
        assert outcome == (Rejected if reply.startswith("550") else Deferred)(reply)
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert server.heard() == [OPENING, b".\r\n", b"RSET\r\n", OPENING, BODY]
    assert server.bodies[0] == b"" and server.connections == 1


def test_a_refused_recipient_and_a_refused_message_leave_nothing_to_end():
    with sending("PIPELINING") as (server, transport):
        server.then["RCPT"].append("550 5.1.1 no such user")
        server.then["DATA"].append("503 5.5.1 no valid recipients")
        assert transport.send(MESSAGE) == Rejected("550 5.1.1 no such user")
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert server.heard() == [OPENING, b"RSET\r\n", OPENING, BODY]


@pytest.mark.parametrize("data", ["354 go on", "503 5.5.1 no sender"])
def test_a_sender_refused_for_now_defers_the_message_by_the_words_about_it(data):
    with sending("PIPELINING") as (server, transport):
        server.then["MAIL"].append("452 4.3.1 no space")
        server.then["RCPT"].append("503 5.5.1 no sender")
        server.then["DATA"].append(data)
        assert transport.send(MESSAGE) == Deferred("452 4.3.1 no space")
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    ended = [b".\r\n"] if data.startswith("354") else []
    assert server.heard() == [OPENING, *ended, b"RSET\r\n", OPENING, BODY]


def test_a_sender_refused_for_good_stops_the_run():
    with sending("PIPELINING") as (server, transport):
        server.then["MAIL"].append("550 5.7.1 not you")
        with pytest.raises(MailServerDown, match="not you"):
            transport.send(MESSAGE)
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert [one for one in server.bodies if one] == [MESSAGE.data.removesuffix(b"\r\n")]


def test_a_message_too_big_for_the_server_fails_alone():
    with sending("PIPELINING") as (server, transport):
        server.then["MAIL"].append("552 5.3.4 too big")
        server.then["DATA"].append("503 5.5.1 no sender")
        assert transport.send(MESSAGE) == Rejected("552 5.3.4 too big")
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")


def test_a_message_refused_after_its_recipient_was_taken_is_judged_by_that_reply():
    with sending("PIPELINING") as (server, transport):
        server.then["DATA"].append("451 4.3.0 not now")
        assert transport.send(MESSAGE) == Deferred("451 4.3.0 not now")
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert server.heard() == [OPENING, b"RSET\r\n", OPENING, BODY]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_closes_in_the_middle_is_met_anew_and_gets_the_message_once(verb):
    with sending("PIPELINING") as (server, transport):
        server.then[verb].append("421 4.3.2 closing")
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert server.connections == 2
    assert len([one for one in server.bodies if one]) == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_closes_in_the_middle_twice_counts_as_down(verb):
    with sending("PIPELINING") as (server, transport):
        server.then[verb] += ["421 4.3.2 closing"] * 2
        with pytest.raises(MailServerDown, match="closes its service"):
            transport.send(MESSAGE)
    assert [one for one in server.bodies if one] == []


def test_delivery_reports_are_asked_for_only_where_that_is_offered():
    with sending("PIPELINING", "DSN") as (server, transport):
        transport.send(to(message_id="<a+b@example.org>"))
    assert server.heard()[0] == (
        b"MAIL FROM:<digest@example.org> RET=HDRS ENVID=a+2Bb@example.org\r\n"
        b"RCPT TO:<ada@example.org> NOTIFY=FAILURE,DELAY\r\nDATA\r\n"
    )
    with sending("PIPELINING", "SIZE 1000", "8BITMIME") as (server, transport):
        transport.send(MESSAGE)
    opening = server.heard()[0]
    assert not any(word in opening for word in (b"RET", b"ENVID", b"NOTIFY"))
    assert b"SIZE=" in opening and b"BODY=8BITMIME" in opening


@pytest.mark.parametrize(("most", "connections"), [(0, 1), (1, 5), (2, 3), (100, 1)])
def test_a_connection_carries_so_many_messages_and_then_a_new_one_is_made(most, connections):
    with sending("PIPELINING", messages_per_connection=most) as (server, transport):
        for _ in range(5):
            assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    assert server.connections == connections and len(server.bodies) == 5


def test_a_line_that_begins_with_a_dot_is_not_the_end_of_the_message():
    with sending("PIPELINING") as (server, transport):
        transport.send(to(data=b"Subject: x\r\n\r\n.\r\n..\r\nend\r\n"))
    assert server.bodies == [b"Subject: x\r\n\r\n..\r\n...\r\nend"]
