"""What readers say and what they voted become tastes: what to look for, and how much it weighs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from digest.compose.language import terms, words
from digest.papers import Archived, author_key, keys_meant
from digest.subscribers import Interest, Named, Subscriber, alternatives, named
from digest.votes import Opinion

TEXT_WEIGHT = 0.5
"""A word of a description counts half a keyword: the keyword was chosen on its own."""

REMEMBERED = 8_192
"""Words and keywords whose wishes are remembered: readers have the most of them in common."""

Phrase = tuple[str, ...]

Name = tuple[int, Phrase]
"""What tells a judged paper from others, and puts it in order among them."""


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
    def name(self) -> Name:
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
    return judged(stated(subscriber), opinions, archived, voted, now, settings)


def stated(subscriber: Subscriber) -> tuple[Taste, ...]:
    """A taste for each interest, in their order, of what the reader said in words alone."""
    anywhere = tuple([named(entry) for entry in subscriber.preferred])
    return tuple([_taste(interest, anywhere) for interest in subscriber.interests])


def judged(
    stated: Sequence[Taste],
    opinions: Sequence[Opinion],
    archived: Mapping[str, Archived],
    voted: Mapping[int, Archived],
    now: dt.datetime,
    settings: ProfileSettings,
) -> tuple[Taste, ...]:
    """The tastes with the papers that the reader named as examples or voted on, as ``tastes``."""
    known = [_with_examples(taste, archived) for taste in stated]
    if not known or not opinions:
        return tuple(known)
    votes: list[_Votes] = [{} for _ in known]
    nearest = _Nearest(known)
    for opinion in sorted(opinions, key=lambda one: (one.at, one.paper)):
        paper = voted.get(opinion.paper)
        if paper is None:
            continue
        cast = votes[nearest.taste(paper, opinion)]
        weight = settings.weight(now - opinion.at)
        cast.pop(paper.id, None)
        cast[paper.id] = Example(paper.title, paper.terms, weight, paper.id), opinion.liked
    return tuple(map(_voted, known, votes))


def example_keys(subscribers: Sequence[Subscriber]) -> list[str]:
    """The keys of all examples that these subscribers name, liked and disliked."""
    return [
        key
        for subscriber in subscribers
        for interest in subscriber.interests
        for example in (*interest.examples, *interest.dislikes)
        for key in keys_meant(example)
    ]


def _taste(interest: Interest, anywhere: tuple[tuple[Named, str], ...]) -> Taste:
    keywords = [_keyword(entry) for entry in dict.fromkeys(interest.keywords)]
    known = {term for wish in keywords for phrase in wish.phrases for term in phrase}
    text = _described(interest.text, known)
    return Taste(
        interest,
        (*[wish for wish in keywords if wish.phrases], *text),
        authors={author_key(name): name for name in interest.authors},
        required=tuple(filter(None, [_keyword(entry).phrases for entry in interest.required])),
        always=tuple([wish for wish in map(_keyword, interest.always) if wish.phrases]),
        preferred=tuple(dict.fromkeys((*_named(interest), *anywhere))),
    )


def _with_examples(taste: Taste, archived: Mapping[str, Archived]) -> Taste:
    interest = taste.interest
    if not interest.examples and not interest.dislikes:
        return taste
    liked = _examples(interest.examples, archived)
    return _with(taste, liked, _examples(interest.dislikes, archived))


def _with(taste: Taste, liked: tuple[Example, ...], disliked: tuple[Example, ...]) -> Taste:
    """``dataclasses.replace`` takes three times as long, and this is done for every reader."""
    rest = taste.authors, taste.required, taste.always, taste.preferred
    return Taste(taste.interest, taste.wishes, liked, disliked, *rest)


def _named(interest: Interest) -> Iterator[tuple[Named, str]]:
    yield from (("category", name) for name in interest.categories)
    yield from (("source", name) for name in interest.sources)


def _described(text: str, known: Container[str]) -> list[Wish]:
    """A wish for each word of a text, as often as it says it, but for those that are known."""
    first: dict[str, str] = {}
    often: dict[str, int] = {}
    for word, term in words(text):
        if term in often:
            often[term] += 1
        elif term not in known:
            first[term], often[term] = word, 1
    return list(map(_word, first.values(), often, often.values()))


@lru_cache(REMEMBERED)
def _word(label: str, term: str, often: int) -> Wish:
    return Wish("word", label, ((term,),), TEXT_WEIGHT * often)


@lru_cache(REMEMBERED)
def _keyword(entry: str) -> Wish:
    phrases = dict.fromkeys(tuple(terms(one)) for one in alternatives(entry))
    return Wish("keyword", entry, tuple(filter(None, phrases)), 1.0)


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
    liked = (*_unvoted(taste.liked, votes), *[example for example, liked in cast if liked])
    disliked = (*_unvoted(taste.disliked, votes), *[one for one, liked in cast if not liked])
    return _with(taste, liked, disliked)


def _unvoted(stated: Sequence[Example], votes: _Votes) -> Iterator[Example]:
    return (one for one in stated if one.paper not in votes)


class _Nearest:
    """Which taste an opinion is of, given those before it."""

    def __init__(self, stated: Sequence[Taste]) -> None:
        self._stated = stated
        self._names = {taste.interest.name: n for n, taste in enumerate(stated)}
        self._known: list[set[str]] = []
        self._unread: list[list[Phrase]] = [[] for _ in stated]

    def taste(self, judged: Archived, opinion: Opinion) -> int:
        """The one the opinion names, else the one that shares most of its words with the paper, as
        its interest stated them and liked papers added to them; of equals the first.
        """
        if len(self._stated) == 1:
            return 0
        taste = self._names.get(opinion.interest or "", -1)
        if taste < 0:
            own = set(judged.terms)
            shared = [len(own & each) / max(len(each), 1) ** 0.5 for each in self._vocabularies()]
            taste = shared.index(max(shared))
        if opinion.liked:
            self._unread[taste].append(judged.terms)
        return taste

    def _vocabularies(self) -> list[set[str]]:
        if not self._known:  # most votes name their interest, and nobody asks
            self._known = [_vocabulary(taste) for taste in self._stated]
        for known, unread in zip(self._known, self._unread, strict=True):
            if unread:
                known.update(*unread)
                unread.clear()
        return self._known


def _vocabulary(taste: Taste) -> set[str]:
    found: set[str] = set()
    for wish in taste.wishes:
        found.update(*wish.phrases)
    found.update(*[one.terms for one in taste.liked])
    return found
