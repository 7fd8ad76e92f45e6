"""A batch of readers and the papers of the window become editions: the steps in their order."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress

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
from digest.compose.placing import Encoded, Placed
from digest.compose.profiles import ProfileSettings
from digest.compose.spaces import Floats
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
    """What the archive knows of papers that readers judged.

    ``named`` maps keys of examples, ``voted`` numbers of papers, to those papers; ``encoded`` has
    an encoder's vectors of them and of what readers say, where there is one.
    """

    named: Mapping[str, Archived]
    voted: Mapping[int, Archived]
    encoded: Encoded | None = None


@dataclass(frozen=True)
class Today:
    """A window as readers' drafts are made of it: all that is the same for every reader.

    Made once, by ``today``, and good for any number of calls of ``draft``, from any thread, until
    the window, the background or the settings are others. ``reported`` says of each paper how its
    sources reported it; ``sources``: (sources, papers) which reported it, by ``names``.
    """

    window: Window
    now: dt.datetime
    settings: EditorSettings
    placed: Placed
    traits: Traits
    news: news.News
    reported: Sequence[str]
    names: Sequence[str]
    sources: Floats

    @property
    def papers(self) -> Sequence[Candidate]:
        return self.placed.papers


def today(
    window: Window,
    background: Background,
    now: dt.datetime,
    settings: EditorSettings,
    encoded: Encoded | None = None,
) -> Today:
    """What drafts of these papers share. ``encoded``: vectors of the window's papers."""
    papers = sorted(window.papers, key=lambda candidate: candidate.paper.key)
    placed = Placed(papers, background, encoded)
    known = traits(
        ranking.vectors(placed),
        trending.home_sources(papers),
        trending.trend(papers, now, settings.trend.half_life_days),
        near_repeat=settings.compose.near_repeat,
        same_topic=settings.compose.same_topic,
    )
    reported = [trending.reported(paper) for paper in papers]
    return Today(
        window, now, settings, placed, known, news.News(papers), reported, *_reporting(papers)
    )


def _reporting(papers: Sequence[Candidate]) -> tuple[list[str], Floats]:
    """The sources by name, and which reported each paper: (sources, papers).

    The inbox is none that a reader would know.
    """
    named = [{mention.source for mention in paper.mentions} - {INBOX} for paper in papers]
    names = sorted(set().union(*named))
    by = np.array([[name in each for each in named] for name in names], dtype=np.float32)
    return names, by.reshape(len(names), len(papers))


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition with the numbers of its papers; ``explanation`` only when it was asked for."""

    edition: Edition
    papers: tuple[int, ...]
    explanation: Explanation | None = None


@dataclass(frozen=True)
class _Desk:
    """What a batch shares. ``owners``: the reader of each taste, by row."""

    today: Today
    owners: Sequence[int]
    ranking: ranking.Ranking
    unseen: news.Mask
    unmuted: news.Mask
    sources: Sequence[tuple[str, ...]]

    def own(self, reader: int) -> list[int]:
        """The rows of a reader's tastes."""
        return [row for row, owner in enumerate(self.owners) if owner == reader]

    def interest(self, taste: int | None) -> str | None:
        return None if taste is None else self.ranking.tastes[taste].interest.name

    def pick(self, choice: selection.Choice, reasons: tuple[Reason, ...]) -> Pick:
        candidate = self.today.papers[choice.paper]
        return Pick(
            candidate.paper,
            choice.strength,
            self.interest(choice.taste),
            reasons,
            len(candidate.mentions),
            choice.explore,
        )

    def reasons(
        self, chosen: Sequence[Sequence[selection.Choice]], *, every: bool
    ) -> list[list[tuple[Reason, ...]]]:
        """The reasons of every reader's choices: ``every`` one, or those worth their attention."""
        found = iter(self._reasons(chosen, every=every))
        return [
            [
                self._with_trend(choice, () if choice.taste is None else next(found), every=every)
                for choice in choices
            ]
            for choices in chosen
        ]

    def _reasons(
        self, chosen: Sequence[Sequence[selection.Choice]], *, every: bool
    ) -> list[tuple[Reason, ...]]:
        pairs, least = [], []
        for choices in chosen:
            for choice in choices:
                if choice.taste is not None:
                    pairs.append((choice.taste, choice.paper))
                    least.append(LEAST_SHARE * choice.strength)
        if every:
            return evidence.reasons(self.ranking, pairs)
        return evidence.reasons(self.ranking, pairs, least=least, most=REASONS)

    def _with_trend(
        self, choice: selection.Choice, reasons: tuple[Reason, ...], *, every: bool
    ) -> tuple[Reason, ...]:
        share = choice.relevance if choice.taste is None else choice.trend
        if choice.taste is not None and share <= (0 if every else LEAST_SHARE * choice.strength):
            return reasons
        trend = Reason("trend", self.today.reported[choice.paper], share)
        return tuple(sorted((*reasons, trend), key=lambda reason: -reason.share))


