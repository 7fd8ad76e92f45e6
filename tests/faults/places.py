"""Installations in folders of their own, driven by real `digest` processes that can be killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from digest.store import lineage
from digest.store.engine import writing
from digest.store.shelves import open_store
from tests.faults.ledger import Row
from tests.faults.warm import Forked, Warm

SAMPLE = Path(__file__).parents[2] / "config" / "sample"
ROOT = Path(__file__).parents[2]
WAITING = {"queued", "claimed", "sending", "deferred"}
"""States that something still has to follow."""

PATIENCE_S = 120
"""How long a command may take on a busy machine before the scenario calls it stuck."""

QUICK = {
    "connect_timeout_s": 5,
    "timeout_s": 3,
    "dot_timeout_s": 3,
    "retry": {"first_delay_s": 60, "max_delay_s": 600, "jitter": 0, "max_attempts": 5},
}
"""Timeouts for tests; those of the RFC would take a day."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit code, negative for a signal, and all it wrote."""

    code: int
    out: str

    @property
    def json(self) -> Any:
        """The answer of a command that ran with ``--json``; warnings may stand around it."""
        for line in reversed(self.out.splitlines()):
            with suppress(ValueError):
                return json.loads(line)
        raise AssertionError(f"no answer in {self.out!r} (exit {self.code})")


class Command:
    """A process that runs; ``cold`` ones were started as a person would, others were forked."""

    def __init__(self, out: Path, cold: subprocess.Popen[bytes] | None, warm: Forked | None):
        self._out, self._cold, self._warm = out, cold, warm
        self.pid = cold.pid if cold else warm.pid if warm else 0

    def wait(self, seconds: float = PATIENCE_S) -> Ran:
        """How it ended; after ``seconds`` it is killed and said to be stuck."""
        if not self._ended(seconds):
            self.kill()
            raise AssertionError(f"a command did not end within {seconds:g} s: {self.said()!r}")
        return Ran(self._code(), self.said())

    def _ended(self, seconds: float) -> bool:
        if self._warm:
            return self._warm.ended.wait(seconds)
        assert self._cold
        with suppress(subprocess.TimeoutExpired):
            self._cold.wait(seconds)
        return self._cold.returncode is not None

    def _code(self) -> int:
        code = self._warm.code if self._warm else self._cold.returncode if self._cold else None
        assert code is not None
        return code

    def runs(self) -> bool:
        return not self._ended(0)

    def signal(self, number: int) -> None:
        """Send a signal; nothing when it has ended."""
        if self.runs():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> Ran:
        """``kill -9``, and how it had ended."""
        self.signal(signal.SIGKILL)
        self._ended(30)
        return Ran(self._code(), self.said())

    def said(self) -> str:
        """All it wrote so far, where that is a file."""
        return self._out.read_text(errors="replace") if self._out.is_file() else ""


