"""An edition as Markdown."""

from __future__ import annotations

from jinja2 import Environment

from digest.editions import Edition
from digest.render.settings import MailSettings
from digest.render.templates import fill
from digest.render.values import of_edition


def markdown(edition: Edition, settings: MailSettings, env: Environment) -> str:
    """``edition`` as Markdown, from ``edition.md.j2``. Raises RenderError."""
    return fill(env, "edition.md.j2", edition.id, **of_edition(edition, settings))
