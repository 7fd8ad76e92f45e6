"""The log: one line is one line, in both forms, whatever stands in it and whoever logs it."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import logs
from tests.support.installation import SAMPLE, Installation, here

__all__ = ["here"]

log = logging.getLogger("digest")
FORGED = "fine\r\n2026-05-20 12:00:00 sent to you@example.org: 250 ok\x1b[2J\u2028\x85\u202e"

Said = Callable[[], list[str]]


@pytest.fixture(params=["human", "json"])
def form(request: pytest.FixtureRequest) -> logs.Form:
    return request.param


@pytest.fixture
def said(form: logs.Form, capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    """What was logged since the last time, by lines as Python breaks them."""
    end = logs.to_terminal(form)

    def lines() -> list[str]:
        return capsys.readouterr().err.splitlines()

    yield lines
    end()


def test_a_break_in_a_sentence_or_a_field_makes_no_second_line(said: Said) -> None:
    log.info("sent to %s", FORGED, extra={"event": "message_tried", "reply": FORGED})
    (line,) = said()
    assert "\x1b" not in line and "\u202e" not in line


def test_a_traceback_makes_no_line_that_could_be_another_of_the_log(
    said: Said, form: logs.Form
) -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.exception("a step failed", extra={"event": "step_failed"})
    first, *rest = said()
    assert all(line.startswith(logs.INDENT) for line in rest)
    assert (rest == []) == (form == "json")
    assert "ValueError: fine" in "".join([first, *rest])


@pytest.mark.parametrize("form", ["human"], indirect=True)
def test_a_line_for_people_has_the_time_and_the_sentence_and_names_only_what_is_amiss(
    said: Said,
) -> None:
    log.info("collected %s", "a.txt", extra={"event": "file_collected", "papers": 3})
    log.warning("rejected a.txt", extra={"event": "file_rejected"})
    fine, amiss = said()
    assert fine[19:] == " collected a.txt"
    dt.datetime.fromisoformat(fine[:19])
    assert amiss[19:] == " warning: rejected a.txt"


@pytest.mark.parametrize("form", ["json"], indirect=True)
def test_an_object_has_the_instant_level_event_sentence_and_fields(said: Said) -> None:
    log.info("collected %s", "a.txt", extra={"event": "file_collected", "papers": 3, "file": "ä"})
    (line,) = said()
    found = json.loads(line)
    at = dt.datetime.fromisoformat(found.pop("at"))
    assert at.utcoffset() == dt.timedelta(0)
    assert abs((dt.datetime.now(dt.UTC) - at).total_seconds()) < 60
    assert found == {
        "level": "info",
        "event": "file_collected",
        "message": "collected a.txt",
        "papers": 3,
        "file": "ä",
    }


@pytest.mark.parametrize("form", ["json"], indirect=True)
@pytest.mark.parametrize("name", ["uvicorn.error", "apscheduler.scheduler", "alembic.runtime"])
def test_what_libraries_log_comes_in_the_same_form(said: Said, name: str) -> None:
    logging.getLogger(name).warning("it is %s", "late", extra={"color_message": "\x1b[1mlate"})
    (line,) = said()
    found = json.loads(line)
    assert found.keys() == {"at", "level", "event", "message"}
    assert (found["event"], found["message"]) == (name.partition(".")[0], "it is late")


@pytest.mark.parametrize("form", ["json"], indirect=True)
def test_an_error_is_one_field_with_its_traceback(said: Said) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        log.exception("compose failed", extra={"event": "step_failed", "step": "compose"})
    (line,) = said()
    assert json.loads(line)["traceback"].splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_a_warning_of_python_is_logged(said: Said) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)  # anew within what pytest has put in its place
        warnings.warn("this goes away soon", stacklevel=1)
    assert "this goes away soon" in "".join(said())


def test_once_ended_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    end = logs.to_terminal("human")
    assert logs.is_on()
    end()
    log.info("nobody hears it")
    assert not logs.is_on() and capsys.readouterr().err == ""


@given(st.text(), st.dictionaries(st.sampled_from(["why", "reply", "at"]), st.text()))
def test_whatever_is_said_is_one_line_and_is_not_lost(text: str, fields: dict[str, str]) -> None:
    record = logging.makeLogRecord({"name": "digest", "levelno": 20, "msg": text, **fields})
    human, machine = logs._Human().format(record), logs._Json().format(record)
    assert len(human.splitlines()) == len(machine.splitlines()) == 1
    found = json.loads(machine)
    assert found["message"] == record.getMessage()
    assert {name: found[name] for name in fields if name != "at"} == {
        name: said for name, said in fields.items() if name != "at"
    }


def test_a_running_digest_that_is_told_json_writes_nothing_else(here: Installation) -> None:
    here.drop("bad.txt", b"\x00\x01")
    here.drop("monday.txt", (SAMPLE / "monday.txt").read_bytes())
    here.settings(logs="human", schedule={"tick_s": 1}, mail={"base_url": "http://127.0.0.1:9"})
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "run"],
        cwd=here.folder,
        env=os.environ | {"DIGEST_LOGS": "json", "DIGEST_WEB__PORT": "0"},
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while not any((here.folder / "outgoing").glob("*.eml")) and time.monotonic() < end:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    found = [json.loads(line) for line in process.communicate(timeout=60)[1].splitlines()]
    events = {one["event"]: one for one in found}
    assert {"running", "file_rejected", "file_collected", "step_done", "stopped"} <= events.keys()
    assert {"serving", "uvicorn", "edition_composed", "message_tried"} <= events.keys()
    assert events["file_collected"]["papers"] == 25
    assert events["message_tried"]["state"] == "sent"
    assert all(one["took_s"] >= 0 for one in found if one["event"] == "step_done")
