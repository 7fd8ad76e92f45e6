"""The installation that days are replayed in: a copy in a temporary folder, its mails in a sink.

Of the real one only files are read: its database is copied, byte by byte, and the copy opened; on
PostgreSQL the session is told to refuse every write.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from digest.app import App
from digest.config import DeliverySettings, Settings
from digest.deliver.outcomes import Transport
from digest.errors import ConfigError
from digest.replay.sink import Sink
from digest.store.shelves import Store, open_store
from digest.subscribers import Subscriber

SQLITE = "sqlite:///"
COPIES = 5
"""How often a database is copied anew because somebody wrote to it meanwhile."""

_READ_ONLY = "options=-c%20default_transaction_read_only%3Don"


@dataclass(frozen=True)
class Scratch(App):
    """An installation whose transport is a sink, and that can be started anew."""

    sink: Sink

    def transport(self) -> Transport:
        return self.sink

    def stop(self) -> None:
        """Forget what a process forgets when it ends; the next step starts as after a crash."""
        self.close()
        for name in ("store", "_breaker"):
            self.__dict__.pop(name, None)


def settings_in(folder: Path, settings: Settings) -> Settings:
    """The settings, all paths in ``folder``, and nothing left that leads out of it or waits.

    Nothing is polled, encoded or signed for a domain, and no limit holds mails back.
    """
    (folder / "inbox").mkdir(parents=True)
    delivery = settings.delivery
    return replace(
        settings,
        file=folder / "digest.yaml",
        database=f"{SQLITE}{folder / 'digest.db'}",
        inbox=folder / "inbox",
        subscribers=folder / "subscribers.yaml",
        sources=(),
        collect=replace(settings.collect, settle_s=0, resolve=False),
        semantic=replace(settings.semantic, model="none", folder=folder / "models"),
        delivery=DeliverySettings(transport="smtp", retry=delivery.retry, uncertain="hold"),
    )


def copied(url: str, folder: Path) -> Store | None:
    """The store at ``url``, to read from; None where there is none yet. Raises ConfigError."""
    if not url.startswith(SQLITE):
        return open_store(f"{url}{'&' if '?' in url else '?'}{_READ_ONLY}")
    database = Path(url.removeprefix(SQLITE))
    if not database.exists():
        return None
    copy = folder / "real.db"
    for _ in range(COPIES):
        before = _state(database)
        for file in _files(database):
            if file.exists():
                shutil.copyfile(file, copy.with_name(file.name.replace(database.name, copy.name)))
        if _state(database) == before:
            return open_store(f"{SQLITE}{copy}")
    raise ConfigError(f"{database} is being written to all the time; try again in a quiet minute")


def _files(database: Path) -> Sequence[Path]:
    """The files that hold what is stored: the second, what was stored last."""
    return database, database.with_name(f"{database.name}-wal")


def _state(database: Path) -> list[tuple[int, int]]:
    states = (file.stat() for file in _files(database) if file.exists())
    return [(state.st_mtime_ns, state.st_size) for state in states]


def readers(store: Store | None, listed: Sequence[Subscriber]) -> list[Subscriber]:
    """Who reads, by id: those of the subscribers' file, and the store's that are active.

    Who paused, left or is suppressed is left out, whatever the file says.
    """
    entries = store.subscribers.all() if store else []
    out = {one.subscriber.id for one in entries if one.state not in ("active", "unlisted")}
    found = {
        one.subscriber.id: one.subscriber
        for one in entries
        if one.state == "active" and one.origin == "store" and one.subscriber.address
    }
    found |= {one.id: one for one in listed}
    return [found[who] for who in sorted(found) if who not in out]
