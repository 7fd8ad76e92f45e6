"""A mail that came to us is recognised: a bounce, a complaint, an answer, a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email import message_from_string, policy
from email.message import Message

from digest.bounces import Kind
from digest.returns.automatic import is_automatic, request_in
from digest.returns.deliveries import Fate, fate_in
from digest.returns.detectors import failures
from digest.returns.opened import Opened, plain, text_of, values, within
from digest.returns.returned import Returned
from digest.returns.statuses import kind_in_words, status_in

MOST = 50
"""Addresses and links of one mail that are looked at."""

_CAME_TO = (
    *("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to"),
    *("x-delivered-to", "x-forwarded-to", "resent-to"),
)
_SENT_FROM = (
    *(
        "return-path",
        "original-mail-from",
        "x-postfix-sender",
        "x-original-sender",
        "envelope-from",
    ),
    *("x-envelope-from", "original-envelope-from", "x-return-path", "errors-to", "sender"),
)
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[A-Za-z0-9.-]{1,255}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_FIELD = re.compile(r"^[> \t]{0,20}[A-Za-z][A-Za-z-]{1,40}[ \t]*:", re.MULTILINE)
_INDENT = re.compile(r"^(?:> ?|[ \t]{1,8}(?=[A-Za-z-]{2,40}:))", re.MULTILINE)
_LINK = re.compile(r"<([^<>]{1,998})>")
_TICKET = re.compile(r"(?:unsubscribe(?:%20|\+|\s)|/leave/)([A-Za-z0-9_-]{20,500})")
_OURS_BEGINS = re.compile(
    r"^[> \t]{0,20}(?:-{2,80}[^-\n]{0,60}(?:original|returned|below this line|copy of the message|"
    r"copy of your message)"
    r"|(?:return-path|received|dkim-signature|list-unsubscribe|message-id|mime-version)[ \t]*:)",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(
    r"^[ \t]{0,20}(?:subject|betreff|objet|asunto)[ \t]*:.*$", re.IGNORECASE | re.MULTILINE
)
_DAEMON = re.compile(
    r"mailer[-_ ]?daemon|postmaster|mail delivery|mail[ -]?system|<>|mmdf|bounce|administrator|"
    r"delivery subsystem|exchange|system attendant",
    re.IGNORECASE,
)
_RETURNS = re.compile(
    r"undeliver|deliver(y|ed)|return(ed|ing)|fail(ed|ure)|bounce|problem|could not be|"
    r"mail system error|delay|warning|unzustellbar|non remis|rejected|user unknown|not found",
    re.IGNORECASE,
)


def recognise(data: bytes) -> Returned:
    """What the mail in ``data`` says. Never raises, and looks at a bounded part of it only.

    By the standards first (RFC 3464, 5965), then by the subjects of our own links, then by words
    as servers have them; where those say nothing, flufl.bounce knows the forms of old servers.
    """
    mail = Opened(data)
    about = list(_about(mail))
    found = _said(mail)
    return Returned(
        kind=found.kind,
        addresses=_distinct(_addresses(mail, about)),
        tickets=_distinct(_tickets(about)),
        original=next(_message_ids(about), ""),
        recipient=found.recipient,
        status=found.status,
        words=found.words,
        request=request_in(mail) if found.kind == "request" else None,
    )


def _said(mail: Opened) -> Fate:
    if complaint := _complaint(mail):
        return complaint
    if fate := fate_in(mail):
        return fate
    if request_in(mail):
        return _plain("request", mail.subject)
    return _in_words(mail)


def _plain(kind: Kind, words: str) -> Fate:
    return Fate(kind, "", "", plain(words))


def _complaint(mail: Opened) -> Fate | None:
    """A complaint by the standard (RFC 5965); other reports of this form are about mail servers.

    ``not-spam`` takes a complaint back, and "auth-failure" (RFC 6591) is about signatures.
    """
    for part in mail.of_type("message/feedback-report"):
        fields = next(iter(within(part)), part)
        kind = next(iter(values(fields, "feedback-type")), "").lower()
        who = next(iter(values(fields, "original-rcpt-to")), "")
        if kind in ("abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "complaint"):
            return Fate("complaint", plain(who).strip("<>"), "", f"complaint: {kind}")
        return _plain("unknown", f"feedback: {kind}")
    return None


def _in_words(mail: Opened) -> Fate:
    """What a mail that no standard describes says: in its own words, up to where ours begin.

    The subject is not among them, for it often repeats that of our mail: the title of a paper.
    """
    text = _own_words(mail)
    kind = kind_in_words(text) if _from_a_server(mail) else "unknown"
    temporary, permanent = failures(mail)
    if kind == "unknown" and permanent:
        kind = "soft"
    elif kind == "unknown" and temporary:
        kind = "delayed"
    if kind != "unknown":
        named = [*mail.values("x-failed-recipients"), *permanent, *temporary]
        return Fate(kind, plain(next(iter(named), "")), status_in(text), plain(text))
    return _plain("auto-reply" if is_automatic(mail) else "unknown", mail.subject)


def _from_a_server(mail: Opened) -> bool:
    """Whether a mail that is no report by the standard has the marks of one."""
    if mail.message.get_content_type() == "multipart/report":
        return True
    sender = " ".join([*mail.values("from"), *mail.values("return-path")])
    named = bool(_DAEMON.search(sender)) or bool(mail.values("x-failed-recipients"))
    return bool(_RETURNS.search(mail.subject)) or (named and not is_automatic(mail))


def _own_words(mail: Opened) -> str:
    """What the server wrote, without the mail that it sends back: our papers have words, too."""
    ours = _OURS_BEGINS.search(mail.text)
    return _QUOTED.sub("", mail.text[: ours.start() if ours else None])[:4_000]


def _about(mail: Opened) -> Iterator[Message]:
    """The headers, and fields of reports, in which the mail that came back is told of."""
    for part in mail.parts:
        kind = part.get_content_type()
        if part.get_content_maintype() == "message" or kind == "text/rfc822-headers":
            yield part
            yield from within(part) or [_header(text_of(part))]
    yield _quoted_header(mail.text)


def _quoted_header(text: str) -> Message:
    """The header of our mail where it stands in the text of a report, perhaps indented."""
    ours = _OURS_BEGINS.search(text)
    first = _FIELD.search(text, ours.start()) if ours else None
    return _header(_INDENT.sub("", text[first.start() :]) if first else "")


def _header(text: str) -> Message:
    return message_from_string(text.partition("\n\n")[0], policy=policy.compat32)


def _addresses(mail: Opened, about: Iterable[Message]) -> Iterator[str]:
    for name in _CAME_TO:
        for value in mail.values(name):
            yield from _ADDRESS.findall(value)
    for part in about:
        for name in _SENT_FROM:
            for value in values(part, name):
                yield from _ADDRESS.findall(value)


def _tickets(about: Iterable[Message]) -> Iterator[str]:
    for part in about:
        for value in values(part, "list-unsubscribe"):
            joined = "".join(value.split())
            for link in _LINK.findall(joined):
                yield from _TICKET.findall(link)


def _message_ids(about: Iterable[Message]) -> Iterator[str]:
    for part in about:
        for name in ("message-id", "original-message-id", "x-original-message-id"):
            for value in values(part, name):
                yield from _MESSAGE_ID.findall(value)


def _distinct(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(list(dict.fromkeys(found))[:MOST])
