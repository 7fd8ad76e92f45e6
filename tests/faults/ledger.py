"""The accounts of a run: who was due, what servers took, what the program says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.support.sink import Mail

ENDED = {"sent", "failed", "uncertain", "withdrawn", "superseded"}
"""States of a message that needs nothing more from the program."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message as the outbox lists it."""

    address: str
    state: str
    message_id: str
    reply: str


@dataclass
class Verdict:
    """What became of everyone due. ``wrong`` holds a sentence for each promise that was broken."""

    due: int = 0
    delivered: int = 0
    failed: int = 0
    uncertain: int = 0
    lost: int = 0
    duplicated: int = 0
    allowed: int = 0
    """Duplicates of messages that were uncertain, where the policy says to send them again."""
    wrong: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        return not (self.lost or self.duplicated or self.wrong)

    def add(self, other: Verdict) -> None:
        for name in ("due", "delivered", "failed", "uncertain", "lost", "duplicated", "allowed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong


def judge(
    due: Sequence[str], mails: Iterable[Mail], rows: Sequence[Row], *, resend: bool = False
) -> Verdict:
    """The verdict on one edition each for ``due``, of whom the outbox has one row.

    ``mails`` are those that servers took, or may be believed to have taken. With ``resend`` a
    message may come more than once.
    """
    got: dict[str, list[Mail]] = defaultdict(list)
    for mail in mails:
        got[mail.recipient].append(mail)
    listed: dict[str, Row] = {}
    verdict = Verdict(due=len(due))
    for row in rows:
        if row.address in listed:
            verdict.wrong.append(f"{row.address} has two messages")
        listed[row.address] = row
    for address in due:
        _account(verdict, address, got.pop(address, []), listed.get(address), resend)
    verdict.wrong += [f"{address} was not due and got a mail" for address in sorted(got)]
    return verdict


def _account(
    verdict: Verdict, address: str, mails: list[Mail], row: Row | None, resend: bool
) -> None:
    state = row.state if row else "no message"
    _count(verdict, len(mails), state, resend)
    if len(mails) > 1 and len(set(mails)) > 1:
        verdict.wrong.append(f"{address} got mails that differ")
    if row and mails and mails[0].message_id != row.message_id:
        verdict.wrong.append(f"{address} got {mails[0].message_id}, not {row.message_id}")
    if state not in ENDED:
        verdict.wrong.append(f"{address} is {state} after the end")
    elif mails and state not in ("sent", "uncertain"):
        verdict.wrong.append(f"{address} got a mail and is {state}")
    elif state == "sent" and not mails:
        verdict.wrong.append(f"{address} got no mail and is {state}")
    if row and state == "failed" and not row.reply:
        verdict.wrong.append(f"{address} is failed and nothing says why")


def _count(verdict: Verdict, mails: int, state: str, resend: bool) -> None:
    if mails:
        verdict.delivered += 1
    elif state == "failed":
        verdict.failed += 1
    elif state != "uncertain":
        verdict.lost += 1
    if state == "uncertain":
        verdict.uncertain += 1
    if resend:
        verdict.allowed += max(0, mails - 1)
    else:
        verdict.duplicated += max(0, mails - 1)
