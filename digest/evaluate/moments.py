"""An install at one instant: what was known then is the profile, what was kept after is wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection as Some
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from digest.compose import background, leanings, lexicon, profiles, ranking
from digest.compose.placing import Encoded, Placed
from digest.evaluate.episodes import Collection, Episode, Positions
from digest.evaluate.history import EVER, PERIOD, WITHIN, Library, Reader
from digest.evaluate.measuring import Floats, Ranker
from digest.papers import Archived, Candidate, Paper, keys_meant

NAME, TASK = "history", "votes"

BUCKETS = (0, 1, 3, 10, 30)
"""Likes before the instant, rounded down to one of these."""


@dataclass(frozen=True, eq=False)
class _Archive(Collection):
    """A collection whose papers' terms are known."""

    archived: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    @cached_property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        return self.archived


@dataclass(frozen=True, eq=False)
class Moment:
    """One instant ``at``: nothing in ``known`` or in an episode's profile is of later.

    ``pool``: the papers that were ranked, with what had been reported of them when they came;
    ``papers``: these and all others, by number, with everything reported since. ``episodes`` are
    of the ``readers`` by their ids; what was wanted, if anything, is in their grades.
    """

    at: dt.datetime
    papers: Mapping[int, Candidate]
    pool: tuple[Candidate, ...]
    known: tuple[Candidate, ...]
    collection: Collection
    readers: Mapping[str, Reader]
    library: Library
    encoded: Encoded | None = None

    @property
    def episodes(self) -> tuple[Episode, ...]:
        return self.collection.episodes

    @cached_property
    def background(self) -> background.Background:
        """What the papers known by then teach, but for those that readers had judged."""
        judged = {n for each in self.readers.values() for n in each.opinions(EVER, self.at)}
        texts = [one.terms for one in self.known if one.id not in judged]
        return background.ready(background.learn(texts, lexicon.shipped()), lexicon.shipped())

    @cached_property
    def placed(self) -> Placed:
        return Placed(self.pool, self.background, self.encoded)

    def numbers(self, episode: Episode) -> list[int]:
        """The numbers of the papers that the episode ranks."""
        return [int(self.collection.ids[n]) for n in episode.candidates]

    def chances(
        self, episodes: Sequence[Episode], settings: profiles.ProfileSettings
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Of each episode the chances of its papers, and scores to order them by.

        Papers that have to be in come first, and what is muted comes last.
        """
        readers = [self.readers[episode.user] for episode in episodes]
        owned = [
            (row, taste)
            for row, reader in enumerate(readers)
            for taste in self._tastes(reader, settings)
        ]
        ranked = ranking.rank([each for _, each in owned], self.placed)
        unmuted = leanings.unmuted([reader.subscriber for reader in readers], self.placed.facts)
        owners = np.array([row for row, _ in owned], dtype=np.intp)
        column = {paper.id: n for n, paper in enumerate(self.pool)}
        for row, episode in enumerate(episodes):
            cells = np.ix_(owners == row, [column[number] for number in self.numbers(episode)])
            best = ranked.relevance[cells].max(axis=0)
            must = ranked.must[cells].any(axis=0)
            yield best, np.where(unmuted[row, cells[1][0]], best + must, -1).astype(np.float32)

    def _tastes(
        self, reader: Reader, settings: profiles.ProfileSettings
    ) -> tuple[profiles.Taste, ...]:
        opinions = list(reader.opinions(EVER, self.at).values())
        named, voted = self.library.named, self.library.voted
        return profiles.tastes(reader.subscriber, opinions, named, voted, self.at, settings)


def product(moment: Moment, settings: profiles.ProfileSettings) -> Ranker:
    """The product's own ranking at that instant, every interest and vote as it then counted."""

    def ranked(_: Collection, episodes: Sequence[Episode]) -> Iterable[Floats]:
        if not episodes:
            assert moment.background  # noqa: S101 - learnt before the clock starts
            return []
        return [scores for _, scores in moment.chances(episodes, settings)]

    return ranked


def moment(
    at: dt.datetime,
    readers: Sequence[Reader],
    papers: Sequence[Candidate],
    library: Library,
    encoded: Encoded | None = None,
) -> Moment:
    """The moment ``at``; ``papers`` came in the time ``LEARNT`` before it or ``PERIOD`` after it.

    Ranked are for each reader the papers that came or were shown to them in the period, but for
    those that they had been shown or had judged before.
    """
    found = {paper.id: paper for paper in papers}
    coming = {paper.id for paper in papers if paper.first_seen_at > at}
    named = {key: one for key, one in library.named.items() if one.id not in coming}
    library = replace(library, named=named)
    wanted = {reader.subscriber.id: _candidates(reader, at, coming, found) for reader in readers}
    others = [one for one in (*library.voted.values(), *named.values()) if one.id not in found]
    place = {number: n for n, number in enumerate(dict.fromkeys([*found, *(o.id for o in others)]))}
    titles = {one.id: one for one in others}
    known = tuple(paper for paper in papers if paper.id not in coming)
    collection = _Archive(
        name=NAME,
        ids=tuple(map(str, place)),
        papers=tuple(found[n].paper if n in found else Paper(titles[n].title, "") for n in place),
        episodes=tuple(
            _episode(reader, at, wanted[reader.subscriber.id], place, named)
            for reader in readers
            if known and reader.subscriber.interests and wanted[reader.subscriber.id]
        ),
        background=np.array([place[paper.id] for paper in known], dtype=np.intp),
        archived=tuple((found.get(n) or titles[n]).terms for n in place),
    )
    pool = sorted({number for each in wanted.values() for number in each})
    return Moment(
        at,
        found,
        tuple(_then(found[number]) for number in pool),
        known,
        collection,
        {reader.subscriber.id: reader for reader in readers},
        library,
        encoded,
    )


def _candidates(
    reader: Reader, at: dt.datetime, coming: Some[int], found: Mapping[int, Candidate]
) -> list[int]:
    """The numbers of what was news to the reader in the period."""
    stated = frozenset(profiles.example_keys([reader.subscriber]))
    shown = {number for number, when in reader.shown.items() if at < when <= at + PERIOD}
    had = {number for number, when in reader.shown.items() if when <= at}
    had |= reader.opinions(EVER, at).keys()
    news = sorted(n for n in shown.union(coming) - had if n in found)
    return [n for n in news if stated.isdisjoint(found[n].paper.keys)]


def _episode(
    reader: Reader,
    at: dt.datetime,
    candidates: Sequence[int],
    place: Mapping[int, int],
    named: Mapping[str, Archived],
) -> Episode:
    after = reader.opinions(at, at + WITHIN)
    before = sorted(reader.opinions(EVER, at).values(), key=lambda one: (one.at, one.paper))
    likes = [one.paper for one in before if one.liked]
    interests = reader.subscriber.interests
    examples, unknown = _stated([text for one in interests for text in one.examples], named)
    against, _ = _stated([text for one in interests for text in one.dislikes], named)
    dislikes = [one.paper for one in before if not one.liked]
    return Episode(
        id=f"{reader.subscriber.id}/{at.isoformat()}",
        user=reader.subscriber.id,
        task=TASK,
        history=max(size for size in BUCKETS if size <= len(likes)),
        candidates=_places(candidates, place),
        grades=np.array([n in after and after[n].liked for n in candidates], dtype=np.float64),
        keywords=(*(word for one in interests for word in one.keywords), *unknown),
        description=" ".join(one.text for one in interests),
        authors=tuple(name for one in interests for name in one.authors),
        liked=tuple(_places(dict.fromkeys([*examples, *likes]), place).tolist()),
        disliked=tuple(_places(dict.fromkeys([*against, *dislikes]), place).tolist()),
    )


def _stated(texts: Sequence[str], named: Mapping[str, Archived]) -> tuple[list[int], list[str]]:
    """The numbers of the examples that the archive has, and the texts of the others."""
    keys = [next((key for key in keys_meant(text) if key in named), None) for text in texts]
    unknown = [text for text, key in zip(texts, keys, strict=True) if key is None]
    return [named[key].id for key in keys if key is not None], unknown


def _places(numbers: Iterable[int], place: Mapping[int, int]) -> Positions:
    return np.array([place[number] for number in numbers], dtype=np.intp)


def _then(paper: Candidate) -> Candidate:
    """The paper with what had been reported of it by the day it came."""
    day = paper.first_seen_at.date()
    return replace(paper, mentions=tuple(one for one in paper.mentions if one.date <= day))
