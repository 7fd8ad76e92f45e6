"""A template in the two forms of a mail, HTML and plain text, with or without holes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from jinja2 import Environment

from digest.render.settings import MailSettings
from digest.render.stencils import Stencil, stencil
from digest.render.templates import fill
from digest.render.values import of_run


class Printed(NamedTuple):
    """One thing in the two forms of a mail."""

    html: Stencil
    text: Stencil


class Parts(NamedTuple):
    """The two forms of a mail or of a part of it in quoted-printable, in pieces.

    A TOKEN_BYTE is in the place of every token.
    """

    text: list[bytes]
    html: list[bytes]


class Forms:
    """Fills templates in, with what is the same in every mail of a run."""

    def __init__(self, settings: MailSettings, env: Environment) -> None:
        self._env, self._of_run = env, of_run(settings)
        self.accent: str = self._of_run["accent"]

    def printed(self, template: str, /, *intros: str, **given: Any) -> Printed:
        """Both forms of a template. Raises RenderError.

        ``intros`` are what it calls ``intro``, once as HTML and once as text.
        """
        return Printed(*map(stencil, self._filled(template, intros or ("", ""), given)))

    def _filled(
        self, template: str, intros: tuple[str, ...], given: dict[str, Any]
    ) -> Iterator[str]:
        values = self._of_run | given
        for form, intro in zip(("html", "txt"), intros, strict=True):
            yield fill(self._env, f"{template}.{form}.j2", "", intro=intro, **values)
