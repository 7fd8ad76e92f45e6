"""How fast mails of 48 KB leave, beside Postfix's own client and smtplib: `make bench-smtp`.

All send to Postfix's smtp-sink on this machine, turn by turn, so that whatever else runs here slows
all of them alike. `outbox` is the real delivery from a database on disk, of editions of ten papers
that are read, marked, recorded, and printed as messages at hand: printing has a bench of its own
(test_mail_speed.py). `wire` sends the same messages over the same connections from memory: the
difference is what the outbox costs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from digest.deliver.settings import DeliverSettings
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.delivery import deliver
from digest.editions import Edition
from digest.messages import Message
from digest.store.editions import Composed
from digest.store.shelves import Store, open_store
from tests.support.builders import a_pick, a_subscriber
from tests.support.databases import collect, numbers
from tests.support.sink import find_source, smtp_sink

SIZE, PICKS = 49_152, 10
ROUNDS = 5
COUNTS = {1: 1000, 10: 2000}
"""Messages a turn, by connections: a second or two each."""

SENDER, RECIPIENT = "papers@digest.example", "reader@example.org"
LINE = b"A line of a mail, as long as lines of mails are: seventy-six characters...\r\n"
HEAD = b"Message-ID: <%d@digest.example>\r\nSubject: Papers of today\r\n\r\n"


def a_message(number: int) -> Message:
    """A message of the size that smtp-source is told to send."""
    head = HEAD % number
    body = (LINE * (SIZE // len(LINE) + 1))[: SIZE - len(head) - 2] + b"\r\n"
    return Message(f"<{number}@digest.example>", SENDER, RECIPIENT, head + body)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


# Those compared: each sends so many messages over so many connections ----------------------------


def source(port: int, connections: int, messages: Sequence[Message]) -> float:
    """Seconds that Postfix's smtp-source takes."""
    command = [find_source() or "smtp-source", "-d", "-s", str(connections)]
    command += ["-m", str(len(messages)), "-l", str(SIZE), "-f", SENDER, "-t", RECIPIENT]
    began = time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True)
    return time.perf_counter() - began


def library(port: int, connections: int, messages: Sequence[Message]) -> float:
    """Seconds that smtplib takes, each connection kept for all its messages."""

    def send(share: Sequence[Message]) -> None:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            for message in share:
                smtp.sendmail(message.sender, [message.recipient], message.data)

    return _in_threads(send, connections, messages)


def wire(port: int, connections: int, messages: Sequence[Message]) -> float:
    """Seconds that our own client takes without any record of it."""

    def send(share: Sequence[Message]) -> None:
        transport = SmtpTransport(_settings(port))
        for message in share:
            outcome = transport.send(message)
            assert type(outcome).__name__ == "Accepted", outcome
        transport.close()

    return _in_threads(send, connections, messages)


def outbox(port: int, connections: int, messages: Sequence[Message]) -> float:
    """Seconds that delivery takes from a database on disk, every step of it recorded there."""
    with tempfile.TemporaryDirectory(prefix="bench-smtp-") as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'digest.db'}")
        _fill(store, messages)
        ready = {message.message_id: message for message in messages}
        settings = DeliverSettings(connections=connections)
        began = time.perf_counter()
        sent = list(
            deliver(
                store,
                lambda: SmtpTransport(_settings(port)),
                now,
                settings,
                printing=lambda _, waiting: ready[waiting.message_id],
            )
        )
        seconds = time.perf_counter() - began
        assert [one.state for one in sent] == ["sent"] * len(messages)
        store.close()
    return seconds


def _settings(port: int) -> SmtpSettings:
    return SmtpSettings("127.0.0.1", port, "none", messages_per_connection=0)


def _fill(store: Store, messages: Sequence[Message]) -> None:
    """Store an edition of PICKS papers for each message, which waits without its bytes."""
    at = now()
    titles = [f"A paper on topic {n}" for n in range(PICKS)]
    collect(store, *titles, at=at)
    papers = tuple(numbers(store)[title] for title in titles)
    picks = tuple(a_pick(title) for title in titles)
    readers = [a_subscriber(f"reader-{n}") for n in range(len(messages))]
    store.subscribers.add(readers, at)
    store.editions.add(
        [
            Composed(
                Edition(reader, at.date(), at, picks, PICKS),
                papers,
                replace(message, data=b""),
                None,
            )
            for reader, message in zip(readers, messages, strict=True)
        ]
    )


def _in_threads(
    send: Callable[[Sequence[Message]], None], connections: int, messages: Sequence[Message]
) -> float:
    threads = [
        threading.Thread(target=send, args=(messages[nth::connections],))
        for nth in range(connections)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


CONTENDERS = {"smtp-source": source, "smtplib": library, "wire": wire, "outbox": outbox}


def main() -> int:
    """Print messages a second, and the ratios; 1 when one of them is not reached."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    given = asked.parse_args()
    if not find_source():
        print("skipped: smtp-source, which Debian's postfix brings, is not installed")
        return 0
    reached = [_compare(connections, count, given.rounds) for connections, count in COUNTS.items()]
    return 0 if all(reached) else 1


def _compare(connections: int, count: int, rounds: int) -> bool:
    messages = [a_message(number) for number in range(count)]
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    cpu_ms: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with smtp_sink(dump=False) as sink:
        for send in CONTENDERS.values():  # a first turn that is not counted
            send(sink.port, connections, messages[:200])
        for _ in range(rounds):
            for name, send in CONTENDERS.items():
                before = _cpu_s(name)
                rates[name].append(count / send(sink.port, connections, messages))
                cpu_ms[name].append(1000 * (_cpu_s(name) - before) / count)
    print(f"{connections} connection(s), {count} messages of {SIZE} bytes, median of {rounds}:")
    for name, found in rates.items():
        spread = f"{min(found):5.0f} to {max(found):5.0f}"
        cpu = statistics.median(cpu_ms[name])
        rate = statistics.median(found)
        print(f"  {name:<12} {rate:6.0f} a second ({spread}), {cpu:.2f} ms of CPU each")
    return _say_ratios(rates)


def _cpu_s(name: str) -> float:
    """Seconds of processor that a contender used; outbox's include filling the database."""
    who = resource.RUSAGE_CHILDREN if name == "smtp-source" else resource.RUSAGE_SELF
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _say_ratios(rates: dict[str, list[float]]) -> bool:
    """Ratios by turn, so that a moment in which the machine was busy does not count twice."""
    wanted = {
        "smtp-source": ("at least", 0.8),
        "smtplib": ("at least", 2.0),
        "wire": ("at least", 0.85),
    }
    reached = True
    for other, (_, least) in wanted.items():
        pairs = zip(rates["outbox"], rates[other], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        reached = reached and ratio >= least
        mark = "" if ratio >= least else "  not reached"
        print(f"  outbox / {other:<12} {ratio:5.2f}, wanted {least}{mark}")
    return reached


if __name__ == "__main__":
    sys.exit(main())
