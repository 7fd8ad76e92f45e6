"""What the bar of each long command counts, and of how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from digest.progress import Total, over

if TYPE_CHECKING:
    from digest.app import App
    from digest.composing import Result
    from digest.delivery import Delivered
    from digest.sources import Collected, Run


QUEUED = ("queued", "claimed", "sending")
"""States of mails that a run sends; of those that were deferred, few have their time come."""


def collecting(app: App, files: Iterable[Collected], total: Total = None) -> Iterator[Collected]:
    """Files; without a ``total`` those of the inbox."""

    def waiting() -> int:
        return sum(path.is_file() for path in app.inbox.iterdir())

    return over(files, total or waiting, "collecting files")


def polling(runs: Iterable[Run], names: Sequence[str] = ()) -> Iterator[Run]:
    """Sources; how many of all are due, only the poll itself knows."""
    return over(runs, len(names) or None, "asking sources")


def composing(app: App, found: Iterable[Result]) -> Iterator[Result]:
    """Readers that are due, those who have to wait among them."""

    def due() -> int:
        return app.store.subscribers.count_due(app.clock())

    return over(found, due, "composing editions", _readers)


def _readers(one: Result) -> int:
    """Of how many readers this tells: those who wait are told of together."""
    return len(getattr(one, "ids", (one,)))


def delivering(app: App, results: Iterable[Delivered]) -> Iterator[Delivered]:
    """Mails that are queued."""

    def queued() -> int:
        counts = app.store.outbox.counts()
        return sum(counts.get(state, 0) for state in QUEUED)

    return over(results, queued, "sending mails")
