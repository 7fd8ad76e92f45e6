"""Stated interests become tastes: what to look for, how much it weighs, and what to call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from digest.compose.language import terms, words
from digest.papers import author_key, title_key
from digest.subscribers import Interest, Subscriber

TEXT_WEIGHT = 0.5
"""A word of a description counts half a keyword: the keyword was chosen on its own."""


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing an interest names, with the terms that would show it in a paper.

    ``terms`` in order, so that a keyword of several words can be met as a phrase; ``weight`` is
    that of the whole clue.
    """

    kind: Literal["keyword", "word", "example"]
    label: str
    terms: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Taste:
    """What an interest becomes. ``authors`` maps followed authors' keys to the names as given."""

    interest: Interest
    clues: tuple[Clue, ...]
    authors: Mapping[str, str]


def tastes(subscriber: Subscriber, liked: Mapping[str, tuple[str, ...]]) -> tuple[Taste, ...]:
    """A taste for each interest, in their order.

    ``liked`` maps ``example_key`` of an example to the terms of that paper where the archive has
    it; another example counts by the words of its title alone.
    """
    return tuple(_taste(interest, liked) for interest in subscriber.interests)


def example_key(example: str) -> str:
    """The paper key an example stands for: itself when it is one, else that of its title."""
    kind, _, rest = example.partition(":")
    named = kind in ("arxiv", "doi", "title") and rest and " " not in kind
    return example if named else f"title:{title_key(example)}"


def _taste(interest: Interest, liked: Mapping[str, tuple[str, ...]]) -> Taste:
    keywords = [Clue("keyword", word, tuple(terms(word)), 1.0) for word in interest.keywords]
    known = {term for clue in keywords for term in clue.terms}
    described = {term: word for word, term in reversed(words(interest.text)) if term not in known}
    text = [Clue("word", word, (term,), TEXT_WEIGHT) for term, word in described.items()]
    examples = [_example(example, liked) for example in interest.examples]
    clues = tuple(clue for clue in (*keywords, *reversed(text), *examples) if clue.terms)
    return Taste(interest, clues, {author_key(name): name for name in interest.authors})


def _example(example: str, liked: Mapping[str, tuple[str, ...]]) -> Clue:
    found = liked.get(example_key(example)) or tuple(terms(example))
    return Clue("example", example, tuple(dict.fromkeys(found)), 1.0)
