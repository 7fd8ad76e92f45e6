"""The command that writes feeds: one to a file, or all of them with a site around."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from digest.commands.running import report, the_app
from digest.errors import ConfigError
from digest.options import Command


@click.command(cls=Command)
@click.argument("who", required=False)
@click.option("--format", "form", type=click.Choice(("rss", "atom", "json")), default="rss")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
@click.option(
    "--all",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the whole site into DIR instead: pages, archive, and all public feeds.",
)
def feed(who: str | None, form: Any, output: Path | None, folder: Path | None) -> int | None:
    """Write the feed of WHO's editions, or of the public edition."""
    if folder is not None:
        if who or output:
            raise click.UsageError("--all writes the public site; leave WHO and --output out")
        return _all(folder)
    from digest.render import feed as feeds
    from digest.render.feed_forms import WRITE, Ways

    app = the_app()
    subscriber = app.entry(who).subscriber if who else app.public()
    channel = feeds.of_editions(app.feed(subscriber), app.settings.mail, app.env, reader=subscriber)
    itself = "" if who else app.settings.mail.feed_url
    text = WRITE[form](channel, app.env, Ways(itself))
    if output is None:
        click.echo(text.encode(), nl=not text.endswith("\n"))
        return None
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written ({error.strerror}); choose another --output"
        ) from error
    return None


def _all(folder: Path) -> int:
    from digest import publishing

    found = publishing.publish(the_app(), folder)
    return report(
        {"written": found.written, "unchanged": found.unchanged, "removed": found.removed},
        lambda answer: click.echo(
            f"{answer['written']} files written into {folder}, {answer['unchanged']} were as they "
            f"should be, {answer['removed']} removed."
        ),
    )
