"""Every command and setting that `deploy/` names exists, and every file of it is spoken of."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest
import yaml

from digest.cli import digest
from digest.config import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts)
ENDS = ("|", "||", "&&", "&", ";")
SUBJECTS = {"digest", "/opt/digest/.venv/bin/digest", ".venv/bin/digest"}


def name(path: Path) -> str:
    return path.relative_to(DEPLOY).as_posix()


# Commands ----------------------------------------------------------------------------------------


def spoken(text: str) -> Iterator[str]:
    """The commands in a text: in backticks, and in lines that call the program by its path."""
    yield from re.findall(r"`\|?(digest [^`]+)`", re.sub(r"\n\s*#?\s*", " ", text))
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if found := re.search(r"([./\w]*\.venv/bin/digest|digest --config /etc/\S+) [^`]*", line):
            yield found[0]


def told(tree: Any) -> Iterator[list[str]]:
    """The commands in a tree of YAML: what a container of digest is told to do."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in ("command", "args") and isinstance(value, list) and value:
                yield [str(word) for word in value]
            yield from told(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from told(value)


def words(line: str) -> list[str]:
    """What the program is given in a line of the shell, up to the end of that command."""
    plain = re.sub(r"\$\$?\([^)]*\)", "NOW", line.replace("\\%", "%"))
    found = shlex.split(plain.rstrip("'"), comments=True)
    found = found[max(n for n, word in enumerate(found) if word in SUBJECTS) + 1 :]
    for n, word in enumerate(found):
        if word in ENDS or word.startswith((">", "2>")):
            return found[:n]
    return found


def check(given: list[str]) -> None:
    """Raise a UsageError when the program does not know one of these words."""
    command: click.Command = digest
    left = iter(given)
    for word in left:
        known = {opt: one for one in command.params for opt in one.opts}
        if word.startswith("-") and word != "-":
            option, _, value = word.partition("=")
            if option not in known:
                raise click.NoSuchOption(option)
            one = known[option]
            if isinstance(one, click.Option) and not (one.is_flag or one.count):
                one.type.convert(value or next(left), one, None)
        elif isinstance(command, click.Group):
            if word not in command.commands:
                raise click.UsageError(f"no command {word}")
            command = command.commands[word]


def all_spoken() -> list[tuple[str, str]]:
    return [
        (name(path), line)
        for path in FILES
        if path.suffix != ".json"
        for line in spoken(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("file", "line"), all_spoken(), ids=str)
def test_every_command_that_is_named_exists(file: str, line: str) -> None:
    check(words(line))


@pytest.mark.parametrize(
    "line",
    ["digest sned", "digest backup --forse X", "digest outbox adpot", "digest outbox --state odd"],
)
def test_a_command_that_does_not_exist_would_be_seen(line: str) -> None:
    with pytest.raises(click.UsageError):
        check(words(line))


def all_told() -> list[tuple[str, list[str]]]:
    return [
        (name(path), found)
        for path in FILES
        if path.suffix == ".yaml"
        for tree in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        for found in told(tree)
        if found[0] not in ("/bin/sh", "sleep")
    ]


@pytest.mark.parametrize(("file", "given"), all_told(), ids=str)
def test_every_container_is_told_to_do_what_digest_can(file: str, given: list[str]) -> None:
    line = " ".join(given)
    check(words(line) if "--config" in line else given)


def test_commands_are_found_in_all_places() -> None:
    found = {file for file, _ in (*all_spoken(), *all_told())}
    services = {name(path) for path in DEPLOY.glob("*.service")}
    assert services | {"crontab", "README.md", "compose.yaml", "prometheus/alerts.yml"} <= found
    assert {
        f"kubernetes/{part}.yaml" for part in ("web", "scheduler", "workers", "backup")
    } <= found


# Settings ----------------------------------------------------------------------------------------


def settings(kind: Any, above: str = "") -> Iterator[str]:
    for field in dataclasses.fields(kind):
        hint = get_type_hints(kind)[field.name]
        if dataclasses.is_dataclass(hint):
            yield from settings(hint, f"{above}{field.name}.")
        yield f"{above}{field.name}"


SETTINGS = set(settings(Settings))


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {f"DIGEST_{setting.upper().replace('.', '__')}" for setting in SETTINGS}
    named = {
        variable
        for path in FILES
        for variable in re.findall(r"DIGEST_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    assert len(named) >= 2 and named <= known


def test_every_setting_that_is_named_is_one() -> None:
    sections = {setting.partition(".")[0] for setting in SETTINGS if "." in setting}
    pattern = re.compile(
        rf"[`( ]((?:{'|'.join(sorted(sections))})\.[a-z_]+)(?=[`): ,]|\.?\s|\.?$)", re.M
    )
    named = {
        setting
        for path in FILES
        for setting in pattern.findall(path.read_text(encoding="utf-8"))
        if not re.search(r"\.(yaml|yml|sh|service|timer)$", setting)
    }
    assert len(named) >= 5 and named <= SETTINGS


# Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_file_is_spoken_of(path: Path) -> None:
    if path.name.startswith(".") or path == DEPLOY / "README.md":
        return
    told_of = {path.name, name(path), f"{path.parent.name}/"}
    texts = [
        README,
        *(p.read_text(encoding="utf-8") for p in path.parent.glob("*.yaml") if p != path),
    ]
    assert any(one in text for one in told_of for text in texts), name(path)


def test_every_file_of_yaml_can_be_read() -> None:
    for path in FILES:
        if path.suffix in (".yaml", ".yml"):
            assert list(yaml.safe_load_all(path.read_text(encoding="utf-8"))), name(path)


def test_paths_that_are_named_lead_somewhere() -> None:
    for path in FILES:
        if path.suffix != ".json":
            for found in re.findall(r"\bdeploy/([\w./@-]*\w)", path.read_text(encoding="utf-8")):
                assert (DEPLOY / found).exists(), f"{name(path)}: deploy/{found}"


def test_lines_of_prose_are_no_wider_than_a_hundred_columns() -> None:
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            is_free = path.suffix == ".json" or re.match(r"\||ExecStart=|[*\d]+.* digest ", line)
            assert is_free or len(line) <= 100, f"{name(path)}: {line}"
