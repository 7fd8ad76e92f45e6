"""Deliver: queued messages leave over several connections, and every outcome is recorded.

Each connection has a thread, which does nothing but send one message after the other. Between two
it hands over the outcome of the last and is given the next, in an exchange: one transaction of the
store records the outcomes and marks the next messages as being sent, for all threads that wait for
it at that moment. So nothing leaves that is not marked, no outcome waits for the next message,
and a crash leaves one message a connection in doubt.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from digest.deliver.breaker import Breaker
from digest.deliver.outcomes import Deferred, Outcome, Rejected, Transport, Uncertain
from digest.deliver.pacing import Pace, allowance
from digest.deliver.retry import next_state
from digest.deliver.settings import DeliverSettings
from digest.editions import Edition
from digest.errors import MailServerDown, NoRoom, RenderError
from digest.failpoints import reach
from digest.messages import Message
from digest.store.claims import Claim, Done
from digest.store.shelves import Store

LEASE = dt.timedelta(minutes=15)
"""How long a claim holds: longer than a message's longest wait, ten minutes after the dot."""

CLAIMED = 50
"""Messages claimed at once; a stop gives back those not begun."""

CLAIMED_SWIFTLY = 200
"""The same where messages leave fast: a claim is forced to the disk, which takes milliseconds."""

SWIFT_S = 0.02
"""Where a message takes less, what is forced to the disk for each would take much of the time."""

PATIENCE_S = 2.0
"""Messages that their domain's limit holds back for longer go back into the queue meanwhile."""

BEAT_S = 0.1
"""How often a thread that waits looks whether it shall stop."""

LATE = "its lease ran out while it was being sent, so that its outcome may not count"
WARMING_UP = (
    "as many messages as the warm-up allows for today have been sent (delivery.pace); "
    "the rest leaves tomorrow"
)
REFUSED = (
    "the mail server refuses messages for a reason that is not theirs ({reply}); the last {n} are "
    "kept and delivery pauses: look at the server's log, it is tried again with one message"
)

Clock = Callable[[], dt.datetime]

Printing = Callable[[Edition, Message], Message]
"""Prints an edition as the mail that waited for it: with its Message-ID, to its recipient."""

