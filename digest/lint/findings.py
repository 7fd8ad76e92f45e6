"""What is wrong with a mail: one finding a broken rule of the checklist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from digest.errors import clean

Severity = Literal["must", "should"]

SHOWN = 60
"""The most of a found value in a finding, in characters."""

_GROUPS = "HDBSCPX"


@dataclass(frozen=True, slots=True)
class Finding:
    """``rule`` is its id in the checklist (``H11``); ``text`` says what was found and what now."""

    rule: str
    severity: Severity
    text: str
    reference: str

    @property
    def place(self) -> tuple[int, int]:
        """Where ``rule`` stands in the checklist: its group, then its number."""
        return _GROUPS.index(self.rule[0]), int(self.rule[1:])

    def __str__(self) -> str:
        return f"{self.severity:<6}  {self.rule:<3}  {self.text}  [{self.reference}]"


def must(rule: str, text: str, reference: str) -> Finding:
    """A broken rule for which receivers refuse, hide or misread a mail."""
    return Finding(rule, "must", text, reference)


def should(rule: str, text: str, reference: str) -> Finding:
    """A broken rule that costs trust or comfort, but no delivery."""
    return Finding(rule, "should", text, reference)


def shown(value: str) -> str:
    """``value`` in quotes as a terminal may safely show it, cut when it is long."""
    return f"'{clean(value[:SHOWN])}{'…' if len(value) > SHOWN else ''}'"


def counted(number: int, one: str, many: str = "") -> str:
    """``number`` with its noun: "1 link", "2 links"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def several(values: Sequence[str], most: int = 3) -> str:
    """The first of ``values`` in quotes, and how many more there are."""
    more = len(values) - most
    return ", ".join(map(shown, values[:most])) + (f" and {more:,} more" if more > 0 else "")
