"""How good the ranking is: on collections, and on what an install's own readers kept."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

from digest.app import App
from digest.compose.placing import Encoded
from digest.compose.profiles import example_keys
from digest.compose.spaces import moments as moments_of
from digest.compose.wishing import wording
from digest.encode.models import SemanticSettings
from digest.encode.opening import open_encoder
from digest.encoding import FRAME, LEAST, REFERENCE
from digest.errors import ConfigError
from digest.evaluate import pooling, product, results
from digest.evaluate.baselines import BASELINES
from digest.evaluate.episodes import Collection, Episode, Split
from digest.evaluate.history import LEARNT, PERIOD, Library, Reader, instants
from digest.evaluate.loading import load
from digest.evaluate.measuring import Floats, Ranker, evaluate
from digest.evaluate.moments import NAME as HISTORY
from digest.evaluate.moments import Moment, moment
from digest.evaluate.moments import product as product_then
from digest.papers import Candidate
from digest.progress import steps

OURS = "digest"
AGAINST = "bm25"

WIDTH = 200
"""Columns of a table, at narrow terminals too: a line that wraps can be read, a cut one cannot."""

NEEDED = 20
"""Papers liked after some instant: of fewer an interval would say nothing."""


# Collections ----------------------------------------------------------------------------------


def on_collections(
    folder: Path, split: Split, ranker: str, baseline: str | None
) -> list[results.Row]:
    """Rows of the ranker of this name, by collection, task and history.

    ``folder`` is a collection, or holds some. Raises: ConfigError.
    """
    rankers = {name: _ranker(name) for name in (ranker, baseline) if name is not None}
    collections = [load(path) for path in _collections(folder)]
    rows = [
        row
        for collection in collections
        for row in _measured(collection, rankers, split, baseline)
        if row.ranker == ranker
    ]
    if not rows:
        raise ConfigError(
            f"{folder} has no episode with a wanted paper among its {split} readers; "
            "--split all takes every reader"
        )
    return rows


def _collections(folder: Path) -> list[Path]:
    if (folder / "papers.jsonl").exists():
        return [folder]
    found = sorted(file.parent for file in folder.glob("*/papers.jsonl"))
    if not found:
        raise ConfigError(
            f"{folder} holds no collection; one is a folder with papers.jsonl and episodes.jsonl"
        )
    return found


def _ranker(name: str) -> Ranker:
    if name in BASELINES:
        return BASELINES[name]
    encoder = open_encoder(SemanticSettings()) if name == OURS else None
    return product.Semantic(encoder.encode) if encoder else product.digest


def _measured(
    collection: Collection, rankers: Mapping[str, Ranker], split: Split, baseline: str | None
) -> list[results.Row]:
    wanted = sum(bool(episode.grades.any()) for episode in collection.of(split))
    with steps(f"ranking for {collection.name}", wanted * len(rankers)) as advance:
        told = {name: _telling(ranker, advance) for name, ranker in rankers.items()}
        return evaluate(collection, told, split, baseline)


def _telling(ranker: Ranker, advance: Callable[[int], None]) -> Ranker:
    """The ranker, which says when it is done with an episode."""

    def told(collection: Collection, episodes: Sequence[Episode]) -> Iterator[Floats]:
        for scores in ranker(collection, episodes):
            advance(1)
            yield scores

    return told


# The install's own votes ----------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """What readers of an install voted and were shown, and its ``moments``, oldest first."""

    app: App
    readers: Sequence[Reader]
    library: Library

    def moments(self) -> Iterator[Moment]:
        """One at a time: each holds two months of papers."""
        found = instants(self.readers)
        with steps("looking back", len(found)) as advance:
            for at in found:
                papers = self.app.store.papers.candidates(at - LEARNT, at + PERIOD)
                encoded = self._encoded(papers, at) if self.app.encoder else None
                yield moment(at, self.readers, papers, self.library, encoded)
                advance(1)

    def _encoded(self, papers: Sequence[Candidate], at: dt.datetime) -> Encoded | None:
        """What the encoder makes of it all; the frame is of papers that were known by then."""
        vectors, encoder = self.app.store.vectors, self.app.encoder
        assert encoder is not None  # noqa: S101 - asked for only where there is one
        wanted = {one.id for one in papers} | self.library.voted.keys()
        wanted |= {one.id for one in self.library.named.values()}
        numbers, rows = vectors.get(encoder.name_and_version, wanted)
        known = [one.id for one in papers if one.first_seen_at <= at]
        usual = rows[np.isin(numbers, known)][-FRAME:]
        if len(usual) < LEAST:
            return None
        said = {wording(one) for each in self.readers for one in each.subscriber.interests} - {""}
        texts = sorted(said)
        return Encoded(
            moments_of(usual).frame(),
            dict(zip(numbers.tolist(), rows, strict=True)),
            dict(zip(texts, encoder.encode(texts), strict=True)) if texts else {},
            usual[:: -(-len(usual) // REFERENCE)],
        )


def past(app: App) -> Past:
    """The past of all subscribers who ever voted."""
    store = app.store
    entries = [one.subscriber for one in store.subscribers.all() if one.subscriber.interests]
    voted = {one.id: store.votes.history(one.id) for one in entries}
    readers = [one for one in entries if voted[one.id]]
    shown = {one.id: store.editions.of(one, most=sys.maxsize) for one in readers}
    keys = {vote.paper for votes in voted.values() for vote in votes}
    picked = {pick.paper.key for each in shown.values() for one in each for pick in one.picks}
    known = store.papers.named(keys | picked)
    return Past(
        app,
        [
            Reader(
                one,
                tuple(
                    (known[vote.paper].id, vote) for vote in voted[one.id] if vote.paper in known
                ),
                {
                    known[pick.paper.key].id: edition.composed_at
                    for edition in shown[one.id]  # newest first: the first time stays
                    for pick in edition.picks
                    if pick.paper.key in known
                },
            )
            for one in readers
        ],
        Library(
            store.papers.named(example_keys(readers)),
            {known[key].id: known[key] for key in sorted(keys)},
        ),
    )


def on_history(app: App, baseline: str | None) -> list[results.Row]:
    """Rows of digest and all baselines on what readers liked, by how much they had before.

    Raises: ConfigError, when too little was liked.
    """
    found = [
        one for each in past(app).moments() for one in pooling.measured(each, _then(app, each))
    ]
    liked = sum(int((one.episode.grades > 0).sum()) for one in found)
    if liked < NEEDED:
        raise ConfigError(
            f"the history has {liked} papers that were liked when they were news, and {NEEDED} "
            "are needed; `digest vote` adds some, and `digest evaluate DIR` measures without"
        )
    return pooling.rows(found, baseline or AGAINST)


def _then(app: App, one: Moment) -> dict[str, Ranker]:
    return {OURS: product_then(one, app.settings.profile), **BASELINES}


def answer(rows: Sequence[results.Row]) -> dict[str, Any]:
    """``rows`` as data, each with its dataset, task, H, n, figures and interval."""
    return results.as_json(rows)


def say_rows(rows: Sequence[results.Row]) -> None:
    Console(width=WIDTH).print(results.table(rows))
    if any(row.dataset == HISTORY for row in rows):
        click.echo(
            "Readers mostly vote on what they were shown, which favours the ranking that chose it."
        )
