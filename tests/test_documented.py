"""README and configuration name every command and setting, and say only what is true."""

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
from digest.config import Settings, load_settings
from tests.support.installation import MORNING, SAMPLE, Installation, here

__all__ = ["here"]

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "cases"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = ROOT / "config" / "digest.yaml"


def settings(kind: Any, above: str = "") -> Iterator[str]:
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint):
            yield from settings(hint, f"{above}{field.name}.")
        elif f"{above}{field.name}" not in ("file", "delivery.password", "bounces.password"):
            yield f"{above}{field.name}"


def written(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from written(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def commands(group: click.Group, above: str = "digest") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{above} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{above} {name}")


def test_the_configuration_names_every_setting_and_no_other() -> None:
    tree = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
    assert sorted(written(tree)) == sorted(settings(Settings))


def test_the_configuration_holds_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    file = tmp_path / "config" / "digest.yaml"
    file.write_text("", encoding="utf-8")
    empty = load_settings(file, {})
    file.write_bytes(CONFIGURATION.read_bytes())
    assert load_settings(file, {}) == empty


def test_every_setting_has_a_line_of_why() -> None:
    lines = CONFIGURATION.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s*\w+: ?\S", line) and not re.match(
            r"\s*(port|timeout_s|dot_timeout_s|password_file|hour|max_unpacked_mb|total_s):", line
        ):
            assert lines[number - 1].lstrip().startswith("#"), line


@pytest.mark.parametrize("command", [name for name, _ in commands(digest)])
def test_the_readme_names_every_command(command: str) -> None:
    assert command in README


def test_every_option_has_a_word_of_help() -> None:
    for name, command in commands(digest):
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option) and option.name not in ("timezone", "form"):
                assert option.help, f"{name} --{option.name}"


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("digest ")]


def test_the_readme_has_commands_to_run() -> None:
    assert len(shell_lines()) >= 8


def test_the_commands_of_the_readme_run_in_their_order(here: Installation) -> None:
    (here.folder / "tuesday.txt").write_bytes((SAMPLE / "tuesday.txt").read_bytes())
    (here.folder / "likes.bib").write_bytes((CASES / "bibliography/zoo.bib").read_bytes())
    here.drop("monday.txt", (SAMPLE / "monday.txt").read_bytes())
    (here.folder / "config/subscribers.yaml").write_bytes(
        (ROOT / "config/subscribers.yaml").read_bytes()
    )
    for line in shell_lines():
        arguments = shlex.split(line)[1:]
        if arguments[0] in ("run", "check"):
            continue  # run does not end; both have tests of their own
        ran = here.digest(*arguments, "--now", MORNING)
        assert ran.code == 0, f"{line}: {ran.err}{ran.out}"


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_links_to_files_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
