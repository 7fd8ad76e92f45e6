"""Delivery killed anywhere: a part of `make faults` that needs nothing but Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.crashes import DAY_POINTS, DELIVERY_POINTS, at_point, killed, together
from tests.faults.scenarios import scripted


@pytest.mark.parametrize("seed", range(5))
def test_killed_by_chance_everyone_is_accounted_for_and_nobody_gets_it_twice(
    tmp_path: Path, seed: int
) -> None:
    found = killed(tmp_path / "place", seed=seed, receive=scripted, readers=12)
    assert found.kept, found


@pytest.mark.parametrize("seed", range(4, 5))
def test_with_resend_everyone_gets_it_wherever_it_was_killed(tmp_path: Path, seed: int) -> None:
    found = killed(tmp_path / "place", seed=seed, receive=scripted, readers=12, resend=True)
    assert found.kept, found
    assert found.delivered == found.due and not found.uncertain


@pytest.mark.parametrize("point", [f"{point}:1" for point in (*DELIVERY_POINTS, *DAY_POINTS)])
def test_killed_at_each_named_point_everyone_is_accounted_for(tmp_path: Path, point: str) -> None:
    found = at_point(tmp_path / "place", point=point, receive=scripted, readers=12)
    assert found.kept, found


@pytest.mark.parametrize("point", ["after_mark:3", "before_dot:3", "after_dot:3", "after_reply:3"])
def test_killed_with_three_connections_at_most_three_are_in_doubt(
    tmp_path: Path, point: str
) -> None:
    found = at_point(tmp_path / "place", point=point, receive=scripted, connections=3, readers=12)
    assert found.kept, found
    assert 1 <= found.uncertain <= 3


@pytest.mark.parametrize(("processes", "kill"), [(2, 0), (2, 1)])
def test_two_processes_at_once_send_each_mail_once_even_if_one_is_killed(
    tmp_path: Path, processes: int, kill: int
) -> None:
    found = together(
        tmp_path / "place", processes=processes, kill=kill, receive=scripted, readers=12
    )
    assert found.kept, found
