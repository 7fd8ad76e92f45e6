"""A batch of readers and the papers of the window become editions: the steps in their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from digest.compose import news, profiles, ranking, selection, trending
from digest.editions import Edition, Explanation, LeftOut, Pick, Reason
from digest.papers import Candidate
from digest.subscribers import Subscriber, zone

REASONS = 4
"""Reasons kept with a pick: what fits one line of a mail."""

LEAST_SHARE = 0.1
"""A reason that makes up less of the score than this is not worth a reader's attention."""

THIN = 3
"""An edition of fewer papers says why it is so short."""

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
    was composed.
    """

    subscriber: Subscriber
    date: dt.date
    seen: frozenset[int]
    last_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition with the numbers of its papers; ``explanation`` only when it was asked for."""

    edition: Edition
    papers: tuple[int, ...]
    explanation: Explanation | None = None


@dataclass(frozen=True)
class _Desk:
    """What a batch shares. ``scores``: (tastes, papers); ``rows``: a taste's row in ``ranking``."""

    papers: Sequence[Candidate]
    scores: selection.Floats
    tastes: Sequence[profiles.Taste | None]
    ranking: ranking.Ranking
    rows: Mapping[int, int]

    def interest(self, choice: selection.Choice) -> str | None:
        taste = self.tastes[choice.taste]
        return taste.interest.name if taste else None

    def reasons(self, choice: selection.Choice) -> tuple[Reason, ...]:
        if self.tastes[choice.taste] is None:
            return (trending.trend_reason(self.papers[choice.paper], choice.score),)
        return self.ranking.reasons(self.rows[choice.taste], choice.paper)

    def pick(self, choice: selection.Choice) -> Pick:
        """The pick with every reason it has."""
        candidate = self.papers[choice.paper]
        return Pick(
            candidate.paper,
            choice.score,
            self.interest(choice),
            self.reasons(choice),
            reports=len(candidate.mentions),
        )


def _told(pick: Pick) -> Pick:
    """The pick with the reasons worth a reader's attention."""
    worth = [reason for reason in pick.reasons if reason.share >= LEAST_SHARE * pick.score]
    return replace(pick, reasons=tuple(worth[:REASONS]))


def example_keys(subscribers: Sequence[Subscriber]) -> list[str]:
    """The keys of all examples these subscribers name."""
    return [
        profiles.example_key(example)
        for subscriber in subscribers
        for interest in subscriber.interests
        for example in interest.examples
    ]


def draft(
    readers: Sequence[Reader],
    window: Window,
    liked: Mapping[str, tuple[str, ...]],
    now: dt.datetime,
    settings: EditorSettings,
    *,
    explain: bool = False,
) -> list[Draft]:
    """A draft for each reader, in their order; the order of the papers changes none.

    ``liked`` maps the keys of examples to those papers' terms, where the archive has them. A
    reader without interests gets the trending list. ``explain`` adds explanations.
    """
    papers = sorted(window.papers, key=lambda candidate: candidate.paper.key)
    subscribers = [reader.subscriber for reader in readers]
    owned = [
        (owner, taste)
        for owner, subscriber in enumerate(subscribers)
        for taste in profiles.tastes(subscriber, liked) or (None,)
    ]
    desk = _desk(papers, [taste for _, taste in owned], now, settings)
    unseen = news.unseen([reader.seen for reader in readers], papers)
    unseen &= news.unliked([set(example_keys([one])) for one in subscribers], papers)
    unmuted = news.unmuted(subscribers, papers)
    chosen = selection.select(
        desk.scores,
        [owner for owner, _ in owned],
        unseen & unmuted,
        sizes=[subscriber.size for subscriber in subscribers],
        least=[settings.compose.min_score if taste else 0.0 for _, taste in owned],
    )
    drafts = []
    for row, (reader, choices) in enumerate(zip(readers, chosen, strict=True)):
        picks = tuple(desk.pick(choice) for choice in choices)
        edition = Edition(
            subscriber=reader.subscriber,
            date=reader.date,
            composed_at=now,
            picks=tuple(_told(pick) for pick in picks),
            considered=int(unseen[row].sum()),
            note=_note(reader, window, len(choices), int(unseen[row].sum())),
        )
        explanation = None
        if explain:
            own = [n for n, (owner, _) in enumerate(owned) if owner == row]
            allowed = (unseen[row], unmuted[row])
            close = _left_out(desk, own, allowed, choices, settings.compose.min_score)
            explanation = Explanation(tuple(pick.reasons for pick in picks), close)
        numbers = tuple(papers[choice.paper].id for choice in choices)
        drafts.append(Draft(edition, numbers, explanation))
    return drafts


