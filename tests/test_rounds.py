"""Rounds of the day: what is said once, what is an alarm, and that one step holds up no other."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import http.server
import logging
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from digest.app import App, open_app
from digest.rounds import Rounds
from tests.support.installation import Installation, compact, here
from tests.support.mailserver import MailServer, mail_server

__all__ = ["here"]

PAPERS = (("A paper on diffusion", "We study diffusion models for images in some depth."),)


def never() -> bool:
    return False


MORNING = dt.datetime(2026, 5, 20, 7, tzinfo=dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


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


def test_a_step_that_did_something_says_how_long_it_took(
    due: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server() as server, caplog.at_level(logging.INFO, "digest"):
        rounds = Rounds(opened(due, server.port), never)
        rounds.make()
        took = [one for one in caplog.records if vars(one).get("event") == "step_done"]
        assert [vars(one)["step"] for one in took] == ["collect", "compose", "deliver"]
        assert all(vars(one)["took_s"] >= 0 for one in took)
        caplog.clear()
        rounds.make()
    assert caplog.records == []


def test_every_line_has_an_event(due: Installation, caplog: pytest.LogCaptureFixture) -> None:
    due.drop("bad.txt", b"\x00\x01")
    with mail_server() as server, caplog.at_level(logging.DEBUG, "digest"):
        server.refused["me@example.org"] = "550 5.1.1 nobody here"
        rounds = Rounds(opened(due, server.port), never)
        rounds.make()
        rounds._compose = lambda: 1 / 0  # type: ignore[assignment,method-assign,return-value]
        rounds.make()
    ours = [one for one in caplog.records if one.name == "digest"]
    events = {vars(one).get("event") for one in ours}
    assert {"file_rejected", "message_tried", "step_failed"} <= events
    assert None not in events


def test_a_warm_up_that_is_used_up_is_no_alarm(due: Installation) -> None:
    with mail_server() as server:
        pace = {"warm_up_from": dt.datetime.now(dt.UTC).date(), "warm_up_first": 1}
        due.subscribers(
            *(
                {
                    "id": name,
                    "address": f"{name}@example.org",
                    "hour": 0,
                    "interests": [{"keywords": ["diffusion"]}],
                }
                for name in ("one", "two")
            )
        )
        Rounds(opened(due, server.port, pace=pace), never).make()
        assert len(server.received) == 1
    assert alerts(due) == []


# The owner's mails -----------------------------------------------------------------------------


class Owned:
    """An installation whose owner is told of trouble, run at instants of the test's choice."""

    def __init__(self, here: Installation, server: MailServer) -> None:
        self.here, self.server = here, server
        self.port = server.port
        self.more: dict[str, object] = {}
        self.summary = True

    def program(self, now: dt.datetime) -> Rounds:
        """The program, started anew."""
        smtp = {"transport": "smtp", "host": "127.0.0.1", "port": self.port, "security": "none"}
        self.here.settings(
            delivery=smtp,
            mail={
                "owner": "The Owner <owner@example.org>",
                "sender": "papers@example.org",
                "title": "Papers",
            },
            schedule={"summary": self.summary},
            fetch={"allow_private": True},
            **self.more,
        )
        return Rounds(open_app(self.here.folder / "config/digest.yaml", now), never)

    def run(self, now: dt.datetime, rounds: int = 2) -> list[str]:
        """The subjects that the owner got by these rounds: the second sends what the first told."""
        before = len(self.mails())
        program = self.program(now)
        for _ in range(rounds):
            program.make()
        return [str(mail["subject"]) for mail in self.mails()[before:]]

    def mails(self) -> list[email.message.EmailMessage]:
        return [
            email.message_from_bytes(one.data, policy=email.policy.default)  # type: ignore[misc]
            for one in self.server.received
            if one.recipients == ("owner@example.org",)
        ]

    def text(self) -> str:
        """What the latest says, in one line."""
        body = self.mails()[-1].get_body(("plain",))
        assert body
        return " ".join(body.get_content().split())


@pytest.fixture
def owned(due: Installation) -> Iterator[Owned]:
    with mail_server() as server:
        yield Owned(due, server)


