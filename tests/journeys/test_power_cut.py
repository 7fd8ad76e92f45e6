"""A whole day with the power failing before and after every effect, then the day run again.

An effect is a transaction of the store, a message handed to the mail server, or a file moved. When
the power fails everything after it fails, too, as on a machine that is off; then the machine
starts again on what is on disk. At most the mail in flight is left in doubt, and listed; it leaves
once more only when the operator says so. The wrong orders of effects at the end show that this
would be noticed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digest import collecting, pipeline
from digest.collect import inbox as inbox_room
from digest.collect.settings import CollectSettings
from digest.compose.editor import EditorSettings
from digest.deliver.settings import DeliverSettings
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.delivery import LEASE, Printing, deliver
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.store.claims import Done
from digest.store.shelves import Store, open_store
from digest.subscribers import PUBLIC, Interest, Subscriber
from tests.support.databases import sqlite_template
from tests.support.installation import SAMPLE
from tests.support.mailserver import MailServer, mail_server

__all__ = ["sqlite_template"]

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
READERS = [
    Subscriber(name, f"{name}@example.org", size=4, interests=(Interest(word, keywords=(word,)),))
    for name, word in (("ada", "language"), ("lin", "diffusion"), ("sam", "protein"))
]
PAPERS = 42
PRESS = Press(MailSettings(sender="Daily Papers <papers@digest.example>"), environment())


class PowerCut(BaseException):
    """No `except Exception` stops it, as none stops a power cut."""


class Power:
    """Fails at the n-th half effect: odd ones before an effect, even ones after it."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.fails_at, self.count, self.off = fails_at, 0, False

    def use(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def powered(*args: Any, **kwargs: Any) -> Any:
            self._half()
            done = effect(*args, **kwargs)
            self._half()
            return done

        return powered

    def _half(self) -> None:
        self.count += 1
        if self.off or self.count == self.fails_at:
            self.off = True
            raise PowerCut


class Powered:
    """Any object, its public methods needing power."""

    def __init__(self, real: Any, power: Power, effects: tuple[str, ...]) -> None:
        self._real, self._power, self._effects = real, power, effects

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._power.use(found) if name in self._effects else found


EFFECTS = {
    "papers": ("add",),
    "sources": ("record",),
    "editions": ("add",),
    "outbox": ("claim", "step", "release", "take_back", "tidy"),
}


def powered(store: Store, power: Power) -> Store:
    shelves: dict[str, Any] = {
        name: Powered(getattr(store, name), power, effects) for name, effects in EFFECTS.items()
    }
    return dataclasses.replace(store, **shelves)


Step = Callable[..., Iterator[Any]]


class World:
    """A disk, an inbox on it, and a mail server somewhere else."""

    def __init__(self, folder: Path, server: MailServer, migrated: Path) -> None:
        self.folder, self.server = folder, server
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True)
        shutil.copyfile(migrated, folder / "digest.db")
        for name in ("monday.txt", "tuesday.txt"):
            shutil.copy(SAMPLE / name, self.inbox)
        server.received.clear()
        self.store().subscribers.sync([*READERS, Subscriber(PUBLIC, None, size=5)], NOW)

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.folder / 'digest.db'}")

    def day(
        self,
        power: Power,
        collect: Step = collecting.collect_inbox,
        deliver: Step = deliver,
    ) -> None:
        """The day's three steps; every effect needs power."""
        store = powered(self.store(), power)
        smtp = SmtpSettings("127.0.0.1", self.server.port, "none")
        transport: Any = Powered(SmtpTransport(smtp), power, ("send",))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "link", power.use(os.link))
            patch.setattr(os, "unlink", power.use(os.unlink))
            try:
                list(collect(store, self.inbox, NOW, CollectSettings(settle_s=0)))
                list(pipeline.compose(store, PRESS.unprinted, NOW, EditorSettings()))
                sending = DeliverSettings()
                list(
                    deliver(store, lambda: transport, lambda: NOW, sending, printing=PRESS.printed)
                )
            finally:
                transport.close()

    def send_again(self, collect: Step = collecting.collect_inbox, deliver: Step = deliver) -> None:
        """What the operator does about mails in doubt."""
        del collect
        store = self.store()
        store.outbox.retry(["uncertain"], NOW)
        transport = SmtpTransport(SmtpSettings("127.0.0.1", self.server.port, "none"))
        sending = DeliverSettings()
        list(deliver(store, lambda: transport, lambda: NOW, sending, printing=PRESS.printed))
        transport.close()

    def wrong(self) -> list[str]:
        """What is not as promised after the day was finished; nobody was asked anything yet."""
        store = self.store()
        got = Counter(self.server.recipients())
        found = []
        if store.papers.count() != PAPERS:
            found.append(f"{store.papers.count()} papers in the archive")
        if any(self.inbox.glob("*.txt")):
            found.append("a file is still in the inbox")
        for reader in READERS:
            editions = store.editions.of(reader)
            if len(editions) != 1:
                found.append(f"{reader.id} has {len(editions)} editions")
            titles = [pick.paper.title for edition in editions for pick in edition.picks]
            if len(titles) != len(set(titles)):
                found.append(f"{reader.id} has a paper twice")
        for line in store.outbox.lines():
            if line.state == "sent" and not got[line.address]:
                found.append(f"{line.subscriber} got no mail")
        if max(got.values()) > 1:
            found.append(f"a mail came twice, unasked: {got}")
        counts = Counter(store.outbox.counts())
        if counts["sent"] + counts["uncertain"] != len(READERS) != counts.total():
            found.append(f"the outbox says {dict(counts)}")
        if counts["uncertain"] > 1:
            found.append("more than one mail is in doubt")
        return found

    def wrong_at_last(self) -> list[str]:
        """What is not as promised after the operator had mails in doubt sent again."""
        found = []
        got = Counter(self.server.recipients())
        found += [f"{one.id} never got a mail" for one in READERS if not got[one.address or ""]]
        if got.total() > len(READERS) + 1:
            found.append(f"more than one mail came twice: {got}")
        same = {data for _, data in {(m.recipients, m.data) for m in self.server.received}}
        if len(same) != len(READERS):
            found.append("a mail that came twice was not the same")
        if (counts := self.store().outbox.counts()) != {"sent": len(READERS)}:
            found.append(f"the outbox says {counts} at last")
        return found


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def cut_everywhere(
    folder: Path, server: MailServer, migrated: Path, *, backwards: bool = False, **steps: Step
) -> Iterator[list[str]]:
    """What was wrong after the second start, for each place the power failed at."""
    power = Power()
    whole = World(folder / "whole", server, migrated)
    whole.day(power, **steps)
    yield [*whole.wrong(), *whole.wrong_at_last()]
    places = range(1, power.count + 1)
    for place in reversed(places) if backwards else places:
        world = World(folder / str(place), server, migrated)
        with pytest.raises(PowerCut):
            world.day(Power(place), **steps)
        world.day(Power(), **steps)
        found = world.wrong()
        world.send_again(**steps)
        yield [f"power failed at {place}: {what}" for what in (*found, *world.wrong_at_last())]


