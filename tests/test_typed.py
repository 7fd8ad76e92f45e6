"""Plain trees become dataclasses, or it is said what is wrong with which value."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from digest.typed import Wrong, typed


@dataclass(frozen=True)
class Inner:
    """A group in a group."""

    many: int
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.many < 0:
            raise ValueError("many is below 0")


@dataclass(frozen=True, slots=True)
class Outer:
    """One field of every type."""

    name: str = ""
    way: Literal["folder", "smtp"] = "folder"
    loud: bool = False
    file: Path | None = None
    day: dt.date | None = None
    words: tuple[str, ...] = ()
    inner: Inner = field(default_factory=lambda: Inner(1))
    inners: tuple[Inner, ...] = ()


def test_an_empty_tree_means_all_defaults():
    assert typed(Outer, {}) == Outer()


def test_every_type_is_read():
    tree = {
        "name": "a",
        "way": "smtp",
        "loud": True,
        "file": "b/c",
        "day": "2026-05-20",
        "words": ["x", "y"],
        "inner": {"many": 2, "share": 1},
        "inners": [{"many": 3}],
    }
    assert typed(Outer, tree) == Outer(
        *("a", "smtp", True, Path("b/c"), dt.date(2026, 5, 20), ("x", "y")),
        inner=Inner(2, 1.0),
        inners=(Inner(3),),
    )
    assert typed(Outer, {"file": None, "day": None}) == Outer()


@pytest.mark.parametrize(
    ("tree", "read"),
    [
        ({"inner": {"many": "7"}}, Outer(inner=Inner(7))),
        ({"inner": {"many": 7.0}}, Outer(inner=Inner(7))),
        ({"inner": {"many": 1, "share": "0.25"}}, Outer(inner=Inner(1, 0.25))),
        ({"loud": "yes"}, Outer(loud=True)),
        ({"loud": "Off"}, Outer()),
        ({"loud": 1}, Outer(loud=True)),
    ],
)
def test_numbers_and_truth_may_be_text(tree: Any, read: Outer):
    assert typed(Outer, tree) == read


@pytest.mark.parametrize(
    ("tree", "path", "why"),
    [
        ([], (), "has to be a group of settings"),
        ({"name": 5}, ("name",), "has to be text; put it in quotes"),
        ({"name": None}, ("name",), "has to be text"),
        ({"way": "pigeon"}, ("way",), "has to be 'folder' or 'smtp'"),
        ({"way": ["smtp"]}, ("way",), "has to be 'folder' or 'smtp'"),
        ({"loud": "perhaps"}, ("loud",), "has to be true or false"),
        ({"loud": []}, ("loud",), "has to be true or false"),
        ({"file": 5}, ("file",), "has to be a path"),
        ({"day": "soon"}, ("day",), "has to be a date"),
        ({"day": 5}, ("day",), "has to be a date"),
        ({"words": "x"}, ("words",), "has to be a list"),
        ({"words": ["x", 5]}, ("words", 1), "has to be text"),
        ({"inner": 5}, ("inner",), "has to be a group of settings"),
        ({"inner": {}}, ("inner", "many"), "is missing"),
        ({"inner": {"many": 1.5}}, ("inner", "many"), "has to be a whole number"),
        ({"inner": {"many": float("nan")}}, ("inner", "many"), "has to be a whole number"),
        ({"inner": {"many": float("inf")}}, ("inner", "many"), "has to be a whole number"),
        ({"inner": {"many": True}}, ("inner", "many"), "has to be a whole number"),
        ({"inner": {"many": 1, "share": "half"}}, ("inner", "share"), "has to be a number"),
        ({"inner": {"many": -1}}, ("inner",), "cannot be used: many is below 0"),
        ({"inners": [{"many": 1}, {"many": -1}]}, ("inners", 1), "cannot be used"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tree: Any, path: tuple[str | int, ...], why: str):
    with pytest.raises(Wrong) as wrong:
        typed(Outer, tree, ("top",))
    assert (wrong.value.path, str(wrong.value)[: len(why)]) == (("top", *path), why)
