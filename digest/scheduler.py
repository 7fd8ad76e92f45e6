"""A clock that calls the pipeline: ticks, and a glance at the inbox whenever it changes."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from digest.app import App
from digest.editions import Edition
from digest.errors import DigestError
from digest.pipeline import Held, Waiting

log = logging.getLogger("digest")

GRACE_S = 3600
"""A tick that comes late is run all the same: who is due is asked of the store, not of the clock.

APScheduler's default is one second, after which a late job is dropped without a word.
"""


TROUBLED = ("broken", "unreachable")
"""States that somebody has to know of, once; a late source says so in the edition."""


def run(app: App, stop: threading.Event) -> None:
    """Collect, compose and deliver at every tick, until ``stop`` is set.

    The step under way is finished first: a message being sent is sent and recorded.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(
        timezone=dt.UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S},
    )
    job = scheduler.add_job(
        lambda: tick(app, stop.is_set),
        "interval",
        seconds=app.settings.schedule.tick_s,
        next_run_time=dt.datetime.now(dt.UTC),
    )
    app.inbox.mkdir(parents=True, exist_ok=True)
    app.store  # noqa: B018 - what is wrong with it is said before anything starts
    scheduler.start()
    log.info("running: a tick every %s s, inbox %s", app.settings.schedule.tick_s, app.inbox)
    settled = dt.timedelta(seconds=app.settings.collect.settle_s + 0.1)
    _watch(app.inbox, stop, lambda: job.modify(next_run_time=dt.datetime.now(dt.UTC) + settled))
    scheduler.shutdown(wait=True)
    log.info("stopped")


def tick(app: App, stopping: Callable[[], bool]) -> None:
    """One round of the day's three steps; what goes wrong in one holds up none of the others."""
    for step in (_collect, _poll, _compose, _deliver):
        if stopping():
            return
        try:
            step(app, stopping)
        except DigestError as error:
            _say_once(str(error))
        except Exception:  # a scheduler that dies of one bad tick sends nothing tomorrow
            log.exception("%s failed; it is tried again at the next tick", step.__name__[1:])


def _collect(app: App, stopping: Callable[[], bool]) -> None:
    for one in app.collect():
        if one.problem:
            log.warning("rejected %s", one.problem)
        else:
            log.info("collected %s: %s papers, %s new", one.path.name, one.papers, one.new)
        if stopping():
            return


def _poll(app: App, stopping: Callable[[], bool]) -> None:
    for run in app.poll():
        if run.why:
            log.debug("%s: %s", run.source, run.why)
        else:
            log.info("%s %s: %s papers, %s new", run.outcome, run.source, run.papers, run.new)
        if stopping():
            return
    found = app.healths()[1:]
    changed = app.store.sources.say([(one.source, one.state) for one in found])
    for one in found:
        if one.source in changed and one.state in TROUBLED:
            log.warning("%s", one.sentence)


def _compose(app: App, _stopping: Callable[[], bool]) -> None:
    for one in app.compose():
        if isinstance(one, Edition):
            mail = ", no mail" if one.silent else ""
            log.info("composed %s: %s papers%s", one.id, len(one.picks), mail)
        elif isinstance(one, Held):
            _say_once(f"{len(one.ids)} editions wait: {one.why}")
        elif isinstance(one, Waiting):
            _say_once(f"{len(one.ids)} subscribers wait for their first papers")
        else:
            log.error("%s", one)


def _deliver(app: App, stopping: Callable[[], bool]) -> None:
    for one in app.deliver(stopping):
        level = logging.INFO if one.state == "sent" else logging.WARNING
        log.log(level, "%s to %s: %s", one.state, one.recipient, one.reply)
    _said.clear()


_said: set[str] = set()


def _say_once(text: str) -> None:
    """Say it, but not again at every tick while it stays so."""
    if text not in _said:
        _said.add(text)
        log.warning("%s", text)


def _watch(inbox: Path, stop: threading.Event, changed: Callable[[], object]) -> None:
    """Call ``changed`` whenever something arrives in the inbox, until ``stop`` is set.

    Changes can be missed (network folders); the regular ticks look, too.
    """
    from watchfiles import Change, watch

    def arrived(change: Change, path: str) -> bool:
        return change is not Change.deleted and Path(path).parent == inbox

    for _ in watch(inbox, watch_filter=arrived, stop_event=stop, recursive=False):
        changed()
