"""Commands about the web pages."""

from __future__ import annotations

import sys

import click

from digest.commands.running import log_to_terminal, report, the_app
from digest.errors import ConfigError
from digest.options import Command

SHORTEST = 12
"""The fewest characters of a password that stands alone (NIST SP 800-63B asks for 8 and more)."""


@click.command(cls=Command)
@click.option("--host", help="The address to listen on; otherwise that of the settings.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; otherwise the settings'.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the web pages until it is stopped."""
    from digest import serving

    log_to_terminal()
    serving.serve(the_app(), host, port)


@click.command("web-password", cls=Command)
def web_password() -> int:
    """Make the hash of a password for the admin pages, for web.admin_password.

    The password is asked for twice, or read from the first line of what comes in.
    """
    from digest.web.passwords import hashed

    made = hashed(_asked())
    return report({"hash": made}, lambda answer: click.echo(answer["hash"]))


def _asked() -> str:
    """A password, from a person or from a pipe. Raises ConfigError for one that is too short."""
    if sys.stdin.isatty():
        password: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt="Once more", err=True
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        raise ConfigError(
            f"a password of {len(password)} characters can be guessed; "
            f"choose one of at least {SHORTEST}"
        )
    return password
