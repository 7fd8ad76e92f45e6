"""Rules and panels ask only for figures that `/metrics` gives, and say things that help."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.figures import busy, rendered
from tests.support.installation import Installation, here
from tests.support.sites import pages_of

__all__ = ["here"]

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
RULES: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0][
    "rules"
]
BOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/digest.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]

NAME = re.compile(r"\bdigest_[a-z_]+")
SELECTED = re.compile(r'(digest_[a-z_]+)\{(\w+)!?="(\w+)"\}')


def asked() -> Iterator[str]:
    """Everything that a rule or a panel asks of Prometheus."""
    yield from (rule["expr"] for rule in RULES)
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])


def given(here: Installation) -> dict[str, set[tuple[str, str]]]:
    """The figures there are, each with its labels and their values."""
    found: dict[str, set[tuple[str, str]]] = {}
    with pages_of(here) as pages:
        busy(pages)
        for line in rendered(pages).splitlines():
            if not line.startswith("#"):
                name = re.split(r"[{ ]", line)[0]
                found.setdefault(name, set()).update(re.findall(r'(\w+)="([^"]*)"', line))
    return found


def test_every_figure_that_is_asked_for_is_given(here: Installation) -> None:
    there = given(here)
    names = {name for expression in asked() for name in NAME.findall(expression)}
    assert len(names) >= 10 and names <= there.keys()
    for expression in asked():
        for name, label, value in SELECTED.findall(expression):
            assert (label, value) in there[name], expression


def test_every_figure_that_is_given_is_shown_or_watched(here: Installation) -> None:
    names = {name for expression in asked() for name in NAME.findall(expression)}
    assert given(here).keys() == names


def test_figures_that_several_processes_give_are_taken_once() -> None:
    for expression in asked():
        for found in NAME.finditer(expression):
            before = expression[: found.start()]
            assert re.search(r"(max|count)( by \(\w+\))? ?\((increase\()?$", before), expression


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    said = rule["annotations"]
    assert said["summary"].endswith(".") and len(said["summary"]) < 100
    assert "`digest " in said["description"] or "digest.yaml" in said["description"]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["for"]  # nothing is told that mends itself


def test_promtool_takes_the_rules_and_the_configuration() -> None:
    for what in (["check", "rules", ALERTS], ["check", "config", ALERTS.parent / "prometheus.yml"]):
        promtool(*what)


def test_each_rule_speaks_on_a_bad_day_and_none_on_a_good_one(tmp_path: Path) -> None:
    shutil.copy(ALERTS, tmp_path)
    shutil.copy(Path(__file__).parent / "alerts_test.yml", tmp_path)
    promtool("test", "rules", tmp_path / "alerts_test.yml")
    tried = (tmp_path / "alerts_test.yml").read_text(encoding="utf-8")
    for rule in RULES:
        assert re.search(rf"alertname: {rule['alert']}\b[^}}]*exp_alerts", tried), rule["alert"]


def promtool(*arguments: str | Path) -> None:
    if not (program := shutil.which("promtool")):
        pytest.skip("promtool is not installed (Debian has it in the package prometheus)")
    ran = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


# The dashboard ---------------------------------------------------------------------------------


def test_every_panel_asks_the_prometheus_that_was_chosen() -> None:
    (chosen,) = BOARD["templating"]["list"]
    assert (chosen["name"], chosen["type"]) == ("datasource", "datasource")
    for panel in PANELS:
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_panels_have_titles_of_their_own_and_do_not_overlap() -> None:
    titles = [panel["title"] for panel in PANELS]
    assert all(titles) and len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells


def test_the_dashboard_names_no_installation() -> None:
    assert not re.search(r"https?://", json.dumps(BOARD))
    assert BOARD["uid"] == "digest" and "id" not in BOARD
