"""What readers say and what they voted become tastes: what to look for, and how much it weighs."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from digest.compose.language import terms, words
from digest.papers import Archived, author_key, keys_meant
from digest.subscribers import Interest, Named, Subscriber, alternatives, named
from digest.votes import Opinion

TEXT_WEIGHT = 0.5
"""A word of a description counts half a keyword: the keyword was chosen on its own."""

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class ProfileSettings:
    """``vote_half_life_days``: after this long a vote counts half; 0 never forgets."""

    vote_half_life_days: float = 365

    def __post_init__(self) -> None:
        if self.vote_half_life_days < 0:
            raise ValueError("vote_half_life_days has to be 0 or more")

    def weight(self, age: dt.timedelta) -> float:
        """What a vote of this age counts, at most 1."""
        if not self.vote_half_life_days:
            return 1.0
        days = max(age / dt.timedelta(days=1), 0.0)
        return float(2 ** (-days / self.vote_half_life_days))


@dataclass(frozen=True, slots=True)
class Wish:
    """Words that an interest names: any of the phrases meets it; ``label`` is as it was written."""

    kind: Literal["keyword", "word"]
    label: str
    phrases: tuple[Phrase, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Example:
    """A paper that was judged, and how much that counts; ``paper`` is its number, if archived."""

    label: str
    terms: Phrase
    weight: float = 1.0
    paper: int | None = None

    @property
    def name(self) -> tuple[int, Phrase]:
        """What tells it from others, and puts it in order among them."""
        return (-1, self.terms) if self.paper is None else (self.paper, ())


@dataclass(frozen=True, slots=True)
class Taste:
    """What an interest becomes. ``authors`` maps followed authors' keys to the names as given.

    ``required``: of each, a paper holds one phrase; ``always``: a paper with any is a must;
    ``preferred``: what the reader prefers anywhere and for this interest, as ``named`` says.
    """

    interest: Interest
    wishes: tuple[Wish, ...] = ()
    liked: tuple[Example, ...] = ()
    disliked: tuple[Example, ...] = ()
    authors: Mapping[str, str] = field(default_factory=dict)
    required: tuple[tuple[Phrase, ...], ...] = ()
    always: tuple[Wish, ...] = ()
    preferred: tuple[tuple[Named, str], ...] = ()


def tastes(
    subscriber: Subscriber,
    opinions: Sequence[Opinion],
    archived: Mapping[str, Archived],
    voted: Mapping[int, Archived],
    now: dt.datetime,
    settings: ProfileSettings,
) -> tuple[Taste, ...]:
    """A taste for each interest, in their order.

    ``archived`` maps keys of examples, ``voted`` numbers of papers, to what the archive has of
    them; another example counts by the words of its title alone. An opinion that names none of the
    reader's interests goes to the one it shares most words with.
    """
    anywhere = tuple(named(entry) for entry in subscriber.preferred)
    stated = [_taste(interest, anywhere, archived) for interest in subscriber.interests]
    votes: list[_Votes] = [{} for _ in stated]
    nearest = _Nearest(stated)
    for opinion in sorted(opinions, key=lambda one: (one.at, one.paper)):
        judged = voted.get(opinion.paper)
        if judged is None or not stated:
            continue
        taste = nearest.taste(judged, opinion)
        weight = settings.weight(now - opinion.at)
        example = Example(judged.title, judged.terms, weight, judged.id)
        votes[taste].pop(judged.id, None)
        votes[taste][judged.id] = example, opinion.liked
    return tuple(map(_voted, stated, votes))


def example_keys(subscribers: Sequence[Subscriber]) -> list[str]:
    """The keys of all examples that these subscribers name, liked and disliked."""
    return [
        key
        for subscriber in subscribers
        for interest in subscriber.interests
        for example in (*interest.examples, *interest.dislikes)
        for key in keys_meant(example)
    ]


def _taste(
    interest: Interest, anywhere: tuple[tuple[Named, str], ...], archived: Mapping[str, Archived]
) -> Taste:
    keywords = [_wish("keyword", entry, 1.0) for entry in dict.fromkeys(interest.keywords)]
    known = {term for wish in keywords for phrase in wish.phrases for term in phrase}
    text = _described(interest.text, known)
    return Taste(
        interest,
        (*(wish for wish in keywords if wish.phrases), *text),
        _examples(interest.examples, archived),
        _examples(interest.dislikes, archived),
        {author_key(name): name for name in interest.authors},
        tuple(filter(None, (_wish("keyword", entry, 1.0).phrases for entry in interest.required))),
        tuple(filter(lambda w: w.phrases, (_wish("keyword", e, 1.0) for e in interest.always))),
        tuple(dict.fromkeys((*_named(interest), *anywhere))),
    )


def _named(interest: Interest) -> Iterator[tuple[Named, str]]:
    yield from (("category", name) for name in interest.categories)
    yield from (("source", name) for name in interest.sources)


def _described(text: str, known: Container[str]) -> list[Wish]:
    """A wish for each word of a text, as often as it says it, but for those that are known."""
    found = [(word, term) for word, term in words(text) if term not in known]
    often = Counter(term for _, term in found)
    first = {term: word for word, term in reversed(found)}
    return [Wish("word", first[term], ((term,),), TEXT_WEIGHT * often[term]) for term in often]


def _wish(kind: Literal["keyword", "word"], entry: str, weight: float) -> Wish:
    phrases = dict.fromkeys(tuple(terms(one)) for one in alternatives(entry))
    return Wish(kind, entry, tuple(filter(None, phrases)), weight)


def _examples(stated: Sequence[str], archived: Mapping[str, Archived]) -> tuple[Example, ...]:
    found = (_example(example, archived) for example in stated)
    return tuple(example for example in found if example.terms)


def _example(example: str, archived: Mapping[str, Archived]) -> Example:
    for key in keys_meant(example):
        if key in archived:
            return Example(archived[key].title, archived[key].terms, 1.0, archived[key].id)
    return Example(example, tuple(terms(example)))


_Votes = dict[int, tuple[Example, bool]]
"""By the paper's number: the example that a vote makes of it, and whether it was liked."""


