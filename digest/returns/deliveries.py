"""Reports on deliveries by the standard (RFC 3464): what became of each recipient."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from digest.bounces import Kind
from digest.returns.opened import Opened, plain, values, within
from digest.returns.statuses import STATUS, kind_of, status_in

MOST = 50
"""Recipients of one report that are looked at; a mail of ours has one."""

_ARRIVED = ("delivered", "relayed", "expanded")
_MILDEST: tuple[Kind, ...] = (
    *("delivered", "delayed", "unknown", "policy", "full", "soft", "hard"),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What a report says of one recipient."""

    kind: Kind
    recipient: str
    status: str
    words: str


def fate_in(mail: Opened) -> Fate | None:
    """What the delivery report in ``mail`` comes to; None when there is none in it.

    Of several recipients, who all stand behind the one address we wrote to, the mildest counts:
    a mail that reached one of them has arrived.
    """
    fates = [fate for block in _blocks(mail) if (fate := _fate(block, mail.text))]
    return min(fates[:MOST], key=lambda fate: _MILDEST.index(fate.kind), default=None)


def _blocks(mail: Opened) -> list[Message]:
    """The groups of fields that are about one recipient each (RFC 3464 §2.1)."""
    kinds = ("message/delivery-status", "message/global-delivery-status")
    return [block for part in mail.of_type(*kinds) for block in within(part) or [part]]


def _fate(block: Message, text: str) -> Fate | None:
    action = _first(block, "action").lower().split(" ")[0].strip("()")
    status = _first(block, "status")
    if not action and not status:
        return None  # the first group, which is about the mail as a whole
    recipient = _address(_first(block, "final-recipient") or _first(block, "original-recipient"))
    words = _first(block, "diagnostic-code").partition(";")[2].strip()
    words = words or _first(block, "diagnostic-code")
    found = STATUS.search(status)
    status = found[0] if found else ""
    if action in _ARRIVED:
        return Fate("delivered", recipient, status, plain(words))
    if action == "delayed":
        return Fate("delayed", recipient, status, plain(words))
    if not words:
        words = _explained(text)
    if not status or status.endswith(".0.0"):
        status = status_in(words) or status
    kind = kind_of(status, words)
    return Fate("soft" if kind == "unknown" else kind, recipient, status, plain(words))


def _explained(text: str) -> str:
    """Of the part for people, the lines in which a status or a reply stands, else all of it."""
    lines = [line for line in text.splitlines()[:80] if status_in(line)]
    return "\n".join(lines[:8]) or text[:2_000]


def _first(block: Message, name: str) -> str:
    return next(iter(values(block, name)), "")


def _address(field: str) -> str:
    """The address in such as ``rfc822; ada@example.org``."""
    return plain(field.partition(";")[2] or field).strip("<>")
