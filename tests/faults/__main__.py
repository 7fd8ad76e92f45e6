"""Every fault that delivery must survive, against real processes: `make faults`.

Each scenario breaks something on purpose and lets the program go on. Then everyone who was due is
accounted for: delivered, failed with a reason, or listed as uncertain; nobody twice, unless the
policy says to send again what is uncertain.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import answers, clocks, crashes, disks, people, places, refusals, tls
from tests.faults.ledger import Verdict
from tests.faults.scenarios import Part, Scenario, Skipped

COLUMNS = ("due", "delivered", "failed", "uncertain", "lost", "duplicated")
LINE = "{:<9} {:<38} {:>5} {:>7} {:>9} {:>6} {:>9} {:>5} {:>10} {:>8}"


@dataclass
class Account:
    """A scenario's runs so far."""

    scenario: Scenario
    runs: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main() -> int:
    """0 when every promise was kept."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("only", nargs="*", help="numbers such as F14, or parts of names")
    asked.add_argument("--seeds", type=int, default=200, help="runs killed by chance; 200")
    asked.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="runs at once")
    asked.add_argument("--each", action="store_true", help="say each run as it ends")
    given = asked.parse_args()
    logging.disable()  # aiosmtpd tells of each connection that is broken, which is what we do
    warnings.simplefilter("ignore")
    chosen = [one for one in all_scenarios(given.seeds) if _asked_for(one, given.only)]
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o755)
    try:
        accounts = list(_run(chosen, folder, given.jobs, given.each))
    finally:
        places.close()
        shutil.rmtree(folder, ignore_errors=True)
    return _report(accounts, time.monotonic() - began)


def all_scenarios(seeds: int) -> list[Scenario]:
    """In the order of their numbers."""
    rooms = (refusals, answers, disks, clocks, people, tls)
    found = [*crashes.scenarios(seeds), *(one for room in rooms for one in room.SCENARIOS)]
    return sorted(found, key=lambda one: int(one.faults.partition(" ")[0].strip("F,")))


def _asked_for(scenario: Scenario, only: Sequence[str]) -> bool:
    said = (*scenario.faults.replace(",", " ").split(), scenario.name)
    return not only or any(wish in said or wish in scenario.name for wish in only)


def _run(chosen: Sequence[Scenario], folder: Path, jobs: int, each: bool) -> Iterator[Account]:
    with ThreadPoolExecutor(jobs) as pool:
        begun: list[tuple[Scenario, list[Future[tuple[Verdict | str, float]]]]] = []
        for number, scenario in enumerate(chosen):
            runs = [
                pool.submit(_one, part, folder / f"{number}-{nth}", each)
                for nth, part in enumerate(scenario.parts)
            ]
            begun.append((scenario, runs))
        for scenario, runs in begun:
            account = Account(scenario)
            for run in runs:
                found, seconds = run.result()
                account.runs += 1
                account.seconds += seconds
                if isinstance(found, str):
                    account.skipped.append(found)
                else:
                    account.verdict.add(found)
            print(_line(account), flush=True)
            yield account


def _one(part: Part, folder: Path, each: bool) -> tuple[Verdict | str, float]:
    """The verdict of one run, or why it was skipped; and its seconds."""
    began = time.monotonic()
    found: Verdict | str
    try:
        found = part(folder)
    except Skipped as why:
        found = str(why)
    except Exception as error:
        trace = traceback.format_exc() if each else ""
        found = Verdict(wrong=[f"{part}: {type(error).__name__}: {error} {trace}"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if each:
        print(f"  {part}: {found}", flush=True)
    return found, time.monotonic() - began


def _line(account: Account) -> str:
    found = account.verdict
    if len(account.skipped) == account.runs:
        one = account.scenario
        return f"{one.faults:<9} {one.name:<38} skipped: {account.skipped[0]}"
    counts = [getattr(found, name) for name in COLUMNS]
    mark = "" if found.kept else "  broken"
    said = (account.scenario.faults, account.scenario.name, account.runs, *counts)
    return LINE.format(*said, f"{account.seconds:.1f}") + mark


def _report(accounts: Sequence[Account], seconds: float) -> int:
    total = Verdict()
    for account in accounts:
        total.add(account.verdict)
    ran = [one for one in accounts if len(one.skipped) < one.runs]
    broken = [one for one in ran if not one.verdict.kept]
    counts = [getattr(total, name) for name in COLUMNS]
    runs = sum(one.runs for one in accounts)
    print(LINE.format("", "in all", runs, *counts, f"{seconds:.1f}"))
    if total.allowed:
        print(f"{total.allowed} sent again because the policy for uncertain ones said so")
    _say_broken(broken)
    _say_skipped(one for one in accounts if one.skipped)
    kept = len(ran) - len(broken)
    print(f"{kept} passed, {len(broken)} failed, {len(accounts) - len(ran)} skipped")
    return 1 if broken else 0


def _say_broken(broken: Iterable[Account]) -> None:
    for one in broken:
        print(f"\n{one.scenario.faults} {one.scenario.name}:")
        for sentence in one.verdict.wrong[:12]:
            print(f"  {sentence}")


def _say_skipped(skipped: Iterable[Account]) -> None:
    for one in skipped:
        for why in sorted(set(one.skipped)):
            print(f"skipped: {one.scenario.faults} {one.scenario.name}: {why}")


if __name__ == "__main__":
    heads = ("fault", "scenario", "runs", "due", "delivered", "failed", "uncertain", "lost")
    print(LINE.format(*heads, "duplicated", "seconds"))
    sys.exit(main())
