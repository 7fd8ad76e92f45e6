"""Digest and others through the same faults, as a Markdown table: `make rivals`.

Each sends thirty mails to a server of ours. Something breaks once; then cron starts the same job
again, twice, with everything in order. What has not arrived by then is lost when the program
takes it for sent, stuck when it does not and yet sends nothing, and listed when it names the mail
as one for a person to decide.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.rivals.contenders import CONTENDERS, Contender
from tests.support.mailserver import DROP, MailServer, mail_server
from tests.support.sink import free_port

DUE = 30
JOBS_AFTER = 2
BEGIN, END = "<!-- faults -->", "<!-- /faults -->"


@dataclass
class Sum:
    """Counts over the runs of one fault."""

    runs: int = 0
    due: int = 0
    lost: int = 0
    stuck: int = 0
    repeated: int = 0
    listed: int = 0

    def add(self, other: Sum) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Scene:
    """One contender in its folder, and the server its mails go to."""

    contender: Contender
    folder: Path
    server: MailServer
    chance: random.Random

    def job(self, nth: int, port: int | None = None) -> None:
        self.contender.job(self.folder, port or self.server.port, nth).wait(120)


def killed(scene: Scene) -> None:
    """`kill -9`, some milliseconds after a mail drawn by chance has arrived."""
    after = scene.chance.randrange(DUE)
    pause_s = scene.chance.uniform(0, 0.01)
    job = scene.contender.job(scene.folder, scene.server.port, 0)
    while len(scene.server.received) < after and job.poll() is None:
        time.sleep(0.0005)
    time.sleep(pause_s)
    job.kill()
    job.wait()


def unanswered(scene: Scene) -> None:
    """The connection breaks after the final dot of one mail; the server has it."""
    scene.server.then("DOT", *[None] * scene.chance.randrange(DUE), DROP)
    scene.job(0)


def refused(scene: Scene) -> None:
    """One recipient is refused for now (451), as by greylisting."""
    scene.server.then("RCPT", *[None] * scene.chance.randrange(DUE), "451 4.7.1 try again later")
    scene.job(0)


def closing(scene: Scene) -> None:
    """The server answers 421 to one mail and closes the connection, as when it restarts."""
    scene.server.then("MAIL", *[None] * scene.chance.randrange(DUE), "421 4.3.2 restarting")
    scene.job(0)


def away(scene: Scene) -> None:
    """Nobody listens at the first job."""
    scene.job(0, free_port())


FAULTS: dict[str, tuple[Callable[[Scene], None], int]] = {
    "`kill -9` while sending": (killed, 20),
    "connection lost after the final dot": (unanswered, 4),
    "one recipient refused for now (451)": (refused, 4),
    "server restarts (421)": (closing, 4),
    "server away, then back": (away, 2),
}
"""What breaks, and in how many runs, each at places of its own."""


def run(contender: Contender, fault: Callable[[Scene], None], seed: int) -> Sum:
    """What became of the mails of one run."""
    folder = Path(tempfile.mkdtemp(prefix="rival-"))
    try:
        shutil.copytree(_prepared(contender), folder, dirs_exist_ok=True)
        with mail_server() as server:
            fault(Scene(contender, folder, server, random.Random(seed)))
            for nth in range(1, JOBS_AFTER + 1):
                contender.job(folder, server.port, nth).wait(120)
            return _sum(contender, folder, server)
    finally:
        shutil.rmtree(folder)


def _sum(contender: Contender, folder: Path, server: MailServer) -> Sum:
    got = Counter(contender.key(mail.recipients[0], mail.data) for mail in server.received)
    missing = set(contender.keys(DUE)) - got.keys()
    done, listed = contender.told(folder, DUE)
    return Sum(
        runs=1,
        due=DUE,
        lost=len(missing & done),
        stuck=len(missing - done - listed),
        repeated=sum(count - 1 for count in got.values()),
        listed=len(listed),
    )


_folders: dict[str, Path] = {}


def _prepared(contender: Contender) -> Path:
    return _folders[contender.name]


def table(sums: dict[tuple[str, str], Sum]) -> str:
    """The comparison, a row a fault."""
    names = [contender.name for contender in CONTENDERS]
    lines = [
        f"| of {DUE} mails a run | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for fault, (_, runs) in FAULTS.items():
        cells = [_cell(sums[fault, name]) for name in names]
        lines.append(f"| {fault}, {runs} runs | {' | '.join(cells)} |")
    return "\n".join([BEGIN, *lines, END])


def _cell(one: Sum) -> str:
    if not one.runs:
        return "not run"
    counts = {"lost": one.lost, "stuck": one.stuck, "twice": one.repeated}
    said = [f"{count} {what}" for what, count in counts.items() if count] or ["0 lost, 0 twice"]
    if one.listed:
        said.append(f"{one.listed} listed as uncertain")
    return ", ".join(said)


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", help="of the programs; otherwise all")
    given = asked.parse_args()
    chosen = [one for one in CONTENDERS if one.name in given.names or not given.names]
    sums = {(fault, one.name): Sum() for fault in FAULTS for one in CONTENDERS}
    try:
        for one in chosen:
            _folders[one.name] = Path(tempfile.mkdtemp(prefix="rival-"))
            one.prepare(_folders[one.name], DUE)
        tasks = [
            (fault, one, seed)
            for fault, (_, runs) in FAULTS.items()
            for one in chosen
            for seed in range(runs)
        ]
        with ThreadPoolExecutor(3) as pool:
            done = pool.map(lambda task: run(task[1], FAULTS[task[0]][0], task[2]), tasks)
            for (fault, one, _), counted in zip(tasks, done, strict=True):
                sums[fault, one.name].add(counted)
    finally:
        for folder in _folders.values():
            shutil.rmtree(folder)
    print(table(sums))


if __name__ == "__main__":
    main()
