"""What runs an encoder is optional: where it is not installed, these tests say so."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from digest.encode.models import LIBRARIES, SemanticSettings
from digest.encode.opening import open_encoder
from tests.support.onnx_models import write_model


@pytest.fixture
def libraries() -> None:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        pytest.skip(f"the extra 'semantic' is not installed: no {' and no '.join(missing)}")


@pytest.fixture
def tiny(libraries: None, tmp_path: Path):
    """An encoder with a table for a network."""
    return open_encoder(SemanticSettings(str(write_model(tmp_path / "tiny"))))