@dataclass
class Place:
    """One installation. ``env`` is added to each command's environment."""

    folder: Path
    readers: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    commands: int = 0

    @property
    def due(self) -> list[str]:
        """The addresses of everyone who should get the edition."""
        return [address(reader) for reader in self.readers]

    @property
    def database(self) -> Path:
        return self.folder / "config" / "digest.db"

    def server(self, port: int, **settings: object) -> None:
        """Send to that port from now on, and set what else ``delivery`` has."""
        for name, value in {"port": port, **settings}.items():
            self.env[f"DIGEST_DELIVERY__{name.upper()}"] = str(value)

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        wrap: Sequence[str] = (),
        cold: bool = False,
        out: Path | None = None,
    ) -> Command:
        """A `digest` command started here; ``wrap`` goes before it, as in ``faketime +1d``."""
        self.commands += 1
        out = out or self.folder / f"said-{self.commands}.txt"
        environment = {**self.env, **(env or {})}
        if not cold and not wrap:
            return Command(out, None, warm().start(self.folder, [*arguments], environment, out))
        with out.open("wb") as file:
            process = subprocess.Popen(
                [*wrap, sys.executable, "-m", "digest", *arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        return Command(out, process, None)

    def digest(self, *arguments: str, **how: Any) -> Ran:
        """A command run to its end."""
        return self.start(*arguments, **how).wait()

    def outbox(self) -> list[Row]:
        """Every message as the outbox lists it."""
        return [
            Row(one["address"], one["state"], one["message_id"], one["reply"] or "")
            for one in self.messages()
        ]

    def messages(self) -> list[dict[str, Any]]:
        """What `digest --json outbox` says."""
        found: list[dict[str, Any]] = self.digest("--json", "outbox").json["messages"]
        return found

    def states(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for row in self.outbox():
            counts[row.state] = counts.get(row.state, 0) + 1
        return counts

    def deliver(self, hours: float = 0, **how: Any) -> Ran:
        """`digest deliver`, so many hours from now."""
        return self.digest("deliver", *(["--now", _from_now(hours)] if hours else []), **how)

    def finish(self) -> None:
        """Deliver again and again, hours apart, until nothing waits; a dozen times at most."""
        for nth in range(12):
            if nth and not WAITING & self.states().keys():
                return
            self.deliver(hours=nth * 0.5)

    def copy(self, folder: Path) -> Place:
        """The same installation in another folder, as a restored snapshot is."""
        shutil.copytree(self.folder, folder)
        return Place(folder, self.readers, dict(self.env), self.commands)


def _from_now(hours: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)).isoformat()


def address(reader: str) -> str:
    return f"{reader}@example.org"


def new_place(folder: Path, readers: int = 8, *, composed: bool = True, **delivery: Any) -> Place:
    """An installation in ``folder``: papers collected and, when ``composed``, the mails queued."""
    template = _template(readers, composed)
    shutil.copytree(template, folder, dirs_exist_ok=True)
    place = Place(folder, names(readers))
    if place.database.exists():
        make_original(place.database)
    write_settings(place, **delivery)
    return place


def make_original(database: Path) -> None:
    """Have a copied database pass for one that mails are sent from: it is a test's own."""
    Path(f"{database}.lock").unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM deliveries")
    with closing(open_store(f"sqlite:///{database}")) as store, writing(store.engine) as opened:
        lineage.begin(opened)


def names(readers: int) -> tuple[str, ...]:
    return tuple(f"r{n:03}" for n in range(readers))


def write_settings(place: Place, **delivery: Any) -> None:
    """Write digest.yaml anew: delivery by SMTP in plain text to this machine."""
    settings = {
        "collect": {"settle_s": 0},
        "schedule": {"tick_s": 1},
        "mail": {"sender": "Daily Papers <papers@digest.example>"},
        "delivery": {
            "transport": "smtp",
            "host": "127.0.0.1",
            "security": "none",
            **QUICK,
            **delivery,
        },
    }
    (place.folder / "config/digest.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def write_readers(place: Place, *changed: dict[str, Any]) -> None:
    """Write subscribers.yaml anew: the place's readers, those of ``changed`` as they say."""
    by_id = {one["id"]: one for one in changed}
    interests = [{"keywords": ["language", "diffusion", "protein"]}]
    entries = [
        {"id": reader, "address": address(reader), "hour": 0, "interests": interests}
        | by_id.get(reader, {})
        for reader in place.readers
    ]
    text = yaml.safe_dump({"subscribers": entries})
    (place.folder / "config/subscribers.yaml").write_text(text, encoding="utf-8")


_made: dict[tuple[int, bool], Path] = {}
_making = threading.RLock()
_warm: Warm | None = None


def warm() -> Warm:
    """The process that forks; started by the first who asks."""
    global _warm  # noqa: PLW0603 - one for all scenarios
    with _making:
        _warm = _warm or Warm()
        return _warm


def close() -> None:
    """End the process that forks and remove the templates."""
    global _warm  # noqa: PLW0603 - one for all scenarios
    if _warm:
        _warm.close()
        _warm = None
    while _made:
        shutil.rmtree(_made.popitem()[1])


def _template(readers: int, composed: bool) -> Path:
    """A folder to copy, made once: composing is the slow part."""
    with _making:
        if (readers, composed) not in _made:
            folder = Path(tempfile.mkdtemp(prefix="place-"))
            place = Place(folder, names(readers))
            _done(place.digest("init"))
            write_settings(place)
            write_readers(place)
            shutil.copy(SAMPLE / "monday.txt", folder / "inbox/monday.txt")
            if composed:
                _done(place.digest("collect"))
                _done(place.digest("compose"))
            for said in folder.glob("said-*"):
                said.unlink()
            _made[readers, composed] = folder
        return _made[readers, composed]


def _done(ran: Ran) -> None:
    if ran.code:
        raise RuntimeError(f"an installation could not be prepared: {ran.out}")


def until(what: Callable[[], object], seconds: float = 30, every_s: float = 0.002) -> bool:
    """True once ``what`` is; False when it was not within ``seconds``."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(every_s)
    return True