def _desk(
    papers: Sequence[Candidate],
    tastes: Sequence[profiles.Taste | None],
    now: dt.datetime,
    settings: EditorSettings,
) -> _Desk:
    """Scores of all tastes; None among them is the public one, which follows the trend."""
    stated = [n for n, taste in enumerate(tastes) if taste]
    ranked = ranking.rank([taste for taste in tastes if taste], papers)
    scores = np.zeros((len(tastes), len(papers)), dtype=np.float32)
    scores[stated] = ranked.scores
    if len(stated) < len(tastes):
        others = [n for n, taste in enumerate(tastes) if taste is None]
        scores[others] = trending.trend(papers, now, settings.trend.half_life_days)
    return _Desk(papers, scores, tastes, ranked, {n: row for row, n in enumerate(stated)})


def _note(reader: Reader, window: Window, picks: int, considered: int) -> str | None:
    """What is honest to say of a day that is silent or thin, or of late sources; else None."""
    said = (_silence(reader, window, picks, considered), *window.late)
    return " ".join(sentence for sentence in said if sentence) or None


def _silence(reader: Reader, window: Window, picks: int, considered: int) -> str | None:
    since = reader.last_at
    if since and (window.latest_new_at is None or window.latest_new_at <= since):
        local = since.astimezone(zone(reader.subscriber.schedule.timezone))
        quiet = "A quiet day: nothing" if window.quiet else "Nothing"
        sentence = f"{quiet} new has arrived since {local:%A}, {local.day} {local:%B}"
        return f"{sentence}{': these are recent papers that had no room before' if picks else ''}."
    if reader.subscriber.interests and picks < min(THIN, reader.subscriber.size):
        return _thin(picks, considered)
    return None


def _thin(picks: int, considered: int) -> str:
    """Why an edition is short: few papers came, or few of those matched."""
    if not considered:
        return "No new papers today."
    if picks == considered:
        return f"Only {'one new paper' if picks == 1 else 'two new papers'} today."
    if considered == 1:
        return "The one new paper did not match your interests."
    few = ("None", "Only one", "Only two")[picks]
    return f"{few} of {considered} new papers matched your interests."


def _left_out(
    desk: _Desk,
    rows: Sequence[int],
    allowed: tuple[news.Mask, news.Mask],
    choices: Sequence[selection.Choice],
    least: float,
) -> tuple[LeftOut, ...]:
    """The best papers that are not among the choices, each with the rule that kept it out."""
    if not rows or not desk.papers:
        return ()
    best = desk.scores[rows].max(axis=0)
    by = desk.scores[rows].argmax(axis=0)
    picked = {choice.paper for choice in choices}
    order = [int(n) for n in np.argsort(-best, kind="stable") if n not in picked and best[n] > 0]
    unseen, unmuted = allowed
    found = []
    for paper in order[:LEFT_OUT]:
        choice = selection.Choice(paper, rows[by[paper]], float(best[paper]))
        why = (
            "the reader has had it, or named it as an example"
            if not unseen[paper]
            else "it holds a muted word"
            if not unmuted[paper]
            else f"its score is below the threshold of {least:g}"
            if desk.interest(choice) and choice.score < least
            else f"there was no room: the edition holds {len(choices)}"
        )
        found.append(LeftOut(desk.papers[paper].paper, choice.score, desk.interest(choice), why))
    return tuple(found)
