"""Which addresses are refused, and how an address is shown."""

from __future__ import annotations

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect.addresses import refused, resolved, shown


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::8.8.8.8",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "5f00::1",
        "localhost",
        "0x7f.1",
        "2130706433",
    ],
)
def test_an_address_not_of_the_public_internet_is_refused(address: str) -> None:
    assert refused(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "168.63.129.15",
        "169.253.1.1",
        "192.0.1.1",
        "223.255.255.255",
        "2606:4700::6810:1",
        "2a00:1450:4001::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert refused(address) is None


@given(st.ip_addresses())
def test_whatever_python_calls_private_is_refused(address) -> None:
    if address.is_private or address.is_multicast or address.is_loopback or address.is_link_local:
        holding_v4 = ("::ffff:", "64:ff9b::")
        assert refused(str(address)) or str(address).startswith(holding_v4)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://me:secret@x.org:8/feed?token=secret#secret", "https://x.org:8/feed?…"),
        ("https://x.org/feed", "https://x.org/feed"),
        ("http://[bad?secret", "http://[bad"),
        ("http://x.org/\x1b[2J\n", "http://x.org/\ufffd[2J\ufffd"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, text: str) -> None:
    assert shown(url) == text


def test_a_long_address_is_shown_shortened() -> None:
    assert len(shown("http://x.org/" + "a" * 90_000)) == 201


@given(st.text())
def test_anything_can_be_shown(text: str) -> None:
    assert shown(text).isprintable()


def test_a_look_up_that_hangs_is_left_behind() -> None:
    def asleep(host: str, port: int) -> list[str]:
        time.sleep(3)
        return []

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        resolved(asleep, "x.org", 80, 0.05)
    assert time.monotonic() - started < 2


def test_a_host_without_addresses_is_not_found() -> None:
    with pytest.raises(socket.gaierror):
        resolved(lambda host, port: [], "x.org", 80, 1)
