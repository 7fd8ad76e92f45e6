"""The command that rehearses past days: who would have got what, and whether all of it held."""

from __future__ import annotations

import datetime as dt
import signal
import sys
from pathlib import Path
from typing import Any

import click

from digest.commands.running import report, the_app
from digest.errors import clean
from digest.options import Command

Answer = dict[str, Any]

_WIDEST = 200
_SAID = 10
"""Sentences shown of what is wrong; ``--json`` has all."""

_WITNESSES = {
    "store": "the store knows when they were collected",
    "name": "a date in the name",
    "content": "the date of the content",
    "age": "only the age of the file",
}


@click.command(cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    metavar="YYYY-MM-DD",
    help="The first day.",
)
@click.option("--days", type=click.IntRange(1, 3660), required=True, help="How many days.")
@click.option("--faults", "seed", type=int, metavar="SEED", help="Let things go wrong on the way.")
@click.option(
    "--subscribers",
    "readers",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Who reads, instead of those who do.",
)
def replay(
    paths: tuple[Path, ...], first: dt.datetime, days: int, seed: int | None, readers: Path | None
) -> int:
    """Replay the files of past days, and show who would have got what.

    The files and folders named, or what the inbox has collected, come again on their days, into a
    database made for it; no mail leaves, and nothing of this installation is changed. With --faults
    files also come damaged, the mail server fails, and the program is killed. The exit code is 1
    when a paper came twice, or an edition did not come.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # it tidies up first
    from digest import replaying  # late: it brings in all of the program
    from digest.progress import steps

    asked = replaying.Asked(first.date(), days, paths, readers, seed)
    settings = the_app().settings
    with steps("replaying days", days) as advance:
        answer = replaying.replay(settings, asked, lambda: advance(1))
    return report(answer, _say)


def _say(answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("subscriber", overflow="fold")
    for heading in ("editions", "papers", "twice", "missed", "papers a day", "bytes a mail"):
        table.add_column(heading, justify="right")
    for row in answer["subscribers"]:
        table.add_row(row["subscriber"], *_cells(row))
    Console(width=None if sys.stdout.isatty() else _WIDEST, highlight=False).print(table)
    totals, files = answer["totals"], answer["files"]
    took = f"{answer['took_s']:g} s, {answer['took_ms_per_day']:g} ms a day"
    click.echo(
        f"{answer['days']} days from {answer['from']}: {totals['mails']} mails, "
        f"{totals['papers']} papers; it took {took}."
    )
    dated = [f"{count} by {_WITNESSES[by]}" for by, count in files["dated_by"].items()]
    click.echo(f"{files['replayed']} files, dated: {', '.join(dated)}.")
    if files["outside"]:
        click.echo(f"{files['outside']} files of other days were left out.")
    for one in files["rejected"]:
        click.echo(clean(f"Rejected {one['file']}: {one['why']}"))
    if answer["faults"]:
        _say_faults(answer["faults"])
    _say_verdict(answer)


def _cells(row: Answer) -> list[str]:
    names = ("editions", "papers", "duplicates", "missed", "papers_per_day", "bytes_per_mail")
    return [f"{row[name]:,}" for name in names]


def _say_faults(faults: Answer) -> None:
    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"

    click.echo(f"Faults of seed {faults['seed']}:")
    click.echo(f"  killed {sum(faults['kills'].values())} times: {listed(faults['kills'])}")
    click.echo(f"  files that came: {listed(faults['files'])}")
    click.echo(f"  damaged files: {listed(faults['damaged'])}")
    click.echo(f"  mails at the end: {listed(faults['mails'])}")
    click.echo(f"  due and not come, as the outbox says: {listed(faults['excused'])}")


def _say_verdict(answer: Answer) -> None:
    never = [row["subscriber"] for row in answer["subscribers"] if not row["first"]]
    later = sum(row["merged_later"] for row in answer["subscribers"])
    if never:
        click.echo(f"Nothing suited, and no edition was due yet: {', '.join(never)}.")
    if later:
        click.echo(f"{later} papers came under two names that later turned out to be one paper.")
    totals = answer["totals"]
    click.echo(
        f"{'No' if not totals['duplicates'] else totals['duplicates']} papers came twice, and "
        f"{'no' if not totals['missed'] else totals['missed']} editions were missed."
    )
    for why in answer["wrong"][:_SAID]:
        click.echo(clean(f"Wrong: {why}."), err=True)
    if len(answer["wrong"]) > _SAID:
        click.echo(f"{len(answer['wrong']) - _SAID} more; --json has all.", err=True)
