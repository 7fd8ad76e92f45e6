"""Rows of figures, as data or as a table to read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from digest.evaluate.intervals import Interval

HEADINGS = (
    "dataset", "ranker", "task", "H", "n", "nDCG@10", "95 %", "MAP", "MRR", "R@10", "R@50", "ms",
    "against", "Δ", "95 % of Δ",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One ranker on the episodes of one task and history length; all figures are means.

    ``n`` counts episodes, of ``users`` readers; ``ms`` is milliseconds an episode; ``ci`` is the
    95 % interval of ``ndcg10``. ``delta`` is the difference of ``ndcg10`` to the baseline on the
    same episodes, with its interval, where there is a baseline.
    """

    dataset: str
    ranker: str
    task: str
    history: int
    n: int
    users: int
    ndcg10: float
    ci: Interval
    map: float
    mrr: float
    r10: float
    r50: float
    ms: float
    baseline: str | None = None
    delta: float | None = None
    delta_ci: Interval | None = None


def as_json(rows: Iterable[Row]) -> dict[str, Any]:
    """The rows as data for ``json.dumps``: figures to four places, what is unknown left out."""
    return {"rows": [_fields(row) for row in rows]}


def _fields(row: Row) -> dict[str, Any]:
    found = {
        "H" if name == "history" else name: _rounded(value)
        for name, value in dataclasses.asdict(row).items()
    }
    return {name: value for name, value in found.items() if value is not None}


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_rounded(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value


def table(rows: Iterable[Row]) -> Table:
    """The rows for a terminal, the columns of a comparison only where there is one."""
    listed = list(rows)
    columns = len(HEADINGS) if any(row.baseline for row in listed) else len(HEADINGS) - 3
    made = Table(box=None, header_style="bold", pad_edge=False)
    for n, heading in enumerate(HEADINGS[:columns]):
        made.add_column(heading, justify="left" if n < 3 else "right", no_wrap=True)
    for row in listed:
        made.add_row(*cells(row)[:columns])
    return made


def cells(row: Row) -> tuple[str, ...]:
    """The row as text under ``HEADINGS``; empty where there is nothing to compare with."""
    figures = (row.map, row.mrr, row.r10, row.r50)
    return (
        row.dataset,
        row.ranker,
        row.task,
        str(row.history),
        str(row.n),
        f"{row.ndcg10:.3f}",
        _span(row.ci),
        *(f"{figure:.3f}" for figure in figures),
        f"{row.ms:.1f}",
        row.baseline or "",
        "" if row.delta is None else f"{row.delta:+.3f}",
        "" if row.delta_ci is None else _span(row.delta_ci, "+"),
    )


def _span(found: Interval, sign: str = "") -> str:
    return " ".join(f"{bound:{sign}.3f}" for bound in found)
