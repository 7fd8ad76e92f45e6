"""What an operator should look at, in sentences: the first thing on the first page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from digest.sources import Health, State

TROUBLED: frozenset[State] = frozenset(("stale", "broken", "unreachable"))
"""States of a source that somebody should look at; one that is partial often mends itself."""

LATE = dt.timedelta(hours=1)
"""A mail that could have left so long ago is held up by something."""


def sentences(
    healths: Sequence[Health],
    states: Mapping[str, int],
    overdue_since: dt.datetime | None,
    now: dt.datetime,
) -> list[str]:
    """What is wrong, worst first; empty on a good day.

    ``states``: how many mails of the days shown are in each; ``overdue_since``: since when the
    longest waiting one could have left.
    """
    found = []
    if overdue_since and now - overdue_since >= LATE:
        hours = int((now - overdue_since).total_seconds() // 3600)
        found.append(
            f"A mail has been waiting for {_number(hours, 'hour')}. "
            "Is the mail server up, and does `digest run` run?"
        )
    if states.get("failed"):
        found.append(f"{_number(states['failed'], 'mail')} failed; the outbox says why.")
    if states.get("uncertain"):
        found.append(
            f"Of {_number(states['uncertain'], 'mail')} nobody knows whether the server took them; "
            "the outbox can send them again."
        )
    return [*found, *(one.sentence for one in healths if one.state in TROUBLED)]


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
