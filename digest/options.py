"""The options that every command takes, before its name or behind it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click


class _Instant(click.ParamType[dt.datetime]):
    name = "instant"

    def convert(self, value: Any, param: Any, ctx: Any) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        try:
            at = dt.datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is no instant; write one like 2026-05-20T07:00:00Z", param, ctx)
        return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Remember a global option wherever on the line it stood."""
    if value not in (None, False, 0):
        ctx.find_root().meta[f"digest.{param.name}"] = value
    return value


def _globals() -> list[click.Parameter]:
    def option(*names: str, **more: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_keep, **more)

    return [
        option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="The configuration; otherwise config/digest.yaml here, or $DIGEST_CONFIG.",
        ),
        option("--json", is_flag=True, help="Report as one JSON object."),
        option(
            "--now",
            type=_Instant(),
            metavar="INSTANT",
            help="Take this for the current time (ISO 8601; UTC where it names no zone).",
        ),
        option("-v", "--verbose", count=True, help="Say more about what is being done."),
    ]


class Command(click.Command):
    """A command that takes the global options behind its name, too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_globals())


class Group(click.Group):
    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_globals())


def given(name: str) -> Any:
    """The value of one of these options, None when it was not given or no command is run."""
    context = click.get_current_context(silent=True)
    return context.find_root().meta.get(f"digest.{name}") if context else None
