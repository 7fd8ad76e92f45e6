"""Rounds of the day: what is said once, what is an alarm, and that one step holds up no other."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from digest.app import App, open_app
from digest.rounds import Rounds
from tests.support.installation import Installation, compact, here
from tests.support.mailserver import mail_server

__all__ = ["here"]

PAPERS = (("A paper on diffusion", "We study diffusion models for images in some depth."),)


def never() -> bool:
    return False


def opened(here: Installation, port: int, **delivery: object) -> App:
    smtp = {"transport": "smtp", "host": "127.0.0.1", "port": port, "security": "none"}
    alert = f"{here.folder}/alert"
    script = Path(alert)
    script.write_text(f"#!/bin/sh\ncat >> {here.folder}/alerts\n", encoding="ascii")
    script.chmod(0o755)
    here.settings(delivery={**smtp, **delivery}, schedule={"alert": alert})
    return open_app(here.folder / "config/digest.yaml", None)


def alerts(here: Installation) -> list[str]:
    file = here.folder / "alerts"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@pytest.fixture
def due(here: Installation) -> Installation:
    """A reader whose edition is due since early this morning, and a paper for it."""
    reader = {"id": "me", "address": "me@example.org", "hour": 0}
    here.subscribers({**reader, "interests": [{"keywords": ["diffusion"]}]})
    here.drop("today.txt", compact(*PAPERS))
    return here


def test_a_mail_server_that_is_down_is_one_alarm_and_goes_on_by_itself_when_it_is_back(
    due: Installation,
) -> None:
    with mail_server() as server:
        port = server.port
    app = opened(due, port)  # nobody listens there by now
    rounds = Rounds(app, never)
    for _ in range(3):
        rounds.make()
    assert len(alerts(due)) == 1
    assert "refuses connections" in alerts(due)[0]
    assert app.store.outbox.counts() == {"queued": 1}
    assert [line.attempts for line in app.store.outbox.lines()] == [0]
    with mail_server() as server:
        app = opened(due, server.port)
        Rounds(app, never).make()
        assert len(server.received) == 1
    assert len(alerts(due)) == 1


def test_a_trouble_that_was_over_and_comes_again_is_an_alarm_again(due: Installation) -> None:
    with mail_server() as server:
        port = server.port
    rounds = Rounds(opened(due, port), never)
    rounds.make()
    rounds._deliver = lambda: None  # type: ignore[method-assign] # a round without trouble
    rounds.make()
    del rounds._deliver
    rounds.make()
    assert len(alerts(due)) == 2


def test_a_command_that_fails_is_said_and_stops_nothing(
    due: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server() as server:
        port = server.port
    app = opened(due, port)
    (due.folder / "alert").unlink()
    with caplog.at_level(logging.WARNING, "digest"):
        Rounds(app, never).make()
    assert "schedule.alert failed" in caplog.text


def test_a_step_that_fails_holds_up_none_of_the_others(due: Installation) -> None:
    with mail_server() as server:
        app = opened(due, server.port)
        rounds = Rounds(app, never)
        rounds._poll = lambda: 1 / 0  # type: ignore[assignment,method-assign,return-value]
        rounds._poll.__name__ = "_poll"
        rounds.make()
        assert len(server.received) == 1
