"""Messages leave by SMTP: one connection, kept and renewed; four outcomes, none of them guessed.

What becomes of a message when something breaks, by the phase it had reached:

    while connecting, encrypting, signing in    MailServerDown: nothing is charged to the message
    421 before the dot                          one new connection; again 421: MailServerDown
    lost before the dot, on a kept connection   one new connection at once: it was likely idle
    lost at MAIL, on a new connection           MailServerDown: the server knows no recipient yet
    lost from RCPT on, on a new connection      Deferred: if this very message breaks the server,
                                                it must not block all others
    lost after the dot                          Uncertain
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from digest.deliver.capabilities import Capability, capabilities
from digest.deliver.envelopes import Envelope, envelope_of, wire_address
from digest.deliver.opening import open_session
from digest.deliver.outcomes import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.deliver.session import Session
from digest.deliver.settings import SmtpSettings
from digest.deliver.transactions import Phase, ServiceClosing, Transaction
from digest.errors import MailServerDown
from digest.messages import Message

__all__ = ["SmtpSettings", "SmtpTransport"]


@dataclass(frozen=True, slots=True)
class Greeting:
    """One ``line`` on a server, and what its extensions mean."""

    line: str
    capabilities: tuple[Capability, ...]


class SmtpTransport:
    """A way out by SMTP. One connection, so one thread; opened at the first message."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._session: Session | None = None
        self._sent = 0

    def send(self, message: Message) -> Outcome:
        """What became of the message: the server's decision, or Uncertain.

        An address that cannot be put on the wire is Rejected before anything is sent.

        Raises:
            MailServerDown: no message can leave now; this one has not.
        """
        self._check_sender(message.sender)
        try:
            envelope = envelope_of(message)
        except ValueError as error:
            return Rejected(str(error))
        return self._attempt(envelope, again=True)

    def greet(self) -> Greeting:
        """What the server is like, once connected, encrypted and signed in.

        Raises:
            MailServerDown: it cannot be used; says why and what now.
        """
        # A person waits for this answer: less patience than for a mail.
        patience_s = min(self._settings.timeout_s, self._settings.connect_timeout_s)
        session = open_session(replace(self._settings, timeout_s=patience_s))
        greeting = Greeting(
            _introduction(self._settings, session), capabilities(session.esmtp_features)
        )
        session.goodbye()
        return greeting

    def close(self) -> None:
        """Leave the server; a later ``send`` connects anew."""
        session, self._session = self._session, None
        if session is not None:
            session.goodbye()

    def _check_sender(self, sender: str) -> None:
        try:
            if sender:
                wire_address(sender)
        except ValueError as error:
            raise MailServerDown(f"the sender's {error}; correct it in the configuration") from None

    def _attempt(self, envelope: Envelope, *, again: bool) -> Outcome:
        """One try, and when ``again`` a second one on a new connection where that is safe."""
        session, kept = self._ready_session()
        transaction = Transaction(
            session,
            envelope,
            server=self._settings.server,
            dot_timeout_s=self._settings.dot_timeout_s,
        )
        try:
            outcome = transaction.run()
        except ServiceClosing as closing:
            self._drop()
            if again:
                return self._attempt(envelope, again=False)
            raise MailServerDown(
                f"mail server {self._settings.server} closes its service ({closing}); "
                "it is tried again later"
            ) from closing
        except OSError as error:
            self._drop()
            if again and kept and transaction.phase is not Phase.DOT:
                return self._attempt(envelope, again=False)
            return self._lost(transaction.phase, error)
        except BaseException:  # an interrupt included: a session left mid-command is out of step
            self._drop()
            raise
        self._settle(session, transaction.phase, outcome)
        return outcome

    def _ready_session(self) -> tuple[Session, bool]:
        """A session, and whether it is one kept from an earlier message."""
        most = self._settings.messages_per_connection
        if most and self._sent >= most:
            self.close()
        if self._session is not None and self._session.quiet():
            return self._session, True
        self._drop()
        self._session, self._sent = open_session(self._settings), 0
        return self._session, False

    def _lost(self, phase: Phase, error: OSError) -> Outcome:
        server = self._settings.server
        if phase is Phase.DOT:
            return Uncertain(f"{server} had it all and never said whether it took it ({error})")
        why = f"mail server {server} broke off at {phase.value} ({error})"
        if phase is Phase.MAIL:
            raise MailServerDown(f"{why}; it is tried again later") from error
        return Deferred(why)

    def _settle(self, session: Session, phase: Phase, outcome: Outcome) -> None:
        """Make the session ready for the next message: nothing to do after success, else RSET."""
        self._sent += 1
        if isinstance(outcome, Accepted):
            return
        try:
            if phase is not Phase.BODY and session.ask("RSET").positive:
                return
        except OSError:
            pass  # the outcome is known; the next message connects anew
        self._drop()

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


def _introduction(settings: SmtpSettings, session: Session) -> str:
    version = getattr(session.sock, "version", lambda: None)()
    secured = f"{version}, certificate verified" if version else "not encrypted"
    offers = ", ".join(
        " ".join((name.upper(), *value.split()))
        for name, value in sorted(session.esmtp_features.items())
    )
    user = f"; signed in as {settings.username}" if settings.username else ""
    return f"{settings.server} ({secured}) offers {offers or 'no extensions'}{user}"
