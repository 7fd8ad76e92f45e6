"""One message over an open session: MAIL, RCPT, DATA, the final dot; and how far it came."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from enum import Enum

from digest.deliver.envelopes import Envelope, dot_stuffed
from digest.deliver.outcomes import Accepted, Deferred, Outcome, Rejected
from digest.deliver.replies import Reply, delay_named_s
from digest.deliver.session import Session
from digest.errors import MailServerDown
from digest.failpoints import reach

SIGN_IN_NEEDED = {530, 534, 535, 538}
"""Replies about us, whatever command they answer (RFC 4954 §6)."""
SIZE_REFUSED = {"5.3.4", "5.2.3"}
"""Enhanced status codes of a message too big (RFC 3463 §3.3, §3.4)."""


class Phase(Enum):
    """The last thing begun. From DOT on the server may have taken the message."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "the message"
    DOT = "the final dot"


class ServiceClosing(Exception):
    """The server answered 421 before it had the message (RFC 5321 §3.8)."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.words)


class Transaction:
    """One attempt at one message. ``phase`` says how far it came, whatever ``run`` raised."""

    def __init__(self, session: Session, envelope: Envelope, *, server: str, dot_timeout_s: float):
        self.phase = Phase.MAIL
        self._session = session
        self._envelope = envelope
        self._server = server
        self._dot_timeout_s = dot_timeout_s

    def run(self) -> Outcome:
        """What the server decided. After a refusal before DOT the session needs a reset.

        Raises:
            OSError: the connection was lost, timed out or talked nonsense.
            ServiceClosing: 421 before the final dot.
            MailServerDown: the server will take no message from us as things stand.
        """
        return self._unsuited() or self._opening() or self._body()

    def _unsuited(self) -> Rejected | None:
        """The refusal this server announced in its EHLO, so that nothing need be sent."""
        offers, envelope = self._session.esmtp_features, self._envelope
        size, limit = len(envelope.data), offers.get("size", "")
        if limit.isdecimal() and 0 < int(limit) < size:  # 0 is no limit (RFC 1870 §4)
            return Rejected(f"the message has {size} bytes, {self._server} takes {limit} at most")
        if envelope.smtputf8 and "smtputf8" not in offers:  # RFC 6531 §3.1
            return Rejected(f"the address needs SMTPUTF8, which {self._server} does not offer")
        if envelope.eight_bit and "8bitmime" not in offers:  # RFC 6152 §3
            return Rejected(f"the message needs 8BITMIME, which {self._server} does not offer")
        return None

    def _opening(self) -> Outcome | None:
        """None once the server waits for the message: MAIL, RCPT and DATA are done."""
        if "pipelining" in self._session.esmtp_features:
            return self._opening_at_once()
        return (
            self._of_mail(self._ask(Phase.MAIL, self._mail_line()))
            or self._of_rcpt(self._ask(Phase.RCPT, self._rcpt_line()))
            or self._of_data(self._ask(Phase.DATA, "DATA"))
        )

    def _opening_at_once(self) -> Outcome | None:
        """The same in one write and one round trip (RFC 2920 §3.1)."""
        lines = (self._mail_line(), self._rcpt_line(), "DATA", "")
        self.phase = Phase.MAIL
        self._session.write("\r\n".join(lines).encode())
        outcome = self._of_mail(self._reply(Phase.MAIL))
        if outcome:
            with suppress(OSError, ServiceClosing, MailServerDown):  # what it says is known
                self._reply(Phase.RCPT)
                self._unless_data(self._reply(Phase.DATA))
            return outcome
        outcome = self._of_rcpt(self._reply(Phase.RCPT))
        if outcome:
            with suppress(OSError, ServiceClosing, MailServerDown):
                self._unless_data(self._reply(Phase.DATA))
            return outcome
        return self._of_data(self._reply(Phase.DATA))

    def _unless_data(self, data: Reply) -> None:
        """End the message of a server that waits for one, though it refused the envelope.

        It is for nobody, so it goes nowhere (RFC 2920 §3.1).
        """
        if data.code == 354:
            self._session.write(b".\r\n")
            self._reply(Phase.DATA)

    def _of_mail(self, reply: Reply) -> Outcome | None:
        """None to go on. A sender refused for good stops the run, its size only this message.

        Every message has our sender: failing one subscriber after another for it would blame
        them all for a setting that the operator has to correct.
        """
        if reply.code == 503:  # RFC 5321 §4.1.4: the server is still in another transaction
            raise out_of_place(reply)
        if not reply.permanent:
            return self._unless_positive(reply)
        too_big = reply.code == 552 or reply.status in SIZE_REFUSED
        if too_big or (self._envelope.smtputf8 and reply.status == "5.6.7"):  # RFC 6531 §3.5
            return Rejected(reply.words)
        raise MailServerDown(
            f"mail server {self._server} refuses the sender <{self._envelope.sender}> "
            f"({reply.words}); correct the sender's address or the server's rules for it"
        )

    def _mail_line(self) -> str:
        offers, envelope = self._session.esmtp_features, self._envelope
        line = f"MAIL FROM:<{envelope.sender}>"
        if "size" in offers:
            line += f" SIZE={len(envelope.data)}"  # as of RFC 1870 §5: not dot-stuffed
        if "8bitmime" in offers:
            line += " BODY=8BITMIME"
        if "dsn" in offers:  # what bounces need not bring the whole mail back (RFC 3461 §4.3)
            line += " RET=HDRS" + envelope.envid
        return line + (" SMTPUTF8" if envelope.smtputf8 else "")

    def _rcpt_line(self) -> str:
        dsn = " NOTIFY=FAILURE,DELAY" if "dsn" in self._session.esmtp_features else ""
        return f"RCPT TO:<{self._envelope.recipient}>{dsn}"

    def _of_rcpt(self, reply: Reply) -> Outcome | None:
        if reply.code == 503:  # about the session, not about the recipient
            raise out_of_place(reply)
        if reply.code == 552:  # means 452 here (RFC 5321 §4.5.3.1.10); also a mailbox now full
            return Deferred(reply.words, delay_named_s(reply.text))
        return self._unless_positive(reply)

    def _of_data(self, reply: Reply) -> Outcome | None:
        if reply.code == 503:
            raise out_of_place(reply)
        return None if reply.code == 354 else self._refused(reply)

    def _body(self) -> Outcome:
        """The data and the final dot in one stream of writes, then the server's decision.

        The dot is the last thing written, so a write that fails leaves it unsent.
        """
        self.phase = Phase.BODY
        reach("before_dot")
        try:
            self._session.write(dot_stuffed(self._envelope.data))
        except OSError:
            early = self._session.last_words()
            if early is None:
                raise
            return self._refused(self._about_us(early))
        self.phase = Phase.DOT
        reach("after_dot")
        reply = self._session.answer(self._dot_timeout_s)
        reach("after_reply")
        return Accepted(reply.words) if reply.positive else self._refused(reply)

    def _ask(self, phase: Phase, line: str) -> Reply:
        self.phase = phase
        return self._about_us(self._session.ask(line))

    def _reply(self, phase: Phase) -> Reply:
        self.phase = phase
        return self._about_us(self._session.answer(self._session.timeout_s))

    def _about_us(self, reply: Reply) -> Reply:
        """``reply``, unless it is about this client and every message it has."""
        if reply.code == 421:
            raise ServiceClosing(reply)
        if reply.code in SIGN_IN_NEEDED:
            raise MailServerDown(
                f"mail server {self._server} wants us to sign in ({reply.words}); "
                "check delivery.username, the password and delivery.security"
            )
        return reply

    def _unless_positive(self, reply: Reply) -> Outcome | None:
        return None if reply.positive else self._refused(reply)

    def _refused(self, reply: Reply) -> Outcome:
        """4yz is for later, 5yz for good; anything else is out of step: OSError."""
        if reply.temporary:
            return Deferred(reply.words, delay_named_s(reply.text))
        if reply.permanent:
            return Rejected(reply.words)
        raise out_of_place(reply)


def out_of_place(reply: Reply) -> OSError:
    """The error for a reply after which nobody knows what the connection is about."""
    return smtplib.SMTPServerDisconnected(f"an answer out of place: {reply.words}")
