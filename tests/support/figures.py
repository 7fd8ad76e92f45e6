"""A store in which every figure for Prometheus has a value, and the figures as they are given."""

from __future__ import annotations

import datetime as dt

from digest.sources import Run
from tests.support.builders import a_subscriber
from tests.support.databases import collect, mail
from tests.support.installation import MORNING
from tests.support.sites import Pages

NOW = dt.datetime.fromisoformat(MORNING)


def rendered(pages: Pages) -> str:
    """What Prometheus is given."""
    return str(pages.browser("127.0.0.1").get("/metrics").text)


def busy(pages: Pages) -> None:
    """Fill the store of these pages."""
    store = pages.app.store
    collect(store, "A", "B", at=NOW)
    store.subscribers.add([a_subscriber("ada")], NOW)
    mail(store, ["cyn"], NOW - dt.timedelta(minutes=5))
    store.timings.add("compose", 1.5, NOW)
    for weeks in range(3):
        store.sources.record(Run("inbox", NOW - dt.timedelta(weeks=weeks), "fetched", 4, 2 + weeks))
