"""The pieces put together: settings, clock, store, renderings and transport."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digest import pipeline
from digest.compose.editor import EditorSettings
from digest.config import Settings, load_settings, load_subscribers, password
from digest.editions import Edition, Explanation
from digest.encoding import LEAST, Progress, encode_papers
from digest.errors import ConfigError
from digest.learning import learn
from digest.marked import nearest
from digest.messages import Message
from digest.sources import INBOX, Collected, Health, Run, Source
from digest.store.shelves import Store, open_store
from digest.store.subscribers import Batch, Entry
from digest.subscribers import PUBLIC, Subscriber, due_date, next_date, zone

if TYPE_CHECKING:
    from jinja2 import Environment

    from digest.deliver.breaker import Breaker
    from digest.deliver.dkim import Signer
    from digest.deliver.outcomes import Transport
    from digest.deliver.smtp import SmtpTransport
    from digest.delivery import Delivered
    from digest.encode.encoder import Encoder
    from digest.render.press import Press
    from digest.store.claims import Claim

# Collecting, printing and delivering are imported by the methods that do it: together they take
# longer to import than a preview takes to compose, which needs none of them.

ENCODED_FIRST_S = 120.0
"""How long composing waits for papers to be encoded: those of a day, not those of an archive."""

PREVIEWED_FOR = dt.timedelta(minutes=5)
"""How long previews take the papers of a day as they were: most of a preview is placing them."""

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True)
class App:
    """One installation, opened. ``clock`` gives the current instant, aware, in UTC."""

    settings: Settings
    clock: Clock

    @cached_property
    def store(self) -> Store:
        """The store, with the subscribers of the file taken over."""
        store = open_store(self.settings.database)
        listed = load_subscribers(self.settings.subscribers or Path())
        self._recall_erased(store, listed)
        store.subscribers.sync([*listed, self.settings.public_subscriber], self.clock())
        return store

    def recall_erased(self, readers: Sequence[Subscriber]) -> None:
        """See to it that those of the readers who had themselves erased get nothing."""
        self._recall_erased(self.store, readers)

    def _recall_erased(self, store: Store, readers: Sequence[Subscriber]) -> None:
        if readers and store.suppressions.any_erased():
            from digest.keys import LINK_KEYS, link_keys

            keys = link_keys(self.settings.file.parent / LINK_KEYS)
            addresses = [reader.address for reader in readers if reader.address]
            secrets = [key.secret for key in keys]
            store.suppressions.recall(addresses, secrets, self.clock())

    def close(self) -> None:
        """Close the store, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def env(self) -> Environment:
        from digest.render.templates import environment

        return environment(self.settings.templates)

    @property
    def inbox(self) -> Path:
        assert self.settings.inbox is not None  # noqa: S101 - set when the settings were loaded
        return self.settings.inbox

    @property
    def editing(self) -> EditorSettings:
        settings = self.settings
        return EditorSettings(settings.compose, settings.profile, settings.public)

    def message(self, edition: Edition) -> Message:
        """The mail of an edition, signed where keys are configured. Raises RenderError."""
        return self.signed(self.press.message(edition))

    def printed(self, edition: Edition, waiting: Message) -> Message:
        """The mail of an edition that waited for its turn, signed. Raises RenderError."""
        return self.signed(self.press.printed(edition, waiting))

    def signed(self, printed: Message) -> Message:
        """The mail with its signatures."""
        if not self.signers:
            return printed
        from digest.deliver.dkim import signed

        return dataclasses.replace(printed, data=signed(printed.data, self.signers))

    @cached_property
    def press(self) -> Press:
        """What prints the mails of this run. Its key signs links, where there is a web to lead to,
        an address for what bounces, or a mailbox from which requests are read.
        """
        from digest.keys import LINK_KEYS, link_keys
        from digest.render.press import Press

        settings = self.settings.mail
        signing = bool(settings.base_url or settings.bounces or self.settings.bounces.mailbox)
        key = link_keys(self.settings.file.parent / LINK_KEYS)[0] if signing else None
        return Press(settings, self.env, key)

    @cached_property
    def signers(self) -> tuple[Signer, ...]:
        """The keys of DKIM."""
        from digest.keys import dkim_signers

        sender = parseaddr(self.settings.mail.sender)[1]
        return dkim_signers(self.settings.delivery.dkim, sender.rpartition("@")[2])

    def transport(self) -> Transport:
        """A new transport as configured; whoever asks for it closes it."""
        delivery = self.settings.delivery
        if delivery.transport == "folder":
            from digest.deliver.folder import FolderTransport

            return FolderTransport(delivery.folder or Path("outgoing"))
        return self.smtp()

    def smtp(self) -> SmtpTransport:
        from digest.deliver.smtp import SmtpTransport

        delivery = self.settings.delivery
        return SmtpTransport(dataclasses.replace(delivery, password=password(delivery)))

    def settle(self) -> None:
        """Wait until what was just put into the inbox is old enough to be collected."""
        from digest.collect import inbox

        time.sleep(inbox.settling_s(self.inbox, time.time(), self.settings.collect.settle_s))

    def collect(self) -> Iterator[Collected]:
        """Collect the inbox, and learn again what the archive teaches when it has grown."""
        from digest import collecting

        settings = self.settings.collect
        yield from collecting.collect_inbox(self.store, self.inbox, self.clock(), settings)
        learn(self.store, self.clock())

    def poll(self, names: Sequence[str] = ()) -> Iterator[Run]:
        """Ask the named sources now, or all those whose time has come. Raises ConfigError."""
        from digest import collecting

        chosen = [one for one in self.sources if not names or one.name in names]
        unknown = [name for name in names if name not in {one.name for one in chosen}]
        if unknown:
            known = nearest(unknown[0], [one.name for one in self.sources])
            raise ConfigError(f"there is no source '{unknown[0]}'{known}")
        asking, now = self.settings.fetch, self.clock()
        yield from collecting.poll(self.store, chosen, now, asking, at_once=bool(names))
        if self.settings.collect.resolve and not names:
            yield from collecting.resolve(self.store, now, self.settings.collect, asking)
        learn(self.store, now)

    @cached_property
    def sources(self) -> list[Source]:
        """The sources of the configuration, those named by OPML files among them."""
        if all(one.kind != "opml" for one in self.settings.sources):
            return list(self.settings.sources)
        from digest.collect import gathering

        return gathering.expanded(self.settings.sources)

    def healths(self) -> list[Health]:
        """The health of the inbox and of every source."""
        names = [INBOX, *(source.name for source in self.sources)]
        return pipeline.healths(self.store, names, self.clock())

    def gate(self) -> pipeline.Gate:
        """What keeps editions waiting now: the sources that are polled, not the inbox."""
        hold = dt.timedelta(hours=self.settings.schedule.hold_h)
        return pipeline.gate(self.healths()[1:], hold)

    def compose(self) -> Iterator[Edition | pipeline.Waiting | pipeline.Held | Exception]:
        """Store every due edition with its mail, papers encoded first as far as time allows."""
        for _ in self.encode(ENCODED_FIRST_S):
            pass
        self.__dict__.pop("press", None)  # a new one, which reads the owner's templates again
        yield from pipeline.compose(
            self.store, self.press.unprinted, self.clock(), self.editing, self.gate(), self.encoder
        )

    def compose_batch(
        self, batch: Batch, now: dt.datetime
    ) -> Iterator[Edition | pipeline.Waiting | pipeline.Held | Exception]:
        """The same of the readers of one batch, as they were due at ``now``."""
        shared = self.__dict__.get("_day")
        if shared is None or shared.now != now:
            self.__dict__.pop("press", None)
            shared = pipeline.day(self.store, now, self.editing, self.gate(), self.encoder)
            self.__dict__["_day"] = shared
        yield from pipeline.compose_batch(self.store, self.press.unprinted, shared, batch)

    @property
    def encoder(self) -> Encoder | None:
        """The encoder that the settings ask for, where its extra is installed.

        None for an archive too small for it, which need not wait for a model to be loaded; it is
        asked again each time, for archives grow.
        """
        return self._model if self.store.papers.hold(LEAST) else None

    @cached_property
    def _model(self) -> Encoder | None:
        from digest.encode.opening import open_encoder

        return open_encoder(self.settings.semantic)

    def encode(self, within_s: float = math.inf) -> Iterator[Progress]:
        """Encode the papers that are not, newest first, for so many seconds."""
        encoder = self.encoder
        if encoder:
            end = time.monotonic() + within_s
            yield from encode_papers(self.store.vectors, encoder, lambda: time.monotonic() >= end)

    def deliver(self, stopping: Callable[[], bool] = lambda: False) -> Iterator[Delivered]:
        """Send what is queued and due. Raises MailServerDown."""
        from digest.delivery import deliver

        settings = self.settings.delivery.sending
        if self.settings.delivery.transport == "folder":  # a file written again is the same file
            settings = dataclasses.replace(settings, uncertain="resend", connections=1)
        self.__dict__.pop("press", None)  # a new one, which reads the owner's templates again
        yield from deliver(
            self.store,
            self.transport,
            self.clock,
            settings,
            stopping,
            self._breaker,
            printing=self.printed,
        )
        self.store.signups.forget(self.clock())

    @cached_property
    def _breaker(self) -> Breaker[Claim]:
        """What a long-running program remembers of a server that refused everything."""
        from digest.deliver.breaker import Breaker

        return Breaker()

    def entry(self, who: str) -> Entry:
        """The subscriber of that id or address. Raises ConfigError when there is none."""
        found = self.store.subscribers.find(who)
        if found is None:
            raise ConfigError(
                f"there is no subscriber '{who}'; `digest subscribers list` shows those there are"
            )
        return found

    def preview(
        self, subscriber: Subscriber, date: dt.date | None, *, explain: bool = False
    ) -> tuple[Edition, Explanation | None]:
        """What this reader got on ``date``, or would get: then, or in the next edition."""
        stored = self.store.editions.of(subscriber, date=date) if date else []
        if stored:
            return stored[0], None
        day = date or self._next_date(subscriber)
        return pipeline.preview(self.store, subscriber, day, self._lately(), explain=explain)

    def _lately(self) -> pipeline.Day:
        """What previews share: of a few minutes ago, as long as nothing was collected since."""
        now, gate, store = self.clock(), self.gate(), self.store
        state = (store.papers.collected(), store.backgrounds.made(), gate)
        kept: tuple[object, pipeline.Day] | None = self.__dict__.get("_kept_day")
        if kept and kept[0] == state and dt.timedelta(0) <= now - kept[1].now < PREVIEWED_FOR:
            return kept[1]
        shared = pipeline.day(store, now, self.editing, gate, self.encoder)
        self.__dict__["_kept_day"] = (state, shared)
        return shared

    def feed(self, subscriber: Subscriber) -> list[Edition]:
        """This reader's editions, newest first; before the first, what it would be now."""
        stored = self.store.editions.of(subscriber)
        return stored or [self.preview(subscriber, None)[0]]

    def public(self) -> Subscriber:
        return self.entry(PUBLIC).subscriber

    def _next_date(self, subscriber: Subscriber) -> dt.date:
        now, schedule = self.clock(), subscriber.schedule
        last = self.store.editions.last(subscriber.id)
        due = due_date(schedule, last and last[0], now)
        if due:
            return due
        today = now.astimezone(zone(schedule.timezone)).date()
        had_today = last is not None and last[0] >= today
        return next_date(schedule, today if had_today else today - dt.timedelta(days=1))


def open_app(config: Path | None, now: dt.datetime | None) -> App:
    """The installation whose configuration this is. Raises ConfigError."""
    file = config or _found()
    settings = load_settings(file, os.environ)
    return App(settings, clock_of(now))


def clock_of(now: dt.datetime | None) -> Clock:
    """A clock that stands at ``now``, or the real one."""
    if now is not None:
        return lambda: now
    return lambda: dt.datetime.now(dt.UTC)


def _found() -> Path:
    here = Path("config/digest.yaml")
    named = os.environ.get("DIGEST_CONFIG")
    return Path(named) if named and not here.exists() else here
