"""Tells the owner of trouble by mail: once a day for each kind, and once when it is over.

What was told is remembered by the outbox alone. The Message-ID of such a mail follows from the kind
of trouble and the day, and the outbox takes no Message-ID twice: neither a restart nor a second
machine tells again what was told.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from email.utils import parseaddr

from digest import troubles
from digest.app import App
from digest.deliver.outcomes import Accepted
from digest.errors import StoreError
from digest.messages import Message
from digest.troubles import ENOUGH, LASTING, TROUBLED, Figures, Kind, Trouble

log = logging.getLogger("digest")

OWNER = "(owner)"
"""Whose mails these are in the outbox; no subscriber can have such an id."""

QUEUED = ("queued", "deferred", "claimed", "sending")

RECENT = 3
"""Days within which trouble that an earlier run of the program told of is told to be over."""


class Telling:
    """What one program told the owner, and is still to tell."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._address = parseaddr(app.settings.mail.owner)[1]
        self._on = app.settings.schedule.summary and bool(self._address)
        self._told: dict[Kind, dt.date] = {}
        self._open: dict[Kind, dt.date] | None = None  # told of, not over; None: not yet read
        self._since: dict[Kind, dt.datetime] = {}
        self._news: list[Trouble] = []

    def tell(self, found: Sequence[Trouble], unknown: Collection[Kind] = ()) -> None:
        """Queue the mails that follow from what a round found.

        Of ``unknown`` kinds the round found out nothing. Raises StoreError, RenderError,
        MailServerDown: then it is to be tried again with the next round.
        """
        if not self._on:
            return
        now = self._app.clock()
        if self._open is None:
            self._open = self._told_before(_day(now))
        lasting = [one for one in found if one.kind in LASTING]
        self._hear([one for one in found if one.kind not in LASTING])
        here = {one.kind for one in lasting}
        for one in lasting:
            self._since[one.kind] = min(self._since.get(one.kind, one.since), one.since)
        for kind in dict.fromkeys(one.kind for one in (*lasting, *self._news)):
            if self._told.get(kind) != _day(now):
                self._warn(kind, [one for one in (*lasting, *self._news) if one.kind == kind], now)
        for kind in [kind for kind in self._open if kind not in here and kind not in unknown]:
            self._all_clear(kind, now, all_=here | {*unknown} | self._open.keys() == {kind})
        for kind in self._since.keys() - here - {*unknown}:
            del self._since[kind]

    def _hear(self, news: Sequence[Trouble]) -> None:
        """Keep news until it is told, as much of each kind as will be told."""
        for one in news:
            if sum(other.kind == one.kind for other in self._news) < ENOUGH:
                self._news.append(one)

    def _told_before(self, today: dt.date) -> dict[Kind, dt.date]:
        """Kinds of trouble that were told lately, with their day, and not told to be over."""
        found: dict[Kind, dt.date] = {}
        for kind in LASTING:
            for day in (today - dt.timedelta(days=n) for n in range(RECENT)):
                if self._is_known(self._identity(kind, day)):
                    if not self._is_known(self._identity(kind, day, over=True)):
                        found[kind] = day
                    break
        return found

    def _warn(self, kind: Kind, found: Sequence[Trouble], now: dt.datetime) -> None:
        """Tell of these troubles, unless that kind was told of today already."""
        today, settings = _day(now), self._app.settings
        found = [replace(one, since=self._since.get(kind, one.since)) for one in found]
        said = troubles.warning(settings.mail.title, found, self._figures(now), settings.file)
        if self._send(kind, self._identity(kind, today), *said, now):
            self._news = [one for one in self._news if one.kind != kind]
        self._told[kind] = today
        if kind in LASTING and self._open is not None:
            self._open[kind] = today

    def _all_clear(self, kind: Kind, now: dt.datetime, *, all_: bool) -> None:
        """Tell that trouble is over, of which the owner was told."""
        assert self._open is not None  # noqa: S101 - it holds this kind
        day, title = self._open[kind], self._app.settings.mail.title
        since = self._since.get(kind, day)
        said = troubles.all_clear(title, kind, since, now, self._figures(now), all_=all_)
        self._send(kind, self._identity(kind, day, over=True), *said, now)
        del self._open[kind]

    def _identity(self, kind: Kind, day: dt.date, *, over: bool = False) -> Message:
        """A mail with the Message-ID and return path of what is said of the kind that day."""
        said = f"{kind} {'is over' if over else 'is told'}"
        midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
        return self._app.press.notice(self._address, said, (said,), midnight)

    def _send(
        self, kind: Kind, identity: Message, subject: str, said: Sequence[str], now: dt.datetime
    ) -> bool:
        """Queue a mail under this identity; False when one had been queued under it before."""
        printed = self._app.press.notice(self._address, subject, said, now)
        ids = printed.message_id.encode(), identity.message_id.encode()
        message = self._app.signed(replace(identity, data=printed.data.replace(*ids, 1)))
        try:
            first = self._app.store.outbox.queue(OWNER, message, "notice", now, first=True)
        except StoreError:
            if kind != "store":
                raise
            first = self._sent_at_once(message)
        if first:
            fields = {"event": "owner_told", "trouble": kind, "recipient": self._address}
            log.info("told the owner: %s", subject, extra=fields)
        return first

    def _sent_at_once(self, message: Message) -> bool:
        """Send past the outbox, which cannot store it. Raises MailServerDown."""
        transport = self._app.transport()
        try:
            return isinstance(transport.send(message), Accepted)
        finally:
            transport.close()

    def _is_known(self, message: Message) -> bool:
        try:
            return self._app.store.bounces.sent(message.message_id) is not None
        except StoreError:  # which is the trouble to tell of
            return False

    def _figures(self, now: dt.datetime) -> Figures | None:
        """The day's figures; None where the store cannot say them."""
        try:
            healths, queue = self._app.healths(), self._app.store.outbox.counts()
            days = self._app.store.figures.editions(_day(now))
        except StoreError:
            return None
        editions: dict[str, int] = {}
        for states in days.values():
            for state, number in states.items():
                editions[state] = editions.get(state, 0) + number
        return Figures(
            new=sum(one.today for one in healths),
            editions=editions,
            queue=sum(queue.get(state, 0) for state in QUEUED),
            sources=len(healths) - 1,
            well=sum(one.state not in TROUBLED for one in healths[1:]),
        )


def _day(now: dt.datetime) -> dt.date:
    return now.astimezone(dt.UTC).date()
