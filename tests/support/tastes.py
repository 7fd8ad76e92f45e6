"""Papers, tastes and what an archive teaches, for tests of ranking."""

from __future__ import annotations

import datetime as dt
import zlib
from functools import cache

from digest.compose import background, lexicon, ranking
from digest.compose.language import terms
from digest.compose.placing import Placed
from digest.compose.profiles import ProfileSettings, Taste, tastes
from digest.papers import Archived, Candidate, Mention
from digest.subscribers import Interest
from digest.votes import Opinion
from tests.support.builders import a_paper, a_subscriber

NOW = dt.datetime(2026, 5, 20, 6, tzinfo=dt.UTC)

FIELDS = {
    "video": (
        "Fast video generation with diffusion",
        "Streaming video diffusion at scale",
        "Long video synthesis from text prompts",
        "Motion control for generated video clips",
        "A tokenizer for video latents",
    ),
    "protein": (
        "Protein folding with equivariant graphs",
        "Predicting protein structure from sequence",
        "Binding sites of proteins by deep learning",
        "Design of enzymes with language models of proteins",
        "Folding pathways of small proteins",
    ),
    "weather": (
        "Global weather forecasting on a sphere",
        "Ensemble forecasts of extreme weather",
        "Neural emulators of the atmosphere",
        "Nowcasting of rain from radar images",
        "Seasonal climate prediction of monsoon rain",
    ),
    "agents": (
        "Language model agents that use tools",
        "Planning agents for web navigation",
        "Multi-agent debate improves reasoning",
        "Benchmarks for software engineering agents",
        "Memory in conversational agents",
    ),
    "speech": (
        "Speech codecs at low bit rates",
        "Robust speech recognition in noise",
        "Text to speech with natural prosody",
        "Speaker verification from short utterances",
        "Streaming speech translation",
    ),
    "quantum": (
        "Quantum error correction with surface codes",
        "Variational circuits for quantum chemistry",
        "Noise in superconducting qubits",
        "Entanglement of photons over fibre",
        "Quantum advantage in sampling",
    ),
}
TITLES = tuple(title for titles in FIELDS.values() for title in titles)


def a_candidate(title: str, number: int = 1, abstract: str = "", **known) -> Candidate:
    """A paper of the window; ``sources`` names those that mention it."""
    mentions = tuple(Mention(source, 1, 9, NOW.date()) for source in known.pop("sources", ()))
    paper = a_paper(title, abstract=abstract, **known)
    return Candidate(number, paper, tuple(terms(f"{title} {abstract}")), NOW, mentions)


def archived(title: str, number: int = 900) -> Archived:
    return Archived(number, title, tuple(terms(title)))


def papers(*titles: str | Candidate) -> list[Candidate]:
    """The window's papers, numbered by place."""
    return [
        one if isinstance(one, Candidate) else a_candidate(one, n) for n, one in enumerate(titles)
    ]


def a_taste(
    *,
    liked: tuple[str, ...] = (),
    disliked: tuple[str, ...] = (),
    preferred: tuple[str, ...] = (),
    age: float = 0.0,
    half_life: float = 365.0,
    **stated,
) -> Taste:
    """The taste of one interest, with votes on papers of these titles, ``age`` days ago."""
    reader = a_subscriber(interests=(Interest("One", **stated),), preferred=preferred)
    titles = {zlib.crc32(title.encode()): title for title in (*liked, *disliked)}
    opinions = [
        Opinion("ada", number, title in liked, False, NOW - dt.timedelta(days=age), "One")
        for number, title in titles.items()
    ]
    known = {number: archived(title, number) for number, title in titles.items()}
    (found,) = tastes(reader, opinions, {}, known, NOW, ProfileSettings(half_life))
    return found


def empty() -> background.Background:
    """What is known before the first paper."""
    return taught()


@cache
def taught(*titles: str) -> background.Background:
    """What an archive of papers of these titles teaches."""
    learnt = background.learn([tuple(terms(title)) for title in titles], lexicon.shipped())
    return background.ready(learnt, lexicon.shipped())


def grown() -> background.Background:
    """What an archive teaches that is large enough for a space of its own."""
    titles = [
        f"{one} and {other} {n}" for n in range(20) for one in TITLES for other in TITLES[n : n + 1]
    ]
    return taught(*titles)


def ranked(
    found: Taste | list[Taste],
    *titles: str | Candidate,
    known: background.Background | None = None,
) -> ranking.Ranking:
    """The papers ranked for a taste or some; on an empty archive unless told otherwise."""
    several = [found] if isinstance(found, Taste) else found
    return ranking.rank(several, Placed(papers(*titles), known or empty()))


def chances(found: Taste, *titles: str | Candidate, **known) -> list[float]:
    """The chance of each paper."""
    return [float(one) for one in ranked(found, *titles, **known).relevance[0]]
