"""Rivals and digest on the same episodes, as a Markdown table: `make bench-ranking`."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_limits

from digest.evaluate import product
from digest.evaluate.episodes import Collection
from digest.evaluate.loading import load
from digest.evaluate.measuring import Ranker, evaluate
from digest.evaluate.results import Row
from tests.bench.ranking.rivals import RIVALS

SHARED = Path(__file__).parents[4] / "shared" / "ranking"
RANKERS: Mapping[str, Ranker] = {"digest": product.digest, **RIVALS}
"""In the order of the table's columns."""

AGAINST = "digest"
"""The column that all others are compared with."""

FEW = 10
"""Fewer readers than this agree by chance too often for their interval to be believed."""


def main() -> None:
    """Print the table of every collection below the folder."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", help="collections, otherwise all in the folder")
    asked.add_argument("--split", choices=("dev", "test", "all"), default="test")
    given = asked.parse_args()
    folder = Path(os.environ.get("DIGEST_COLLECTIONS") or SHARED)
    found = sorted(file.parent for file in folder.glob("*/papers.jsonl"))
    chosen = [path for path in found if not given.names or path.name in given.names]
    if not chosen:
        raise SystemExit(f"no collection in {folder}; name its folder by DIGEST_COLLECTIONS")
    rows: list[Row] = []
    for path in chosen:
        print(f"{path.name} …", file=sys.stderr)
        collection = load(path)
        # One thread: times compare, and small products are not spent on threads that wait for
        # each other, which took 27 times as long on a busy machine.
        with threadpool_limits(1):
            rows += evaluate(collection, _fitting(collection), given.split, AGAINST)
    print("\n".join(_table(rows, given.split)))


def _fitting(collection: Collection) -> Mapping[str, Ranker]:
    """The rankers to run: a sentence encoder only where there are sentences.

    Papers without any title are bags of words, which no encoder was made for.
    """
    if any(paper.title for paper in collection.papers):
        return RANKERS
    return {name: ranker for name, ranker in RANKERS.items() if name != "zotero-arxiv-daily"}


def _table(rows: Sequence[Row], split: str) -> Iterator[str]:
    today = dt.datetime.now(dt.UTC).date()
    yield f"nDCG@10 of the {split} readers, digest {version('digest')}, {today}. + or −: better or"
    yield f"worse than {AGAINST} on the same episodes, by the 95 % interval of the difference;"
    yield f"not said of fewer than {FEW} readers."
    yield ""
    yield _line(["collection", "profile", "likes", "episodes", "readers", *RANKERS])
    yield _line(["---", "---", *["--:"] * (3 + len(RANKERS))])
    groups: dict[tuple[str, str, int], dict[str, Row]] = {}
    for row in rows:
        groups.setdefault((row.dataset, row.task, row.history), {})[row.ranker] = row
    for (dataset, task, history), found in groups.items():
        row = next(iter(found.values()))
        cells = [_cell(found.get(name)) for name in RANKERS]
        yield _line([dataset, task, str(history), str(row.n), str(row.users), *cells])
    yield _line(["ms an episode", "", "", "", "", *(_ms(rows, name) for name in RANKERS)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    low, high = (row.users >= FEW and row.delta_ci) or (0.0, 0.0)
    sign = " +" if low > 0 else " −" if high < 0 else ""
    return f"{row.ndcg10:.3f}".removeprefix("0") + sign


def _ms(rows: Sequence[Row], name: str) -> str:
    own = [row for row in rows if row.ranker == name]
    total = sum(row.ms * row.n for row in own) / max(sum(row.n for row in own), 1)
    return f"{total:.1f}"


if __name__ == "__main__":
    main()
