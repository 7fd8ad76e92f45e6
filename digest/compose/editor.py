"""A batch of readers and the papers of the window become editions: the steps in their order."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from digest.compose import (
    evidence,
    leanings,
    leftovers,
    news,
    notes,
    profiles,
    ranking,
    selection,
    trending,
)
from digest.compose.background import Background
from digest.compose.profiles import ProfileSettings
from digest.compose.signals import Encoded
from digest.compose.traits import Traits, traits
from digest.editions import Edition, Explanation, LeftOut, Pick, Reason
from digest.papers import Archived, Candidate
from digest.sources import INBOX
from digest.subscribers import Subscriber
from digest.votes import Opinion

REASONS = 4
"""Reasons kept with a pick: what fits one line of a mail."""

LEAST_SHARE = 0.1
"""A reason that makes up less of the score than this is not worth a reader's attention."""

LEFT_OUT = 10
"""Papers that ``explain`` names beside the picks."""


@dataclass(frozen=True)
class ComposeSettings(selection.SelectionSettings):
    """``window_days``: how far back a first or late edition reaches."""

    window_days: float = 14

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.window_days <= 3650:
            raise ValueError("window_days has to be between 0 and 3650")


@dataclass(frozen=True)
class EditorSettings:
    """What composing needs of the settings."""

    compose: ComposeSettings = field(default_factory=ComposeSettings)
    profile: ProfileSettings = field(default_factory=ProfileSettings)
    trend: trending.TrendSettings = field(default_factory=trending.TrendSettings)


@dataclass(frozen=True, slots=True)
class Window:
    """The papers that may be news to somebody, and when the archive last got a new one.

    ``late`` holds a sentence for each source whose papers of today have not all come; ``quiet``
    is true when every source says that it has none today.
    """

    papers: tuple[Candidate, ...]
    since: dt.datetime
    latest_new_at: dt.datetime | None
    late: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber with what decides their edition besides the papers.

    ``seen``: the numbers of papers in their past editions; ``last_at``: when the latest of those
    was composed; ``opinions``: what they voted.
    """

    subscriber: Subscriber
    date: dt.date
    seen: frozenset[int]
    last_at: dt.datetime | None
    opinions: tuple[Opinion, ...] = ()


@dataclass(frozen=True, slots=True)
class Library:
    """What the archive knows besides the window: of papers that readers judged, and in general.

    ``named`` maps keys of examples, ``voted`` numbers of papers, to those papers.
    """

    named: Mapping[str, Archived]
    voted: Mapping[int, Archived]
    background: Background
    encoded: Encoded | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition with the numbers of its papers; ``explanation`` only when it was asked for."""

    edition: Edition
    papers: tuple[int, ...]
    explanation: Explanation | None = None


@dataclass(frozen=True)
class _Desk:
    """What a batch shares. ``owners``: the reader of each taste, by row."""

    papers: Sequence[Candidate]
    owners: Sequence[int]
    ranking: ranking.Ranking
    traits: Traits
    settings: EditorSettings
    unseen: news.Mask
    unmuted: news.Mask
    sources: Sequence[tuple[str, ...]]

    def own(self, reader: int) -> list[int]:
        """The rows of a reader's tastes."""
        return [row for row, owner in enumerate(self.owners) if owner == reader]

    def interest(self, taste: int | None) -> str | None:
        return None if taste is None else self.ranking.tastes[taste].interest.name

    def picks(self, chosen: Sequence[Sequence[selection.Choice]]) -> list[list[Pick]]:
        """The picks of every reader, with every reason they have."""
        pairs = [
            (choice.taste, choice.paper)
            for choices in chosen
            for choice in choices
            if choice.taste is not None
        ]
        known = dict(zip(pairs, evidence.reasons(self.ranking, pairs), strict=True))
        return [[self._pick(choice, known) for choice in choices] for choices in chosen]

    def _pick(
        self, choice: selection.Choice, known: Mapping[tuple[int, int], tuple[Reason, ...]]
    ) -> Pick:
        candidate = self.papers[choice.paper]
        reasons = () if choice.taste is None else known[choice.taste, choice.paper]
        if choice.taste is None or choice.trend > 0:
            share = choice.relevance if choice.taste is None else choice.trend
            reasons = (*reasons, trending.trend_reason(candidate, share))
        return Pick(
            candidate.paper,
            choice.strength,
            self.interest(choice.taste),
            tuple(sorted(reasons, key=lambda reason: -reason.share)),
            reports=len(candidate.mentions),
            explore=choice.explore,
        )


def _told(pick: Pick) -> Pick:
    """The pick with the reasons worth a reader's attention."""
    worth = [reason for reason in pick.reasons if reason.share >= LEAST_SHARE * pick.score]
    return replace(pick, reasons=tuple(worth[:REASONS]))


def draft(
    readers: Sequence[Reader],
    window: Window,
    library: Library,
    now: dt.datetime,
    settings: EditorSettings,
    *,
    explain: bool = False,
) -> list[Draft]:
    """A draft for each reader, in their order; the order of papers or votes changes none.

    A reader without interests gets the trending list. ``explain`` adds explanations.
    """
    desk = _desk(readers, window, library, now, settings)
    chosen = selection.select(
        desk.ranking.relevance,
        desk.owners,
        desk.unseen & desk.unmuted,
        desk.traits,
        settings.compose,
        sizes=[reader.subscriber.size for reader in readers],
        must=desk.ranking.must,
        seeds=[_seed(reader) for reader in readers],
    )
    return [
        _drafted(desk, row, reader, window, now, (choices, picks), explain=explain)
        for row, (reader, choices, picks) in enumerate(
            zip(readers, chosen, desk.picks(chosen), strict=True)
        )
    ]


