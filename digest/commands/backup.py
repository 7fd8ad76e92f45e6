"""The command that writes a backup of the database."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import click

from digest.commands.running import NOT_STARTED, report, the_app
from digest.options import Command


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace FILE, once the new backup is whole.")
def backup(file: Path, force: bool) -> int:
    """Write all that is remembered into FILE, while other programs go on using it.

    Of SQLite this is a database like the one in use; of PostgreSQL what pg_dump writes for
    pg_restore. Before anything is sent from a restored one, run `digest outbox adopt`.
    """
    # Asked to stop, leave as after an error: the file begun is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(NOT_STARTED))
    from digest.store.backups import back_up

    found = back_up(the_app().settings.database, file, force=force)
    return report({"file": str(found.file), "bytes": found.size}, _say)


def _say(answer: dict[str, Any]) -> None:
    click.echo(f"Wrote {answer['file']}, {answer['bytes'] / 1e6:,.1f} MB, and checked it.")
