"""How far long work is: a bar at a terminal, a line now and then elsewhere; on stderr alone."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from digest import logs
from digest.errors import DigestError
from digest.options import given

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

log = logging.getLogger("digest")

Total = int | Callable[[], int] | None
"""How many there are; or what says, when the work turns out to be long, how many are left."""

T = TypeVar("T")

SHOWN_AFTER_S = 1.0
"""Work that is done sooner shows no bar."""

LINE_EVERY_S = 10.0
"""Where there is no terminal: how long until the first line, and from one to the next."""

FRAME_S = 0.1
"""How often a bar is drawn."""


def over(
    items: Iterable[T], total: Total, label: str, count: Callable[[T], int] = lambda _: 1
) -> Iterator[T]:
    """The same items, while a bar tells how many there were, each for ``count``.

    ``label`` says what is done, such as "composing"; ``total`` is None where nobody knows.
    """
    with steps(label, total) as advance:
        for item in items:
            advance(count(item))
            yield item


@contextmanager
def steps(label: str, total: Total = None) -> Iterator[Callable[[int], None]]:
    """Shows a bar meanwhile, if it lasts; what it gives is called with how many more are done."""
    teller = _Teller(label, total, bar=_has_bar())
    thread = threading.Thread(target=teller.run, name="progress", daemon=True)
    thread.start()
    try:
        yield teller.advance
    finally:
        teller.over.set()
        thread.join()


def _has_bar() -> bool:
    """Whether somebody looks who wants a bar, and not a program that reads lines."""
    plain = ("NO_COLOR", "CI")
    return (
        sys.stderr.isatty()
        and os.environ.get("TERM", "dumb") != "dumb"
        and not any(os.environ.get(name) for name in plain)
        and not given("json")
    )


class _Teller:
    """Tells from a thread of its own, so that a first item that takes long is waited for, too."""

    def __init__(self, label: str, total: Total, *, bar: bool) -> None:
        self._label, self._total, self._bar = label, total, bar
        self._done = 0
        self._began_s = time.monotonic()
        self.over = threading.Event()

    def advance(self, number: int) -> None:
        self._done += number

    def run(self) -> None:
        """Tell until it is over; what is wrong with the store, the work itself will say."""
        if self.over.wait(SHOWN_AFTER_S if self._bar else LINE_EVERY_S):
            return
        try:
            total = self._asked()
            self._draw(total) if self._bar else self._say(total)
        except (OSError, ValueError):  # nobody reads stderr any more
            return

    def _asked(self) -> int | None:
        """The total, now that it is worth asking for."""
        if not callable(self._total):
            return self._total
        try:
            return self._done + self._total()
        except DigestError:
            return None

    def _draw(self, total: int | None) -> None:
        bar, task = _bar(self._label, total)
        with bar:
            while not self.over.wait(FRAME_S):
                bar.update(task, completed=self._done, total=_at_least(self._done, total))
                bar.refresh()

    def _say(self, total: int | None) -> None:
        while True:
            most, took_s = _at_least(self._done, total), time.monotonic() - self._began_s
            of = "" if most is None else f" of {most:,}"
            line = f"{self._label}: {self._done:,}{of} after {took_s:.0f} s"
            if logs.is_on():
                fields = {"done": self._done, "total": most, "took_s": round(took_s, 3)}
                log.info("%s", line, extra={"event": "progress", "label": self._label, **fields})
            else:
                print(f"digest: {line}", file=sys.stderr, flush=True)
            if self.over.wait(LINE_EVERY_S):
                return


def _at_least(done: int, total: int | None) -> int | None:
    """What was queued or became due meanwhile was not in the total."""
    return None if total is None else max(done, total)


def _bar(label: str, total: int | None) -> tuple[Progress, TaskID]:
    """A bar that leaves no trace; lines written to stderr meanwhile stand whole above it."""
    from rich.console import Console  # late: most work is done before anybody needs it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True, soft_wrap=True),  # soft: a long line is not cut in two
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,  # what goes there may be data
    )
    return bar, bar.add_task(label, total=total)
