"""A whole day with the power failing before and after every effect, then the day run again.

An effect is a transaction of the store, a message handed to the mail server, or a file moved. When
the power fails everything after it fails, too, as on a machine that is off; then the machine
starts again on what is on disk. The wrong orders of effects at the end show that this would be
noticed.
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

from digest import pipeline
from digest.collect import inbox as inbox_room
from digest.collect.readers import CollectSettings
from digest.compose.editor import EditorSettings
from digest.deliver.retry import RetrySettings, next_state
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.render import mail
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.store.shelves import Store, open_store
from digest.subscribers import PUBLIC, Interest, Subscriber
from tests.support.installation import SAMPLE
from tests.support.mailserver import MailServer, mail_server

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
READERS = [
    Subscriber(name, f"{name}@example.org", size=4, interests=(Interest(word, keywords=(word,)),))
    for name, word in (("ada", "language"), ("lin", "diffusion"), ("sam", "protein"))
]
PAPERS = 42
ENV = environment()


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
    "outbox": ("claim", "record", "release"),
}


def powered(store: Store, power: Power) -> Store:
    shelves: dict[str, Any] = {
        name: Powered(getattr(store, name), power, effects) for name, effects in EFFECTS.items()
    }
    return dataclasses.replace(store, **shelves)


Step = Callable[..., Iterator[Any]]


class World:
    """A disk, an inbox on it, and a mail server somewhere else."""

    def __init__(self, folder: Path, server: MailServer) -> None:
        self.folder, self.server = folder, server
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True)
        for name in ("monday.txt", "tuesday.txt"):
            shutil.copy(SAMPLE / name, self.inbox)
        server.received.clear()
        self.store().subscribers.sync([*READERS, Subscriber(PUBLIC, None, size=5)], NOW)

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.folder / 'digest.db'}")

    def day(
        self,
        power: Power,
        collect: Step = pipeline.collect_inbox,
        deliver: Step = pipeline.deliver,
    ) -> None:
        """The day's three steps; every effect needs power."""
        store = powered(self.store(), power)
        smtp = SmtpSettings("127.0.0.1", self.server.port, "none")
        transport = Powered(SmtpTransport(smtp), power, ("send",))
        settings = MailSettings(sender="Daily Papers <papers@digest.example>")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "link", power.use(os.link))
            patch.setattr(os, "unlink", power.use(os.unlink))
            try:
                list(collect(store, self.inbox, NOW, CollectSettings(settle_s=0)))
                list(
                    pipeline.compose(
                        store, lambda e: mail.message(e, settings, ENV), NOW, EditorSettings()
                    )
                )
                list(deliver(store, transport, lambda: NOW, RetrySettings()))
            finally:
                transport.close()

    def wrong(self) -> list[str]:
        """What is not as promised after the day was finished."""
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
            if not got[reader.address or ""]:
                found.append(f"{reader.id} got no mail")
            titles = [pick.paper.title for edition in editions for pick in edition.picks]
            if len(titles) != len(set(titles)):
                found.append(f"{reader.id} has a paper twice")
        if sum(got.values()) > len(READERS) + 1:
            found.append(f"more than one mail came twice: {got}")
        same = {data for _, data in {(m.recipients, m.data) for m in self.server.received}}
        if len(same) != len(READERS):
            found.append("a mail that came twice was not the same")
        if store.outbox.counts() != {"sent": len(READERS)}:
            found.append(f"the outbox says {store.outbox.counts()}")
        return found


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def cut_everywhere(folder: Path, server: MailServer, **steps: Step) -> tuple[int, list[str]]:
    """How many places the power failed at, and what was wrong after the second start."""
    wrong: list[str] = []
    for place in range(1, 500):
        world = World(folder / str(place), server)
        try:
            world.day(Power(place), **steps)
        except PowerCut:
            world.day(Power(), **steps)
            wrong += [f"power failed at {place}: {what}" for what in world.wrong()]
        else:
            return place - 1, [*wrong, *world.wrong()]
    raise AssertionError("the day never ended")


def test_a_power_cut_anywhere_loses_nothing_and_repeats_at_most_the_mail_in_flight(
    tmp_path: Path, server: MailServer
) -> None:
    places, wrong = cut_everywhere(tmp_path, server)
    assert places >= 30
    assert wrong == []


def recorded_first(store: Any, transport: Any, clock: Any, settings: Any) -> Iterator[Any]:
    """The wrong order that loses mails."""
    with store.outbox.alone():
        for claim in store.outbox.claim(50, clock(), pipeline.LEASE):
            store.outbox.record(claim, state="sent", reply="", not_before=None, now=clock())
            yield transport.send(claim.message)


def recorded_last(store: Any, transport: Any, clock: Any, settings: Any) -> Iterator[Any]:
    """The wrong order that repeats mails."""
    with store.outbox.alone():
        claims = store.outbox.claim(50, clock(), pipeline.LEASE)
        outcomes = [transport.send(claim.message) for claim in claims]
        for claim, outcome in zip(claims, outcomes, strict=True):
            after = next_state(outcome, 1, clock(), seed=0, settings=settings)
            store.outbox.record(
                claim, state=after.state, reply="", not_before=after.not_before, now=clock()
            )
            yield claim


def moved_first(store: Any, folder: Path, now: Any, settings: Any) -> Iterator[Any]:
    """The wrong order that loses papers."""
    for path in inbox_room.waiting(folder, 1e12, 0):
        moved = inbox_room.accept(path)
        yield from pipeline.collect_files(store, [moved], now, settings)


@pytest.mark.parametrize(
    ("steps", "notices"),
    [
        ({"deliver": recorded_first}, "got no mail"),
        ({"deliver": recorded_last}, "more than one mail came twice"),
        ({"collect": moved_first}, "papers in the archive"),
    ],
    ids=["recorded before sent", "recorded after all were sent", "moved before stored"],
)
def test_a_wrong_order_of_effects_is_noticed(
    tmp_path: Path, server: MailServer, steps: dict[str, Step], notices: str
) -> None:
    _, wrong = cut_everywhere(tmp_path, server, **steps)
    assert any(notices in what for what in wrong)
