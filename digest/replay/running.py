"""Days are replayed: files come, hours strike, and the clock jumps from one to the next.

At each of these instants the installation collects, composes and delivers as the scheduler has it
do, and once more at the end of a day, when nothing may be left to do. With faults some of these
ticks are run by a child process that is killed, and then once more.
"""

from __future__ import annotations

import datetime as dt
import gc
import heapq
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from digest.config import Settings
from digest.errors import ConfigError, MailServerDown
from digest.failpoints import arm
from digest.messages import Message
from digest.replay.books import Books
from digest.replay.faults import Drop, Faults, Kill
from digest.replay.oracle import owed
from digest.replay.scratch import Scratch, settings_in
from digest.replay.sink import Fate, Sink
from digest.store.audit import Audit
from digest.subscribers import Subscriber
from digest.votes import Vote

DAY = dt.timedelta(days=1)
AFTERMATH = dt.timedelta(days=3)
"""How long after the last day files may still come, and mails that wait may leave."""

AGAIN = dt.timedelta(minutes=5)
"""The least time until mails that did not leave are tried again."""

KILLED, UNTOUCHED = -signal.SIGKILL, 0


@dataclass
class Tally:
    """What was done to the installation, and what it complained of.

    ``kills``: where a process died, in order.
    """

    drops: list[Drop] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    votes: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Period:
    """The days that are replayed, as instants of UTC; ``end`` is no longer of them."""

    start: dt.datetime
    end: dt.datetime

    @classmethod
    def of(cls, first: dt.date, days: int) -> Period:
        start = dt.datetime.combine(first, dt.time(), dt.UTC)
        return cls(start, start + days * DAY)


class Replay:
    """A run of days in ``folder``, which is this run's own. What came of it is in the store of
    ``app``, in ``books`` and in ``tally``.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        readers: Sequence[Subscriber],
        votes: Iterable[Vote],
        faults: Faults,
    ) -> None:
        if faults and not hasattr(os, "fork"):
            raise ConfigError("--faults needs a system that can fork; leave it out here")
        self.now = dt.datetime.min.replace(tzinfo=dt.UTC)
        self.tally = Tally()
        self.faults, self._readers = faults, readers
        self._votes = sorted(votes, key=lambda vote: vote.at, reverse=True)
        journal = folder / "journal"
        self.books = Books(journal)
        sink = Sink(journal, self._fate)
        self.app = Scratch(settings_in(folder, settings), self._clock, sink)

    def run(
        self, came: Sequence[Drop], period: Period, tell: Callable[[], object] = lambda: None
    ) -> None:
        """Replay the days; ``tell`` is called at the end of each."""
        self.now = period.start
        self.app.store.subscribers.add(self._readers, self.now)
        agenda = _Agenda(came)
        readers = [*self._readers, self.app.settings.public_subscriber]
        at = period.start
        while at < period.end:
            for reader in readers:
                agenda.add(instant for _, instant in owed(reader.schedule, at, at + DAY))
            agenda.later(at + DAY - AGAIN)
            self._until(agenda, at + DAY)
            tell()
            at += DAY
            if not at.weekday():
                gc.collect()
        self._until(agenda, period.end + AFTERMATH, compose=False)

    def _until(self, agenda: _Agenda, end: dt.datetime, *, compose: bool = True) -> None:
        while (at := agenda.next(end)) is not None:
            self.now = at
            drops = agenda.dropped(at)
            self._put(drops)
            self._cast()
            kill = self.faults.kill(at, files=bool(drops), mails=agenda.strikes(at) and compose)
            if kill:
                self._killed(kill)
            self._tick(compose=compose)
            self._note(bool(drops))
            waiting = self.app.store.outbox.next_at()
            if waiting:
                agenda.later(max(waiting, at + AGAIN))

    def _tick(self, *, compose: bool = True) -> None:
        """What the scheduler does at a tick."""
        for _ in self.app.collect():
            pass
        for one in self.app.compose() if compose else ():
            if isinstance(one, Exception):
                self.tally.problems.append(f"{self.now:%Y-%m-%d %H:%M}: {one}")
        with suppress(MailServerDown):  # what did not leave is tried again
            for _ in self.app.deliver():
                pass

    def _put(self, drops: Sequence[Drop]) -> None:
        """Put files into the inbox, each whole at once, as a careful copier does."""
        for drop in drops:
            part = self.app.inbox / ".coming"
            part.write_bytes(self.faults.data(drop))
            taken = (self.app.inbox / drop.name).exists()
            part.replace(self.app.inbox / (f"{drop.arrival.path.parent.name}-" * taken + drop.name))
        self.tally.drops += drops

    def _cast(self) -> None:
        """Store the votes of the past; those on papers that never came are left out."""
        due = []
        while self._votes and self._votes[-1].at <= self.now:
            due.append(self._votes.pop())
        if due:
            self.tally.votes += self.app.store.votes.add(due)

    def _killed(self, kill: Kill) -> None:
        """Have a child process run the tick, and be killed within it."""
        self.app.stop()
        child = os.fork()
        if child == 0:
            try:
                arm(kill.point, kill.count)
                self._tick()
            finally:
                os._exit(UNTOUCHED)  # nothing of the parent is tidied twice
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == KILLED:
            self.tally.kills.append(kill.point)

    def _note(self, collected: bool) -> None:
        audit = Audit(self.app.store.engine)
        if collected:
            self.books.note_merges(audit, self.now)
        self.books.note_mails(audit, self.now)

    def _clock(self) -> dt.datetime:
        return self.now

    def _fate(self, message: Message) -> Fate:
        return self.faults.fate(message, self.now)


class _Agenda:
    """The instants to come, each once, and the files that come at them."""

    def __init__(self, drops: Sequence[Drop]) -> None:
        self._drops = list(reversed(drops))
        self._striking: set[dt.datetime] = set()
        self._instants = sorted({drop.at for drop in drops})

    def add(self, instants: Iterable[dt.datetime]) -> None:
        """Hours that strike for somebody."""
        for at in set(instants) - self._striking:
            self._striking.add(at)
            heapq.heappush(self._instants, at)

    def later(self, at: dt.datetime) -> None:
        """Look again then: at a full five minutes, so that what waits is tried together."""
        whole = at.replace(second=0, microsecond=0)
        while whole < at or whole.minute % 5:
            whole += dt.timedelta(minutes=1)
        heapq.heappush(self._instants, whole)

    def next(self, end: dt.datetime) -> dt.datetime | None:
        """The next instant before ``end``."""
        if not self._instants or self._instants[0] >= end:
            return None
        at = heapq.heappop(self._instants)
        while self._instants and self._instants[0] == at:
            heapq.heappop(self._instants)
        return at

    def strikes(self, at: dt.datetime) -> bool:
        return at in self._striking

    def dropped(self, at: dt.datetime) -> list[Drop]:
        """The files that have come by then."""
        found = []
        while self._drops and self._drops[-1].at <= at:
            found.append(self._drops.pop())
        return found
