"""LaTeX becomes text people read, damage is mended where certain, and prose stays prose."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.latex import readable

CASES = Path(__file__).parents[1] / "cases" / "latex"
SAME = "="
"""Stands for an expectation that is the given line itself."""


def cases(name: str) -> list[tuple[str, str]]:
    """Pairs of a line and what becomes of it, from a file of such pairs between blank lines."""
    text = (CASES / name).read_text(encoding="utf-8")
    blocks = [block.split("\n→ ") for block in text.rstrip("\n").split("\n\n")[1:]]
    return [(given, given if wanted == SAME else wanted) for given, wanted in blocks]


TABLE = [
    pytest.param(*case, id=f"{name}-{number}")
    for name in ("seeds", "lists", "constructed")
    for number, case in enumerate(cases(f"{name}.txt"), start=1)
]


@pytest.mark.parametrize(("source", "wanted"), TABLE)
def test_latex_and_its_damage_read_as_in_the_table(source: str, wanted: str) -> None:
    assert readable(source) == wanted


def test_the_table_has_real_cases_and_cases_left_alone() -> None:
    assert len(cases("seeds.txt")) >= 60
    constructed = cases("constructed.txt")
    assert len(constructed) >= 40
    assert sum(given == wanted for given, wanted in constructed) >= 20


@pytest.mark.parametrize(("source", "wanted"), TABLE)
def test_a_readable_text_is_read_the_same_again(source: str, wanted: str) -> None:
    assert readable(wanted) == wanted


PIECES = r"""$ \ { } ^ _ ~ `` '' -- \alpha \frac \textbf{ \sqrt{ \href{ \% \_ \$ \{ ^{ _{ \"o \o \it
    \tool \, \sim \item \hat{x} \( \) \[ \] https://a.b/c C:\x ` é “ ( ) [ ] | % - 1 2.5 x a word
    times sim left( right) big( beta mathcal{O} bf ntimes geq log sqrt{n}""".split()  # noqa: SIM905
fragments = st.lists(st.sampled_from([*PIECES, " ", "\n"]), max_size=16).map("".join)


@given(st.text(max_size=60) | fragments)
@settings(max_examples=400, deadline=None)
def test_any_text_can_be_read_and_reading_it_again_changes_nothing(text: str) -> None:
    once = readable(text)
    assert readable(once) == once


@given(
    st.lists(
        st.sampled_from(["We", "show", "that", "it", "is", "a", "new", "way,", "quickly."]),
        max_size=30,
    )
)
def test_prose_without_signs_stays_as_it_is(words: list[str]) -> None:
    assert readable(" ".join(words)) == " ".join(words)


@pytest.mark.parametrize(
    "piece",
    ["{", "}", "{}", "$", "$a", r"\(", "\\", r"\textbf{", r"$\frac", "x^{", "a^", "``", "~a",
     "left(", "alpha^", r"\href{a}{", r"\url{a", "http://a{", "$^", r"$\hat", "a_{i}", "`a"],
)  # fmt: skip
def test_hostile_repetition_ends_and_costs_no_more_than_its_length(piece: str) -> None:
    text = piece * (20_000 // len(piece)) + "}" * 10_000
    assert readable(readable(text)) == readable(text)


def test_private_signs_that_stand_for_addresses_are_safe_in_a_text() -> None:
    text = "\U000f0000 and https://example.org/ with $x$"
    assert readable(text) == text