def test_a_power_cut_anywhere_loses_nothing_and_leaves_at_most_the_mail_in_flight_in_doubt(
    tmp_path: Path,
    server: MailServer,
    sqlite_template: Path,
) -> None:
    found = list(cut_everywhere(tmp_path, server, sqlite_template))
    assert len(found) >= 30
    assert [what for each in found for what in each] == []


def recorded_first(
    store: Any, connect: Any, clock: Any, settings: Any, *, printing: Printing
) -> Iterator[Any]:
    """The wrong order that loses mails."""
    with store.outbox.present(clock(), resend=False):
        for claim in store.outbox.claim(50, clock(), LEASE):
            store.outbox.step((), [claim], clock(), LEASE)
            store.outbox.step([Done(claim, "sent", "")], (), clock(), LEASE)
            yield connect().send(printing(claim.edition, claim.message))


def marked_last(
    store: Any, connect: Any, clock: Any, settings: Any, *, printing: Printing
) -> Iterator[Any]:
    """The wrong order that repeats mails."""
    with store.outbox.present(clock(), resend=False):
        for claim in store.outbox.claim(50, clock(), LEASE):
            yield connect().send(printing(claim.edition, claim.message))
            store.outbox.step((), [claim], clock(), LEASE)
            store.outbox.step([Done(claim, "sent", "")], (), clock(), LEASE)


def marked_together(
    store: Any, connect: Any, clock: Any, settings: Any, *, printing: Printing
) -> Iterator[Any]:
    """The wrong order that leaves many in doubt."""
    with store.outbox.present(clock(), resend=False):
        claims = store.outbox.claim(50, clock(), LEASE)
        store.outbox.step((), claims, clock(), LEASE)
        for claim in claims:
            connect().send(printing(claim.edition, claim.message))
        store.outbox.step([Done(claim, "sent", "") for claim in claims], (), clock(), LEASE)
        yield from claims


def moved_first(store: Any, folder: Path, now: Any, settings: Any) -> Iterator[Any]:
    """The wrong order that loses papers."""
    for path in inbox_room.waiting(folder, 1e12, 0):
        moved = inbox_room.accept(path)
        yield from collecting.collect_files(store, [moved], now, settings)


@pytest.mark.parametrize(
    ("steps", "notices"),
    [
        ({"deliver": recorded_first}, "got no mail"),
        ({"deliver": marked_last}, "came twice, unasked"),
        ({"deliver": marked_together}, "more than one mail is in doubt"),
        ({"collect": moved_first}, "papers in the archive"),
    ],
    ids=[
        "recorded before sent",
        "marked after sent",
        "marked all at once",
        "moved before stored",
    ],
)
def test_a_wrong_order_of_effects_is_noticed(
    tmp_path: Path,
    server: MailServer,
    sqlite_template: Path,
    steps: dict[str, Step],
    notices: str,
) -> None:
    backwards = "deliver" in steps  # soon noticed from there
    found = cut_everywhere(tmp_path, server, sqlite_template, backwards=backwards, **steps)
    assert any(notices in what for each in found for what in each)
