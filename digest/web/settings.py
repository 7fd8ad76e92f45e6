"""What the owner decides about the web pages."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from digest.web.passwords import is_hash


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the pages are served, who is believed, and how much anybody may ask for.

    ``proxies`` are the networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto
    are believed, and whose ``admin_header`` names a person who has signed in there.
    ``admin_password`` is a hash from `digest web-password`; without either there is no admin page.
    ``metrics_token`` is what a program from elsewhere has to know to be given /metrics.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    in_run: bool = True
    proxies: tuple[str, ...] = ()
    admin_password: str = field(default="", repr=False)
    admin_header: str = ""
    metrics_token: str = field(default="", repr=False)
    signup: bool = True
    """Whether people may subscribe on the page."""
    requests_per_minute: int = 240
    """Requests of one address of the network, on all pages together."""
    forms_per_minute: int = 10
    """Forms sent by one address of the network; a thousand times as many by all together."""
    work_bits: int = 16
    """How much a browser has to work before it may subscribe: doubles with each; 0 is none."""
    hub: str = ""
    """The WebSub hub that is told of new editions; none when it is empty."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("port has to be between 0 and 65535")
        if not 0 <= self.work_bits <= 24:
            raise ValueError("work_bits has to be between 0 and 24")
        if self.requests_per_minute < 1 or self.forms_per_minute < 1:
            raise ValueError("requests_per_minute and forms_per_minute have to be at least 1")
        if self.admin_password and not is_hash(self.admin_password):
            raise ValueError("admin_password has to be a hash; `digest web-password` makes one")
        if self.admin_header and not self.proxies:
            raise ValueError("admin_header needs the network of your proxy in proxies")
        for network in self.proxies:
            ipaddress.ip_network(network)
