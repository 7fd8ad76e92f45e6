"""Whole mails: good ones pass, and each broken one breaks the rule its name begins with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from digest.lint.checklist import kind, lint

CASES = Path(__file__).parents[1] / "cases" / "lint"
GOLDEN = Path(__file__).parents[1] / "render" / "golden"
GOOD = sorted((CASES / "good").glob("*.eml"))
BROKEN = sorted((CASES / "broken").glob("*.eml"))
MAILS = sorted(GOLDEN.glob("*.eml"))


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", GOOD, ids=name)
def test_a_good_mail_has_no_finding(path):
    data = path.read_bytes()
    assert lint(data) == []
    assert path.stem.startswith(kind(data))


@pytest.mark.parametrize("path", BROKEN, ids=name)
def test_a_broken_mail_breaks_one_rule(path):
    assert [finding.rule for finding in lint(path.read_bytes())] == [path.stem.partition("-")[0]]


def test_every_finding_reads_as_in_the_reviewed_list():
    """After a change that is meant: ``DIGEST_GOLDEN=write python -m pytest tests/lint -n 0``."""
    lines = [
        f"{path.stem}\n  {finding}\n" for path in BROKEN for finding in lint(path.read_bytes())
    ]
    golden = CASES / "findings.txt"
    if os.environ.get("DIGEST_GOLDEN") == "write":
        golden.write_text("".join(lines), encoding="utf-8")
    assert "".join(lines) == golden.read_text(encoding="utf-8")


def test_the_cases_break_at_least_45_rules_of_both_severities():
    found = [lint(path.read_bytes())[0] for path in BROKEN]
    assert len(BROKEN) >= 45
    assert sum(finding.severity == "must" for finding in found) >= 45
    assert len({finding.rule for finding in found}) >= 30


@pytest.mark.parametrize("path", MAILS, ids=name)
def test_a_golden_mail_breaks_no_rule_that_is_a_must(path):
    findings = lint(path.read_bytes())
    assert [str(finding) for finding in findings if finding.severity == "must"] == []


@pytest.mark.parametrize("path", [*GOOD, *MAILS], ids=name)
def test_an_editors_line_ends_are_one_finding_and_the_rest_is_read_as_ever(path):
    data = path.read_bytes()
    before = lint(data)
    for end in (b"\n", b"\r"):
        after = lint(data.replace(b"\r\n", end))
        assert next(finding for finding in after if finding not in before).rule == "H9"
        assert len(after) == len(before) + 1
