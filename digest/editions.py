"""What one reader gets on one day, and why: Edition, Pick, Reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

from digest.papers import Paper
from digest.subscribers import Subscriber

ReasonKind = Literal["term", "author", "example", "trend"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score, in the reader's words.

    ``text`` is the term, the followed author, the liked paper's title, or for a trend a phrase
    such as "reported 3 times, highest place 2"; ``share`` is what it added to the score, in the
    score's own unit.
    """

    kind: ReasonKind
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper chosen for a reader. ``interest`` is None in the public edition.

    ``score`` is comparable within one edition only; ``reasons`` are its largest parts, largest
    first. ``reports`` counts how often sources mentioned the paper within the window.
    """

    paper: Paper
    score: float
    interest: str | None
    reasons: tuple[Reason, ...]
    reports: int = 1


@dataclass(frozen=True, slots=True)
class Edition:
    """One subscriber's papers for one local ``date``, strongest first.

    ``considered`` counts the papers new to this reader that were ranked; ``note`` is one honest
    sentence for a thin or silent day, else None; ``composed_at`` is aware, UTC.
    """

    subscriber: Subscriber
    date: dt.date
    composed_at: dt.datetime
    picks: tuple[Pick, ...]
    considered: int
    note: str | None = None

    @property
    def id(self) -> str:
        """``subscriber/date``: one edition per subscriber and local day, so this names it."""
        return f"{self.subscriber.id}/{self.date.isoformat()}"


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
