"""The templates: where they are found and how one is filled in."""

from __future__ import annotations

import datetime as dt
import traceback
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import RenderError
from digest.render.escaping import markdown_address, markdown_text
from digest.render.plain import plain, wrap

_PACKAGE = Path(__file__).resolve().parent.parent
PLACES = (_PACKAGE / "templates", _PACKAGE.parent / "templates")
"""Where the packaged templates lie: beside the package in a wheel, beside it in a checkout."""

_RAISED = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)
"""What a template can raise: jinja2's own, and what the expressions in it can lead to."""


def environment(folder: Path | None = None) -> Environment:
    """The templates of ``folder``, the owner's, and for every name it lacks the packaged ones.

    The sandbox keeps a template to the values it is given; an unknown name is an error rather
    than a hole in a mail; what ends in .html.j2 or .xml.j2 escapes every value.
    """
    packaged = next((place for place in PLACES if place.is_dir()), PLACES[0])
    env = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([packaged] if folder is None else [folder, packaged]),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html.j2", "xml.j2"), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters.update(md=markdown_text, md_address=markdown_address, wrap=wrap)
    env.filters.update(rfc822=format_datetime, rfc3339=dt.datetime.isoformat)
    return env


def fill(env: Environment, name: str, what: str, /, **values: Any) -> str:
    """The template ``name`` filled with ``values``. Raises RenderError; it begins with ``what``."""
    try:
        return env.get_template(name).render(values)
    except _RAISED as error:
        why = plain(str(error)) or type(error).__name__
        raise RenderError(
            f"{what and what + ': '}the template {_place(error) or name} cannot be filled in: "
            f"{why}; correct it, or remove it from your templates folder to get the packaged "
            "one back"
        ) from error


def _place(error: BaseException) -> str:
    """The template and the line where ``error`` arose; empty when that is not known."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(".j2")]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}," if frames else ""
