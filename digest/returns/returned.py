"""What a mail that came to us says, once it was recognised: Returned, Request."""

from __future__ import annotations

from dataclasses import dataclass

from digest.bounces import Kind
from digest.votes import Value


@dataclass(frozen=True, slots=True)
class Request:
    """What a reader asked for by mail; ``token`` says who they are, if it is one of ours.

    To leave, or to have said ``value`` of ``paper``, which is named as in the link of the mail.
    """

    token: str
    value: Value | None = None
    paper: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """What one mail says. All of it comes from outside: only a token that verifies is a proof.

    ``addresses`` are those it came to, and those from which the mail it tells of was sent: a
    return path of ours may be among them. ``tickets`` are the tokens in links to leave of that
    mail, and ``original`` is its Message-ID. ``recipient`` is the address that the report is
    about, as it says; ``status`` and ``words`` are as in ``digest.bounces.Bounce``.
    """

    kind: Kind
    addresses: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    original: str = ""
    recipient: str = ""
    status: str = ""
    words: str = ""
    request: Request | None = None