def _voted(taste: Taste, votes: _Votes) -> Taste:
    """The taste with votes, which take the place of what was stated of the same papers."""
    if not votes:
        return taste
    cast = votes.values()
    liked = (*_unvoted(taste.liked, votes), *(example for example, liked in cast if liked))
    disliked = (*_unvoted(taste.disliked, votes), *(one for one, liked in cast if not liked))
    return replace(taste, liked=liked, disliked=disliked)


def _unvoted(stated: Sequence[Example], votes: _Votes) -> Iterator[Example]:
    return (one for one in stated if one.paper not in votes)


class _Nearest:
    """Which taste an opinion is of, given those before it."""

    def __init__(self, stated: Sequence[Taste]) -> None:
        self._names = {taste.interest.name: n for n, taste in enumerate(stated)}
        self._known: list[set[str]] = [set() for _ in stated]
        self._unread = [[*_phrases(taste), *(one.terms for one in taste.liked)] for taste in stated]

    def taste(self, judged: Archived, opinion: Opinion) -> int:
        """The one the opinion names, else the one that shares most of its words with the paper, as
        its interest stated them and liked papers added to them; of equals the first.
        """
        taste = self._names.get(opinion.interest or "", -1)
        if taste < 0:
            own = set(judged.terms)
            known = map(self._vocabulary, range(len(self._known)))
            shared = [len(own & each) / max(len(each), 1) ** 0.5 for each in known]
            taste = shared.index(max(shared))
        if opinion.liked:
            self._unread[taste].append(judged.terms)
        return taste

    def _vocabulary(self, taste: int) -> set[str]:
        self._known[taste].update(*self._unread[taste])
        self._unread[taste].clear()
        return self._known[taste]


def _phrases(taste: Taste) -> Iterator[Phrase]:
    return (phrase for wish in taste.wishes for phrase in wish.phrases)
