"""The compose file names versions, keeps secrets in files, and shuts every container in."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest.config import load_settings
from digest.keys import link_keys

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "scheduler", "worker")

each = pytest.mark.parametrize("name", sorted(SERVICES))


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == {*OURS, "database", "mail"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@each
def test_every_image_is_of_a_named_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+(\.\d+)+", SERVICES[name]["image"])


def test_the_images_of_digest_are_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"digest:{version}"}


@each
def test_no_secret_is_in_the_environment(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        is_secret = re.search("PASSWORD|TOKEN|SECRET|KEY", variable)
        assert not is_secret or (variable.endswith("_FILE") and value.startswith("/run/secrets/"))
        assert not re.search(r"://[^/]*:[^/]*@", str(value))


@each
def test_a_service_is_looked_after_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", [*OURS, "mail"])
def test_a_container_that_needs_no_rights_has_none(name: str) -> None:
    assert SERVICES[name]["read_only"] is True and SERVICES[name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", OURS)
def test_digest_waits_for_a_database_that_answers(name: str) -> None:
    assert SERVICES[name]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_nothing_is_reached_from_other_machines() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 2 and all(port.startswith("127.0.0.1:") for port in ports)


def test_what_is_named_is_declared() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"]), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or source.startswith("./compose/"), volume


def test_a_worker_may_wait_for_the_slowest_answer_before_it_is_killed() -> None:
    minutes = int(SERVICES["worker"]["stop_grace_period"].removesuffix("m"))
    patience = load_settings(ROOT / "config/digest.yaml", {}).delivery.dot_timeout_s
    assert minutes * 60 > patience


def test_the_configuration_is_one_that_digest_takes() -> None:
    settings = load_settings(DEPLOY / "compose/digest.yaml", {})
    assert settings.database == "postgresql:///?service=digest"
    assert settings.delivery.host in SERVICES
    assert not (settings.web.in_run or settings.schedule.work)  # both have containers of their own
    assert f":{settings.web.port}" in SERVICES["web"]["ports"][0]


# The secrets -----------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Path]:
    """A folder in which the script has made the secrets."""
    shutil.copy(DEPLOY / "compose/make-secrets", tmp_path)
    subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)
    yield tmp_path / "secrets"


def test_the_script_makes_every_secret_that_is_named(made: Path) -> None:
    files = [Path(secret["file"]).name for secret in COMPOSE["secrets"].values()]
    assert sorted(path.name for path in made.iterdir()) == sorted([*files, "links.key"])
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_the_database_and_digest_are_told_the_same_password(made: Path) -> None:
    password = (made / "postgres-password").read_text()
    assert re.fullmatch("[0-9a-f]{64}", password)
    lines = (made / "pg_service.conf").read_text().splitlines()
    database = SERVICES["database"]["environment"]
    assert lines == [
        "[digest]",
        "host=database",
        f"dbname={database['POSTGRES_DB']}",
        f"user={database['POSTGRES_USER']}",
        f"password={password}",
    ]


def test_the_key_of_links_is_one(made: Path) -> None:
    (key,) = link_keys(made / "links.key")
    assert key.number == 1


def test_secrets_that_are_there_are_kept(made: Path) -> None:
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    ran = subprocess.run([made.parent / "make-secrets"], check=True, capture_output=True, text=True)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    assert ran.stdout.count("kept") == len(before)


def test_secrets_are_kept_out_of_version_control() -> None:
    assert "secrets/" in (DEPLOY / "compose/.gitignore").read_text().splitlines()


def test_shellcheck_finds_nothing() -> None:
    if not (program := shutil.which("shellcheck")):
        pytest.skip("shellcheck is not installed (Debian has it in the package shellcheck)")
    scripts = [DEPLOY / "compose/make-secrets", *ROOT.glob(".ci/run")]
    ran = subprocess.run([program, *scripts], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
