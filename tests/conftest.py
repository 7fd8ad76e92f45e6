"""Every test runs in a folder of its own, without the settings of whoever runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before numpy is there: its threads wait by spinning, on cores that other tests need.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("DIGEST_")]:
        if name not in ("DIGEST_SHARED", "DIGEST_GOLDEN"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
