"""Real processes: killed in the middle of sending, told to stop, and run beside each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.installation import MORNING, SAMPLE, Installation, here
from tests.support.mailserver import HANG, MailServer, mail_server

__all__ = ["here"]

COMMAND = [sys.executable, "-m", "digest"]
NAMES = ["ada", "bob", "cy", "dee", "eve"]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def ready(here: Installation, server: MailServer) -> Installation:
    """Five readers, papers in the inbox, mail to the server."""
    delivery = {"transport": "smtp", "host": "127.0.0.1", "port": server.port, "security": "none"}
    here.settings(delivery=delivery, schedule={"tick_s": 1})
    interests = [{"keywords": ["language", "diffusion", "protein"]}]
    here.subscribers(
        *(
            {"id": n, "address": f"{n}@example.org", "hour": 0, "interests": interests}
            for n in NAMES
        )
    )
    here.drop("monday.txt", (SAMPLE / "monday.txt").read_bytes())
    return here


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def wait_for(what: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def got(server: MailServer) -> Counter[str]:
    return Counter(name.partition("@")[0] for name in server.recipients())


def test_killed_while_a_mail_is_in_flight_the_next_run_sends_the_rest_and_lists_that_one(
    ready: Installation, server: MailServer
) -> None:
    server.then("DOT", None, None, HANG)
    process = start("send", "--now", MORNING)
    wait_for(lambda: len(server.received) == 3)
    process.kill()
    process.communicate()
    assert ready.digest("send", "--now", MORNING).code == 0
    assert got(server) == Counter(NAMES)
    in_flight = server.received[2].recipients[0]
    (doubtful,) = ready.digest("outbox", "--state", "uncertain", "--json").json["messages"]
    assert doubtful["address"] == in_flight
    ids = {m.data.split(b"Message-ID: ")[1].split(b"\r\n")[0] for m in server.received}
    assert len(ids) == len(NAMES)


def test_two_processes_at_once_send_each_mail_once(ready: Installation, server: MailServer) -> None:
    processes = [start("send", "--now", MORNING) for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    ready.digest("send", "--now", MORNING)
    assert got(server) == Counter(NAMES)


def test_a_dead_server_leaves_the_mail_queued_until_it_is_back(
    ready: Installation, server: MailServer
) -> None:
    port = server.port
    ready.settings(
        delivery={"transport": "smtp", "host": "127.0.0.1", "port": 1, "security": "none"}
    )
    ran = ready.digest("send", "--json", "--now", MORNING)
    assert ran.code == 1 and ran.json["deliver"]["server"]
    assert (ran.json["deliver"]["sent"], ran.json["deliver"]["waiting"]) == (0, 5)
    ready.settings(
        delivery={"transport": "smtp", "host": "127.0.0.1", "port": port, "security": "none"}
    )
    assert ready.digest("deliver", "--json", "--now", MORNING).json["sent"] == 5


def test_refused_for_now_refused_for_good_and_accepted_are_three_outcomes(
    ready: Installation, server: MailServer
) -> None:
    server.refused.update({"ada@example.org": "450 4.2.1 busy", "bob@example.org": "550 5.1.1 no"})
    ran = ready.digest("send", "--json", "--now", MORNING)
    found = {m["subscriber"]: (m["state"], m["reply"]) for m in ran.json["deliver"]["messages"]}
    assert ran.code == 1
    assert found["ada"][0] == "deferred" and "4.2.1 busy" in found["ada"][1]
    assert found["bob"][0] == "failed" and "5.1.1 no" in found["bob"][1]
    assert {found[name][0] for name in ("cy", "dee", "eve")} == {"sent"}
    server.refused.clear()
    at_once = ready.digest("deliver", "--json", "--now", MORNING).json
    later = ready.digest("deliver", "--json", "--now", "2026-05-20T13:00:00Z").json
    assert (at_once["sent"], later["sent"]) == (0, 1)
    assert got(server) == Counter(["ada", "cy", "dee", "eve"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_scheduler_sends_watches_the_inbox_and_stops_when_told(
    ready: Installation, server: MailServer, number: signal.Signals
) -> None:
    process = start("run")
    try:
        wait_for(lambda: got(server) == Counter(NAMES))
        ready.drop("tuesday.txt", (SAMPLE / "tuesday.txt").read_bytes())
        wait_for((ready.folder / "inbox/collected/tuesday.txt").exists)
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "collected tuesday.txt: 25 papers, 17 new" in said and "stopped" in said
    assert got(server) == Counter(NAMES)


def test_told_to_stop_it_finishes_the_mail_in_flight_and_leaves_the_rest_queued(
    ready: Installation, server: MailServer
) -> None:
    process = start("run")
    try:
        wait_for(lambda: len(server.received) > 0)
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=20)
    finally:
        process.kill()
    ready.digest("send")
    assert process.returncode == 0 and got(server) == Counter(NAMES)


def test_the_scheduler_outlives_a_bad_file_and_a_dead_server(
    ready: Installation, server: MailServer, tmp_path: Path
) -> None:
    ready.drop("bad.txt", b"\x00\x01")
    server.then("CONNECT", "421 4.3.2 not now", "421 4.3.2 not now")
    process = start("run")
    try:
        wait_for(lambda: got(server) == Counter(NAMES))
        os.kill(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0 and "rejected bad.txt" in said
    assert said.count("4.3.2 not now") <= 2
