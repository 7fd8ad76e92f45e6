"""Mails of machines that answer for a reader (RFC 3834), and of readers who ask for something."""

from __future__ import annotations

import re
from urllib.parse import unquote

from digest.returns.opened import Opened
from digest.returns.returned import Request
from digest.votes import VALUES

_SIGNED = r"(?P<token>[A-Za-z0-9_-]{20,500})"
_LEAVE = re.compile(rf"\s*unsubscribe(?:\s+{_SIGNED})?\s*", re.IGNORECASE)
_VOTE = re.compile(
    rf"\s*vote\s+(?P<value>{'|'.join(VALUES)})\s+(?P<paper>\S{{1,500}})\s+{_SIGNED}\s*",
    re.IGNORECASE,
)
_ANSWERS = re.compile(
    r"\s*(auto(matic)?[ -]?(re(ply|sponse|sponder)|answer)?\s*:|automatic reply|auto(mated)?[ -]?"
    r"re(ply|sponse)|out of (the )?office|away from|on vacation|vacation (reply|notice)|"
    r"abwesenheit|automatische antwort|réponse automatique|absence du bureau|"
    r"respuesta automática|fuera de la oficina|risposta automatica|自动回复|自動返信)",
    re.IGNORECASE,
)
_FIELDS = ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-vacation")


def request_in(mail: Opened) -> Request | None:
    """What the subject asks for, in the form of the links in our mails; None when nothing."""
    if found := _VOTE.fullmatch(mail.subject):
        value = next(value for value in VALUES if value == found["value"].lower())
        return Request(found["token"], value, unquote(found["paper"]))
    if found := _LEAVE.fullmatch(mail.subject):
        return Request(found["token"] or "")
    return None


def is_automatic(mail: Opened) -> bool:
    """Whether a machine wrote this, which wants no answer and is none of the reader's words."""
    submitted = " ".join(mail.values("auto-submitted")).strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    precedence = " ".join(mail.values("precedence")).lower()
    if any(word in precedence for word in ("auto_reply", "auto-reply", "bulk", "junk")):
        return True
    return any(mail.values(name) for name in _FIELDS) or bool(_ANSWERS.match(mail.subject))