@contextmanager
def site() -> Iterator[tuple[str, list[int]]]:
    """The address of a feed, and the status that it answers with, to be changed."""
    status = [500]

    class Feed(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<rss version='2.0'><channel><title>Papers</title></channel></rss>"
            self.send_response(status[0])
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/feed", status
        server.shutdown()


def test_where_nothing_is_wrong_the_owner_hears_nothing(owned: Owned) -> None:
    assert owned.run(MORNING, 3) == []
    assert len(owned.server.received) == 1  # the edition


def test_a_source_in_trouble_is_told_once_a_day_and_once_when_it_is_over(owned: Owned) -> None:
    with site() as (url, status):
        owned.more = {"sources": [{"name": "It's slow", "url": url, "every_m": 1}]}
        assert owned.run(MORNING) == ["Papers: a source is in trouble"]
        text = owned.text()
        config = owned.here.folder / "config/digest.yaml"
        assert "2026-05-20 07:00 UTC" in text and "It's slow" in text
        assert f"digest --config {config} poll 'It'\"'\"'s slow'" in text
        assert "Today so far: 1 new paper;" in text and "0 of 1 source well" in text
        assert owned.run(MORNING + HOUR) == []  # started anew
        assert owned.run(MORNING + DAY) == ["Papers: a source is in trouble"]
        status[0] = 200
        assert owned.run(MORNING + DAY + HOUR) == ["Papers: all is well again"]
        assert "Every source answers again" in owned.text()
        assert "1 of 1 source well" in owned.text()
        assert owned.run(MORNING + DAY + 2 * HOUR) == []
        status[0] = 500
        assert owned.run(MORNING + DAY + 3 * HOUR) == []  # told today already
        assert owned.run(MORNING + 2 * DAY) == ["Papers: a source is in trouble"]


def test_a_mail_server_that_is_down_is_told_when_it_is_back(owned: Owned) -> None:
    with mail_server() as gone:
        owned.port = gone.port
    assert owned.run(MORNING, 3) == []
    assert owned.run(MORNING + HOUR, 3) == []
    store = owned.program(MORNING)._app.store
    assert [line.kind for line in store.outbox.lines()].count("notice") == 1
    owned.port = owned.server.port
    found = owned.run(MORNING + 2 * HOUR, 3)
    assert found == ["Papers: the mail server takes no mail", "Papers: all is well again"]
    assert owned.run(MORNING + 3 * HOUR) == []
    assert "had waited" in owned.text()


def test_a_rejected_file_is_told_and_those_that_follow_only_the_next_day(owned: Owned) -> None:
    program = owned.program(MORNING)
    owned.here.drop("bad.txt", b"\x00\x01")
    program.make()
    owned.here.drop("worse.txt", b"\x00\x02")
    program.make()
    program.make()
    assert [str(mail["subject"]) for mail in owned.mails()] == ["Papers: a file could not be read"]
    file = owned.here.folder / "inbox/rejected/bad.txt"
    assert f"collect --salvage {file}" in owned.text()
    object.__setattr__(program._app, "clock", lambda: MORNING + DAY)
    program.make()
    program.make()
    assert len(owned.mails()) == 2 and "worse.txt" in owned.text()
    assert "bad.txt" not in owned.text()


def test_mails_that_failed_are_told_and_the_owners_own_are_not(owned: Owned) -> None:
    owned.server.refused["me@example.org"] = "550 5.1.1 nobody here"
    assert owned.run(MORNING) == ["Papers: some mails were not delivered"]
    assert "me@example.org" in owned.text() and "nobody here" in owned.text()
    assert "outbox --state failed" in owned.text() and "(1 failed, 1 without mail)" in owned.text()
    owned.server.refused["owner@example.org"] = "550 5.1.1 nobody here either"
    owned.here.drop("bad.txt", b"\x00\x01")
    assert owned.run(MORNING + HOUR, 4) == []
    store = owned.program(MORNING)._app.store
    assert [line.kind for line in store.outbox.lines()].count("notice") == 2


def test_a_step_that_crashes_is_told_with_the_command_that_shows_where(owned: Owned) -> None:
    program = owned.program(MORNING)
    program._poll = lambda: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    program._poll.__name__ = "_poll"
    program.make()
    program.make()
    assert "Poll fails: ZeroDivisionError: division by zero" in owned.text()
    assert "poll -v" in owned.text()
    del program._poll
    program.make()
    program.make()
    assert [str(mail["subject"]) for mail in owned.mails()] == [
        "Papers: a step of the day fails",
        "Papers: all is well again",
    ]


def test_while_other_trouble_stays_not_all_is_said_to_be_well(owned: Owned) -> None:
    with site() as (url, _):
        owned.more = {"sources": [{"name": "Slow", "url": url, "every_m": 1}]}
        program = owned.program(MORNING)
        program._compose = lambda: 1 / 0  # type: ignore[assignment,method-assign,return-value]
        program._compose.__name__ = "_compose"
        program.make()
        del program._compose
        program.make()
        program.make()
    assert [str(mail["subject"]) for mail in owned.mails()] == [
        "Papers: a source is in trouble",
        "Papers: a step of the day fails",
        "Papers: every step works again",
    ]


def test_a_disk_that_is_full_is_told_past_the_outbox(owned: Owned) -> None:
    program = owned.program(MORNING)
    program.make()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))  # any write to a file fails
    try:
        for _ in range(3):
            program.make()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [str(mail["subject"]) for mail in owned.mails()] == [
        "Papers: the database cannot be used"
    ]
    assert "could not be written" in owned.text()
    program.make()
    program.make()
    assert str(owned.mails()[-1]["subject"]) == "Papers: all is well again"
    assert len(owned.mails()) == 2


def test_two_programs_on_one_database_tell_once(owned: Owned) -> None:
    with site() as (url, _):
        owned.more = {"sources": [{"name": "Slow", "url": url, "every_m": 1}]}
        programs = [owned.program(MORNING), owned.program(MORNING)]
        for _ in range(2):
            for program in programs:
                program.make()
    assert len(owned.mails()) == 1


def test_who_wants_no_such_mails_gets_none(owned: Owned) -> None:
    owned.summary = False
    owned.here.drop("bad.txt", b"\x00\x01")
    assert owned.run(MORNING) == []


def test_such_a_mail_is_as_strict_receivers_want_it(owned: Owned) -> None:
    owned.here.drop("bad.txt", b"\x00\x01")
    owned.run(MORNING)
    (mail,) = [one for one in owned.server.received if one.recipients == ("owner@example.org",)]
    file = owned.here.folder / "notice.eml"
    file.write_bytes(mail.data)
    assert owned.here.digest("lint", str(file)).code == 0
    assert mail.data.count(owned.mails()[0]["message-id"].encode()) == 1
