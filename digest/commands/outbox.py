"""Commands about mails on their way: who got what, when, and what the server said."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from digest.commands.running import report, the_app
from digest.errors import clean
from digest.messages import STATES
from digest.options import Group

if TYPE_CHECKING:
    from digest.store.outbox import Line

Answer = dict[str, Any]

RETRIED = ("failed", "uncertain", "deferred")
_WIDEST = 200


@click.group(cls=Group, invoke_without_command=True)
@click.option("--state", type=click.Choice(STATES), help="Only mails in this state.")
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Only editions of this day.",
)
@click.pass_context
def outbox(context: click.Context, state: str | None, date: dt.datetime | None) -> int | None:
    """Show mails on their way: who got what, when, and what the server said."""
    if context.invoked_subcommand:
        return None
    lines = the_app().store.outbox.lines(state, date.date() if date else None)
    return report(_listed(list(lines)), _say_listed)


@outbox.command()
@click.option(
    "--only",
    "state",
    type=click.Choice(RETRIED),
    required=True,
    help="Which. An uncertain mail may have arrived: its reader may get it twice.",
)
def retry(state: str) -> int:
    """Queue mails again that were not delivered, for the next `digest deliver`.

    One whose papers are in a later edition by now is not sent again.
    """
    app = the_app()
    return report({"queued": app.store.outbox.retry([state], app.clock())}, _say_retried)


@outbox.command()
def adopt() -> int:
    """Send from this database from now on, though it was restored or copied.

    Mails that wait in it may have left from the original: they are listed as uncertain.
    """
    app = the_app()
    return report({"uncertain": app.store.outbox.adopt(app.clock())}, _say_adopted)


def _listed(lines: Sequence[Line]) -> Answer:
    """``messages``, oldest first, and how many are in each of the ``states``."""
    return {
        "messages": [
            {
                "subscriber": line.subscriber,
                "address": line.address,
                "edition": line.date.isoformat() if line.date else None,
                "kind": line.kind,
                "state": line.state,
                "attempts": line.attempts,
                "reply": line.reply,
                "message_id": line.message_id,
                "at": line.at.isoformat(),
            }
            for line in lines
        ],
        "states": dict(sorted(Counter(line.state for line in lines).items())),
    }


def _say_listed(answer: Answer) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not answer["messages"]:
        click.echo("There is no such mail.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("edition", "to", "state", "since (UTC)", "attempts", "the server said"):
        table.add_column(heading, overflow="fold")
    for one in answer["messages"]:
        since = one["at"][:16].replace("T", " ")
        cells = (one["edition"] or one["kind"], one["address"], one["state"], since)
        said = clean(one["reply"])
        table.add_row(*(Text(cell) for cell in (*cells, str(one["attempts"]), said)))
    Console(width=None if sys.stdout.isatty() else _WIDEST).print(table)
    click.echo(", ".join(f"{number} {state}" for state, number in answer["states"].items()) + ".")
    if "uncertain" in answer["states"]:
        click.echo(
            "Uncertain: the connection broke when the server had it all and before it answered. "
            "`digest outbox retry --only uncertain` sends those again."
        )


def _say_retried(answer: Answer) -> None:
    number = answer["queued"]
    click.echo(f"Queued {number} mail{'' if number == 1 else 's'} again.")


def _say_adopted(answer: Answer) -> None:
    number = answer["uncertain"]
    click.echo(
        f"Mails are sent from this database from now on. Listed as uncertain: {number}; "
        "see `digest outbox --state uncertain`."
    )
