"""An installation that runs: pages on a socket, mails to a real server, a clock that can be set."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import yaml

from digest.app import App
from digest.config import load_settings
from digest.papers import Paper
from digest.serving import server
from tests.support.builders import a_paper
from tests.support.databases import collect
from tests.support.mailserver import Certificates, MailServer, mail_server, make_certificates

MORNING = dt.datetime(2026, 5, 20, 5, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
START_S = 30

TOPICS = {
    "Speculative decoding": (
        "drafts several tokens with a small model and lets the large one verify them at once",
        "acceptance rate, drafting and verification of tokens",
    ),
    "Quantization of weights": (
        "stores the weights of each layer in few bits and calibrates their scales",
        "rounding error, calibration and outliers of activations",
    ),
    "Eviction from the cache": (
        "forgets keys and values of attention that no later query will read again",
        "memory of long contexts, attention heads and recall",
    ),
    "Routing among experts": (
        "sends every token to few experts of a sparse mixture and balances their load",
        "gating, load balance and communication between devices",
    ),
}
"""What the papers of a day are about, one each: what a method does, and what is measured."""

OTHERS = (
    (
        "Bees remember the way home",
        "We track foraging bees with radar and find that landmarks count.",
    ),
    ("A survey of sourdough", "We sequence the yeast of five hundred sourdough starters."),
)


def papers_of(day: int) -> list[Paper]:
    """The papers of a day, of which most are on making language models cheaper to run."""
    found = [
        a_paper(
            f"{topic} {('made simple', 'at scale', 'without training', 'revisited')[day % 4]}",
            abstract=(
                f"Inference of large language models is costly. Our method {does}. "
                f"We study {measured}, and inference is {2 + day} times as fast."
            ),
            authors=("Ngozi Adeyemi", "Wei Chen"),
            arxiv_id=f"2605.{1000 + 10 * day + n:05}",
        )
        for n, (topic, (does, measured)) in enumerate(TOPICS.items())
    ]
    return found + [
        a_paper(
            f"{title}, part {day + 1}", abstract=said, arxiv_id=f"2605.{5000 + 10 * day + n:05}"
        )
        for n, (title, said) in enumerate(OTHERS)
    ]


@dataclass
class Running:
    """``base`` is the address of the pages; mails that left are in ``mail.received``."""

    app: App
    base: str
    mail: MailServer
    clock: list[dt.datetime]
    tls: Certificates

    @property
    def now(self) -> dt.datetime:
        return self.clock[0]

    def later(self, by: dt.timedelta) -> None:
        self.clock[0] += by

    def collect(self) -> None:
        """The papers of the day come in, and the archive is learnt from."""
        day = (self.now.date() - MORNING.date()).days
        collect(self.app.store, *papers_of(day), at=self.now, file=f"day-{day}.txt")

    def send(self) -> None:
        """Compose what is due and send what waits."""
        list(self.app.compose())
        list(self.app.deliver())

    def mails(self, address: str) -> list[EmailMessage]:
        """The mails that the server took for this address, oldest first."""
        return [
            email.message_from_bytes(one.data, policy=email.policy.default)
            for one in self.mail.received
            if address in one.recipients
        ]

    def links(self, mail: EmailMessage, page: str) -> list[str]:
        """The addresses of a page of ours in a mail, in the order of its text."""
        text = mail.get_body(("plain",)).get_content()
        return re.findall(rf"{re.escape(self.base)}/{page}/[^\s>)]+", text)


@contextmanager
def running(folder: Path, **web: Any) -> Iterator[Running]:
    """An installation in ``folder``, collected once, its pages served meanwhile."""
    with mail_server() as mail, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        base = f"https://127.0.0.1:{listening.getsockname()[1]}"
        certificates = make_certificates(folder / "tls")
        clock = [MORNING]
        app = App(load_settings(_settings(folder, base, mail.port, web), {}), lambda: clock[0])
        found = Running(app, base, mail, clock, certificates)
        try:
            found.collect()
            found.send()
            with _served(app, listening, certificates):
                yield found
        finally:
            app.close()


def _settings(folder: Path, base: str, port: int, web: dict[str, Any]) -> Path:
    limits = {"requests_per_minute": 100_000, "forms_per_minute": 1000, "work_bits": 8}
    settings = {
        "mail": {
            "base_url": base,
            "title": "Daily Papers",
            "sender": "Daily Papers <digest@example.org>",
        },
        "delivery": {
            "transport": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
        },
        "semantic": {"model": "none"},
        "web": limits | web,
    }
    file = folder / "digest.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


@contextmanager
def _served(app: App, listening: socket.socket, tls: Certificates) -> Iterator[None]:
    pages = server(app)
    # Mail programs leave by one click where a page is encrypted, and only there (RFC 8058 §3.1).
    pages.config.ssl_certfile = pages.config.ssl_keyfile = tls.chain_file
    thread = threading.Thread(target=pages.run, kwargs={"sockets": [listening]})
    thread.start()
    until = time.monotonic() + START_S
    while not pages.started and time.monotonic() < until:
        time.sleep(0.02)
    try:
        yield
    finally:
        pages.should_exit = True
        thread.join()
