"""The command that takes work from the queue."""

from __future__ import annotations

import click

from digest.commands.running import log_to_terminal, stop_asked, the_app


@click.command()
def worker() -> None:
    """Compose and deliver what `digest run` hands out, beside any number of other workers.

    Only where the database is PostgreSQL. Ends when it is told to, after the work in hand.
    """
    stop = stop_asked()
    from digest import workers

    app = the_app()
    log_to_terminal()
    workers.work(app, stop)
