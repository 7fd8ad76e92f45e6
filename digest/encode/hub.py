"""A sentence encoder is downloaded once, whole, when the settings name it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import ConfigError

if TYPE_CHECKING:
    import httpx2

FILES = (
    ("onnx/model.onnx", "model.onnx"),
    ("tokenizer.json",),
    ("1_Pooling/config.json", ""),
)
"""What is fetched: of each line the first that is there; an empty name can be done without."""

MAX_MB = 700
"""The largest file taken. A larger model would take hours for a day's papers anyway."""


def download(name: str, into: Path, hub: str, max_mb: float = MAX_MB) -> None:
    """Make the folder ``into`` with the files of the model at the hub's address, or nothing.

    Raises ConfigError when the hub has no such model, or it cannot be fetched.
    """
    import httpx2  # late: only a model that is not there yet needs it

    part = into.with_name(f"{into.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with httpx2.Client(follow_redirects=True, timeout=60) as client:
            for names in FILES:
                _first(client, f"{hub.rstrip('/')}/{name}/resolve/main", names, part, max_mb)
        part.rename(into)
    except (httpx2.HTTPError, OSError, ValueError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise ConfigError(
            f"the sentence encoder {name} could not be fetched from {hub} ({error}); try again, "
            "or put its model.onnx and tokenizer.json into a folder and name that"
        ) from error


def _first(
    client: httpx2.Client, address: str, names: tuple[str, ...], into: Path, max_mb: float
) -> None:
    for name in names:
        if not name or _fetch(client, f"{address}/{name}", into / name, max_mb):
            return
    raise ValueError(f"it has no {names[-1]}")


def _fetch(client: httpx2.Client, url: str, file: Path, max_mb: float) -> bool:
    """Whether there is such a file; it is written then."""
    with client.stream("GET", url) as reply:
        if reply.status_code == 404:
            return False
        reply.raise_for_status()
        file.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with file.open("wb") as out:
            for piece in reply.iter_bytes():
                size += out.write(piece)
                if size > max_mb * 1_000_000:
                    raise ValueError(f"{file.name} is larger than {max_mb} MB")
    return True
