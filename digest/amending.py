"""One number in a YAML file is changed in place: comments and everything else stay."""

from __future__ import annotations

import copy
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from digest.errors import ConfigError
from digest.marked import load

LINE = re.compile(
    r"(?P<before>(?P<indent> *)(?P<key>\w+):)(?P<value> +[^\s#]+)?(?P<after>\s*(#.*)?)$"
)
"""A key of a block, with a plain scalar or nothing behind it."""


def amend(path: Path, section: str, key: str, value: float) -> None:
    """Set ``section.key`` to ``value`` in the file, which is replaced whole or not at all.

    Raises: ConfigError, when the file is not written in a way that a line of it can be changed,
    or cannot be written; it is as it was then.
    """
    number = format(Decimal(f"{value:g}"), "f")
    wanted = copy.deepcopy(load(path).tree or {})
    refusal = ConfigError(
        f"{path}: no line of '{section}' there can be changed safely; "
        f"write {section}.{key}: {number} yourself"
    )
    if not isinstance(wanted.get(section, {}), dict | None):
        raise refusal
    wanted[section] = (wanted.get(section) or {}) | {key: float(number)}
    after = _amended(path.read_bytes().decode(), section, key, number)
    if after is None:
        raise refusal
    with _beside(path.resolve()) as file:
        file.write_bytes(after.encode())
        if _tree(file) != wanted:
            raise refusal
        file.replace(path.resolve())


def _amended(text: str, section: str, key: str, value: str) -> str | None:
    """The text with the line changed, or added to its section, or with a section added."""
    lines = text.split("\n")
    head = next((n for n, line in enumerate(lines) if _is(line, 0, section)), None)
    if head is None:
        end = "" if text.endswith("\n") or not text else "\n"
        return f"{text}{end}{section}:\n  {key}: {value}\n"
    found = LINE.match(lines[head])
    if found is None or found["value"]:
        return None
    indent = None
    for n, line in enumerate(lines[head + 1 :], head + 1):
        if line.strip() and not line.lstrip().startswith("#"):
            inner = len(line) - len(line.lstrip(" "))
            indent = inner if indent is None else indent
            if not inner:
                break
            if _is(line, indent, key):
                return "\n".join([*lines[:n], _set(line, value), *lines[n + 1 :]])
    added = f"{' ' * (indent or 2)}{key}: {value}"
    return "\n".join([*lines[: head + 1], added, *lines[head + 1 :]])


def _is(line: str, indent: int, key: str) -> bool:
    return re.match(rf" {{{indent}}}{re.escape(key)}:(\s|$)", line) is not None


def _set(line: str, value: str) -> str:
    found = LINE.match(line)
    return line if found is None else f"{found['before']} {value}{found['after']}"


def _tree(path: Path) -> Any:
    try:
        return load(path).tree
    except ConfigError:
        return None


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new file next to this one and of its mode, which is gone afterwards if not moved."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        shutil.copy(path, beside)
        yield beside
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}); change it yourself"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
