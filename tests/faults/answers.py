"""Servers of ours that answer as no program would: by chance, in pieces, with nonsense."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.ledger import Verdict
from tests.faults.places import new_place
from tests.faults.scenarios import Scenario, end, expect, scripted
from tests.support.mailserver import DROP, raw_server
from tests.support.proxy import Plan, first, proxy

READERS = 8


def few_each(folder: Path, *, bye: str) -> Verdict:
    """A relay that takes three mails over a connection and then closes it, in words or without."""
    place = new_place(folder, 12)
    asked = 0

    def action(step: str) -> str | None:
        nonlocal asked
        asked += step == "MAIL"
        return bye if step == "MAIL" and asked % 4 == 0 else None

    with scripted() as relay:
        relay.server.action = action
        place.server(relay.port)
        place.deliver()
        states = place.states()
        found = end(place, relay)
    expect(found, states == {"sent": 12}, f"one run ended with {states}")
    return found


def by_chance(folder: Path, *, seed: int, share: float = 0.3) -> Verdict:
    """Three of ten steps go wrong: refused for now or for good, or the connection drops."""
    place = new_place(folder, READERS, connections=2)
    chance = random.Random(seed)
    with scripted() as bad, scripted() as good:
        bad.server.action = _trouble(chance, share)
        place.server(bad.port)
        for hour in range(6):
            place.deliver(hours=hour * 0.5)
        attempts = [one["attempts"] for one in place.messages()]
        found = end(place, bad, good)
    expect(found, max(attempts) <= 6, f"{max(attempts)} attempts in six runs")
    found.wrong = [f"seed {seed}: {sentence}" for sentence in found.wrong]
    return found


def _trouble(chance: random.Random, share: float) -> Callable[[str], str | None]:
    def action(step: str) -> str | None:
        if step in ("EHLO", "RSET", "QUIT", "NOOP", "BODY") or chance.random() >= share / 3:
            return None
        codes = {"CONNECT": ["421 4.3.2 busy"], "MAIL": ["450 4.3.0 not now"]}
        usual = [DROP, "451 4.3.0 not now", "550 5.1.1 unknown"]
        return chance.choice([DROP, *codes[step]] if step in codes else usual)

    return action


WELL_SAID: dict[str, Any] = {
    "pieces": {"DOT": [b"2", b"50-one\r", b"\n250", b" two\r\n"], "CONNECT": [b"22", b"0 hi\r\n"]},
    "ten kilobytes": {"DOT": b"250 " + b"x" * 10_000 + b"\r\n"},
    "many lines": {"EHLO": b"250-raw\r\n" * 200 + b"250 8BITMIME\r\n"},
    "not UTF-8": {"DOT": b"250 re\xe7u \x1b[31m\r\n"},
}
NONSENSE: dict[str, bytes] = {
    "words": b"what?\r\n",
    "code": b"999 no\r\n",
    "two codes": b"250-one\r\n550 two\r\n",
    "endless line": b"x" * 200_000,
}


def well_said(folder: Path, *, name: str) -> Verdict:
    """Replies that are odd and right: everything is delivered, once."""
    place = new_place(folder, 3)
    with raw_server(**WELL_SAID[name]) as (port, heard):
        place.server(port)
        place.deliver()
        place.finish()
        rows = place.outbox()
    got = [found[1] for line in heard if (found := re.match("RCPT TO:<([^>]*)>", line))]
    found = Verdict(due=3, delivered=len(set(got)), duplicated=len(got) - len(set(got)))
    expect(found, {row.state for row in rows} == {"sent"}, f"{name}: {rows}")
    expect(found, heard.count("DOT") == 3, f"{name}: {heard.count('DOT')} messages went out")
    return found


def nonsense(folder: Path, *, step: str, name: str) -> Verdict:
    """Answers that are no SMTP: before the dot a later attempt, after it uncertain."""
    place = new_place(folder, 3)
    with raw_server(**{step: NONSENSE[name]}) as (port, heard), scripted() as good:
        place.server(port)
        place.deliver()
        after_dot = heard.count("DOT")
        states = place.states()
        found = end(place, good)
    listed = states.get("uncertain", 0)
    expect(found, listed == after_dot, f"{name} at {step}: {after_dot} dots, {listed} uncertain")
    return found


def cut(folder: Path, *, plan: Plan, receive: Any = scripted, connections: int = 1) -> Verdict:
    """The first connection is cut at one byte, up or down; those after it are whole."""
    place = new_place(folder, 3, connections=connections, timeout_s=1, dot_timeout_s=1)
    with receive() as receiver:
        with proxy(receiver.port, first(plan)) as between:
            place.server(between.port)
            place.deliver()
        found = end(place, receiver)
    most = 1  # over the one connection that was cut
    expect(found, found.uncertain <= most, f"{plan}: {found.uncertain} uncertain")
    found.wrong = [f"{plan}: {sentence}" for sentence in found.wrong]
    return found


def cuts(count: int, *, seed: int = 7, most_up: int = 40_000) -> list[Plan]:
    """Places to cut at: the first bytes of a session each way, and more by chance."""
    chance = random.Random(seed)
    plans = []
    for nth in range(count):
        how = ("reset", "close", "half", "stall")[nth % 4]
        if nth % 2:
            plans.append(Plan(down=1 + chance.randrange(700), how=how))
        else:
            near = chance.random() < 0.4
            plans.append(Plan(up=1 + chance.randrange(400 if near else most_up), how=how))
    return plans


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "F8",
        "relay closes after three mails",
        [partial(few_each, bye=bye) for bye in ("421 4.7.0 enough for now", DROP)],
    ),
    Scenario(
        "F9", "three of ten steps go wrong", [partial(by_chance, seed=seed) for seed in range(8)]
    ),
    Scenario(
        "F12",
        "odd replies",
        [
            *(partial(well_said, name=name) for name in WELL_SAID),
            *(
                partial(nonsense, step=step, name=name)
                for step in ("RCPT", "DOT")
                for name in NONSENSE
            ),
        ],
    ),
    Scenario("F12", "connection cut at byte n", [partial(cut, plan=plan) for plan in cuts(60)]),
)
