"""Addresses and data as they go over the wire."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.envelopes import crlf, dot_stuffed, envelope_of, wire_address
from digest.messages import Message


def a_message(recipient="ada@example.org", sender="digest@example.org", data=b"x\r\n"):
    return Message("<1@example.org>", sender, recipient, data)


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "a..b.@example.org",
        "bounces+a=b.org+t0ken@example.org",
        '"odd,one"@example.org',
        "ada@[192.0.2.1]",
        "ada@[IPv6:2001:db8::1]",
        "o'brien!#$%&*+/=?^_`{|}~-@sub.example.org",
    ],
)
def test_a_plain_mailbox_goes_out_as_it_is(address):
    assert wire_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@example.org\r\nRCPT TO:<eve@example.org>",
        "ada@example.org\n",
        '"a\r\nRCPT TO:<x>"@y',
        "a@b>,<c@d",
        "<ada@example.org>",
        "ada @example.org",
        '"a b"@example.org',
        "ada@exam ple.org",
        "ada\u00a0@example.org",
        "ada\u202e@example.org",
        "ada\u2028@example.org",
        "ada\x00@example.org",
        "ada\ud800@example.org",
        "ada@example.org,eve@example.org",
        "@relay.org:ada@example.org",
        "ada@example..org",
        "ada@[1]>",
        "ada@b SIZE=1",
        "a" * 65 + "@example.org",
        "ada@" + "a." * 130 + "org",
    ],
)
def test_anything_else_is_refused(address):
    with pytest.raises(ValueError, match="cannot be used"):
        wire_address(address)


@settings(deadline=None)
@given(st.text())
def test_whatever_is_accepted_is_one_word_without_brackets(text):
    try:
        address = wire_address(f"{text}@example.org")
    except ValueError:
        return
    assert not set(address) & set("<> \r\n\t\x00")
    assert address.isprintable()


def test_a_domain_beyond_ascii_goes_out_as_a_labels_and_needs_no_smtputf8():
    envelope = envelope_of(a_message("ada@münchen.example"))
    assert envelope.recipient == "ada@xn--mnchen-3ya.example"
    assert not envelope.smtputf8


def test_a_domain_that_idna_2003_would_change_is_left_alone_and_needs_smtputf8():
    envelope = envelope_of(a_message("ada@straße.example"))
    assert envelope.recipient == "ada@straße.example"
    assert envelope.smtputf8


def test_a_local_part_beyond_ascii_needs_smtputf8():
    assert envelope_of(a_message("ädä@example.org")).smtputf8


def test_an_empty_sender_is_the_null_path():
    assert envelope_of(a_message(sender="")).sender == ""


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\nb", b"a\r\nb\r\n"),
        (b"a\rb\r\n", b"a\r\nb\r\n"),
        (b"a\r\r\nb\n\r", b"a\r\n\r\nb\r\n\r\n"),
        (b"a\n.\r\nMAIL", b"a\r\n.\r\nMAIL\r\n"),
        (b"", b""),
    ],
)
def test_every_line_end_becomes_crlf(data, sent):
    assert crlf(data) == sent


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b".a\r\n..\r\nb.\r\n", b"..a\r\n...\r\nb.\r\n.\r\n"),
        (b"", b".\r\n"),
    ],
)
def test_a_dot_that_begins_a_line_is_doubled(data, sent):
    assert dot_stuffed(data) == sent
