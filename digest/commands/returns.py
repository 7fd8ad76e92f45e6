"""Commands about mails that came back, and about addresses that get nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from digest.bounces import Reason, explained
from digest.commands.running import DONE, IN_PART, report, the_app
from digest.errors import SourceError, clean
from digest.options import Command, Group, given

if TYPE_CHECKING:
    from digest.bounces import Suppression
    from digest.returning import Handled

Answer = dict[str, Any]

REASONS: tuple[Reason, ...] = get_args(Reason)


# What came back --------------------------------------------------------------------------------

_MAILBOX = click.option(
    "--mailbox",
    default="",
    metavar="MAILBOX",
    help="Another than that of the settings, such as maildir:PATH; - reads one mail from stdin.",
)


@click.command(cls=Command)
@_MAILBOX
def bounces(mailbox: str) -> int:
    """Read the mailbox that mails come back to, and do what follows from them.

    An address that does not exist, or whose reader complains, gets nothing more. A mail is
    removed from the mailbox once its effect is stored; one without a token of this installation
    changes nothing, and stays.
    """
    return _read(mailbox)


@click.command(cls=Command)
@_MAILBOX
def replies(mailbox: str) -> int:
    """Read readers' mails that ask to leave, or vote.

    It is one reading with `digest bounces`: wherever a mail that asks to leave lies, it counts.
    """
    return _read(mailbox)


def _read(mailbox: str) -> int:
    from digest import returning

    found: list[Handled] = []
    problem = None
    try:
        for one in returning.read(the_app(), mailbox):
            found.append(one)
    except SourceError as error:
        if not found:
            raise
        problem = str(error)
    return report(_handled(found, problem), _say_handled)


def _handled(found: Sequence[Handled], problem: str | None) -> Answer:
    """``messages``: kind and outcome of each; ``outcomes``: how many; exit 1 on a problem."""
    names = ("kind", "outcome", "subscriber", "address", "status", "words")
    return {
        "messages": [{name: getattr(one, name) for name in names} for one in found],
        "outcomes": dict(sorted(Counter(one.outcome for one in found).items())),
        "problem": problem,
        "exit": IN_PART if problem else DONE,
    }


_WORDS = {
    "suppressed": "Nothing more goes to {address} ({kind}): {said}",
    "recorded": "Noted for {address} ({kind}): {said}",
    "left": "{subscriber} left, as they asked by mail.",
    "voted": "{subscriber} said by mail: {words}",
}


def _say_handled(answer: Answer) -> None:
    for one in answer["messages"]:
        said = explained(one["status"], one["words"]) or "no reason given"
        if words := _WORDS.get(one["outcome"]):
            click.echo(clean(words.format(**one, said=said)))
    click.echo(_summed_up(answer))
    if answer["problem"]:
        click.echo(f"The rest is read the next time: {clean(answer['problem'])}", err=True)


def _summed_up(answer: Answer) -> str:
    number = len(answer["messages"])
    if not number:
        return "Nothing came back."
    strange = answer["outcomes"].get("not ours", 0)
    read = f"Read {number} mail{'' if number == 1 else 's'}"
    if not strange:
        return f"{read}."
    return f"{read}; {strange} without a token of ours changed nothing and stayed there."


# Addresses that get nothing --------------------------------------------------------------------


@click.group(cls=Group)
def suppress() -> None:
    """See and change which addresses get nothing."""


@suppress.command("list")
def list_() -> int:
    """List the addresses that get nothing, with reason and date."""
    return report(_listed(the_app().store.suppressions.all()), _say_listed)


@suppress.command()
@click.argument("address")
@click.option(
    "--reason",
    type=click.Choice(REASONS),
    default="operator",
    show_default=True,
    help="Why they get nothing.",
)
@click.option("--detail", default="", help="The same in your words.")
def add(address: str, reason: Reason, detail: str) -> int:
    """Send ADDRESS nothing from now on, not even what is queued."""
    from digest import suppressing

    new = suppressing.add(the_app(), address, reason, detail)
    return report({"address": address, "new": new}, _say_added)


@suppress.command()
@click.argument("address")
def remove(address: str) -> int:
    """Send ADDRESS mails again; what came back of it before is forgiven."""
    from digest import suppressing

    suppressing.remove(the_app(), address)
    return report({"address": address}, _say_removed)


@suppress.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def import_(file: Path) -> int:
    """Suppress the addresses in a CSV FILE with the columns address, reason, date, detail.

    A file with nothing but an address a line will do.
    """
    from digest import suppressing

    read, new = suppressing.take_in(the_app(), file)
    return report({"read": read, "new": new}, _say_imported)


@suppress.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
def export(output: Path | None) -> int:
    """Write the list as CSV: address, reason, date, detail."""
    from digest import suppressing

    found = the_app().store.suppressions.all()
    if given("json"):
        return report(_listed(found), _say_listed)
    text = suppressing.as_csv(found)
    if output:
        suppressing.write(output, text)
    else:
        click.echo(text, nl=False)
    return DONE


def _listed(found: Sequence[Suppression]) -> Answer:
    """``suppressions`` with ``address``, ``reason``, ``date`` and ``detail``, by address."""
    return {
        "suppressions": [
            {
                "address": one.address,
                "reason": one.reason,
                "date": one.at.isoformat(),
                "detail": one.detail,
            }
            for one in found
        ]
    }


def _say_listed(answer: Answer) -> None:
    for one in answer["suppressions"]:
        detail = f": {one['detail']}" if one["detail"] else ""
        click.echo(clean(f"{one['date'][:10]}  {one['reason']:9}  {one['address']}{detail}"))
    if not answer["suppressions"]:
        click.echo("No address is suppressed.")


def _say_added(answer: Answer) -> None:
    if answer["new"]:
        click.echo(f"Nothing more goes to {answer['address']}.")
    else:
        click.echo(f"{answer['address']} was on the list already; nothing changes.")


def _say_removed(answer: Answer) -> None:
    click.echo(f"{answer['address']} gets mails again.")


def _say_imported(answer: Answer) -> None:
    known = answer["read"] - answer["new"]
    click.echo(f"Suppressed {answer['new']} addresses; {known} were on the list already.")
