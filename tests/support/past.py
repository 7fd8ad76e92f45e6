"""A past for an installation: weeks of invented papers, editions, and votes on what they showed."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from digest.messages import Message
from digest.papers import Candidate, Paper
from digest.store.editions import Composed
from digest.store.shelves import Store
from digest.subscribers import Subscriber
from digest.votes import Vote
from tests.support.builders import a_paper, a_pick, an_edition
from tests.support.databases import collect

START = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
PER_DAY, SHOWN = 12, 6

TOPICS = {
    "birds": """owl feather nest migration wing plumage raptor songbird egg flight beak roost
        hatchling falcon sparrow""",
    "metals": """iron zinc rust alloy furnace steel copper weld corrosion ingot anneal foundry
        tungsten brass anvil""",
    "rivers": """delta sediment flood basin estuary gravel tributary erosion discharge meander
        levee silt catchment weir gorge""",
    "stars": """galaxy nebula orbit redshift supernova comet eclipse parallax quasar photometry
        dwarf corona spectra halo pulsar""",
    "bread": """yeast dough gluten crumb oven sourdough flour ferment knead crust starch loaf rye
        bakery enzyme""",
}
ANYWHERE = [
    "measurement",
    "sample",
    "season",
    "model",
    "region",
    "effect",
    "rate",
    "field",
    "estimate",
    "variation",
    "sensor",
    "trial",
    "average",
    "group",
    "error",
    "survey",
    "count",
    "depth",
    "warm",
    "early",
]


def an_invented_paper(topic: str, number: int, chance: random.Random) -> Paper:
    """A paper of 5 title words and 30 more, half of them of its topic."""
    own = TOPICS[topic].split()
    title = f"{' '.join(chance.sample(own, 3))} {' '.join(chance.sample(ANYWHERE, 2))} {number}"
    mixed = [chance.choice(own if chance.random() < 0.5 else ANYWHERE) for _ in range(30)]
    return a_paper(title.capitalize(), abstract=" ".join(mixed), arxiv_id=f"2603.{number:05}")


@dataclass(frozen=True)
class Told:
    """What a reader of the past is like: keeps ``share`` of the papers on ``likes``."""

    likes: str
    dislikes: str
    share: float = 0.8


def live(store: Store, readers: dict[Subscriber, Told], days: int, seed: int = 0) -> None:
    """Collect, show and vote for so many days: every morning papers, an edition, later votes.

    Half of an edition is on what its reader likes. Of the rest nothing is kept.
    """
    chance = random.Random(seed)
    last: dict[Subscriber, dt.date] = {}
    for day in range(days):
        at = START + day * DAY
        topics = {day * PER_DAY + n: sorted(TOPICS)[n % len(TOPICS)] for n in range(PER_DAY)}
        made = {n: an_invented_paper(topic, n, chance) for n, topic in topics.items()}
        collect(store, *chance.sample(list(made.values()), PER_DAY), at=at, file=f"{at.date()}.txt")
        known = {one.paper.key: one for one in store.papers.candidates(at - HOUR, at)}
        for reader, told in readers.items():
            numbers = _chosen(topics, told, chance)
            papers = [known[made[n].key] for n in numbers]
            _show(store, reader, papers, at + HOUR, last.get(reader))
            last[reader] = at.date()
            store.votes.add(
                [
                    Vote(reader.id, made[n].key, value, at + 3 * HOUR)
                    for n in numbers
                    if (value := _said(topics[n], told, chance))
                ]
            )


def _chosen(topics: dict[int, str], told: Told, chance: random.Random) -> list[int]:
    own = [n for n, topic in topics.items() if topic == told.likes][: SHOWN // 2]
    others = [n for n, topic in topics.items() if topic != told.likes]
    return [*own, *chance.sample(others, SHOWN - len(own))]


def _said(topic: str, told: Told, chance: random.Random) -> str | None:
    if topic == told.likes and chance.random() < told.share:
        return chance.choice(["more", "save"])
    return "less" if topic == told.dislikes and chance.random() < 0.3 else None


def _show(
    store: Store, reader: Subscriber, papers: list[Candidate], at: dt.datetime, last: dt.date | None
) -> None:
    picks = tuple(a_pick(one.paper, score=0.2) for one in papers)
    edition = an_edition(*picks, subscriber=reader, date=at.date(), composed_at=at)
    message: Message | None = None
    composed = Composed(edition, tuple(one.id for one in papers), message, last)
    if store.subscribers.find(reader.id) is None:
        store.subscribers.add([reader], at)
    assert store.editions.add([composed])
