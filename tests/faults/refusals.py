"""Servers that refuse, break off, hang or offer little: what smtp-sink's switches make of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.ledger import Verdict
from tests.faults.places import new_place, until
from tests.faults.scenarios import Scenario, end, expect, sinking
from tests.support.sink import smtp_sink

READERS = 6


def _then_well(
    folder: Path,
    *,
    switches: Sequence[str],
    first: set[str],
    took: bool = False,
    resend: bool = False,
    **delivery: Any,
) -> Verdict:
    """A server with these switches, then one without any.

    After the first run every message is in one of the states ``first``; ``took`` says that the
    server had them all the same.
    """
    place = new_place(folder, READERS, uncertain="resend" if resend else "hold", **delivery)
    with sinking(*switches) as bad, smtp_sink() as good:
        place.server(bad.port)
        ran = place.deliver()
        states = place.states()
        found = end(place, *([bad] if took else []), good, resend=resend)
    expect(found, ran.code in (0, 1), f"exit code {ran.code}: {ran.out.strip()}")
    expect(found, states.keys() <= first, f"after the fault {states}, not {sorted(first)}")
    if resend:
        expect(found, not found.uncertain, "uncertain messages were not sent again")
    return found


def _hint(folder: Path) -> Verdict:
    """The server names five minutes: not before, and then at once."""
    place = new_place(folder, READERS)
    reply = "451 4.7.1 try again in 300 seconds"
    with sinking("-r", "RCPT", "-b", reply) as bad, smtp_sink() as good:
        place.server(bad.port)
        place.deliver()
        place.server(good.port)
        place.deliver(hours=200 / 3600)
        early = good.count()
        found = end(place, good)
    expect(found, early == 0, f"{early} mails left before the time the server named")
    return found


def _too_much(folder: Path) -> Verdict:
    """552 at RCPT is a mailbox that is full now, not an address that is wrong."""
    return _then_well(
        folder, switches=("-f", "RCPT", "-B", "552 5.2.2 mailbox full"), first={"deferred"}
    )


def _refused_for_good(folder: Path, *, command: str) -> Verdict:
    """5xx fails each recipient, with the server's words, and nobody is asked again."""
    place = new_place(folder, READERS)
    with sinking("-f", command, "-B", "550 5.1.1 unknown") as bad, smtp_sink() as good:
        place.server(bad.port)
        place.deliver()
        rows = place.outbox()
        found = end(place, good)
    failed = [row for row in rows if row.state == "failed"]
    expect(found, failed, "nothing failed")
    words = all("5.1.1 unknown" in row.reply for row in failed)
    expect(found, words, "the server's words are not listed")
    expect(found, found.delivered + found.failed == found.due, "somebody is unaccounted for")
    return found


def _stands_still(folder: Path) -> Verdict:
    """The server stops in the middle, connections open, and goes on after the timeout."""
    place = new_place(folder, READERS)
    with sinking("-W", ".:1") as sink:
        place.server(sink.port)
        running = place.start("deliver")
        while sink.count() < 2 and running.runs():
            pass
        sink.freeze()
        running.wait()
        sink.thaw()
        found = end(place, sink)
    expect(found, found.uncertain <= 1, f"{found.uncertain} uncertain over one connection")
    return found


def _comes_back(folder: Path) -> Verdict:
    """Nobody listens; the scheduler says so once, and goes on by itself once somebody does."""
    place = new_place(folder, READERS)
    with sinking() as sink:
        sink.stop()
        place.server(sink.port)
        running = place.start("run")
        waited = _said(running, "refuses connections")
        sink.start()
        came = _arrived(sink, READERS, running)
        running.signal(15)
        ran = running.wait(30)
        found = end(place, sink)
    attempts = [row["attempts"] for row in place.messages()]
    expect(found, waited, f"nothing was said of it: {ran.out!r}")
    said = len(re.findall("refuses connections", ran.out))
    expect(found, said == 1, f"it was said {said} times")
    expect(found, came, f"it did not go on by itself: {ran.out!r}")
    expect(found, set(attempts) == {1}, f"attempts were charged: {attempts}")
    return found


