"""Imports point one way, and the pure rooms are pure. A new room means a new line in the table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "digest"

NOUNS = {
    *("papers", "sources", "subscribers", "votes", "editions", "messages", "bounces"),
    *("links", "errors"),
}
MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(NOUNS, NOUNS),
    "collect": NOUNS,
    "compose": NOUNS,
    "evaluate": NOUNS | {"compose"},
    "render": NOUNS,
    "lint": NOUNS,
    "failpoints": set(),
    "deliver": NOUNS | {"failpoints"},
    "returns": NOUNS,
    "store": NOUNS | {"failpoints"},
    "web": NOUNS | {"render", "store", "wishes"},
    "serving": NOUNS | {"app", "keys", "teaching", "web"},
    "publishing": NOUNS | {"app", "progress", "render", "serving", "store", "web"},
    "hub": NOUNS | {"render"},
    "delivery": NOUNS | {"deliver", "failpoints", "store"},
    "encode": {"errors"},
    "encoding": {"compose", "encode", "store"},
    "marked": {"errors"},
    "typed": set(),
    "collecting": NOUNS | {"collect", "compose", "store"},
    "learning": {"compose", "store"},
    "pipeline": NOUNS | {"compose", "encode", "encoding", "learning", "store"},
    "config": NOUNS
    | {"collect", "compose", "deliver", "encode", "render", "returns", "logs", "marked", "web"}
    | {"store", "typed", "wishes"},
    "wishes": NOUNS,
    "starter": {"errors", "keys"},
    "keys": NOUNS | {"deliver"},
    "app": NOUNS
    | {"marked", "pipeline", "config", "collect", "compose", "deliver", "render", "store"}
    | {"collecting", "delivery", "encode", "encoding", "keys", "learning"},
    "teaching": NOUNS | {"app", "collect", "collecting", "marked"},
    "returning": NOUNS
    | {"app", "config", "failpoints", "keys", "render", "returns", "store", "teaching"},
    "suppressing": NOUNS | {"app", "keys", "store", "wishes"},
    "commands": NOUNS
    | {"app", "options", "returning", "serving", "store", "suppressing"}
    | {"delivery", "logs", "pipeline", "progress", "publishing", "render", "replaying", "web"}
    | {"composing", "workers"},
    "answers": NOUNS
    | {"app", "composing", "delivery", "keys", "lint", "pipeline", "store", "teaching"},
    "judging": NOUNS | {"app", "compose", "encode", "encoding", "evaluate", "progress"},
    "amending": {"errors", "marked"},
    "tuning": NOUNS | {"amending", "app", "compose", "config", "evaluate", "judging"},
    "roster": NOUNS | {"app", "answers", "config", "marked", "store", "suppressing"},
    "demonstration": NOUNS | {"app", "answers", "composing", "config", "render", "starter"},
    "logs": {"errors"},
    "progress": {"errors", "logs", "options"},
    "troubles": set(),
    "telling": NOUNS | {"app", "deliver", "troubles"},
    "rounds": NOUNS
    | {"app", "batches", "composing", "delivery", "hub", "pipeline", "returning", "store"}
    | {"telling", "troubles"},
    "composing": NOUNS | {"app", "config", "pipeline", "store"},
    "queue": {"errors"},
    "batches": NOUNS | {"app", "pipeline", "queue", "store"},
    "workers": NOUNS | {"app", "batches", "queue", "rounds"},
    "scheduler": {"app", "batches", "queue", "rounds", "serving", "workers"},
    "replay": NOUNS | {"app", "collect", "config", "deliver", "failpoints", "store"},
    "replaying": NOUNS | {"config", "replay", "store"},
    "cli": NOUNS
    | {
        "options",
        "commands",
        "app",
        "answers",
        "roster",
        "demonstration",
        "composing",
        "scheduler",
        "starter",
        "teaching",
        "judging",
        "tuning",
        "collecting",
        "render",
    },
    "options": set(),
    "__main__": {"cli"},
}

PURE = [
    *sorted(NOUNS),
    "troubles",
    "compose",
    "render",
    "lint",
    "deliver/retry.py",
    "deliver/dkim.py",
    "deliver/outcomes.py",
    *(f"returns/{name}.py" for name in ("recognition", "opened", "deliveries", "statuses")),
    *(f"returns/{name}.py" for name in ("automatic", "returned", "settings", "verdict")),
]
IMPURE_MODULES = {
    "logging",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "time",
    "os",
    "urllib.request",
}
IMPURE_METHODS = {"now", "utcnow", "today", "read_text", "write_text", "open"}
READS_TEMPLATES = {"render/templates.py"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name != "__init__.py":
            yield name, ast.parse(path.read_text(encoding="utf-8"), name)


def room(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module imported, by its full name; relative imports are not used here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("name", "tree"), list(modules()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_imports_point_one_way(name: str, tree: ast.Module) -> None:
    own = room(name)
    rooms = {found.split(".")[1] for found in imports(tree) if found.startswith("digest.")}
    known = {path.name.removesuffix(".py") for path in PACKAGE.iterdir()}
    strange = (rooms & known) - MAY_IMPORT[own] - {own}
    assert not strange, f"{name} may not import {sorted(strange)}"


def test_nothing_imports_the_package_root() -> None:
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "digest":
                allowed = MAY_IMPORT[room(name)]
                assert {alias.name for alias in node.names} <= allowed, name


@pytest.mark.parametrize("place", PURE)
def test_a_pure_room_has_no_clock_no_chance_and_no_effects(place: str) -> None:
    for name, tree in modules():
        if not (name == place or name.startswith(f"{place}/") or name == f"{place}.py"):
            continue
        used = set(imports(tree)) & IMPURE_MODULES
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        calls = {func.attr for func in called if isinstance(func, ast.Attribute)} & IMPURE_METHODS
        calls |= {func.id for func in called if isinstance(func, ast.Name)} & {
            "open",
            "print",
            "input",
        }
        if name not in READS_TEMPLATES:
            assert not used, f"{name} imports {used}"
            assert not calls, f"{name} calls {calls}"


def test_only_the_store_knows_sql() -> None:
    for name, tree in modules():
        if room(name) != "store":
            assert not any(found.split(".")[0] == "sqlalchemy" for found in imports(tree)), name


def test_every_module_says_in_its_first_line_what_lives_there() -> None:
    for name, tree in modules():
        if Path(name).name != "__init__.py":
            said = (ast.get_docstring(tree) or "").split("\n")[0]
            assert said and len(said) <= 100, name
