"""The authors of a paper out of the one field in which a source lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from digest.collect.markup import shown
from digest.collect.plain import plain

AUTHORS = 5_000
"""Authors kept of one paper; the few with thousands are not found by their names."""

AUTHOR_CHARS = 200

_AND = re.compile(r",?\s+(?:and|&)\s+|,\s+")


def names_in(field: str) -> tuple[str, ...]:
    """The authors in ``field``: "A; B", "Full Name, Full Name and Full Name", "Last, F., Last, F."

    One name with a comma, "Lovelace, Ada", stays one name.
    """
    field = plain(shown(field), AUTHORS * AUTHOR_CHARS)
    if ";" in field:
        return tidy_names(field.split(";"))
    parts = _AND.split(field)
    if all(" " in part.strip() for part in parts if part) or len(parts) % 2:
        return tidy_names(parts)
    return tidy_names(f"{a}, {b}" for a, b in zip(parts[::2], parts[1::2], strict=True))


def tidy_names(names: Iterable[str]) -> tuple[str, ...]:
    """``names`` in plain text, the empty ones left out, at most ``AUTHORS``."""
    tidy = (plain(shown(name), AUTHOR_CHARS).strip(" ,;") for name in names)
    return tuple(name for name in tidy if name)[:AUTHORS]
