"""Connections that break, hang or talk nonsense: what each means for the message."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from digest.deliver.outcomes import Accepted, Deferred, Rejected, Uncertain
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.errors import MailServerDown
from digest.messages import Message
from tests.support.mailserver import DROP, HANG, MailServer, mail_server, raw_server

MESSAGE = Message(
    "<1@example.org>", "digest@example.org", "ada@example.org", b"Subject: Today\r\n\r\nHello\r\n"
)


def impatient(port: int) -> SmtpSettings:
    return SmtpSettings(
        "127.0.0.1", port, "none", connect_timeout_s=2, timeout_s=1.5, dot_timeout_s=1.5
    )


@contextmanager
def sending() -> Iterator[tuple[MailServer, SmtpTransport]]:
    with (
        mail_server() as server,
        closing(SmtpTransport(impatient(server.port))) as transport,
    ):
        yield server, transport


@pytest.mark.parametrize("fault", [DROP, HANG])
def test_a_connection_lost_after_the_dot_leaves_the_message_uncertain(fault):
    with sending() as (server, transport):
        server.then("DOT", fault)
        outcome = transport.send(MESSAGE)
        assert isinstance(outcome, Uncertain)
        assert "never said whether it took it" in outcome.reply
        assert len(server.received) == 1  # not sent a second time
        assert isinstance(transport.send(MESSAGE), Accepted)


@pytest.mark.parametrize("fault", [DROP, HANG])
def test_a_kept_connection_lost_after_the_dot_is_not_tried_again_either(fault):
    with sending() as (server, transport):
        transport.send(MESSAGE)
        server.then("DOT", fault)
        assert isinstance(transport.send(MESSAGE), Uncertain)
    assert len(server.received) == 2


@pytest.mark.parametrize("fault", [DROP, HANG])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_kept_connection_lost_before_the_dot_is_renewed_and_delivers_once(step, fault):
    with sending() as (server, transport):
        transport.send(replace(MESSAGE, recipient="first@example.org"))
        server.then(step, fault)
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.recipients() == ["first@example.org", "ada@example.org"]
    assert server.connections == 2


@pytest.mark.parametrize("fault", [DROP, HANG])
def test_a_new_connection_lost_at_mail_counts_as_a_server_that_is_down(fault):
    with sending() as (server, transport):
        server.then("MAIL", fault)
        with pytest.raises(MailServerDown, match="broke off at MAIL"):
            transport.send(MESSAGE)
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert len(server.received) == 1


@pytest.mark.parametrize("fault", [DROP, HANG])
@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_new_connection_lost_later_defers_the_message(step, fault):
    with sending() as (server, transport):
        server.then(step, fault)
        outcome = transport.send(MESSAGE)
        assert isinstance(outcome, Deferred)
        assert f"broke off at {step}" in outcome.reply
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert len(server.received) == 1


LARGE = replace(MESSAGE, data=b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 300_000)


def test_a_connection_lost_in_the_middle_of_the_data_defers_the_message():
    with sending() as (server, transport):
        server.then("BODY", DROP)
        outcome = transport.send(LARGE)
    assert isinstance(outcome, Deferred)
    assert "broke off at the message" in outcome.reply
    assert server.received == []


def test_a_server_that_stops_reading_the_data_defers_the_message_in_time():
    with sending() as (server, transport):
        server.then("BODY", HANG)
        started = time.monotonic()
        assert isinstance(transport.send(LARGE), Deferred)
        assert time.monotonic() - started < 10


@pytest.mark.parametrize("message", [MESSAGE, LARGE], ids=["small", "large"])
def test_a_refusal_in_the_middle_of_the_data_is_heard_and_the_next_message_is_fine(message):
    with sending() as (server, transport):
        server.then("BODY", "550 5.7.1 no more of this")
        assert transport.send(message) == Rejected("550 5.7.1 no more of this")
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.recipients() == ["ada@example.org"]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
def test_421_before_the_dot_is_met_by_one_new_connection(step, kept):
    with sending() as (server, transport):
        if kept:
            transport.send(MESSAGE)
        server.then(step, "421 4.3.2 closing")
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.connections == 2
    assert len(server.received) == 1 + kept


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_421_again_counts_as_a_server_that_is_down(step):
    with sending() as (server, transport):
        server.then(step, "421 4.3.2 closing", "421 4.3.2 still closing")
        with pytest.raises(MailServerDown, match=r"closes its service \(421 4.3.2 still closing\)"):
            transport.send(MESSAGE)
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.connections == 3


def test_421_in_reply_to_the_dot_defers_the_message():
    with sending() as (server, transport):
        server.then("DOT", "421 4.3.2 closing")
        assert transport.send(MESSAGE) == Deferred("421 4.3.2 closing")
        assert isinstance(transport.send(MESSAGE), Accepted)


def test_a_greeting_of_421_counts_as_a_server_that_is_down():
    with sending() as (server, transport):
        server.then("CONNECT", "421 4.3.2 too busy")
        with pytest.raises(MailServerDown, match=r"does not serve us now \(421 4.3.2 too busy\)"):
            transport.send(MESSAGE)


@pytest.mark.parametrize("step", ["CONNECT", "EHLO"])
@pytest.mark.parametrize("fault", [DROP, HANG])
def test_a_server_silent_from_the_start_counts_as_down(step, fault):
    with sending() as (server, transport):
        server.always[step] = fault
        with pytest.raises(MailServerDown, match=rf"mail server 127.0.0.1:{server.port} cannot"):
            transport.send(MESSAGE)


def test_a_server_that_closes_after_each_message_gets_them_all():
    with sending() as (server, transport):
        for n in range(4):
            server.then("MAIL", None, "421 4.7.0 enough for one connection")
            transport.send(replace(MESSAGE, recipient=f"r{n}@example.org"))
    assert server.recipients() == [f"r{n}@example.org" for n in range(4)]


def test_a_refusal_followed_by_a_lost_reset_keeps_its_outcome():
    with sending() as (server, transport):
        server.then("RCPT", "550 5.1.1 unknown")
        server.then("RSET", DROP)
        assert transport.send(MESSAGE) == Rejected("550 5.1.1 unknown")
        assert isinstance(transport.send(MESSAGE), Accepted)


def test_a_server_still_in_another_transaction_is_left_and_met_anew():
    with sending() as (server, transport):
        transport.send(MESSAGE)
        server.then("MAIL", "503 5.5.1 nested MAIL command")
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.connections == 2


def test_a_refused_connection_counts_as_a_server_that_is_down():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        port = taken.getsockname()[1]
        with pytest.raises(MailServerDown) as caught:
            SmtpTransport(impatient(port)).send(MESSAGE)
    assert str(caught.value) == (
        f"mail server 127.0.0.1:{port} refuses connections; check that it runs, and delivery.port"
    )


def test_a_server_that_comes_back_is_used_again():
    with sending() as (server, transport):
        server.then("CONNECT", DROP)
        with pytest.raises(MailServerDown):
            transport.send(MESSAGE)
        assert isinstance(transport.send(MESSAGE), Accepted)


def test_an_unknown_host_counts_as_a_server_that_is_down():
    transport = SmtpTransport(replace(impatient(25), host="no-such-host.invalid"))
    with pytest.raises(MailServerDown, match="cannot be found"):
        transport.send(MESSAGE)


def test_a_host_no_name_can_have_counts_as_a_server_that_is_down():
    transport = SmtpTransport(replace(impatient(25), host="a" * 70 + ".example"))
    with pytest.raises(MailServerDown, match="mail server aaa"):
        transport.send(MESSAGE)


def raw_send(**answers):
    with (
        raw_server(**answers) as (port, heard),
        closing(SmtpTransport(impatient(port))) as transport,
    ):
        return transport.send(MESSAGE), heard


def test_a_reply_in_odd_pieces_is_one_reply():
    pieces = [b"2", b"50-one\r", b"\n250", b" two\r\n"]
    outcome, _ = raw_send(CONNECT=[b"22", b"0 hi\r\n"], DOT=pieces)
    assert outcome == Accepted("250 one two")


def test_a_reply_that_is_not_utf_8_or_holds_controls_is_made_plain():
    outcome, _ = raw_send(RCPT=b"550 bo\xeete \x1b[31mpleine\x07\r\n")
    assert outcome == Rejected("550 bo\ufffdte [31mpleine")


def test_a_line_of_ten_kilobytes_is_a_reply_like_others():
    outcome, _ = raw_send(RCPT=b"550 " + b"x" * 10_000 + b"\r\n")
    assert isinstance(outcome, Rejected)
    assert len(outcome.reply) == 504


@pytest.mark.parametrize(
    "nonsense",
    [
        b"what?\r\n",
        b"\r\n",
        b"999 no\r\n",
        b"25\r\n",
        b"250-one\r\n550 two\r\n",
        b"250-x\r\n" * 20_000,
        b"x" * 200_000,
    ],
    ids=["words", "empty", "code", "short", "two codes", "endless lines", "endless line"],
)
def test_nonsense_ends_the_connection_by_the_phase_it_came_in(nonsense):
    assert isinstance(raw_send(RCPT=nonsense)[0], Deferred)
    assert isinstance(raw_send(DOT=nonsense)[0], Uncertain)
    with pytest.raises(MailServerDown):
        raw_send(EHLO=nonsense)


def test_a_reply_that_drips_in_for_ever_ends_at_the_timeout():
    started = time.monotonic()
    outcome, _ = raw_send(RCPT=[b"2"] * 1000)
    assert isinstance(outcome, Deferred)
    assert time.monotonic() - started < 5


def test_a_reply_out_of_place_is_no_acceptance():
    assert isinstance(raw_send(DATA=b"250 sure\r\n")[0], Deferred)
    assert isinstance(raw_send(DOT=b"354 go on\r\n")[0], Uncertain)


def test_a_stray_reply_is_not_taken_for_the_next_one():
    with (
        raw_server(DOT=b"250 taken\r\n250 stray\r\n", RCPT=b"550 no\r\n") as (port, heard),
        closing(SmtpTransport(impatient(port))) as transport,
    ):
        for _ in range(3):
            assert transport.send(MESSAGE) == Rejected("550 no")
    with (
        raw_server(DOT=b"250 taken\r\n250 stray\r\n") as (port, heard),
        closing(SmtpTransport(impatient(port))) as transport,
    ):
        for _ in range(3):
            assert transport.send(MESSAGE) == Accepted("250 taken")
    assert len([line for line in heard if line.upper().startswith("EHLO")]) == 3
