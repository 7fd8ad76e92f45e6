"""The process that forks ends with the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import places


@pytest.fixture(scope="session", autouse=True)
def _closed() -> Iterator[None]:
    yield
    places.close()
