"""The programs compared, each as its documentation says: a job that cron runs again and again."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import yaml

from tests.faults.places import make_original

ROOT = Path(__file__).parents[2]
VENVS = ROOT / ".cache" / "rivals"
HERE = Path(__file__).parent


class Contender(Protocol):
    """A program that sends ``due`` mails, by jobs run in a folder of its own."""

    name: str

    def prepare(self, folder: Path, due: int) -> None:
        """Make everything ready for the first job."""

    def job(self, folder: Path, port: int, nth: int) -> subprocess.Popen[bytes]:
        """Start what cron would start, for the ``nth`` time (from 0), an hour apart."""

    def keys(self, due: int) -> list[str]:
        """What identifies each mail that is due."""

    def key(self, recipient: str, data: bytes) -> str:
        """Which of the mails due this one is."""

    def told(self, folder: Path, due: int) -> tuple[set[str], set[str]]:
        """Keys of the mails that the program takes for sent, and of those that it names as failed
        or uncertain, for a person to decide."""


def _start(command: list[str], folder: Path, **env: str) -> subprocess.Popen[bytes]:
    with (folder / "said.txt").open("ab") as said:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )


def _run(command: list[str], folder: Path, **env: str) -> None:
    if _start(command, folder, **env).wait(120):
        raise RuntimeError(f"{command} failed: {(folder / 'said.txt').read_text()}")


class Digest:
    """This program: `digest deliver`."""

    name = "digest"

    def prepare(self, folder: Path, due: int) -> None:
        command = [sys.executable, "-m", "digest"]
        _run([*command, "init"], folder, **self._env())
        settings = {
            "collect": {"settle_s": 0},
            "delivery": {"transport": "smtp", "host": "127.0.0.1", "security": "none"},
        }
        interests = [{"keywords": ["language", "diffusion", "protein"]}]
        readers = [
            {"id": key.partition("@")[0], "address": key, "hour": 0, "interests": interests}
            for key in self.keys(due)
        ]
        for name, content in (("digest", settings), ("subscribers", {"subscribers": readers})):
            (folder / f"config/{name}.yaml").write_text(yaml.safe_dump(content))
        sample = (ROOT / "config/sample/monday.txt").read_bytes()
        (folder / "inbox/monday.txt").write_bytes(sample)
        for step in ("collect", "compose"):
            _run([*command, step, "--now", "2026-05-20T12:00:00Z"], folder, **self._env())

    def job(self, folder: Path, port: int, nth: int) -> subprocess.Popen[bytes]:
        now = f"2026-05-20T{13 + nth}:00:00Z"
        if not nth:  # a copy of what was prepared, from which digest would not send unasked
            make_original(folder / "config/digest.db")
        command = [sys.executable, "-m", "digest", "deliver", "--now", now]
        return _start(command, folder, **self._env(), DIGEST_DELIVERY__PORT=str(port))

    @staticmethod
    def _env() -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    def keys(self, due: int) -> list[str]:
        return [f"r{number:03}@example.org" for number in range(due)]

    def key(self, recipient: str, data: bytes) -> str:
        return recipient

    def told(self, folder: Path, due: int) -> tuple[set[str], set[str]]:
        states = self._states(folder)
        sent = {key for key, state in states if state == "sent"}
        return sent, {key for key, state in states if state in ("failed", "uncertain")}

    def _states(self, folder: Path) -> list[tuple[str, str]]:
        command = [sys.executable, "-m", "digest", "--json", "outbox"]
        env = {**os.environ, **self._env()}
        told = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
        if told.returncode:
            raise RuntimeError(told.stderr.decode())
        return [(one["address"], one["state"]) for one in json.loads(told.stdout)["messages"]]


class DjangoNewsletter:
    """`manage.py submit_newsletter`, which its documentation has cron run every 15 minutes."""

    name = "django-newsletter"
    _python = str(VENVS / "django_newsletter/bin/python")

    def prepare(self, folder: Path, due: int) -> None:
        fill = str(HERE / "django_newsletter/fill.py")
        _run([self._python, fill, str(due)], folder, **self._env(folder))

    def job(self, folder: Path, port: int, nth: int) -> subprocess.Popen[bytes]:
        command = [self._python, "-m", "django", "submit_newsletter"]
        return _start(command, folder, **self._env(folder), RIVAL_PORT=str(port))

    def _env(self, folder: Path) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "newsletter_site",
            "PYTHONPATH": str(HERE / "django_newsletter"),
            "RIVAL_FOLDER": str(folder),
        }

    def keys(self, due: int) -> list[str]:
        return [f"r{number:03}@example.org" for number in range(due)]

    def key(self, recipient: str, data: bytes) -> str:
        return recipient

    def told(self, folder: Path, due: int) -> tuple[set[str], set[str]]:
        """All once its one submission is marked as sent; it keeps no record of single mails."""
        with sqlite3.connect(folder / "db.sqlite3") as connection:
            (sent,) = connection.execute("SELECT sent FROM newsletter_submission").fetchone()
        connection.close()
        return set(self.keys(due) if sent else ()), set()


class Rss2email:
    """`r2e run`, which its manual has put into a crontab; each new entry of a feed is a mail."""

    name = "rss2email"
    _r2e = str(VENVS / "rss2email/bin/r2e")

    def prepare(self, folder: Path, due: int) -> None:
        items = "".join(
            f"<item><title>{key}</title><guid>{key}</guid><link>http://feed.example/{key}</link>"
            "<description>What it says.</description></item>"
            for key in self.keys(due)
        )
        (folder / "feed.xml").write_text(
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>Papers</title>{items}'
            "<link>http://feed.example/</link><description>Papers</description></channel></rss>"
        )
        _run([*self._command(), "new", "reader@example.org"], folder)
        _run([*self._command(), "add", "papers", f"file://{folder}/feed.xml"], folder)

    def job(self, folder: Path, port: int, nth: int) -> subprocess.Popen[bytes]:
        config = folder / "r2e.cfg"
        lines = config.read_text()
        settings = {"email-protocol": "smtp", "smtp-server": "127.0.0.1", "smtp-port": str(port)}
        for name, value in settings.items():
            lines = re.sub(rf"^{name} = .*$", f"{name} = {value}", lines, flags=re.MULTILINE)
        config.write_text(lines)
        return _start([*self._command(), "run"], folder)

    def _command(self) -> list[str]:
        return [self._r2e, "-c", "r2e.cfg", "-d", "r2e.json"]

    def keys(self, due: int) -> list[str]:
        return [f"paper-{number:03}" for number in range(due)]

    def key(self, recipient: str, data: bytes) -> str:
        found = re.search(rb"paper-\d{3}", data)
        return found[0].decode() if found else ""

    def told(self, folder: Path, due: int) -> tuple[set[str], set[str]]:
        feeds = json.loads((folder / "r2e.json").read_text())["feeds"]
        return {guid.rpartition("/")[2] for feed in feeds for guid in feed["seen"]}, set()


CONTENDERS: tuple[Contender, ...] = (Digest(), DjangoNewsletter(), Rss2email())
