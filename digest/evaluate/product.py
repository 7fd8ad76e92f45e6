"""The product's own way from a profile to a ranking, as a ranker to be measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from digest.compose import background, lexicon, profiles, ranking
from digest.compose.placing import Encoded, Placed
from digest.compose.spaces import moments
from digest.compose.wishing import wording
from digest.evaluate.episodes import Collection, Episode
from digest.evaluate.measuring import Floats
from digest.papers import Archived, Candidate, Paper
from digest.subscribers import Interest, Subscriber
from digest.votes import Opinion

Rows = NDArray[np.float32]

NOW = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Any instant will do: all votes are of it."""


def digest(collection: Collection, episodes: Sequence[Episode], /) -> Iterator[Floats]:
    """Scores by the chance that the reader keeps a paper, from likes, dislikes and words alike.

    Likes and dislikes are given as votes. Episodes that rank the same papers are one batch.
    """
    yield from _ranked(collection, episodes, None)


class Semantic:
    """The same with an encoder: ``encode`` makes (texts, dimensions) float32 unit rows.

    A collection's papers and wishes are encoded once; an install has done that when they came.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Rows]) -> None:
        self._encode = encode
        self._known: dict[Collection, Encoded] = {}

    def __call__(self, collection: Collection, episodes: Sequence[Episode], /) -> Iterator[Floats]:
        if collection not in self._known:
            self._known[collection] = self._placed(collection)
        yield from _ranked(collection, episodes, self._known[collection])

    def _placed(self, collection: Collection) -> Encoded:
        rows = self._encode([f"{one.title}. {one.abstract}" for one in collection.papers])
        said = sorted({wording(_interest(one)) for one in collection.episodes} - {""})
        texts = dict(zip(said, self._encode(said), strict=True)) if said else {}
        usual = rows[collection.background]
        return Encoded(
            moments(usual[:2_000]).frame(),
            dict(enumerate(rows)),
            texts,
            usual[:: -(-len(usual) // 300)],
        )


def _ranked(
    collection: Collection, episodes: Sequence[Episode], encoded: Encoded | None
) -> Iterator[Floats]:
    known = _background(collection)
    for batch in _batches(episodes):
        papers = [_candidate(collection, int(n)) for n in batch[0].candidates]
        tastes = [_taste(collection, episode) for episode in batch]
        yield from ranking.rank(tastes, Placed(papers, known, encoded)).relevance


@lru_cache(maxsize=2)
def _background(collection: Collection) -> background.Background:
    texts = [collection.terms[n] for n in collection.background]
    return background.ready(background.learn(texts, lexicon.shipped()), lexicon.shipped())


def _batches(episodes: Sequence[Episode]) -> Iterator[list[Episode]]:
    batch: list[Episode] = []
    for episode in episodes:
        if batch and list(batch[0].candidates) != list(episode.candidates):
            yield batch
            batch = []
        batch.append(episode)
    if batch:
        yield batch


def _candidate(collection: Collection, number: int) -> Candidate:
    return Candidate(number, collection.papers[number], collection.terms[number], NOW)


def _interest(episode: Episode) -> Interest:
    return Interest("interest", episode.description, episode.keywords, authors=episode.authors)


def _taste(collection: Collection, episode: Episode) -> profiles.Taste:
    """The taste of a subscriber whose profile and votes are the episode's."""
    interest = Interest("interest", episode.description, episode.keywords, authors=episode.authors)
    opinions = [
        Opinion("reader", number, liked, False, NOW)
        for liked, numbers in ((True, episode.liked), (False, episode.disliked))
        for number in numbers
    ]
    judged = {one.paper: _archived(collection, one.paper) for one in opinions}
    reader = Subscriber("reader", None, interests=(interest,))
    settings = profiles.ProfileSettings()
    (taste,) = profiles.tastes(reader, opinions, {}, judged, NOW, settings)
    return taste


def _archived(collection: Collection, number: int) -> Archived:
    paper: Paper = collection.papers[number]
    return Archived(number, paper.title, collection.terms[number])
