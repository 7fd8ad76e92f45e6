"""How many pages a second one process answers, beside the bare framework: `make bench-web`.

wrk asks on loopback, turn by turn, so that whatever else runs here slows all of them alike. The
bare framework answers a constant of the same length, with the same server and event loop, and
nothing before it: no limits, no headers, no database. What is shown are ratios to it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from digest.app import App
from digest.config import load_settings
from tests.support.builders import a_paper
from tests.support.databases import collect

ROUNDS, SECONDS, CONNECTIONS = 3, 4, 8
DAYS, PAPERS = 12, 30
NOW = dt.datetime(2026, 5, 20, 6, tzinfo=dt.UTC)
FEED = "/feed/public.atom"
START_S = 60

ABSTRACT = (
    "We study how readers find papers, and what a machine can learn of what they want from the "
    "few words that they say of it. Our method ranks {} abstracts in a tenth of a second. "
) * 4


def build(folder: Path) -> None:
    """An installation with a public edition of PAPERS papers for each of DAYS days."""
    many = 10**9
    web = {"requests_per_minute": many, "forms_per_minute": many}
    settings = {"mail": {"base_url": "http://127.0.0.1"}, "semantic": {"model": "none"}, "web": web}
    (folder / "digest.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    clock = [NOW - DAYS * dt.timedelta(days=1)]
    app = App(load_settings(folder / "digest.yaml", {}), lambda: clock[0])
    for day in range(DAYS):
        clock[0] += dt.timedelta(days=1)
        papers = [
            a_paper(
                f"Paper {day * PAPERS + n} on finding what readers want",
                abstract=ABSTRACT.replace("{}", str(day * 100 + n)),
                authors=("Ngozi Adeyemi", "Maria Sandström", "Wei Chen"),
                arxiv_id=f"2605.{day * PAPERS + n:05}",
                categories=("cs.IR", "cs.CL"),
            )
            for n in range(PAPERS)
        ]
        collect(app.store, *papers, at=clock[0], file=f"{day}.txt")
        list(app.compose())
    app.close()


# The two servers, each in a process of its own -----------------------------------------------------


def serve_bare(port: int) -> None:
    """Starlette with one route, which answers a constant of the length that its path names."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    constants: dict[int, bytes] = {}

    async def constant(request: Request) -> Response:
        octets = request.path_params["octets"]
        return Response(constants.setdefault(octets, b"x" * octets), media_type="text/html")

    app = Starlette(routes=[Route("/{octets:int}", constant)])
    uvicorn.run(app, port=port, log_config=None, access_log=False, http="httptools")


def serve_site(port: int, folder: Path) -> None:
    """The site, as `digest serve` does; its clock stands on the last day."""
    from digest.serving import server

    server(App(load_settings(folder / "digest.yaml", {}), lambda: NOW), port=port).run()


@contextmanager
def served(*what: str) -> Iterator[str]:
    """The address of a server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.web_speed", "--port", str(port), *what]
    process = subprocess.Popen(command)
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the server did not start")


# Measuring ------------------------------------------------------------------------------------------


def per_second(url: str, headers: dict[str, str], expected: int) -> float:
    """Requests a second that wrk has answered; each has to be of the status that is expected."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    assert status == expected, (url, status)
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *sent, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    assert wrong is None, (url, said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


@dataclass(frozen=True, slots=True)
class Asked:
    """Medians of all rounds: answers of so many octets a second, and beside those of a constant."""

    name: str
    octets: int
    per_second: float
    ratio: float


def measure(folder: Path) -> list[Asked]:
    """What each page comes to, turn by turn with a constant as long as it."""
    with served("--site", str(folder)) as site:
        with urllib.request.urlopen(site + FEED) as answer:
            etag = answer.headers["ETag"]
        with served("--bare") as bare:
            asked = {
                "feed, 304": (site + FEED, {"If-None-Match": etag}, 304),
                "feed, full": (site + FEED, {}, 200),
                "feed, full, gzip": (site + FEED, {"Accept-Encoding": "gzip"}, 200),
                "home": (f"{site}/", {}, 200),
                "subscribe": (f"{site}/subscribe", {}, 200),
            }
            sizes = {name: _size(url, headers) for name, (url, headers, _) in asked.items()}
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
            for _ in range(ROUNDS):
                for name, (url, headers, status) in asked.items():
                    rate = per_second(url, headers, status)
                    constant = per_second(f"{bare}/{sizes[name]}", {}, 200)
                    found[name].append((rate, rate / constant))
    return [
        Asked(name, sizes[name], *(statistics.median(some) for some in zip(*rounds, strict=True)))
        for name, rounds in found.items()
    ]


def _size(url: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return len(answer.read())
    except urllib.error.HTTPError:
        return 0


def say(found: Sequence[Asked]) -> None:
    """A table of ratios, in Markdown; and what a 304 costs beside a full answer."""
    print("| what is asked for | KB | answers, beside a constant of that length |")
    print("|---|---:|---:|")
    for one in found:
        print(f"| {one.name} | {one.octets / 1000:.1f} | {one.ratio:.3f} |")
    rates = {one.name: one.per_second for one in found}
    print(
        f"\nA 304 costs {rates['feed, full'] / rates['feed, 304']:.3f} of a full answer.", end=" "
    )
    print("Here and now, a second: " + ", ".join(f"{n}: {r:.0f}" for n, r in rates.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--site", type=Path)
    told = parser.parse_args()
    if told.bare:
        serve_bare(told.port)
    elif told.site is not None:
        serve_site(told.port, told.site)
    elif shutil.which("wrk") is None:
        print("skipped: it needs wrk (Debian's package wrk)")
    else:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder))
            say(measure(Path(folder)))


if __name__ == "__main__":
    main()
