"""The units of systemd are sound and shut in, and cron's lines are lines of cron."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = sorted(DEPLOY.glob("*.service"))
UNITS = [*SERVICES, *sorted(DEPLOY.glob("*.timer"))]
PROGRAM = "/opt/digest/.venv/bin/digest"

EXPOSED = 1.5
"""The most that `systemd-analyze security` may say, of 10; a unit without restrictions has 9.6."""

SHUT_IN = re.compile(
    r"^(Protect|Private|ProcSubset|NoNew|Capab|Ambient|Restrict[A-Z](?!tart)|Lock|RemoveIPC|MemoryDeny|SystemCall)"
)


def named(path: Path) -> str:
    return path.name


def options(unit: Path) -> list[str]:
    """The lines of a unit that say something."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "["))]


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not (program := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not installed (Debian has it in the package systemd)")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unit", UNITS, ids=named)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    for one in UNITS:  # they name each other
        text = one.read_text(encoding="utf-8").replace(PROGRAM, sys.executable)
        (tmp_path / one.name.replace("@.", "@1.")).write_text(text, encoding="utf-8")
    ran = analyze("verify", "--man=no", tmp_path / unit.name.replace("@.", "@1."))
    ours = [line for line in ran.stderr.splitlines() if "digest" in line]
    assert (ran.returncode, ours) == (0, []), ran.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_a_service_is_shut_in(unit: Path) -> None:
    ran = analyze("security", "--offline=yes", f"--threshold={int(EXPOSED * 10)}", unit)
    assert ran.returncode == 0, ran.stdout[-400:]


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_all_services_have_the_restrictions_that_the_first_explains(unit: Path) -> None:
    explained = [line for line in options(DEPLOY / "digest.service") if SHUT_IN.match(line)]
    assert len(explained) > 20
    assert [line for line in options(unit) if SHUT_IN.match(line)] == explained


def test_each_line_of_the_first_service_has_its_reason() -> None:
    reason = ""
    for line in (DEPLOY / "digest.service").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "[")):
            reason = line  # it holds to the end of its paragraph
        else:
            assert reason, line


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_a_service_runs_as_a_user_of_its_own_from_one_place(unit: Path) -> None:
    said = options(unit)
    assert {"User=digest", "Group=digest", "StateDirectory=digest"} <= set(said)
    (start,) = [line for line in said if line.startswith("ExecStart=")]
    assert f"{PROGRAM} --config /etc/digest/digest.yaml " in start


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_a_service_holds_no_secret(unit: Path) -> None:
    for line in options(unit):
        if line.startswith("Environment="):
            assert not re.search(r"(PASSWORD|TOKEN|SECRET)(?!_FILE)", line), line


# cron --------------------------------------------------------------------------------------------

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
FIELD = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?")


def jobs() -> list[str]:
    lines = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
    return [
        line
        for line in lines
        if line and not line.startswith("#") and "=" not in line.split(" ")[0]
    ]


def test_cron_takes_the_lines() -> None:
    text = (DEPLOY / "crontab").read_text(encoding="utf-8")
    assert text.endswith("\n")  # cron ignores a last line without an end
    assert len(jobs()) == 2
    for job in jobs():
        *fields, user, command = job.split(maxsplit=6)
        assert user == "digest" and PROGRAM in command
        for field, (least, most) in zip(fields, RANGES, strict=True):
            for part in field.split(","):
                assert FIELD.fullmatch(part), field
                assert all(least <= int(n) <= most for n in re.findall(r"\d+", part.split("/")[0]))
        assert not re.search(r"(?<!\\)%", command), "cron takes a bare % for a line's end"


def test_a_shell_takes_what_cron_hands_it() -> None:
    for job in jobs():
        command = job.split(maxsplit=6)[-1].replace("\\%", "%")
        subprocess.run(["sh", "-n", "-c", command], check=True)
