"""What a scenario is: a fault's name, and runs that each end in a verdict."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.faults.ledger import Verdict, judge
from tests.faults.places import Place
from tests.support.mailserver import MailServer, mail_server
from tests.support.sink import Mail, find_sink, mail_of, smtp_sink

Part = Callable[[Path], Verdict]
"""One run in a folder that does not exist yet."""


class Skipped(Exception):
    """The scenario cannot run here; says why."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """``faults`` are their numbers in the list of faults, such as ``F1``."""

    faults: str
    name: str
    parts: Sequence[Part]


def need(*programs: str) -> None:
    """Skip when one of these programs is not installed."""
    for program in programs:
        if not shutil.which(program):
            raise Skipped(f"{program} is not installed")


class Receiver(Protocol):
    """A server whose mails are counted."""

    port: int

    def count(self) -> int: ...

    def mails(self) -> list[Mail]: ...


@dataclass
class Scripted:
    """A scripted server of ours, counted as a sink is."""

    server: MailServer

    @property
    def port(self) -> int:
        return self.server.port

    def count(self) -> int:
        return len(self.server.received)

    def mails(self) -> list[Mail]:
        return [
            mail_of(recipient, mail.data)
            for mail in self.server.received
            for recipient in mail.recipients
        ]


@contextmanager
def scripted(**how: Any) -> Iterator[Scripted]:
    """A running server of ours; its ``server`` is told what to do."""
    with mail_server(**how) as server:
        yield Scripted(server)


@contextmanager
def sinking(*switches: str) -> Iterator[Any]:
    """A running smtp-sink, or Skipped where there is none."""
    if not find_sink():
        raise Skipped("smtp-sink, which Debian's postfix brings, is not installed")
    with smtp_sink(*switches) as sink:
        yield sink


def end(place: Place, *receivers: Receiver, resend: bool = False, due: Any = None) -> Verdict:
    """The verdict after everything was given time to leave through the last receiver."""
    place.server(receivers[-1].port)
    place.finish()
    return verdict(place, *receivers, resend=resend, due=due)


def verdict(place: Place, *receivers: Receiver, resend: bool = False, due: Any = None) -> Verdict:
    """The verdict on a place whose mails went to these receivers; its database is sound, too."""
    mails = [mail for receiver in receivers for mail in receiver.mails()]
    found = judge(due or place.due, mails, place.outbox(), resend=resend)
    if place.database.exists():
        with closing(sqlite3.connect(place.database)) as connection:
            (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        if sound != "ok":
            found.wrong.append(f"the database is damaged: {sound}")
    return found


def expect(found: Verdict, true: object, sentence: str) -> None:
    """Note a broken promise unless it is kept."""
    if not true:
        found.wrong.append(sentence)
