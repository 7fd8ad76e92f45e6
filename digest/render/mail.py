"""One edition as a mail, by a press of its own; a run of many has one press for all."""

from __future__ import annotations

from jinja2 import Environment

from digest.editions import Edition
from digest.links import Key
from digest.messages import Message
from digest.render.press import Press
from digest.render.settings import MailSettings


def html(edition: Edition, settings: MailSettings, env: Environment) -> str:
    """``edition`` as the HTML part of its mail, and as a page. Raises RenderError."""
    return Press(settings, env).html(edition)


def text(edition: Edition, settings: MailSettings, env: Environment) -> str:
    """``edition`` as the plain-text part of its mail. Raises RenderError."""
    return Press(settings, env).text(edition)


def message(
    edition: Edition, settings: MailSettings, env: Environment, key: Key | None = None
) -> Message:
    """``edition`` as a mail to its subscriber, ready to send. Raises RenderError."""
    return Press(settings, env, key).message(edition)
