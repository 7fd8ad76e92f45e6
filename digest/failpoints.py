"""Named points where a test can have the process killed, to see what a crash leaves behind."""

from __future__ import annotations

import os
import signal

VARIABLE = "DIGEST_FAILPOINT"
"""``name`` or ``name:n``: the process kills itself when it gets there, the n-th time."""

_name, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = int(_count or 1)


def arm(name: str, count: int = 1) -> None:
    """Have this process kill itself there, as the variable would."""
    global _name, _left
    _name, _left = name, count


def reach(name: str) -> None:
    """Nothing, unless the environment says to die here: as by ``kill -9``, nothing is tidied."""
    global _left  # noqa: PLW0603 - a count of what this process has done
    if name == _name:
        _left -= 1
        if not _left:
            os.kill(os.getpid(), signal.SIGKILL)
