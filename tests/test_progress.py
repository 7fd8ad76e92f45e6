"""Progress: a bar where somebody looks and the work lasts, a line now and then elsewhere."""

from __future__ import annotations

import fcntl
import http.server
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from digest import progress
from digest.app import open_app
from digest.commands import watching
from digest.errors import StoreError
from digest.pipeline import Waiting
from digest.sources import Collected
from tests.support.installation import Installation, here

__all__ = ["here"]

WIDTH = 60
LONG = "a line of the log that is much longer than the terminal is wide " * 3 + "."

WORK = f"""
import logging, sys, time
from digest import logs, progress
long = {LONG!r}
logs.to_terminal("human")
for n in progress.over(range(20), 20, "working [on] it"):
    time.sleep(0.1)
    if n in (5, 15):
        print("data", n, flush=True)
        logging.getLogger("digest").info("%s", long)
print("rich" in sys.modules)
"""

SHORT = """
import sys
from digest import progress
print(list(progress.over(range(3), 3, "working")), "rich" in sys.modules)
"""

CALM = {"TERM": "xterm"}


def at_a_terminal(*command: str, **environment: str) -> tuple[str, str]:
    """What a program wrote to its stdout, a pipe, and to its stderr, a terminal."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    left_out = ("CI", "NO_COLOR", "COLUMNS", "TERM", "FORCE_COLOR", "TTY_COMPATIBLE")
    clean = {name: value for name, value in os.environ.items() if name not in left_out}
    seen: list[bytes] = []
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=its,
        env=clean | CALM | environment,
        text=True,
    )
    os.close(its)

    def read() -> None:
        try:
            while data := os.read(ours, 4096):
                seen.append(data)
        except OSError:  # how Linux says that the other end is closed
            return

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=60)
    reader.join()
    os.close(ours)
    assert process.returncode == 0, b"".join(seen).decode()
    return out, b"".join(seen).decode()


def screen(written: str) -> list[str]:
    """The lines that stand on a terminal in the end, none of them folded."""
    lines, row, column = [""], 0, 0
    for token in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if token == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif token.endswith("A"):
            row -= int(token[2:-1] or 1)
        elif token == "\x1b[2K":
            lines[row] = ""
        elif not token.startswith("\x1b"):
            lines[row] = lines[row].ljust(column)[:column] + token
            column += len(token)
    return [line for line in lines if line]


def test_a_bar_is_shown_and_leaves_only_what_was_logged() -> None:
    out, seen = at_a_terminal("-c", WORK)
    assert "working [on] it" in seen and re.search(r"1\d/20", seen)
    assert "\x1b[?25h" in seen  # the cursor is back
    assert [line[20:] for line in screen(seen)] == [LONG] * 2
    assert out == "data 5\ndata 15\nTrue\n"  # data stays data


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}])
def test_who_wants_no_bar_gets_none(environment: dict[str, str]) -> None:
    out, seen = at_a_terminal("-c", WORK, **environment)
    assert "\x1b" not in seen
    assert out == "data 5\ndata 15\nFalse\n"


def test_short_work_shows_nothing_and_waits_for_no_library() -> None:
    out, seen = at_a_terminal("-c", SHORT)
    assert (out, seen) == ("[0, 1, 2] False\n", "")


def test_an_error_ends_the_bar_and_is_shown_whole() -> None:
    script = WORK.replace("time.sleep(0.1)", "time.sleep(0.1); n < 15 or sys.exit('no more')")
    with pytest.raises(AssertionError, match="no more") as found:
        at_a_terminal("-c", script)
    assert "\x1b[?25h" in str(found.value)


@contextmanager
def slow_site(wait_s: float) -> Iterator[str]:
    """A feed that takes its time."""

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(wait_s)
            body = b"<rss version='2.0'><channel><title>Papers</title></channel></rss>"
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/feed"
        server.shutdown()


@pytest.mark.parametrize("json_", [False, True])
def test_a_source_that_is_slow_is_waited_for_with_a_bar_but_not_in_json(
    here: Installation, json_: bool
) -> None:
    with slow_site(2.5) as url:
        here.settings(sources=[{"name": "Slow", "url": url}], fetch={"allow_private": True})
        more = ["--json"] if json_ else []
        config = str(here.folder / "config/digest.yaml")
        out, seen = at_a_terminal("-m", "digest", "--config", config, "poll", "Slow", *more)
    if json_:
        assert json.loads(out)["sources"][0]["outcome"] == "fetched"
        assert "\x1b" not in seen
    else:
        assert out.startswith("Fetched Slow")
        assert "asking sources" in seen and "0/1" in seen
        assert screen(seen) == []


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.2)


def working(total: progress.Total) -> None:
    for _ in progress.over(range(5), total, "working", lambda n: 1000):
        time.sleep(0.1)


def test_where_no_terminal_is_a_line_comes_now_and_then(
    hasty: None, capsys: pytest.CaptureFixture[str]
) -> None:
    working(5000)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and lines
    assert all(re.fullmatch(r"digest: working: \d,000 of 5,000 after \d+ s", one) for one in lines)


def test_what_is_left_is_asked_only_of_work_that_lasts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []
    assert list(progress.over([1], lambda: asked.append(1) or 1, "working")) == [1]
    assert asked == []
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.2)
    working(lambda: asked.append(1) or 3000)
    assert asked == [1]
    assert re.search(r"of [4-8],000 after", capsys.readouterr().err)  # these, and those done


def test_a_total_that_nobody_knows_or_can_tell_is_left_out(
    hasty: None, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown() -> int:
        raise StoreError("the database is away")

    working(None)
    working(unknown)
    err = capsys.readouterr().err
    assert re.search(r"working: \d,000 after \d+ s", err) and " of " not in err


def test_more_than_the_total_is_no_trouble(hasty: None, capsys: pytest.CaptureFixture[str]) -> None:
    working(1000)
    found = re.findall(r"(\d),000 of (\d),000", capsys.readouterr().err)
    assert found and all(done <= total for done, total in found)


def test_an_error_of_the_work_is_its_own() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        list(progress.over(failing(), 5, "working"))


def test_files_of_the_inbox_and_readers_that_are_due_are_what_is_counted(
    here: Installation, hasty: None, capsys: pytest.CaptureFixture[str]
) -> None:
    app = open_app(here.folder / "config/digest.yaml", None)
    for name in ("a.txt", "b.txt"):
        here.drop(name, "not read by this test")

    def slowly() -> Iterator[Collected]:
        for name in ("a.txt", "b.txt"):
            (here.folder / "inbox" / name).unlink()
            yield Collected(Path(name))
            time.sleep(0.4)

    def waiting() -> Iterator[Waiting]:
        yield Waiting(("me", "public"))
        time.sleep(0.4)

    assert len(list(watching.collecting(app, slowly()))) == 2
    assert re.search(r"collecting files: \d of 2 after", capsys.readouterr().err)
    assert len(list(watching.composing(app, waiting()))) == 1
    assert re.search(r"composing editions: 2 of [2-4] after", capsys.readouterr().err)
    app.close()