def _desk(
    readers: Sequence[Reader],
    window: Window,
    library: Library,
    now: dt.datetime,
    settings: EditorSettings,
) -> _Desk:
    papers = sorted(window.papers, key=lambda candidate: candidate.paper.key)
    subscribers = [reader.subscriber for reader in readers]
    owned = [
        (owner, taste)
        for owner, reader in enumerate(readers)
        for taste in profiles.tastes(
            reader.subscriber, reader.opinions, library.named, library.voted, now, settings.profile
        )
    ]
    ranked = ranking.rank(
        [taste for _, taste in owned], papers, library.background, library.encoded
    )
    unseen = news.unseen([reader.seen for reader in readers], papers)
    unseen &= news.unjudged([_judged(reader) for reader in readers], papers)
    known = traits(
        ranked.vectors,
        trending.home_sources(papers),
        trending.trend(papers, now, settings.trend.half_life_days),
        near_repeat=settings.compose.near_repeat,
        same_topic=settings.compose.same_topic,
    )
    owners = [owner for owner, _ in owned]
    unmuted = leanings.unmuted(subscribers, papers)
    return _Desk(papers, owners, ranked, known, settings, unseen, unmuted, _sources(papers, unseen))


def _judged(reader: Reader) -> news.Judged:
    """The papers the reader named as examples or voted on: they know those already."""
    keys = frozenset(profiles.example_keys([reader.subscriber]))
    return news.Judged(keys, frozenset(opinion.paper for opinion in reader.opinions))


def _seed(reader: Reader) -> int:
    """The same reader explores the same on the same day."""
    return zlib.crc32(f"{reader.subscriber.id}/{reader.date.isoformat()}".encode())


def _drafted(
    desk: _Desk,
    row: int,
    reader: Reader,
    window: Window,
    now: dt.datetime,
    chosen: tuple[Sequence[selection.Choice], Sequence[Pick]],
    *,
    explain: bool,
) -> Draft:
    choices, picks = chosen
    considered = int(desk.unseen[row].sum())
    edition = Edition(
        subscriber=reader.subscriber,
        date=reader.date,
        composed_at=now,
        picks=tuple(map(_told, picks)),
        considered=considered,
        sources=desk.sources[row],
        note=notes.note(
            reader.subscriber,
            notes.Day(
                reader.last_at, window.latest_new_at, window.late, considered, quiet=window.quiet
            ),
            len(choices),
        ),
    )
    explanation = None
    if explain:
        left = _left_out(desk, row, reader, choices)
        explanation = Explanation(tuple(pick.reasons for pick in picks), left)
    numbers = tuple(desk.papers[choice.paper].id for choice in choices)
    return Draft(edition, numbers, explanation)


def _sources(papers: Sequence[Candidate], unseen: news.Mask) -> list[tuple[str, ...]]:
    """For each reader the names, by name, of the sources that reported what is new to them.

    The inbox is none that a reader would know.
    """
    named = [{mention.source for mention in paper.mentions} - {INBOX} for paper in papers]
    names = sorted(set().union(*named))
    by = np.array([[name in each for each in named] for name in names], dtype=np.float32)
    told = unseen.astype(np.float32) @ by.reshape(len(names), len(papers)).T > 0
    return [tuple(name for name, held in zip(names, row, strict=True) if held) for row in told]


def _left_out(
    desk: _Desk, row: int, reader: Reader, choices: Sequence[selection.Choice]
) -> tuple[LeftOut, ...]:
    """The best papers that are not among the choices, each with the rule that kept it out."""
    own = desk.own(row)
    allowed = np.ones(len(desk.papers), dtype=np.bool_)
    found = leftovers.leftovers(
        desk.ranking.relevance,
        own,
        allowed,
        choices,
        desk.traits,
        desk.settings.compose,
        size=reader.subscriber.size,
        most=LEFT_OUT,
    )
    return tuple(
        LeftOut(
            desk.papers[one.paper].paper,
            one.relevance,
            desk.interest(one.taste),
            _why(desk, row, one, len(choices)),
        )
        for one in found
    )


def _why(desk: _Desk, row: int, one: leftovers.Leftover, held: int) -> str:
    if not desk.unseen[row, one.paper]:
        return "the reader has had it, or judged it already"
    if not desk.unmuted[row, one.paper]:
        return "it holds something muted"
    if one.repeats is not None:
        return f"it says nearly the same as “{desk.papers[one.repeats].paper.title}”"
    settings = desk.settings.compose
    reasons = {
        "threshold": f"its chance is below the threshold of {settings.threshold:g}",
        "interest quota": "its interest has had its share of the edition",
        "source quota": "its source has had its share of the edition",
        "topic quota": "its topic has had its share of the edition",
        "variety": "others added more variety",
        "room": f"there was no room: the edition holds {held}",
    }
    return reasons[one.rule]
