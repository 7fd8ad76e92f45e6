"""Sending by SMTP to a real server: what arrives, what is refused, what is announced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.deliver.envelopes import crlf
from digest.deliver.outcomes import Accepted, Deferred, Rejected
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.errors import MailServerDown
from digest.messages import Message
from tests.support.mailserver import MailServer, mail_server

MESSAGE = Message(
    "<1@example.org>", "digest@example.org", "ada@example.org", b"Subject: Today\r\n\r\nHello\r\n"
)
to = partial(replace, MESSAGE)


def plain_settings(port: int) -> SmtpSettings:
    return SmtpSettings("127.0.0.1", port, "none", timeout_s=5, dot_timeout_s=5)


@contextmanager
def sending(**options) -> Iterator[tuple[MailServer, SmtpTransport]]:
    with (
        mail_server(**options) as server,
        closing(SmtpTransport(plain_settings(server.port))) as transport,
    ):
        yield server, transport


def test_a_message_arrives_as_it_was_written():
    with sending() as (server, transport):
        assert transport.send(MESSAGE) == Accepted("250 2.0.0 taken")
    (mail,) = server.received
    assert mail.sender == "digest@example.org"
    assert mail.recipients == ("ada@example.org",)
    assert mail.data == MESSAGE.data


def test_one_connection_carries_many_messages_without_resets_and_ends_with_quit():
    with sending() as (server, transport):
        for n in range(5):
            transport.send(to(recipient=f"r{n}@example.org"))
    assert server.connections == 1
    assert server.recipients() == [f"r{n}@example.org" for n in range(5)]
    assert "RSET" not in server.commands
    assert server.commands[-1] == "QUIT"


def test_sending_after_closing_connects_anew():
    with sending() as (server, transport):
        transport.send(MESSAGE)
        transport.close()
        transport.close()
        transport.send(MESSAGE)
    assert server.connections == 2


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[MailServer, SmtpTransport]]:
    with sending() as pair:
        yield pair


LINE = st.sampled_from(
    [b"", b".", b"..", b". ", b".a", b"From me", b"QUIT", b"MAIL FROM:<eve@x>", b"\x00", b"\xff"]
) | st.binary(max_size=60)
LINE_END = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n.\r\n", b"\n.\r\n"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(st.tuples(LINE, LINE_END), min_size=1, max_size=12))
def test_any_data_arrives_whole_as_one_message_with_crlf_line_ends(shared, parts):
    server, transport = shared
    server.received.clear()
    data = b"".join(line + end for line, end in parts)
    assert isinstance(transport.send(to(data=data)), Accepted)
    (mail,) = server.received
    assert mail.data == crlf(data)
    assert b"\n" not in mail.data.replace(b"\r\n", b"")
    assert b"\r" not in mail.data.replace(b"\r\n", b"")


def test_a_message_larger_than_a_block_arrives_whole():
    data = b"".join(b".%06d %s\r\n" % (n, b"x" * 60) for n in range(10_000))
    with sending() as (server, transport):
        transport.send(to(data=data))
    assert server.received[0].data == data


def test_size_and_8bitmime_are_announced_when_offered():
    with sending() as (server, transport):
        transport.send(MESSAGE)
    size = len(MESSAGE.data)
    assert f"MAIL FROM:<digest@example.org> SIZE={size} BODY=8BITMIME" in server.commands


def test_a_server_without_extensions_is_spoken_to_plainly():
    with sending(hidden=("SIZE", "8BITMIME")) as (server, transport):
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert "MAIL FROM:<digest@example.org>" in server.commands


def test_a_server_without_ehlo_is_greeted_the_old_way():
    with sending() as (server, transport):
        server.always["EHLO"] = "502 5.5.1 not here"
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.commands[1].startswith("HELO")


def test_eight_bit_data_is_rejected_for_a_server_that_takes_seven():
    with sending(hidden=("8BITMIME",)) as (server, transport):
        outcome = transport.send(to(data="Héllo\r\n".encode()))
    assert outcome == Rejected(
        f"the message needs 8BITMIME, which 127.0.0.1:{server.port} does not offer"
    )


def test_a_message_above_the_announced_size_is_rejected_unsent():
    with sending(size=1000) as (server, transport):
        outcome = transport.send(to(data=b"x\r\n" * 400))
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert "1200 bytes" in outcome.reply
    assert "1000 at most" in outcome.reply
    assert len([c for c in server.commands if c.startswith("MAIL")]) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_4xx_defers_the_message_and_its_delay_is_read(step):
    with sending() as (server, transport):
        server.then(step, "451 4.7.1 try again in 300 seconds")
        assert transport.send(MESSAGE) == Deferred("451 4.7.1 try again in 300 seconds", 300)
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.connections == 1
    assert len(server.received) == 1


@pytest.mark.parametrize("step", ["RCPT", "DATA", "DOT"])
def test_a_5xx_rejects_this_message_only(step):
    with sending() as (server, transport):
        server.then(step, "550 5.1.1 unknown")
        assert transport.send(MESSAGE) == Rejected("550 5.1.1 unknown")
        assert isinstance(transport.send(to(recipient="bo@example.org")), Accepted)
    assert server.recipients() == ["bo@example.org"]


def test_a_refused_address_does_not_leak_into_the_next_message():
    with sending() as (server, transport):
        server.refused["bad@example.org"] = "550 5.1.1 unknown"
        assert isinstance(transport.send(to(recipient="bad@example.org")), Rejected)
        transport.send(MESSAGE)
    assert [mail.recipients for mail in server.received] == [("ada@example.org",)]


def test_552_at_rcpt_is_temporary():
    with sending() as (server, transport):
        server.then("RCPT", "552 5.2.2 mailbox full")
        assert transport.send(MESSAGE) == Deferred("552 5.2.2 mailbox full")


def test_552_at_the_dot_is_not():
    with sending() as (server, transport):
        server.then("DOT", "552 5.3.4 too big")
        assert transport.send(MESSAGE) == Rejected("552 5.3.4 too big")


@pytest.mark.parametrize("reply", ["552 too big", "550 5.3.4 too big"])
def test_a_size_refused_at_mail_rejects_this_message_only(reply):
    with sending() as (server, transport):
        server.then("MAIL", reply)
        assert transport.send(MESSAGE) == Rejected(reply)
        assert isinstance(transport.send(MESSAGE), Accepted)


def test_a_sender_refused_for_good_stops_the_run_and_blames_no_subscriber():
    with sending() as (server, transport):
        server.then("MAIL", "553 5.7.1 not your address")
        with pytest.raises(MailServerDown, match=r"sender <digest@example.org> \(553 5.7.1 not"):
            transport.send(MESSAGE)
        assert isinstance(transport.send(MESSAGE), Accepted)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_demand_to_sign_in_stops_the_run(step):
    with sending() as (server, transport):
        server.then(step, "530 5.7.0 Authentication required")
        with pytest.raises(MailServerDown, match="wants us to sign in"):
            transport.send(MESSAGE)


def test_a_long_reply_of_many_lines_is_kept_short():
    with sending() as (server, transport):
        lines = [f"550-5.1.1 line {n} {'x' * 70}" for n in range(120)]
        server.then("RCPT", "\r\n".join([*lines, "550 5.1.1 end"]))
        outcome = transport.send(MESSAGE)
        assert isinstance(transport.send(MESSAGE), Accepted)
    assert outcome.reply.startswith("550 5.1.1 line 0 x")
    assert len(outcome.reply) <= 504


@pytest.mark.parametrize(
    "recipient", ["a@b>\r\nRCPT TO:<eve@x", "a b@example.org", "<ada@example.org>", "nobody", ""]
)
def test_a_hostile_recipient_is_rejected_before_anything_is_sent(recipient):
    with sending() as (server, transport):
        outcome = transport.send(to(recipient=recipient))
        assert isinstance(outcome, Rejected)
        assert "cannot be used" in outcome.reply
    assert server.connections == 0


def test_a_hostile_sender_stops_the_run():
    with (
        sending() as (server, transport),
        pytest.raises(MailServerDown, match=r"sender's address .* correct it"),
    ):
        transport.send(to(sender="x>\r\nDATA"))
    assert server.connections == 0


def test_smtputf8_is_asked_for_when_the_address_needs_it():
    with sending(smtputf8=True) as (server, transport):
        assert isinstance(transport.send(to(recipient="ädä@example.org")), Accepted)
    assert server.recipients() == ["ädä@example.org"]
    assert any(c.startswith("MAIL") and c.endswith(" SMTPUTF8") for c in server.commands)


def test_smtputf8_is_not_asked_for_when_no_address_needs_it():
    with sending(smtputf8=True) as (server, transport):
        transport.send(to(recipient="ada@münchen.example"))
    assert server.recipients() == ["ada@xn--mnchen-3ya.example"]
    assert not any("SMTPUTF8" in c for c in server.commands)


def test_a_server_without_smtputf8_fails_that_recipient_only():
    with sending() as (_, transport):
        outcome = transport.send(to(recipient="ädä@example.org"))
        assert isinstance(outcome, Rejected)
        assert "SMTPUTF8" in outcome.reply
        assert isinstance(transport.send(MESSAGE), Accepted)


def test_a_greeting_says_in_one_line_what_the_server_offers():
    with sending() as (server, transport):
        line = transport.greet().line
    assert line == (f"127.0.0.1:{server.port} (not encrypted) offers 8BITMIME, HELP, SIZE 33554432")
    assert server.commands[-1] == "QUIT"


def test_the_hello_name_is_said():
    with mail_server() as server:
        SmtpTransport(replace(plain_settings(server.port), hello_name="news.example.org")).greet()
    assert server.commands[0] == "EHLO news.example.org"
