"""The log on stderr: a line for people or a JSON object for machines, whoever logs it.

A line of ours is logged with its event and fields, which stand beside the sentence in JSON:
``log.info("collected %s", name, extra={"event": "file_collected", "papers": 25})``. The events
are named in README.md; a sentence may change, an event does not.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections.abc import Callable
from typing import Any, Literal, TextIO

from digest.errors import clean

Form = Literal["human", "json"]

CHATTY = ("alembic", "apscheduler", "procrastinate", "watchfiles")
"""Libraries that tell of every beat; of these only what is amiss is logged."""

INDENT = "    "
"""Before each line of a traceback: only a line that begins with an instant is one of the log."""

_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
"""What a record has of itself, or a library gives for its own formatter; all else are fields."""

_FIRST = ("at", "level", "event", "message")


def to_terminal(form: Form, *, verbose: bool = False) -> Callable[[], None]:
    """What ends it again: from now on all that is logged goes to stderr in this form.

    ``verbose``: also what is of use to a developer alone. What Python warns of is logged, too.
    """
    root = logging.getLogger()
    level, handler = root.level, _Terminal()
    handler.setFormatter(_Json() if form == "json" else _Human())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.captureWarnings(True)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)

    def end() -> None:
        logging.captureWarnings(False)
        root.setLevel(level)
        root.removeHandler(handler)

    return end


def is_on() -> bool:
    """Whether lines that are logged can be seen."""
    return any(isinstance(one, _Terminal) for one in logging.getLogger().handlers)


class _Terminal(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is by then: while a progress bar is shown it makes room."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Human(logging.Formatter):
    """Local time and the sentence, on one line whatever stands in it; a traceback is indented."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created).astimezone()
        level = f"{record.levelname.lower()}: " if record.levelno > logging.INFO else ""
        line = f"{at:%Y-%m-%d %H:%M:%S} {level}{clean(record.getMessage())}"
        below = _traceback(self, record).splitlines()
        return "\n".join([line, *(INDENT + clean(one) for one in below)])


class _Json(logging.Formatter):
    """One object a line, in ASCII, so that no reader of lines finds a break within.

    ``event`` is the logger's first name where a library logs, and ``traceback`` that of an error.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _OWN}
        said: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": fields.pop("event", record.name.partition(".")[0]),
            "message": record.getMessage(),
        }
        said |= {name: value for name, value in fields.items() if name not in _FIRST}
        if traceback := _traceback(self, record):
            said["traceback"] = traceback
        return json.dumps(said, default=str)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""