def _said(running: Any, what: str) -> bool:
    return until(lambda: what in running.said() or not running.runs(), 30, 0.05)


def _arrived(sink: Any, count: int, running: Any) -> bool:
    return until(lambda: sink.count() >= count or not running.runs(), 60, 0.05)


def _offers(folder: Path, *, switches: Sequence[str]) -> Verdict:
    """A server that offers less gets the same mails, each in bytes it may be sent."""
    place = new_place(folder, READERS)
    with sinking(*switches) as sink:
        place.server(sink.port)
        place.deliver()
        found = end(place, sink)
    expect(found, found.delivered == found.due, f"only {found.delivered} were delivered")
    return found


def _slow(folder: Path) -> Verdict:
    """A small window and a pause before the body is read: slow, and all arrives."""
    place = new_place(folder, 3, timeout_s=20, dot_timeout_s=20)
    with sinking("-T", "512", "-H", "1") as sink:
        place.server(sink.port)
        return end(place, sink)


def _one_hangs(folder: Path) -> Verdict:
    """Replies to RCPT that come late by chance hold up their own connection only."""
    place = new_place(folder, READERS, connections=3)
    # With -p: smtp-sink answers commands that follow before the one whose reply it delays.
    with sinking("-p", "-W", "RCPT:2:40") as sink, smtp_sink() as good:
        place.server(sink.port)
        place.deliver()
        found = end(place, sink, good)
    expect(found, found.delivered == found.due, f"only {found.delivered} were delivered")
    return found


def _refuses(reply: str) -> tuple[str, ...]:
    return ("-b", reply)


BUSY = _refuses("451 4.3.0 not now")
WAITING = {"queued", "deferred"}


def _well(**how: Any) -> Any:
    return partial(_then_well, **how)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "F1",
        "lost after the dot, hold",
        [_well(switches=("-q", "."), first={"uncertain", "queued"}, took=True)],
    ),
    Scenario(
        "F1",
        "lost after the dot, resend",
        [_well(switches=("-q", "."), first={"uncertain", *WAITING}, took=True, resend=True)],
    ),
    Scenario(
        "F2",
        "lost at MAIL, RCPT or DATA",
        [_well(switches=("-q", step), first=WAITING) for step in ("MAIL", "RCPT", "DATA")],
    ),
    Scenario(
        "F3",
        "no reply to the dot",
        [
            _well(switches=("-W", ".:9"), first={"uncertain", "queued"}, took=True),
            _stands_still,
        ],
    ),
    Scenario(
        "F4",
        "4xx at MAIL, RCPT, DATA or dot",
        [
            *(
                _well(switches=("-r", step, *BUSY), first=WAITING)
                for step in ("MAIL", "RCPT", "DATA", ".")
            ),
            _hint,
        ],
    ),
    Scenario(
        "F5",
        "5xx at RCPT or dot, 552 at RCPT",
        [
            partial(_refused_for_good, command="RCPT"),
            partial(_refused_for_good, command="."),
            _too_much,
        ],
    ),
    Scenario(
        "F6",
        "421 at MAIL, RCPT or DATA",
        [_well(switches=("-Q", step), first=WAITING) for step in ("MAIL", "RCPT", "DATA")],
    ),
    Scenario(
        "F7",
        "server away, then back",
        [_comes_back, _well(switches=("-q", "CONNECT"), first={"queued"})],
    ),
    Scenario(
        "F10",
        "550 while the body is sent",
        [_well(switches=("-A", "0"), first={"failed", *WAITING})],
    ),
    Scenario(
        "F11",
        "no pipelining, ESMTP, 8BITMIME, DSN",
        [partial(_offers, switches=(switch,)) for switch in ("-p", "-e", "-8", "-N", "-E")],
    ),
    Scenario("F13", "slow readers and replies", [_slow, _one_hangs]),
)
