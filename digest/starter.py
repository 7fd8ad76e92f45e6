"""A new installation: a commented configuration, a list of subscribers and an inbox."""

from __future__ import annotations

from pathlib import Path

from digest.errors import ConfigError
from digest.keys import LINK_KEYS, link_keys

PACKAGED = (Path(__file__).parent / "config", Path(__file__).parents[1] / "config")
"""Where the shipped configuration lies: inside an installed package, or beside a checkout's."""


def shipped() -> Path:
    """The folder of the shipped configuration and sample."""
    return next(folder for folder in PACKAGED if (folder / "digest.yaml").exists())


def start(folder: Path) -> list[tuple[Path, bool]]:
    """Write what is missing of an installation; each path with True if it was written now.

    Raises ConfigError when the folder cannot be written to.
    """
    made = []
    try:
        for name in ("digest.yaml", "subscribers.yaml"):
            made.append(_write(folder / "config" / name, (shipped() / name).read_bytes()))
        keys = folder / "config" / LINK_KEYS
        made.append((keys, not keys.exists()))
        link_keys(keys)
        inbox = folder / "inbox"
        made.append((inbox, not inbox.exists()))
        inbox.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be set up ({error.strerror}: {error.filename}); choose another folder"
        ) from error
    return made


def _write(path: Path, data: bytes) -> tuple[Path, bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return path, False
    return path, True
