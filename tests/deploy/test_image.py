"""The image is built in two stages from named versions, and runs without any rights."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """The instructions in their order, each with what it is told."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (line.split(" ", 1)[0], line.split(" ", 1)[1].strip())
        for line in joined.splitlines()
        if line.strip()
    ]


def test_both_stages_begin_with_the_same_named_version() -> None:
    froms = [said.split(" ")[0] for word, said in instructions() if word == "FROM"]
    assert len(froms) == 2 and len(set(froms)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", froms[0])


def test_the_program_runs_as_nobody_special_and_is_looked_after() -> None:
    final = instructions()[max(n for n, (word, _) in enumerate(instructions()) if word == "FROM") :]
    said = dict(final)
    assert said["USER"] == "digest" and "--uid 10001" in " ".join(told for _, told in final)
    assert said["STOPSIGNAL"] == "SIGTERM"
    assert "check" in said["HEALTHCHECK"]
    assert said["ENTRYPOINT"].startswith('["digest",')  # the program itself gets the signals
    assert "pip install" not in " ".join(told for _, told in final)


def test_what_is_installed_is_known_by_its_hash_and_speaks_postgresql() -> None:
    assert "--require-hashes" in DOCKERFILE and "--no-index" in DOCKERFILE
    assert ".[postgres]" in DOCKERFILE and "postgresql-client" in DOCKERFILE


def test_all_that_is_copied_in_is_let_in_and_there() -> None:
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        name
        for word, said in instructions()
        if word == "COPY" and not said.startswith("--from")
        for name in said.split()[:-1]
    ]
    assert len(copied) >= 6
    for name in copied:
        assert f"!{name}" in let_in and (ROOT / name).exists(), name


def test_hadolint_finds_nothing() -> None:
    if not (program := shutil.which("hadolint")):
        pytest.skip("hadolint is not installed")
    ran = subprocess.run(
        [program, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
