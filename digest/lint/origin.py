"""Checks of who sends what to whom and when: From, Date, Message-ID, To and their kin."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from digest.lint.addresses import DOT_ATOM, Mailbox, aligned, is_address, is_full, mailboxes
from digest.lint.findings import Finding, counted, must, several, should, shown
from digest.lint.mails import Mail

_DATE = re.compile(
    r"(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s*)?([0-9]{1,2})\s+"
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+([0-9]{4})\s+"
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?\s+([+-][0-9]{4}|[A-Za-z]+)"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MESSAGE_ID = re.compile(rf"<{DOT_ATOM}@({DOT_ATOM})>", re.ASCII)
_NO_REPLY = re.compile(r"(?:no|do-?not)[-_.]?reply", re.IGNORECASE)


def found(mail: Mail, name: str) -> list[Mailbox]:
    """The mailboxes of the field ``name``; none when it is missing or cannot be read."""
    try:
        return mailboxes(mail.head.first(name) or "")
    except ValueError:
        return []


def from_domain(mail: Mail) -> str | None:
    """The domain of the first From mailbox."""
    boxes = found(mail, "From")
    return boxes[0].domain if boxes else None


def sender(mail: Mail) -> Iterator[Finding]:
    """H1: From is one mailbox at a domain that the world can reach."""
    value = mail.head.first("From")
    if value is None:
        return
    boxes = found(mail, "From")
    if not boxes:
        text = f"From {shown(value)} is no mailbox: write it as 'Name <local@domain>'."
        yield must("H1", text, "RFC 5322 §3.4")
    elif len(boxes) > 1:
        text = f"From names {counted(len(boxes), 'mailbox', 'mailboxes')}: keep one, for DMARC."
        yield must("H1", text, "RFC 7489 §6.6.1")
    elif not is_full(boxes[0].domain):
        text = f"From is at {shown(boxes[0].domain)}: use a full domain with SPF and DKIM."
        yield must("H1", text, "RFC 5321 §2.3.5")


def date(mail: Mail) -> Iterator[Finding]:
    """H2: Date can be read, has a numeric zone, and its weekday is that of the date."""
    value = mail.head.first("Date")
    if value is None:
        return
    parts = _DATE.fullmatch(value)
    moment = _moment(parts) if parts else None
    if not parts or not moment:
        text = f"Date {shown(value)} is malformed: write 'Mon, 03 Jun 2024 05:00:07 +0000'."
        yield must("H2", text, "RFC 5322 §3.3")
    elif parts[8].isalpha():
        text = f"Date names the zone {shown(parts[8])}: give it in numbers, as '+0000'."
        yield must("H2", text, "RFC 5322 §3.3")
    elif parts[1] and _DAYS[moment.weekday()] != parts[1]:
        text = f"Date says {parts[1]}, but that day is a {_DAYS[moment.weekday()]}: correct it."
        yield must("H2", text, "RFC 5322 §3.3")


def _moment(parts: re.Match[str]) -> dt.datetime | None:
    """The moment without its zone, or None when the calendar has none such."""
    second = min(int(parts[7] or 0), 59)  # 60 is a leap second, §3.3
    zone_minutes = parts[8][-2:]
    if int(parts[7] or 0) > 60 or (zone_minutes.isdecimal() and zone_minutes > "59"):
        return None
    month = _MONTHS.index(parts[3]) // 3 + 1
    try:
        return dt.datetime(
            int(parts[4]), month, int(parts[2]), int(parts[5]), int(parts[6]), second, tzinfo=dt.UTC
        )
    except ValueError:
        return None


def message_id(mail: Mail) -> Iterator[Finding]:
    """H3: Message-ID is ``<dot-atom@domain>`` at a domain of the sender's."""
    value = mail.head.first("Message-ID")
    if value is None:
        return
    match = _MESSAGE_ID.fullmatch(value)
    if not match or not value.isascii():
        text = f"Message-ID {shown(value)} is malformed: write <unique@{from_domain(mail)}>."
        yield must("H3", text, "RFC 5322 §3.6.4")
        return
    domain, own = match[1].lower(), from_domain(mail)
    if not is_full(domain):
        text = f"Message-ID ends in {shown(domain)}: use your domain, or it may not be unique."
        yield should("H3", text, "RFC 5322 §3.6.4")
    elif own and is_full(own) and not aligned(domain, own):
        text = f"Message-ID is at {shown(domain)}, From at {shown(own)}: use the sender's domain."
        yield should("H3", text, "RFC 5322 §3.6.4")


def recipient(mail: Mail) -> Iterator[Finding]:
    """H4: To is the one recipient, and nobody else is named."""
    value = mail.head.first("To")
    boxes = found(mail, "To")
    if value is not None and not boxes:
        text = f"To {shown(value)} is no mailbox: name the recipient."
        yield must("H4", text, "RFC 5322 §3.6.3")
    if len(boxes) > 1:
        text = f"To names {counted(len(boxes), 'mailbox', 'mailboxes')}: send one mail to each."
        yield must("H4", text, "RFC 5322 §3.6.3")
    others = [name for name in ("Cc", "Bcc", "Resent-To") if mail.head.all(name)]
    if others:
        text = f"{' and '.join(others)} would show readers to each other: remove it."
        yield must("H4", text, "RFC 5322 §3.6.3")


def reply_to(mail: Mail) -> Iterator[Finding]:
    """H22: answers reach somebody."""
    value = mail.head.first("Reply-To")
    boxes = found(mail, "From" if value is None else "Reply-To")
    if value is not None and not boxes:
        text = f"Reply-To {shown(value)} is no mailbox: give one that is read."
        yield must("H22", text, "RFC 5322 §3.6.2")
    dead = [box.address for box in boxes if _NO_REPLY.search(box.address)]
    if dead:
        text = f"Answers go to {several(dead)}: name a mailbox that somebody reads."
        yield should("H22", text, "Microsoft sender requirements")


def return_path(mail: Mail) -> Iterator[Finding]:
    """H24: bounces come back to a mailbox of the sender's."""
    value = mail.head.first("Return-Path")
    if value is None:
        return
    address = value.removeprefix("<").removesuffix(">")
    domain, own = address.rpartition("@")[2], from_domain(mail)
    if value == "<>":
        text = "Return-Path is <>, which is for bounces alone: give an address that takes them."
        yield must("H24", text, "RFC 5321 §4.5.5")
    elif value != f"<{address}>" or not is_address(address):
        text = f"Return-Path {shown(value)} is no <address>: correct the envelope sender."
        yield must("H24", text, "RFC 5321 §4.1.2")
    elif own and not aligned(domain, own):
        text = f"Return-Path is at {shown(domain)}, From at {shown(own)}: SPF will not align."
        yield should("H24", text, "RFC 7489 §3.1.2")


def international(mail: Mail) -> Iterator[Finding]:
    """H26: domains are written as A-labels, which every server takes."""
    boxes = [box for name in ("From", "Reply-To", "To") for box in found(mail, name)]
    strange = [box.domain for box in boxes if not box.domain.isascii()]
    if strange:
        text = f"The domain {several(strange)} is not ASCII: write its xn-- form."
        yield must("H26", text, "RFC 6531 §3.2")


def needs_utf8(mail: Mail) -> bool:
    """Whether an address cannot be written in ASCII, so that the header may be UTF-8 (§H26)."""
    boxes = [box for name in ("From", "Reply-To", "To") for box in found(mail, name)]
    return any(not box.address.rpartition("@")[0].isascii() for box in boxes)
