"""Which addresses of the internet may be fetched from, and how an address is shown."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread
from urllib.parse import urlsplit, urlunsplit

Resolve = Callable[[str, int], Sequence[str]]
"""A host and a port become numeric addresses, best first; OSError when there are none."""

Refuse = Callable[[str], str | None]
"""Why a numeric address must not be connected to, or None when it may be."""

# Own tables, as ``ipaddress.is_global`` changed its mind between patch releases of Python
# (CVE-2024-4032). From the IANA special-purpose registries (RFC 6890) of 2026.
_REFUSED_V4 = {
    "0.0.0.0/8": "an unspecified address",
    "10.0.0.0/8": "a private address",
    "100.64.0.0/10": "an address inside a provider's network",  # RFC 6598; some clouds' metadata
    "127.0.0.0/8": "a loopback address",
    "168.63.129.16/32": "a cloud's metadata address",
    "169.254.0.0/16": "a link-local or metadata address",
    "172.16.0.0/12": "a private address",
    "192.0.0.0/24": "a reserved address",
    "192.0.2.0/24": "an address for documentation",
    "192.88.99.0/24": "a reserved address",
    "192.168.0.0/16": "a private address",
    "198.18.0.0/15": "an address for benchmarks",
    "198.51.100.0/24": "an address for documentation",
    "203.0.113.0/24": "an address for documentation",
    "224.0.0.0/4": "a multicast address",
    "240.0.0.0/4": "a reserved address",
}
_REFUSED_V6 = {
    "::/128": "an unspecified address",
    "::1/128": "a loopback address",
    "fc00::/7": "a private address",
    "fe80::/10": "a link-local address",
    "ff00::/8": "a multicast address",
    "2001::/23": "a reserved or tunnelled address",  # Teredo (RFC 4380) is 2001::/32
    "2001:db8::/32": "an address for documentation",
    "2002::/16": "a tunnelled address",  # 6to4 (RFC 3056, retired by RFC 7526)
    "3fff::/20": "an address for documentation",
}
_V4 = [(ipaddress.IPv4Network(net), why) for net, why in _REFUSED_V4.items()]
_V6 = [(ipaddress.IPv6Network(net), why) for net, why in _REFUSED_V6.items()]
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1; its last four bytes are IPv4


def refused(address: str) -> str | None:
    """What kind of address this is when it is not of the public internet, else None.

    IPv6 that holds IPv4 (mapped, NAT64) is judged by what it holds; tunnels never pass.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "not a numeric address"
    if isinstance(ip, ipaddress.IPv4Address):
        return next((why for net, why in _V4 if ip in net), None)
    if ip.scope_id is not None:
        return "an address of one network interface"
    if ip.ipv4_mapped is not None:
        return refused(str(ip.ipv4_mapped))
    if ip in _NAT64:
        return refused(str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)))
    known = next((why for net, why in _V6 if ip in net), None)
    return known or (None if ip in _GLOBAL_V6 else "a reserved address")


def anything(address: str) -> None:
    """None: the guard for intranets, where private addresses are meant."""


def system_resolve(host: str, port: int) -> list[str]:
    """What the system's resolver says. It also reads ``0x7f.1`` and ``2130706433`` as 127.0.0.1.

    Raises: OSError.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolved(resolve: Resolve, host: str, port: int, seconds: float) -> list[str]:
    """The addresses of ``host``, at least one. Raises: OSError; TimeoutError after ``seconds``."""
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(list(resolve(host, port)))
        except Exception as error:  # handed over to the thread that waits
            answer.set_exception(error)

    # The system's resolver takes no time limit, so it is left behind in a thread of its own.
    Thread(target=ask, daemon=True, name="resolver").start()
    addresses = answer.result(seconds)
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "no addresses")
    return addresses


_SHOWN_LENGTH = 200


def shown(url: str) -> str:
    """``url`` for a message: no user name, password, query or fragment, which may be secrets."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in url[:2_000])
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        text = urlunsplit((parts.scheme, host, parts.path, "", "")) + ("?…" if parts.query else "")
    except ValueError:
        text = text.partition("?")[0].rpartition("@")[2]
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
