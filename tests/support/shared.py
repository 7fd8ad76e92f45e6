"""Real input that is kept outside the repository, where it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("DIGEST_SHARED") or Path(__file__).parents[3] / "shared")


def shared(path: str) -> Path:
    """``path`` below the shared folder; skips the test, saying so, where it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"real input is absent: {found} (set DIGEST_SHARED to its folder)")
    return found
