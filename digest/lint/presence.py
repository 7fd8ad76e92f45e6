"""Fields a mail must have, and fields that may stand in it only once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from digest.lint.findings import Finding, Severity, must
from digest.lint.mails import Mail


@dataclass(frozen=True, slots=True)
class Known:
    """A field that may stand once, or ``repeats``; what its absence is in an edition, a notice."""

    name: str
    rule: str
    reference: str
    edition: Severity | None = None
    notice: Severity | None = None
    add: str = ""
    repeats: bool = False


FIELDS = (
    Known("From", "H1", "RFC 5322 §3.6.2", "must", "must", "name the one mailbox that sends"),
    Known("Sender", "H1", "RFC 5322 §3.6.2"),
    Known("Date", "H2", "RFC 5322 §3.6.1", "must", "must", "give the time of composition"),
    Known("Message-ID", "H3", "RFC 5322 §3.6.4", "must", "must", "give one that retries keep"),
    Known("To", "H4", "RFC 5322 §3.6.3", "must", "must", "name the recipient"),
    Known("Subject", "H5", "RFC 5322 §3.6.5", "must", "must", "say what is inside"),
    Known("MIME-Version", "H7", "RFC 2045 §4", "must", "must", "add MIME-Version: 1.0"),
    Known("Content-Type", "H8", "RFC 2045 §5", "must", "must", "add multipart/alternative"),
    Known("Content-Transfer-Encoding", "H9", "RFC 2045 §6"),
    Known(
        "List-Unsubscribe", "H11", "RFC 8058 §3.1", "must", None, "add an https link of one click"
    ),
    Known(
        "List-Unsubscribe-Post",
        "H12",
        "RFC 8058 §3.1",
        "must",
        None,
        "add List-Unsubscribe=One-Click",
    ),
    Known("List-Id", "H17", "RFC 2919 §3", "must", None, "name the list, as 'Title <list.domain>'"),
    Known("List-Help", "H18", "RFC 2369 §3.1", "should", None, "add a link to a page of help"),
    Known("List-Subscribe", "H18", "RFC 2369 §3.3"),
    Known(
        "List-Post", "H18", "RFC 2369 §3.4", "should", None, "add NO: nobody writes to this list"
    ),
    Known("List-Owner", "H18", "RFC 2369 §3.5", "should", None, "add the mailto: of a person"),
    Known("List-Archive", "H18", "RFC 2369 §3.6", "should", None, "add the link of past editions"),
    Known("Auto-Submitted", "H19", "RFC 3834 §5", "must", "must", "add auto-generated"),
    Known("Precedence", "H20", "RFC 3834 §2", "should", None, "add bulk for old responders"),
    Known(
        "Feedback-ID", "H21", "Gmail feedback loop", "should", None, "add edition:list:kind:sender"
    ),
    Known("Reply-To", "H22", "RFC 5322 §3.6.2"),
    Known(
        "Archived-At", "H23", "RFC 5064 §2", "should", None, "add the link of the web copy", True
    ),
    Known("Return-Path", "H24", "RFC 5321 §4.4"),
    Known("Content-Language", "H27", "RFC 3282 §2", "should", "should", "name the language"),
)


def presence(mail: Mail) -> Iterator[Finding]:
    """Fields that are missing, or that stand more than once."""
    for field in FIELDS:
        number = len(mail.head.all(field.name))
        needed = field.edition if mail.kind == "edition" else field.notice
        if not number and needed:
            text = f"{field.name} is missing in this {mail.kind}: {field.add}."
            yield Finding(field.rule, needed, text, field.reference)
        elif number > 1 and not field.repeats:
            text = (
                f"{field.name} stands {number} times: keep one, programs differ in which they read."
            )
            yield must(field.rule, text, field.reference)
