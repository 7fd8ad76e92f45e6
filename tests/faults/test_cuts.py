"""Connections cut at a byte: the message in flight is in doubt at most, no other is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.answers import cut, cuts
from tests.support.proxy import Plan


@pytest.mark.parametrize("plan", cuts(8, seed=3), ids=str)
def test_cut_at_any_byte_everyone_is_accounted_for(tmp_path: Path, plan: Plan) -> None:
    found = cut(tmp_path / "place", plan=plan)
    assert found.kept, found
