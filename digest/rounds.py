"""One round of the day's steps after the other: what is said of each, and what is an alarm."""

from __future__ import annotations

import datetime as dt
import logging
import shlex
import subprocess
from collections.abc import Callable

from digest import hub, returning
from digest.app import App
from digest.editions import Edition
from digest.errors import DigestError
from digest.pipeline import Held, Waiting
from digest.subscribers import PUBLIC

log = logging.getLogger("digest")

TROUBLED = ("broken", "unreachable")
"""States that somebody has to know of, once; a late source says so in the edition."""

ALERT_S = 30
"""How long the owner's command may take."""

RETURNS = dt.timedelta(minutes=10)
"""How often the mailbox is read that mails come back to."""

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


class Rounds:
    """The rounds of one program; it remembers what it said, to say it once while it stays so."""

    def __init__(self, app: App, stopping: Callable[[], bool]) -> None:
        self._app, self._stopping = app, stopping
        self._said_before: set[str] = set()
        self._to_say: set[str] = set()
        self._returned_at = _NEVER

    def make(self) -> None:
        """One round; what goes wrong in one step holds up none of the others."""
        for step in (self._collect, self._poll, self._return, self._compose, self._deliver):
            if self._stopping():
                return
            try:
                step()
            except DigestError as error:
                self._alarm(str(error))
            except Exception:  # a scheduler that dies of one bad round sends nothing tomorrow
                log.exception("%s failed; it is tried again at the next tick", step.__name__[1:])
        self._said_before, self._to_say = self._to_say, set()

    def _collect(self) -> None:
        for one in self._app.collect():
            if one.problem:
                log.warning("rejected %s", one.problem)
            else:
                log.info("collected %s: %s papers, %s new", one.path.name, one.papers, one.new)
            if self._stopping():
                return

    def _poll(self) -> None:
        for run in self._app.poll():
            if run.why:
                log.debug("%s: %s", run.source, run.why)
            else:
                log.info("%s %s: %s papers, %s new", run.outcome, run.source, run.papers, run.new)
            if self._stopping():
                return
        found = self._app.healths()[1:]
        changed = self._app.store.sources.say([(one.source, one.state) for one in found])
        for one in found:
            if one.source in changed and one.state in TROUBLED:
                self._alarm(one.sentence)

    def _return(self) -> None:
        """Read what came back, before anything is composed for an address that does not exist."""
        now = self._app.clock()
        if not self._app.settings.bounces.mailbox or now < self._returned_at + RETURNS:
            return
        self._returned_at = now
        for one in returning.read(self._app, stopping=self._stopping):
            level = logging.WARNING if one.outcome == "suppressed" else logging.INFO
            log.log(level, "%s: %s %s %s", one.outcome, one.kind, one.address, one.words)

    def _compose(self) -> None:
        public = False
        for one in self._app.compose():
            if isinstance(one, Edition):
                public |= one.subscriber.id == PUBLIC
                mail = ", no mail" if one.silent else ""
                log.info("composed %s: %s papers%s", one.id, len(one.picks), mail)
            elif isinstance(one, Held):
                self._say_once(f"{len(one.ids)} editions wait: {one.why}")
            elif isinstance(one, Waiting):
                self._say_once(f"{len(one.ids)} subscribers wait for their first papers")
            else:
                log.error("%s", one)
        web, base_url = self._app.settings.web, self._app.settings.mail.base_url
        if public and web.hub and base_url:
            hub.announce(web.hub, base_url)

    def _deliver(self) -> None:
        for one in self._app.deliver(self._stopping):
            level = logging.INFO if one.state == "sent" else logging.WARNING
            log.log(level, "%s to %s: %s", one.state, one.recipient, one.reply)

    def _say_once(self, text: str) -> bool:
        """Say it, but not again at every round while it stays so; whether it was said."""
        known = text in self._said_before or text in self._to_say
        self._to_say.add(text)
        if not known:
            log.warning("%s", text)
        return not known

    def _alarm(self, text: str) -> None:
        """Say it once, and hand it to the owner's command: somebody should look."""
        command = self._app.settings.schedule.alert
        if not self._say_once(text) or not command:
            return
        try:
            subprocess.run(  # noqa: S603 - the owner's own command
                shlex.split(command), input=f"{text}\n", text=True, timeout=ALERT_S, check=True
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            log.warning("the command of schedule.alert failed (%s); try it by hand", error)
