"""YAML with the line of every value: a plain tree beside a map from path to place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from digest.errors import ConfigError

Keys = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """YAML without its traps: ``10:30`` is no number, ``no`` no boolean, a date no date."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", "bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _first, _resolvers in _Loader.yaml_implicit_resolvers.items():
    _Loader.yaml_implicit_resolvers[_first] = [
        (tag, pattern) for tag, pattern in _resolvers if not tag.endswith((":int", ":float"))
    ]
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


@dataclass
class Marked:
    """``tree`` of dicts, lists and scalars; ``places`` says where each path of it was written."""

    name: str
    tree: Any = None
    places: dict[Keys, str] = field(default_factory=dict)

    def place(self, path: Keys) -> str:
        """Where ``path``, or the nearest thing above it, was written: ``file:line``."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, self.name)


def load(path: Path) -> Marked:
    """The file's tree and places. Raises ConfigError when it is unreadable or not YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}; `digest init` writes one, `--config FILE` names another"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); check the file") from error
    marked = Marked(str(path))
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            marked.tree = _tree(loader, node, (), marked)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{_where(path, error)}: this is not YAML; {_what(error)}") from error
    return marked


def scalar(text: str) -> Any:
    """One value from the environment, read as the same YAML as in the file."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError:
        return text


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the closest of ``known``, else the list of them."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(known)}"


def _tree(loader: _Loader, node: yaml.Node, path: Keys, marked: Marked) -> Any:
    marked.places[path] = f"{marked.name}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.SequenceNode):
        return [_tree(loader, item, (*path, n), marked) for n, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    tree: dict[str, Any] = {}
    for key_node, value in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        place = f"{marked.name}:{key_node.start_mark.line + 1}"
        if key in tree:
            raise ConfigError(f"{place}: '{key}' stands here a second time; keep one of them")
        tree[key] = _tree(loader, value, (*path, key), marked)
        marked.places[(*path, key)] = place
    return tree


def _where(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark else str(path)


def _what(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(getattr(error, "problem", None) or getattr(error, "reason", "mend the file"))
