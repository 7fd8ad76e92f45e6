"""The command that deletes what is old and done with."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from digest.commands.running import IN_PART, report, stop_asked, the_app
from digest.options import Command

_WORDS = {
    "mails": ("mail that ended", "mails that ended"),
    "editions": ("edition", "editions"),
    "reports": ("report that repeats an earlier one", "reports that repeat earlier ones"),
    "runs": ("run of a source", "runs of sources"),
}


@click.command(cls=Command)
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would be deleted.")
def prune(dry: bool) -> int:
    """Delete what is older than the settings under 'retention' say.

    Never what keeps a paper from reaching a reader twice, nor a mail that may still leave. It
    goes in small steps, so that mails are sent meanwhile, and can be stopped between any two.
    """
    stop = stop_asked()
    from digest.store import pruning

    app = the_app()
    found: Counter[str] = Counter()
    engine, settings = app.store.engine, app.settings.retention
    for slice_ in pruning.prune(engine, settings, app.clock(), stop.is_set, dry=dry):
        found[slice_.kind] += slice_.number
    size = pruning.size(engine)
    answer = {
        "dry_run": dry,
        "deleted": {kind: found[kind] for kind in pruning.KINDS},
        "days": {kind: getattr(settings, f"{kind}_days") for kind in pruning.KINDS},
        "database_bytes": size.total,
        "free_bytes": size.free,
        "stopped": stop.is_set(),
    }
    return report(answer | ({"exit": IN_PART} if stop.is_set() else {}), _say)


def _say(answer: dict[str, Any]) -> None:
    did = "Would delete" if answer["dry_run"] else "Deleted"
    for kind, number in answer["deleted"].items():
        one, many = _WORDS[kind]
        days = answer["days"][kind]
        if days:
            what = f"{number:,} {one if number == 1 else many}"
            click.echo(f"{did} {what}, older than {days} days.")
        else:
            click.echo(f"Kept all {many}: retention.{kind}_days is 0.")
    free = answer["free_bytes"]
    room = f", {free / 1e6:,.1f} MB of it free for what comes next" if free else ""
    click.echo(f"The database has {answer['database_bytes'] / 1e6:,.1f} MB{room}.")
    if answer["stopped"]:
        click.echo("Stopped before the end; the next run goes on from there.")
