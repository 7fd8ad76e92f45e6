"""What all commands share: the installation that the options name, and the report at the end."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from digest import logs
from digest.options import given

if TYPE_CHECKING:
    from digest.app import App

DONE, IN_PART, NOT_STARTED = 0, 1, 2
"""Exit codes."""


def the_app() -> App:
    """The installation the options name, opened once a command."""
    from digest.app import open_app

    root = click.get_current_context().find_root()
    app: App | None = root.meta.get("digest.app")
    if app is None:
        app = root.meta["digest.app"] = open_app(given("config"), given("now"))
        root.call_on_close(app.close)
        if given("verbose"):
            log_to_terminal()
    return app


def stop_asked() -> threading.Event:
    """Set once SIGTERM or SIGINT came: what is under way is finished, and nothing else begun.

    Asked for before anything that takes time, for a stop may come at any moment.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def report(answer: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> int:
    """Print an answer, as JSON or in words; the exit code it asks for."""
    code: int = answer.pop("exit", DONE)
    for part in answer.values():
        if isinstance(part, dict):
            code = max(code, part.pop("exit", DONE))
    if given("json"):
        click.echo(as_json(answer))
    else:
        say(answer)
    return code


def as_json(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, default=str).encode()


def log_to_terminal() -> None:
    """Log what this command does, in the form of the settings, once. Raises ConfigError."""
    form = the_app().settings.logs
    if not logs.is_on():
        end = logs.to_terminal(form, verbose=(given("verbose") or 0) > 1)
        click.get_current_context().find_root().call_on_close(end)
