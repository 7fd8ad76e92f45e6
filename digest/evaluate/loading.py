"""A folder becomes a collection; whatever is wrong with a file is one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from digest.errors import ConfigError, clean
from digest.evaluate.episodes import Collection, Episode, Positions, graded
from digest.papers import Paper

ALL = "ALL"
"""The pool of an episode that ranks every paper of the collection."""


def load(folder: Path) -> Collection:
    """The collection in ``folder``: papers.jsonl, episodes.jsonl and, if any, background.txt.

    Fields it does not know are passed over, so that collections may say more of themselves.

    Raises:
        ConfigError: a file is missing, empty or unreadable, or a line says what cannot be; the
            sentence names file, line and field.
    """
    known: dict[str, int] = {}
    papers: list[Paper] = []
    for row in _rows(folder / "papers.jsonl"):
        id = row.id("id")
        if known.setdefault(id, len(papers)) != len(papers):
            row.refuse(f"the id {id!r} is there twice")
        papers.append(_paper(row))
    everything = np.arange(len(papers), dtype=np.intp)
    return Collection(
        name=folder.resolve().name,
        ids=tuple(known),
        papers=tuple(papers),
        episodes=tuple(_episodes(folder / "episodes.jsonl", known, everything)),
        background=_background(folder / "background.txt", known, everything),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a file: its fields, and where it stands."""

    path: Path
    line: int
    fields: Mapping[str, Any]

    def refuse(self, why: str) -> NoReturn:
        raise ConfigError(f"{self.path}, line {self.line}: {clean(why)}")

    def id(self, field: str) -> str:
        value = self.fields.get(field)
        if not isinstance(value, str | int) or value == "":
            self.refuse(f"needs {field!r}, a text")
        return str(value)

    def text(self, field: str) -> str:
        """A text in one line; none where it is absent or null."""
        value = self.fields.get(field)
        if not isinstance(value, str | None):
            self.refuse(f"{field!r} is no text")
        return " ".join((value or "").split())

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; one text alone counts as a list of it."""
        value = self.fields.get(field) or []
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str | int) for each in listed):
            self.refuse(f"{field!r} is no list of texts")
        return tuple(str(each) for each in listed)

    def inner(self, field: str) -> _Row:
        value = self.fields.get(field)
        if not isinstance(value, dict):
            self.refuse(f"needs {field!r}, an object")
        return _Row(self.path, self.line, value)

    def positions(self, field: str, ids: Mapping[str, int]) -> tuple[int, ...]:
        """Papers named by id, as positions."""
        named = self.texts(field)
        strange = next((id for id in named if id not in ids), None)
        if strange is not None:
            self.refuse(f"{field!r} names {strange!r}, which is no paper of papers.jsonl")
        if len(set(named)) != len(named):
            twice = next(id for n, id in enumerate(named) if id in named[:n])
            self.refuse(f"{field!r} names {twice!r} twice")
        return tuple(ids[id] for id in named)


def _paper(row: _Row) -> Paper:
    return Paper(row.text("title"), row.text("abstract"), row.texts("authors"))


def _episodes(path: Path, ids: Mapping[str, int], everything: Positions) -> Iterator[Episode]:
    seen: set[str] = set()
    for row in _rows(path):
        episode = _episode(row, ids, everything)
        if episode.id in seen:
            row.refuse(f"the episode {episode.id!r} is there twice")
        seen.add(episode.id)
        yield episode


def _episode(row: _Row, ids: Mapping[str, int], everything: Positions) -> Episode:
    profile = row.inner("profile")
    liked, disliked = (profile.positions(field, ids) for field in ("liked", "disliked"))
    candidates = np.setdiff1d(_pool(row, ids, everything), [*liked, *disliked], assume_unique=True)
    if not len(candidates):
        row.refuse("'pool' holds nothing that is not in 'liked' or 'disliked'")
    history = row.fields.get("H", len(liked))
    if not isinstance(history, int):
        row.refuse("'H' is no whole number")
    return Episode(
        id=row.id("eid"),
        user=row.id("user"),
        task=row.id("task"),
        history=history,
        candidates=candidates,
        grades=graded(candidates, _rel(row, ids)),
        keywords=profile.texts("keywords"),
        description=profile.text("description"),
        authors=profile.texts("authors"),
        liked=liked,
        disliked=disliked,
    )


def _pool(row: _Row, ids: Mapping[str, int], everything: Positions) -> Positions:
    if row.fields.get("pool") == ALL:
        return everything
    return np.array(row.positions("pool", ids), dtype=np.intp)


def _rel(row: _Row, ids: Mapping[str, int]) -> dict[int, float]:
    rel = {}
    for id, grade in row.inner("rel").fields.items():
        if id not in ids:
            row.refuse(f"'rel' names {id!r}, which is no paper of papers.jsonl")
        if not isinstance(grade, int | float):
            row.refuse(f"'rel' grades {id!r} with {grade!r}, which is no number")
        rel[ids[id]] = float(grade)
    return rel


def _background(path: Path, ids: Mapping[str, int], everything: Positions) -> Positions:
    """Papers known before; all of them where the file names none or is not there."""
    named = path.exists() and [line.strip() for line in _read(path).splitlines()]
    found = []
    for line, id in enumerate(named or (), 1):
        if id and id not in ids:
            raise ConfigError(f"{path}, line {line}: {clean(id)!r} is no paper of papers.jsonl")
        if id:
            found.append(ids[id])
    return np.unique(np.array(found, dtype=np.intp)) if found else everything


def _rows(path: Path) -> Iterator[_Row]:
    """The lines of a JSON Lines file, blank ones passed over."""
    empty = True
    for line, text in enumerate(_read(path).split("\n"), 1):
        if text.strip():
            empty = False
            yield _row(path, line, text)
    if empty:
        raise ConfigError(f"{path} is empty; it needs one JSON object a line")


def _row(path: Path, line: int, text: str) -> _Row:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path}, line {line}: no JSON ({error})") from error
    row = _Row(path, line, fields if isinstance(fields, dict) else {})
    if row.fields is not fields:
        row.refuse("no JSON object")
    return row


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path} is missing; a collection is a folder with papers.jsonl and episodes.jsonl"
        ) from None
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
