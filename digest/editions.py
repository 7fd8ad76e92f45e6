"""What one reader gets on one day, and why: Edition, Pick, Reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

from digest.papers import Paper
from digest.subscribers import Subscriber

ReasonKind = Literal["term", "author", "example", "trend", "category", "source"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score, in the reader's words.

    ``text`` is the term, the followed author, the liked paper's title, the category or source
    preferred, or for a trend a phrase such as "reported 3 times, highest place 2"; ``share`` is
    what the score would lose without it.
    """

    kind: ReasonKind
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper chosen for a reader. ``interest`` is None in the public edition.

    ``score`` is the chance, from 0 to 1, that the reader keeps the paper, comparable between days
    and readers; in the public edition it is the trend. ``reasons`` are its largest, largest first.
    ``reports`` counts how often sources mentioned the paper within the window; ``explore``: it is
    there to try something.
    """

    paper: Paper
    score: float
    interest: str | None
    reasons: tuple[Reason, ...]
    reports: int = 1
    explore: bool = False


@dataclass(frozen=True, slots=True)
class Edition:
    """One subscriber's papers for one local ``date``, strongest first.

    ``considered`` counts the papers new to this reader that were ranked, ``sources`` names the
    sources that brought them; ``note`` is one honest sentence for a thin or silent day, else None;
    ``composed_at`` is aware, UTC.
    """

    subscriber: Subscriber
    date: dt.date
    composed_at: dt.datetime
    picks: tuple[Pick, ...]
    considered: int
    note: str | None = None
    sources: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """``subscriber/date``: one edition per subscriber and local day, so this names it."""
        return f"{self.subscriber.id}/{self.date.isoformat()}"

    @property
    def silent(self) -> bool:
        """Whether there is nothing in it and its reader wants no mail of that."""
        return not self.picks and self.subscriber.quiet == "none"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A paper that came close and the rule that left it out, for ``preview --explain``."""

    paper: Paper
    score: float
    interest: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The ``evidence``: all reasons of each pick, in their order; and what was ``left_out``."""

    evidence: tuple[tuple[Reason, ...], ...]
    left_out: tuple[LeftOut, ...]

    def of(self, edition: Edition) -> Edition:
        """The edition with every reason of its picks in place of the few that readers are told."""
        picks = zip(edition.picks, self.evidence, strict=True)
        return replace(
            edition, picks=tuple(replace(pick, reasons=reasons) for pick, reasons in picks)
        )
