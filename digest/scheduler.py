"""A clock that calls the day's rounds: ticks, and a glance at the inbox whenever it changes."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from digest import workers
from digest.app import App
from digest.batches import Batches
from digest.rounds import Rounds

log = logging.getLogger("digest")

GRACE_S = 3600
"""A tick that comes late is run all the same: who is due is asked of the store, not of the clock.

APScheduler's default is one second, after which a late job is dropped without a word.
"""


def run(app: App, stop: threading.Event) -> None:
    """Make the day's rounds at every tick, and serve the pages, until ``stop`` is set.

    The step under way is finished first: a message being sent is sent and recorded.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(
        timezone=dt.UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S},
    )
    app.inbox.mkdir(parents=True, exist_ok=True)
    app.store  # noqa: B018 - what is wrong with it is said before anything starts
    tick_s = app.settings.schedule.tick_s
    with _handing_out(app, stop) as batches, _pages(app):
        rounds = Rounds(app, stop.is_set, batches)
        now = dt.datetime.now(dt.UTC)
        job = scheduler.add_job(rounds.make, "interval", seconds=tick_s, next_run_time=now)
        scheduler.start()
        said: dict[str, object] = {"event": "running", "tick_s": tick_s, "inbox": str(app.inbox)}
        log.info("running: a tick every %s s, inbox %s", tick_s, app.inbox, extra=said)
        settled = dt.timedelta(seconds=app.settings.collect.settle_s + 0.1)
        _watch(app.inbox, stop, lambda: job.modify(next_run_time=dt.datetime.now(dt.UTC) + settled))
        scheduler.shutdown(wait=True)
    log.info("stopped", extra={"event": "stopped"})


@contextmanager
def _handing_out(app: App, stop: threading.Event) -> Iterator[Batches | None]:
    """What hands the work out, where a queue does; one worker is in this program meanwhile."""
    if not workers.queued(app.settings.database):
        yield None
        return
    queue = workers.opened(app, {})
    own = App(app.settings, app.clock)  # its store and its press are used in its thread alone
    worker = threading.Thread(target=workers.work, args=(own, stop), name="worker")
    try:
        if app.settings.schedule.work:
            worker.start()
        yield Batches(app, queue)
    finally:
        stop.set()
        if worker.ident:
            worker.join()
        own.close()
        queue.close()


@contextmanager
def _pages(app: App) -> Iterator[None]:
    """The web pages, served meanwhile where there is an address that leads to them."""
    if not (app.settings.web.in_run and app.settings.mail.base_url):
        yield
        return
    from digest import serving  # late: most of its weight is the web server's

    running = serving.server(app)
    thread = threading.Thread(target=running.run, name="pages")
    thread.start()
    serving.say(running)
    try:
        yield
    finally:
        running.should_exit = True
        thread.join()


def _watch(inbox: Path, stop: threading.Event, changed: Callable[[], object]) -> None:
    """Call ``changed`` whenever something arrives in the inbox, until ``stop`` is set.

    Changes can be missed (network folders); the regular ticks look, too.
    """
    from watchfiles import Change, watch

    def arrived(change: Change, path: str) -> bool:
        return change is not Change.deleted and Path(path).parent == inbox

    for _ in watch(inbox, watch_filter=arrived, stop_event=stop, recursive=False):
        changed()