UNPRINTED = "it could not be printed ({error}); mend that, and `digest outbox retry` sends it"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one message; ``state`` as drawn in the outbox."""

    subscriber: str
    recipient: str
    state: str
    reply: str


def deliver(
    store: Store,
    connect: Callable[[], Transport],
    clock: Clock,
    settings: DeliverSettings,
    stopping: Callable[[], bool] = lambda: False,
    breaker: Breaker[Claim] | None = None,
    *,
    printing: Printing,
) -> Iterator[Delivered]:
    """Send what is queued and due; each message as soon as its outcome is stored.

    ``connect`` makes a way out, for each connection its own; ``printing`` the mails of editions. A
    ``breaker`` that is kept remembers from one run to the next why it paused.

    Raises MailServerDown when nothing more can leave now, after giving back what was not sent: no
    attempt counts then. StoreError when an outcome cannot be stored: that message is uncertain.
    """
    run = _Run(store, connect, clock, settings, stopping, breaker or Breaker(), printing)
    with store.outbox.present(clock(), resend=run.resend):
        yield from run.results()
    store.outbox.tidy()


@dataclass(slots=True)
class _Ticket:
    """A thread's part in an exchange: what it hands over, and what it is given.

    Without a claim it asks again after ``wait_s``, or, when that is None, has finished.
    """

    done: Done | None
    outcome: Outcome | None
    wants: bool
    claim: Claim | None = None
    wait_s: float | None = None
    settled: bool = False
    error: BaseException | None = None


class _Run:
    """One run of ``deliver``. What the threads share is touched within an exchange alone."""

    def __init__(
        self,
        store: Store,
        connect: Callable[[], Transport],
        clock: Clock,
        settings: DeliverSettings,
        stopping: Callable[[], bool],
        breaker: Breaker[Claim],
        printing: Printing,
    ) -> None:
        self._store, self._connect, self._clock = store, connect, clock
        self._settings, self._stopping, self._breaker = settings, stopping, breaker
        self._printing = printing
        self.resend = settings.uncertain == "resend"
        self._pace = Pace(settings.pace)
        self._tickets: list[_Ticket] = []
        self._tickets_lock, self._exchanging = threading.Lock(), threading.Lock()
        self._working = settings.connections
        self._claims: deque[Claim] = deque()
        self._marked: deque[Claim] = deque()  # marked as being sent, but there was no room
        self._claimed, self._claimed_s = 0, 0.0  # how many the last time, and when
        self._held: list[float] = []  # until when, by _s(), a domain's limit holds some back
        self._sending: set[int] = set()
        self._results: deque[Delivered] = deque()
        self._doubtful: dict[int, Delivered] = {}  # refusals that the breaker may take back
        self._refusal = ""  # the words of the last that was refused alike
        self._ended = False
        self._trouble: BaseException | None = None
        today = clock().replace(hour=0, minute=0, second=0, microsecond=0)
        allowed = allowance(settings.pace, today.date())
        self._left = None if allowed is None else allowed - store.outbox.sent_since(today)

    # The main thread -------------------------------------------------------------------------

    def results(self) -> Iterator[Delivered]:
        """What became of each message, as it comes; ends when nothing more can be sent now."""
        threads = [
            threading.Thread(target=self._work, name=f"deliver-{n}", daemon=True)
            for n in range(self._working)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(BEAT_S)
                    while self._results:
                        yield self._results.popleft()
        finally:
            self._ended = True
            for thread in threads:
                thread.join()
            self._give_up()
        yield from (*self._results, *self._doubtful.values())
        if self._trouble:
            raise self._trouble

    def _give_up(self) -> None:
        """Give back what was claimed and not sent."""
        never = [Done(claim, "queued", "", tried=False) for claim in self._marked]
        self._store.outbox.step(never, (), self._clock(), LEASE)
        self._store.outbox.release(list(self._claims))

    # The connections' threads ----------------------------------------------------------------

    def _work(self) -> None:
        """Send until there is nothing left, or nothing more can be sent over this connection."""
        transport: Transport | None = None
        try:
            transport = self._connect()
            self._send_all(transport)
        except BaseException as error:  # told in the main thread, whatever it is
            self._end(error)
        finally:
            if transport:
                transport.close()

    def _send_all(self, transport: Transport) -> None:
        claim = self._exchange(_Ticket(None, None, wants=True))
        while claim:
            try:
                outcome = self._sent(transport, claim)
            except MailServerDown as error:
                if isinstance(error, NoRoom) and self._left_to_others(claim):
                    return
                never = Done(claim, "queued", str(error), tried=False)
                self._end(error)
                self._exchange(_Ticket(never, None, wants=False))
                return
            claim = self._exchange(_Ticket(self._done(claim, outcome), outcome, wants=True))

    def _sent(self, transport: Transport, claim: Claim) -> Outcome:
        """What became of a message that is marked, printed now where it has to be."""
        if claim.message.data:
            return transport.send(claim.message)
        if claim.edition is None:
            return Rejected("its edition is no longer there")
        try:
            return transport.send(self._printing(claim.edition, claim.message))
        except RenderError as error:  # without whose it is: what is wrong is mostly so for all
            why = str(error).removeprefix(f"{claim.edition.id}: ")
            return Rejected(UNPRINTED.format(error=why))

    def _done(self, claim: Claim, outcome: Outcome) -> Done:
        if self.resend and isinstance(outcome, Uncertain):
            outcome = Deferred(outcome.reply)
        retry, seed = self._settings.retry, claim.message.message_id
        after = next_state(outcome, claim.attempts + 1, self._clock(), seed=seed, settings=retry)
        return Done(claim, after.state, after.reply, after.not_before)

    def _end(self, error: BaseException) -> None:
        self._ended = True
        self._trouble = self._trouble or error

    def _over(self) -> bool:
        return self._ended or self._stopping()

    def _left_to_others(self, claim: Claim) -> bool:
        """Leave a marked message to the other connections; False when there is none."""
        with self._exchanging:
            if self._working == 1:
                return False
            self._working -= 1
            self._marked.append(claim)
            return True

    def _exchange(self, ticket: _Ticket) -> Claim | None:
        """The next message, marked as being sent; None when there is nothing more to do."""
        while True:
            self._settled(ticket)
            if ticket.claim or ticket.wait_s is None:
                return ticket.claim
            end = time.monotonic() + ticket.wait_s
            while not self._over() and time.monotonic() < end:
                time.sleep(min(BEAT_S, ticket.wait_s))
            ticket = _Ticket(None, None, wants=True)

    def _settled(self, ticket: _Ticket) -> None:
        """Settle the tickets that wait, this one among them, unless another thread just did."""
        with self._tickets_lock:
            self._tickets.append(ticket)
        with self._exchanging:
            if not ticket.settled:
                with self._tickets_lock:
                    together, self._tickets = self._tickets, []
                try:
                    self._settle(together)
                except BaseException as error:  # each of the threads has to know
                    for one in together:
                        one.error = error
                for one in together:
                    one.settled = True
        if ticket.error:
            raise ticket.error

    # Within an exchange ----------------------------------------------------------------------

    def _settle(self, tickets: list[_Ticket]) -> None:
        """Record what was done, and give everyone who wants one a message that may leave."""
        now = self._clock()
        alike = self._alike(tickets)
        wanting = [one for one in tickets if one.wants and not self._over()]
        ready = [self._marked.popleft() for _ in wanting[: len(self._marked)]]
        chosen = self._chosen(len(wanting) - len(ready), now)
        done = [one.done for one in tickets if one.done]
        reach("before_record")
        reach("before_mark")
        stepped = self._store.outbox.step(done, chosen, now, LEASE)
        reach("after_record")
        reach("after_mark")
        for one in tickets:
            if one.done:
                self._note(one.done, one.outcome, known=one.done.claim.id in stepped.recorded)
        self._take_back(alike, now)
        ready += [claim for claim in chosen if claim.id in stepped.started]
        self._sending.update(claim.id for claim in ready)
        for one, claim in zip(wanting, ready, strict=False):
            one.claim = claim
        for one in wanting[len(ready) :]:
            one.wait_s = 0.0 if len(ready) < len(chosen) else self._wait_s()
        self._working -= sum(not one.claim and one.wait_s is None for one in tickets)

    def _chosen(self, count: int, now: dt.datetime) -> list[Claim]:
        """Up to ``count`` claimed messages that no limit holds back, longest waiting first.

        While the breaker is open, one at a time.
        """
        if self._breaker.open:
            count = min(count, 0 if self._sending else 1)
        chosen: list[Claim] = []
        soon: list[Claim] = []
        while len(chosen) < count and len(soon) < CLAIMED:
            if not self._claims and not self._refill(now):
                break
            if self._pace.wait_s(_s()):
                break
            if self._left is not None and self._left <= 0:
                self._end(MailServerDown(WARMING_UP))
                break
            claim = self._claims.popleft()
            wait_s = self._pace.domain_wait_s(claim.message.recipient, _s())
            if not wait_s:
                self._pace.take(claim.message.recipient)
                self._left = self._left and self._left - 1
                chosen.append(claim)
            elif wait_s <= PATIENCE_S:
                soon.append(claim)
            else:
                self._store.outbox.release([claim], now + dt.timedelta(seconds=wait_s))
                self._held.append(_s() + wait_s + BEAT_S)  # surely not before its time has come
        self._claims.extendleft(reversed(soon))
        return chosen

    def _refill(self, now: dt.datetime) -> bool:
        self._held = [at for at in self._held if at > _s()]
        swift = self._claimed > 0 and _s() - self._claimed_s < SWIFT_S * self._claimed
        claims = self._store.outbox.claim(
            CLAIMED_SWIFTLY if swift else CLAIMED,
            now,
            LEASE,
            resend=self.resend,
            own=self._sending,
            swift=swift,
        )
        self._claimed, self._claimed_s = len(claims), _s()
        self._claims.extend(claims)
        reach("after_claim")
        return bool(self._claims)

    def _wait_s(self) -> float | None:
        """When to ask again; None when nothing is left that this run will send."""
        if self._over():
            return None
        if self._claims:
            return max(self._pace.wait_s(_s()), BEAT_S)
        return min((max(at - _s(), 0.0) for at in self._held), default=None)

    def _alike(self, tickets: list[_Ticket]) -> list[Claim]:
        """What was refused alike, one after the other: nothing more leaves then."""
        alike: list[Claim] = []
        for one in tickets:
            if one.done and one.outcome:
                alike += self._breaker.feed(one.outcome, one.done.claim)
                if alike:
                    self._refusal = one.done.reply
                    why = REFUSED.format(n=len(alike), reply=self._refusal)
                    self._end(MailServerDown(why))
        return alike

    def _note(self, done: Done, outcome: Outcome | None, *, known: bool) -> None:
        """Tell what became of a message; of one refused, when it can no longer be taken back."""
        claim = done.claim
        self._sending.discard(claim.id)
        if outcome is None:
            return
        state, reply = (done.state, done.reply) if known else ("uncertain", LATE)
        told = Delivered(claim.subscriber, claim.message.recipient, state, reply)
        if isinstance(outcome, Deferred | Rejected):
            self._doubtful[claim.id] = told
        else:
            self._results.extend([*self._doubtful.values(), told])
            self._doubtful.clear()

    def _take_back(self, alike: list[Claim], now: dt.datetime) -> None:
        """Keep for later what the server refused for its own sake."""
        if alike:
            self._store.outbox.take_back(alike, now, self._refusal)
        for one in alike:
            self._doubtful.pop(one.id, None)


def _s() -> float:
    return time.monotonic()  # a clock that is set does not change how long a limit lasts