def _told(reasons: Sequence[Reason], score: float) -> tuple[Reason, ...]:
    """The reasons worth a reader's attention, of all that a pick has."""
    return tuple([one for one in reasons if one.share >= LEAST_SHARE * score][:REASONS])


def draft(
    readers: Sequence[Reader], today: Today, library: Library, *, explain: bool = False
) -> list[Draft]:
    """A draft for each reader, in their order; the order of papers or votes changes none.

    A reader without interests gets the trending list. ``explain`` adds explanations.
    """
    desk = _desk(readers, today, library)
    chosen = selection.select(
        desk.ranking.relevance,
        desk.owners,
        desk.unseen & desk.unmuted,
        today.traits,
        today.settings.compose,
        sizes=[reader.subscriber.size for reader in readers],
        must=desk.ranking.must,
        seeds=[_seed(reader) for reader in readers] if today.settings.compose.explore else (),
    )
    reasons = desk.reasons(chosen, every=explain)
    considered = desk.unseen.sum(axis=1).tolist()
    return [
        _drafted(desk, row, reader, considered[row], (chosen[row], reasons[row]), explain=explain)
        for row, reader in enumerate(readers)
    ]


def _desk(readers: Sequence[Reader], today: Today, library: Library) -> _Desk:
    settings = today.settings.profile
    owners: list[int] = []
    tastes: list[profiles.Taste] = []
    for owner, reader in enumerate(readers):
        found = profiles.tastes(
            reader.subscriber, reader.opinions, library.named, library.voted, today.now, settings
        )
        tastes += found
        owners += [owner] * len(found)
    ranked = ranking.rank(tastes, today.placed, library.encoded)
    unseen = today.news.unseen([reader.seen for reader in readers])
    unseen &= today.news.unjudged([_judged(reader) for reader in readers])
    unmuted = leanings.unmuted([reader.subscriber for reader in readers], today.placed.facts)
    return _Desk(today, owners, ranked, unseen, unmuted, _sources(today, unseen))


def _judged(reader: Reader) -> news.Judged:
    """The papers the reader named as examples or voted on: they know those already."""
    keys = profiles.example_keys([reader.subscriber])
    return news.Judged(keys, [opinion.paper for opinion in reader.opinions])


def _seed(reader: Reader) -> int:
    """The same reader explores the same on the same day."""
    return zlib.crc32(f"{reader.subscriber.id}/{reader.date.isoformat()}".encode())


def _drafted(
    desk: _Desk,
    row: int,
    reader: Reader,
    considered: int,
    chosen: tuple[Sequence[selection.Choice], Sequence[tuple[Reason, ...]]],
    *,
    explain: bool,
) -> Draft:
    window, papers = desk.today.window, desk.today.papers
    choices, reasons = chosen
    told = reasons
    if explain:
        told = [_told(each, one.strength) for one, each in zip(choices, reasons, strict=True)]
    day = notes.Day(
        reader.last_at, window.latest_new_at, window.late, considered, quiet=window.quiet
    )
    edition = Edition(
        subscriber=reader.subscriber,
        date=reader.date,
        composed_at=desk.today.now,
        picks=tuple(map(desk.pick, choices, told)),
        considered=considered,
        sources=desk.sources[row],
        note=notes.note(reader.subscriber, day, len(choices)),
    )
    explanation = None
    if explain:
        explanation = Explanation(tuple(reasons), _left_out(desk, row, reader, choices))
    return Draft(edition, tuple([papers[choice.paper].id for choice in choices]), explanation)


def _sources(today: Today, unseen: news.Mask) -> list[tuple[str, ...]]:
    """For each reader the names, by name, of the sources that reported what is new to them."""
    told = unseen.astype(np.float32) @ today.sources.T > 0
    sets, row = np.unique(told, axis=0, return_inverse=True)
    named = [tuple(compress(today.names, held)) for held in sets.tolist()]
    return [named[each] for each in row.tolist()]


def _left_out(
    desk: _Desk, row: int, reader: Reader, choices: Sequence[selection.Choice]
) -> tuple[LeftOut, ...]:
    """The best papers that are not among the choices, each with the rule that kept it out."""
    own = desk.own(row)
    allowed = np.ones(len(desk.today.papers), dtype=np.bool_)
    found = leftovers.leftovers(
        desk.ranking.relevance,
        own,
        allowed,
        choices,
        desk.today.traits,
        desk.today.settings.compose,
        size=reader.subscriber.size,
        most=LEFT_OUT,
    )
    return tuple(
        LeftOut(
            desk.today.papers[one.paper].paper,
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
        return f"it says nearly the same as “{desk.today.papers[one.repeats].paper.title}”"
    settings = desk.today.settings.compose
    reasons = {
        "threshold": f"its chance is below the threshold of {settings.threshold:g}",
        "interest quota": "its interest has had its share of the edition",
        "source quota": "its source has had its share of the edition",
        "topic quota": "its topic has had its share of the edition",
        "variety": "others added more variety",
        "room": f"there was no room: the edition holds {held}",
    }
    return reasons[one.rule]
