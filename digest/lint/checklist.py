"""Every check of a mail, in the order of the checklist that the program keeps for its mails."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from digest.lint import (
    accessibility,
    automatic,
    fields,
    headers,
    hostile,
    layout,
    lists,
    mails,
    origin,
    privacy,
    signature,
    structure,
    wire,
    wording,
)
from digest.lint.findings import Finding, must
from digest.lint.mails import LIMIT, Kind, Mail, mail
from digest.lint.presence import presence

Check = Callable[[Mail], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    presence,
    origin.sender,
    origin.date,
    origin.message_id,
    origin.recipient,
    headers.characters,
    headers.subject,
    headers.structured,
    headers.lines,
    structure.version,
    structure.alternatives,
    structure.charsets,
    structure.contents,
    wire.line_ends,
    wire.octets,
    wire.encodings,
    structure.boundaries,
    lists.unsubscribe,
    lists.one_click,
    lists.token,
    lists.list_id,
    lists.list_links,
    automatic.auto_submitted,
    automatic.precedence,
    lists.feedback_id,
    origin.reply_to,
    lists.archived_at,
    origin.return_path,
    origin.international,
    automatic.language,
    signature.signatures,
    layout.size,
    layout.elements,
    layout.styles,
    accessibility.language,
    accessibility.tables,
    accessibility.headings,
    accessibility.link_texts,
    accessibility.pictures,
    accessibility.contrasts,
    accessibility.sizes,
    wording.preheader,
    wording.leaving,
    wording.why,
    privacy.pictures,
    hostile.headers,
    hostile.bodies,
    hostile.links,
    hostile.scripts,
    hostile.disguises,
)
"""A new check is a line here; checks know nothing of each other."""


def lint(data: bytes) -> list[Finding]:
    """What is wrong with the mail ``data``, in the order of the checklist; any octets will do.

    Nothing is fetched or verified: of DKIM only what stands in the field, of domains only names.
    """
    if len(data) > LIMIT:
        text = f"The mail has {len(data):,} octets, and {LIMIT:,} is the most: nothing was checked."
        return [must("S5", text, "RFC 1870 §6.1")]
    read = mail(data)
    findings = [finding for check in CHECKS for finding in check(read)]
    return sorted(findings, key=lambda finding: finding.place)


def kind(data: bytes) -> Kind:
    """Which rules ``data`` is held to.

    A notice (confirmation, farewell) names no list and says that a program sent it; every other
    mail is an edition, which needs a List-Id and one-click unsubscription.
    """
    return mails.kind(fields.head(fields.split(data)[0]))
