"""One round of the day's steps after the other: what is said of each, and what is an alarm."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import shlex
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from digest import composing, hub, returning
from digest.app import ENCODED_FIRST_S, App
from digest.batches import Batches
from digest.composing import Stored
from digest.delivery import WARMING_UP, Delivered
from digest.errors import DigestError, MailServerDown, StoreError
from digest.pipeline import Held, Waiting
from digest.sources import Collected, Health
from digest.store.presence import leading
from digest.store.pruning import prune
from digest.store.subscribers import Batch
from digest.subscribers import PUBLIC
from digest.telling import OWNER, Telling
from digest.troubles import ENOUGH, LASTING, TROUBLED, Kind, Trouble

log = logging.getLogger("digest")

ALERT_S = 30
"""How long the owner's command may take."""

RETURNS = dt.timedelta(minutes=10)
"""How often the mailbox is read that mails come back to."""

FOUND_OUT_BY: dict[str, Kind] = {"poll": "sources", "deliver": "server"}
"""Kinds of trouble of which nobody knows when that step did not come to its end."""

IDLE = "work waits in the queue and no worker takes it: start one with `digest worker`"

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)

Fields = dict[str, object]


class Rounds:
    """The rounds of one program; it remembers what it said, to say it once while it stays so."""

    def __init__(
        self, app: App, stopping: Callable[[], bool], batches: Batches | None = None
    ) -> None:
        """``batches`` hands out what workers do; without it everything is done here."""
        self._app, self._stopping, self._batches = app, stopping, batches
        self._telling = Telling(app)
        self._said_before: set[str] = set()
        self._to_say: set[str] = set()
        self._returned_at = _NEVER
        self._troubles: list[Trouble] = []
        self._unknown: set[Kind] = set()
        self._done = 0
        self._pruned_on: dt.date | None = None

    def make(self) -> None:
        """One round, unless another program is making one.

        What goes wrong in one step holds up none of the others.
        """
        try:
            with leading(self._app.store.engine) as first:
                if first:
                    self._make()
                else:
                    log.debug("another program makes the rounds", extra={"event": "not_leading"})
        except (StoreError, OSError) as error:  # of the lock alone: a step tells of its own
            trouble = error
            self._alone("round", lambda: _fail(trouble), "store")

    def compose_batch(self, batch: Batch, now: dt.datetime) -> None:
        """Compose for a batch that was handed out at ``now``: a round of this step alone."""
        found = composing.compose_batch(self._app, batch, now)
        self._alone("compose", lambda: self._composed(found), "step")

    def deliver(self, stopping: Callable[[], bool]) -> None:
        """Send what waits until it is time to stop: a round of this step alone."""
        found = self._app.deliver(stopping)
        self._alone("deliver", lambda: self._delivered(found), "server")

    def _alone(self, name: str, step: Callable[[], None], kind: Kind) -> None:
        """Do a step that finds out about one kind of lasting trouble, and tell of that.

        A database that is away is told of by those who make the rounds, not by each worker.
        """
        self._troubles, self._unknown = [], {*LASTING} - {kind}
        self._try(name, step)
        self._troubles = [one for one in self._troubles if one.kind in (kind, "mails", "step")]
        self._try("tell", self._tell)
        self._said_before, self._to_say = self._to_say, set()

    def _make(self) -> None:
        self._troubles = []
        self._unknown = {"server"} if self._batches else set()  # workers deliver, and tell of it
        steps = (
            *(self._collect, self._poll, self._return, self._compose, self._deliver),
            self._prune,
        )
        for step in (*steps, self._tell):
            if self._stopping():
                return
            self._try(step.__name__[1:], step)
        self._said_before, self._to_say = self._to_say, set()

    def _try(self, name: str, step: Callable[[], None]) -> None:
        """Do a step, and say how long it took if it did anything."""
        began_s, self._done = time.monotonic(), 0
        try:
            step()
        except DigestError as error:
            self._stopped_by(name, error)
        except Exception as error:  # a scheduler that dies of one bad round sends nothing tomorrow
            fields: Fields = {"event": "step_failed", "step": name}
            log.exception("%s failed; it is tried again at the next tick", name, extra=fields)
            self._trouble("step", f"{name} fails: {type(error).__name__}: {error}", *_again(name))
            self._unknown_after(name)
        if self._done:
            took_s = round(time.monotonic() - began_s, 3)
            fields = {"event": "step_done", "step": name, "done": self._done, "took_s": took_s}
            log.info("%s took %.1f s", name, took_s, extra=fields)
            with contextlib.suppress(StoreError):  # the step told of it, or the next one will
                self._app.store.timings.add(name, took_s, self._app.clock())

    def _stopped_by(self, name: str, error: DigestError) -> None:
        """Say which trouble ended a step."""
        text = str(error)
        if text == WARMING_UP:  # as it was asked to
            self._say_once(text, "warming_up", {"step": name})
            return
        kind: Kind = (
            "server"
            if isinstance(error, MailServerDown)
            else "store"
            if isinstance(error, StoreError)
            else "step"
        )
        event = {"server": "mail_server_down", "store": "store_failed"}.get(kind, "step_failed")
        self._alarm(text, event, {"step": name})
        self._trouble(kind, text, *(_again(name) if kind == "step" else ()))
        if kind != "server":
            self._unknown_after(name)

    def _unknown_after(self, name: str) -> None:
        if name in FOUND_OUT_BY:
            self._unknown.add(FOUND_OUT_BY[name])

    def _trouble(self, kind: Kind, sentence: str, *command: str) -> None:
        """Note what the owner may have to know."""
        if sum(one.kind == kind for one in self._troubles) < ENOUGH:
            self._troubles.append(Trouble(kind, sentence, self._app.clock(), command))

    # The steps: each counts what it did ----------------------------------------------------------

    def _collect(self) -> None:
        for one in self._app.collect():
            self._done += 1
            fields: Fields = {"source": "inbox", "file": one.path.name}
            if one.problem:
                fields |= {"event": "file_rejected", "why": one.problem}
                log.warning("rejected %s", one.problem, extra=fields)
                self._trouble("files", one.problem, *self._salvaging(one))
            else:
                fields |= {"event": "file_collected", "papers": one.papers, "new": one.new}
                said = one.path.name, one.papers, one.new
                log.info("collected %s: %s papers, %s new", *said, extra=fields)
            if self._stopping():
                return

    def _salvaging(self, one: Collected) -> tuple[str, ...]:
        """What takes the whole papers of a rejected file; nothing where it is not to be found."""
        path: Path = one.path.parent / "rejected" / one.path.name
        return ("collect", "--salvage", str(path)) if path.is_file() else ("check",)

    def _poll(self) -> None:
        for run in self._app.poll():
            self._done += 1
            fields: Fields = {"source": run.source, "outcome": run.outcome}
            if run.why:
                fields |= {"event": "source_failed", "why": run.why}
                log.debug("%s: %s", run.source, run.why, extra=fields)
            else:
                fields |= {"event": "source_polled", "papers": run.papers, "new": run.new}
                said = run.outcome, run.source, run.papers, run.new
                log.info("%s %s: %s papers, %s new", *said, extra=fields)
            if self._stopping():
                return
        found = self._app.healths()[1:]
        changed = self._app.store.sources.say([(one.source, one.state) for one in found])
        for one in found:
            if one.state in TROUBLED:
                self._source_troubled(one, new=one.source in changed)

    def _source_troubled(self, one: Health, *, new: bool) -> None:
        if new:
            fields: Fields = {"source": one.source, "state": one.state}
            self._alarm(one.sentence, "source_troubled", fields)
        since = one.last_success_at or self._app.clock()
        self._troubles.append(Trouble("sources", one.sentence, since, ("poll", one.source)))

    def _return(self) -> None:
        """Read what came back, before anything is composed for an address that does not exist."""
        now = self._app.clock()
        if not self._app.settings.bounces.mailbox or now < self._returned_at + RETURNS:
            return
        self._returned_at = now
        for one in returning.read(self._app, stopping=self._stopping):
            self._done += 1
            fields: Fields = {"event": "mail_returned", "outcome": one.outcome, "kind": one.kind}
            fields |= {"subscriber": one.subscriber, "recipient": one.address, "reply": one.words}
            level = logging.WARNING if one.outcome == "suppressed" else logging.INFO
            said = one.outcome, one.kind, one.address, one.words
            log.log(level, "%s: %s %s %s", *said, extra=fields)

    def _compose(self) -> None:
        if self._batches is None:
            self._composed(composing.compose(self._app))
            return
        for _ in self._app.encode(ENCODED_FIRST_S):
            pass
        many = self._batches.compose()
        if many:
            self._done += many
            log.info("handed out %s batches", many, extra={"event": "handed_out", "batches": many})
        elif self._batches.idle():
            self._alarm(IDLE, "no_worker", {})
            self._trouble("step", IDLE, "worker")

    def _composed(self, found: Iterable[object]) -> None:
        public = False
        for one in found:
            if isinstance(one, Stored):
                self._done += 1
                public |= one.subscriber == PUBLIC
                _say_composed(one)
            elif isinstance(one, Held):
                text = f"{len(one.ids)} editions wait: {one.why}"
                self._say_once(text, "editions_held", {"editions": len(one.ids), "why": one.why})
            elif isinstance(one, Waiting):
                text = f"{len(one.ids)} subscribers wait for their first papers"
                self._say_once(text, "subscribers_waiting", {"subscribers": len(one.ids)})
            else:
                log.error("%s", one, extra={"event": "edition_failed"})
                self._trouble("step", f"an edition cannot be written: {one}", *_again("compose"))
            if self._stopping():  # the batches under way are finished, the others wait
                return
        web, base_url = self._app.settings.web, self._app.settings.mail.base_url
        if public and web.hub and base_url:
            hub.announce(web.hub, base_url)

    def _deliver(self) -> None:
        if self._batches is None:
            self._delivered(self._app.deliver(self._stopping))
        else:
            self._batches.deliver()

    def _delivered(self, found: Iterable[Delivered]) -> None:
        for one in found:
            self._done += 1
            fields: Fields = {"event": "message_tried", "state": one.state, "reply": one.reply}
            fields |= {"subscriber": one.subscriber, "recipient": one.recipient}
            level = logging.INFO if one.state == "sent" else logging.WARNING
            log.log(level, "%s to %s: %s", one.state, one.recipient, one.reply, extra=fields)
            self._undelivered(one)

    def _prune(self) -> None:
        """Delete what is old, once a day: after the mails, for nobody waits for it."""
        now = self._app.clock()
        if self._pruned_on == now.date():
            return
        self._pruned_on = now.date()
        settings, found = self._app.settings.retention, Counter[str]()
        for one in prune(self._app.store.engine, settings, now, self._stopping):
            found[one.kind] += one.number
        self._done = sum(found.values())
        if self._done:
            said = ", ".join(f"{number} {kind}" for kind, number in found.items() if number)
            log.info("deleted what is old: %s", said, extra={"event": "pruned", **found})

    def _undelivered(self, one: Delivered) -> None:
        if one.state in ("failed", "uncertain") and one.subscriber != OWNER:
            said = f"{one.state} to {one.recipient}: {one.reply}"
            self._trouble("mails", said, "outbox", "--state", one.state)

    def _tell(self) -> None:
        """Tell the owner by mail; it leaves with the next round."""
        self._telling.tell(self._troubles, self._unknown)

    # What is said --------------------------------------------------------------------------------

    def _say_once(self, text: str, event: str, fields: Fields) -> bool:
        """Say it, but not again at every round while it stays so; whether it was said."""
        known = text in self._said_before or text in self._to_say
        self._to_say.add(text)
        if not known:
            log.warning("%s", text, extra={"event": event, **fields})
        return not known

    def _alarm(self, text: str, event: str, fields: Fields) -> None:
        """Say it once, and hand it to the owner's command: somebody should look."""
        command = self._app.settings.schedule.alert
        if not self._say_once(text, event, fields) or not command:
            return
        try:
            subprocess.run(  # noqa: S603 - the owner's own command
                shlex.split(command), input=f"{text}\n", text=True, timeout=ALERT_S, check=True
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            said = "the command of schedule.alert failed (%s); try it by hand"
            log.warning(said, error, extra={"event": "alert_failed"})


def _fail(error: Exception) -> None:
    raise error


def _say_composed(one: Stored) -> None:
    mail = ", no mail" if one.silent else ""
    fields: Fields = {"event": "edition_composed", "papers": one.picks}
    fields |= {"subscriber": one.subscriber, "edition": one.id}
    log.info("composed %s: %s papers%s", one.id, one.picks, mail, extra=fields)


def _again(step: str) -> tuple[str, ...]:
    """What does a step by hand and shows where it fails."""
    return ("bounces" if step == "return" else step, "-v")
