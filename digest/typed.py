"""Plain trees, as YAML gives them, become dataclasses: every value is held to its field's type."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Keys = tuple[str | int, ...]
T = TypeVar("T")


class Wrong(Exception):
    """What a value ``has to be``, or why it cannot be used, and its ``path`` in the tree."""

    def __init__(self, path: Keys, why: str) -> None:
        super().__init__(why)
        self.path = path


def typed(kind: type[T], tree: Any, path: Keys = ()) -> T:
    """The dataclass of this kind that a tree describes. Raises Wrong for the first wrong value.

    Numbers and truth may be written as text, as in an environment. A field's type is one of those
    below, a choice of literals, a tuple of one type, another dataclass, or any of that or None.
    """
    if not isinstance(tree, dict):
        raise Wrong(path, "has to be a group of settings, each on a line of its own below it")
    hints = get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type] # callers name dataclasses
        if field.name in tree:
            values[field.name] = _value(hints[field.name], tree[field.name], (*path, field.name))
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise Wrong((*path, field.name), "is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise Wrong(path, f"cannot be used: {error}") from error


def _value(hint: Any, value: Any, path: Keys) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (part for part in parts if part is not NoneType)
        return None if value is None else _value(inner, value, path)
    if origin is Literal:
        if not isinstance(value, str) or value not in parts:
            *others, last = map(repr, parts)
            raise Wrong(path, f"has to be {', '.join(others)} or {last}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise Wrong(path, "has to be a list, such as [one, two]")
        return tuple(_value(parts[0], item, (*path, n)) for n, item in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return typed(hint, value, path)  # type: ignore[arg-type] # a class, for it is a hint
    read, why = PLAIN[hint]
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Wrong(path, f"has to be {why}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, str):
        return int(value)
    if _number(value) != int(value):
        raise ValueError
    return int(value)


TRUTH: Mapping[Any, bool] = {
    **dict.fromkeys((True, "true", "yes", "on", "t", "y", "1"), True),
    **dict.fromkeys((False, "false", "no", "off", "f", "n", "0"), False),
}


def _truth(value: Any) -> bool:
    found = TRUTH.get(value.lower() if isinstance(value, str) else value)
    if found is None:
        raise ValueError
    return found


def _date(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


PLAIN: Mapping[Any, tuple[Callable[[Any], Any], str]] = {
    str: (_text, "text; put it in quotes"),
    int: (_whole, "a whole number"),
    float: (_number, "a number"),
    bool: (_truth, "true or false"),
    Path: (Path, "a path"),
    dt.date: (_date, "a date, such as 2026-05-20"),
}
"""How each plain type is read, and what its values have to be."""
