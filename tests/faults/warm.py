"""A process that has imported digest and forks one for each command: real ones, started at once.

A Python process that imports all of digest takes more than a second; the hundreds that are killed
here would take an hour. The forked process is as killable, has its own folder, environment and
output, and runs the command line's own ``main``; only its imports were done before.

Run as a program it reads a request a line and writes a line at a process's start and end.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

IMPORTED = ("digest.cli", "digest.answers", "digest.app", "digest.scheduler", "digest.delivery")
ROOT = Path(__file__).parents[2]


class Forked:
    """A command that runs; ``code`` is negative for the signal that ended it."""

    def __init__(self) -> None:
        self.pid = 0
        self.code: int | None = None
        self.started, self.ended = threading.Event(), threading.Event()


class Warm:
    """The process that forks, from the side that asks it to."""

    def __init__(self) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()
        self._asked: list[Forked] = []
        self._running: dict[int, Forked] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, folder: Path, arguments: list[str], env: dict[str, str], out: Path) -> Forked:
        """A new process running ``digest`` there; both its outputs go to ``out``."""
        request = {"folder": str(folder), "arguments": arguments, "env": env, "out": str(out)}
        forked = Forked()
        with self._lock:
            self._asked.append(forked)
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        if not forked.started.wait(30):
            raise RuntimeError("the process that forks does not answer")
        return forked

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if told["code"] is None:
                forked = self._asked.pop(0)
                forked.pid = told["pid"]
                self._running[forked.pid] = forked
                forked.started.set()
            else:
                forked = self._running.pop(told["pid"])
                forked.code = told["code"]
                forked.ended.set()

    def close(self) -> None:
        """End the process; what it forked and still runs is killed."""
        for forked in list(self._running.values()):
            with suppress(ProcessLookupError):
                os.kill(forked.pid, signal.SIGKILL)
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def main() -> None:
    """Fork for each request until there are no more."""
    for name in IMPORTED:
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    heard = b""
    while True:
        for key, _ in selector.select():
            if key.fd == woken:
                os.read(woken, 4096)
                _reap()
                continue
            more = os.read(0, 65536)
            if not more:
                return
            *lines, heard = (heard + more).split(b"\n")
            for line in lines:
                _say(_fork(json.loads(line)), None)


def _reap() -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            _say(pid, os.waitstatus_to_exitcode(status))


def _say(pid: int, code: int | None) -> None:
    print(json.dumps({"pid": pid, "code": code}), flush=True)


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _become(request)
    finally:
        os._exit(70)  # main() always exits; this is for what goes wrong before it


def _become(request: dict[str, Any]) -> None:
    """Be the command: its folder, environment and output, and nothing of the parent's."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(request["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, out), (2, out)):
        os.dup2(source, target)
    os.closerange(3, 64)
    os.chdir(request["folder"])
    os.environ.update(request["env"])
    with suppress(ModuleNotFoundError):
        import digest.failpoints

        importlib.reload(digest.failpoints)  # it reads the environment when it is imported
    from digest.cli import main as digest_main

    sys.argv = ["digest", *request["arguments"]]
    code: Any = 0
    try:
        digest_main(request["arguments"])
    except SystemExit as stopped:
        code = stopped.code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(int(code or 0))


if __name__ == "__main__":
    main()
