"""Bar charts as inline SVG, coloured by the stylesheet: how many of what on each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

HEIGHT, FOOT, GAP = 96, 16, 2
"""Height of the highest bar and of the line of labels, and between two bars, in pixels."""

WIDEST, WIDTH = 24, 560
"""The most that a bar is wide, and the chart."""

Column = tuple[str, Mapping[str, int]]
"""The label of a bar, and how high each of its parts is, by kind."""


def bars(columns: Sequence[Column], kinds: Mapping[str, str], title: str) -> str:
    """A bar a column, its parts stacked in the order of ``kinds``, which names their classes.

    ``title`` says in words what it shows; the first and the last label stand below. Empty when
    there is nothing to show. What is not among ``kinds`` is not drawn.
    """
    highest = max((_sum(parts, kinds) for _, parts in columns), default=0)
    if not highest:
        return ""
    step = min(WIDEST + GAP, WIDTH // len(columns))
    width = max(step * len(columns), 160)
    drawn = "".join(
        _column(parts, kinds, step * n, step - GAP, highest) for n, (_, parts) in enumerate(columns)
    )
    return (
        f'<svg class="chart" role="img" width="{width}" height="{HEIGHT + FOOT}" '
        f'viewBox="0 0 {width} {HEIGHT + FOOT}"><title>{escape(title)}</title>{drawn}'
        f'<text x="0" y="{HEIGHT + FOOT - 3}">{escape(columns[0][0])}</text>'
        f'<text class="end" x="{width}" y="{HEIGHT + FOOT - 3}">{escape(columns[-1][0])}</text>'
        "</svg>"
    )


def _column(
    parts: Mapping[str, int], kinds: Mapping[str, str], x: int, width: int, highest: int
) -> str:
    drawn, foot = [], float(HEIGHT)
    for kind, name in kinds.items():
        height = parts.get(kind, 0) * HEIGHT / highest
        if height:
            height = max(height, 1)  # one failure among ten thousand mails is to be seen
            foot -= height
            drawn.append(
                f'<rect class="{name}" x="{x}" y="{foot:.1f}" width="{width}" '
                f'height="{height:.1f}"/>'
            )
    return "".join(drawn)


def _sum(parts: Mapping[str, int], kinds: Mapping[str, str]) -> int:
    return sum(parts.get(kind, 0) for kind in kinds)
