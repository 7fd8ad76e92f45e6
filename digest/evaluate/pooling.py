"""Episodes of many moments, measured one moment at a time and reported together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.evaluate import measuring
from digest.evaluate.episodes import Episode
from digest.evaluate.measuring import Ranker, Run
from digest.evaluate.moments import BUCKETS, NAME, Moment
from digest.evaluate.results import Row


@dataclass(frozen=True, slots=True)
class Measured:
    """What each ranker did on one episode."""

    episode: Episode
    at: dt.datetime
    runs: Mapping[str, Run]

    @property
    def user(self) -> str:
        return self.episode.user


def measured(moment: Moment, rankers: Mapping[str, Ranker]) -> list[Measured]:
    """The moment's episodes in which something was wanted, ranked by each ranker in one batch."""
    episodes = [episode for episode in moment.episodes if episode.grades.any()]
    if not episodes:
        return []
    for ranker in rankers.values():
        list(ranker(moment.collection, ()))
    runs = {n: measuring.run(moment.collection, episodes, one) for n, one in rankers.items()}
    return [
        Measured(
            episode,
            moment.at,
            {
                name: Run((one.qualities[row],), one.seconds / len(episodes))
                for name, one in runs.items()
            },
        )
        for row, episode in enumerate(episodes)
    ]


def rows(found: Sequence[Measured], baseline: str) -> list[Row]:
    """Rows by history and ranker; all are compared with the one named ``baseline``."""
    made: list[Row] = []
    for size in BUCKETS:
        part = [one for one in found if one.episode.history == size]
        runs = joined(part)
        for name, own in runs.items():
            against = None if name == baseline else baseline
            episodes = [one.episode for one in part]
            made.append(measuring.row(NAME, name, episodes, own, against, runs))
    return made


def joined(found: Sequence[Measured]) -> dict[str, Run]:
    """What each ranker did on all of these, in their order."""
    names = found[0].runs if found else ()
    each = {name: [one.runs[name] for one in found] for name in names}
    return {
        name: Run(tuple(one.qualities[0] for one in runs), sum(one.seconds for one in runs))
        for name, runs in each.items()
    }
