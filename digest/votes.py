"""What readers say of papers, and what they think of them by now: Vote, Opinion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Value = Literal["more", "less", "save", "clear"]
"""More like this; less like this; keep it; take back whatever was said of it before."""

VALUES: tuple[Value, ...] = ("more", "less", "save", "clear")

Origin = Literal["command", "import", "mail", "web"]
"""Where a vote was cast: by hand, in a library that was taken in, in a mail, on a page."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What a subscriber said of a paper at an instant; a fact, never changed.

    ``paper`` is a key of the paper; ``interest`` is the name of the one it was said for, or None
    where nobody said so. ``at`` is aware, UTC.
    """

    subscriber: str
    paper: str
    value: Value
    at: dt.datetime
    interest: str | None = None
    origin: Origin = "command"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a subscriber thinks of a paper by now; ``paper`` is its number in the archive.

    A paper that is not ``liked`` is disliked; one without an opinion has no Opinion. ``at`` is
    the instant of the latest vote that counts, ``interest`` the one named last.
    """

    subscriber: str
    paper: int
    liked: bool
    saved: bool
    at: dt.datetime
    interest: str | None = None


Said = tuple[Value, dt.datetime, str | None]
"""Of a vote, what an opinion is made of: value, instant, interest."""


def opinion(subscriber: str, paper: int, said: Iterable[Said]) -> Opinion | None:
    """What votes on one paper come to, in their order; None when there are none or all are void.

    The latest of more, less and save decides: saving a paper likes it. A ``clear`` takes back
    everything before it, what was saved included.
    """
    now: Opinion | None = None
    for value, at, interest in said:
        if value == "clear":
            now = None
            continue
        saved = value == "save" or (now is not None and now.saved)
        named = interest or (now.interest if now else None)
        now = Opinion(subscriber, paper, value != "less", saved, at, named)
    return now
