"""The pages of a real installation, asked without a socket."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from digest.app import App, open_app
from digest.serving import desk
from digest.store.shelves import open_store
from digest.web.desk import Desk
from digest.web.site import site
from tests.support.installation import MORNING, Installation

BASE = "https://papers.example.org"
STRANGER = "203.0.113.7"


@dataclass
class Pages:
    """An installation's pages; ``client`` is a browser of somebody elsewhere."""

    app: App
    desk: Desk
    client: TestClient

    def browser(self, host: str = STRANGER) -> TestClient:
        """Another browser, at this address of the network."""
        return TestClient(
            self.client.app,
            base_url=BASE,
            client=(host, 50_000),
            follow_redirects=False,
        )


@cache
def _migrated() -> bytes:
    """A database with all its tables: making them takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "digest.db"
        open_store(f"sqlite:///{file}").close()
        return file.read_bytes()


@contextmanager
def pages_of(
    here: Installation,
    now: dt.datetime | None = None,
    base_url: str = BASE,
    database: str = "",
    **web: Any,
) -> Iterator[Pages]:
    """The pages of ``here`` at ``now``, with these settings of the web."""
    limits = {"requests_per_minute": 100_000, "forms_per_minute": 100_000, "work_bits": 0}
    other = {"database": database} if database else {}
    here.settings(mail={"base_url": base_url}, web=limits | web, **other)
    file = here.folder / "config/digest.db"
    if not (database or file.exists()):
        file.write_bytes(_migrated())
    app = open_app(here.folder / "config/digest.yaml", now or dt.datetime.fromisoformat(MORNING))
    try:
        opened = desk(app, base_url)
        client = TestClient(
            site(opened), base_url=base_url, client=(STRANGER, 50_000), follow_redirects=False
        )
        yield Pages(app, opened, client)
    finally:
        app.close()
