"""What a refusal comes to: by its status (RFC 3463), and by words where the status is vague."""

from __future__ import annotations

import re

from digest.bounces import Kind

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])[0-5]\d(?=[ \-#:]|$)")

_NOBODY = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10)}
"""Subjects and details of an address that is wrong: no such mailbox, no such domain, no address at
all, moved, a domain that takes no mail (RFC 3463 §3.2, RFC 7505 §4.2). 5.1.7 and 5.1.8 are about
the sender's address, and 5.1.0 about either.
"""

_FULL = {(2, 2), (3, 1)}
_ADDRESS = re.compile(r"<[^<>\s]{1,300}>|\S{1,64}@[\w.\[\]-]{1,255}|https?:\S+", re.IGNORECASE)


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_SAYS_POLICY = _any_of(
    r"\bspam",
    r"\bblock(ed|list)",
    r"black ?list",
    r"\b(dns|r)bl\b",
    r"\breputation",
    r"\bpolicy",
    r"\bdmarc\b",
    r"\bspf\b",
    r"\bdkim\b",
    r"unauthenticated|not authori[sz]ed|authentication required",
    r"unsolicited|\bbulk\b",
    r"content (rejected|not allowed|restriction)",
    r"\bvirus|malware|phish",
    r"relay(ing)? (access )?(is )?(not|denied)|unable to relay",
    r"sender.{0,30}(rejected|denied|refused)",
    r"grey ?list|rate.?limit|too many (messages|connections)|throttl",
    r"banned|complaint",
)
_SAYS_FULL = _any_of(
    r"mail ?(box|folder|drop)s?\b.{0,80}(\bfull\b|overfull|quota|size limit|exceed)",
    r"(over|exceed\w*|above|out of|beyond).{0,30}quota|overquota",
    r"quota.{0,30}(exceed|full|reached|violat)",
    r"(insufficient|not enough|out of|lack of) (system |disk )?(storage|space)",
    r"disk (is )?full|\bsobrecuota",
)
_SAYS_NOBODY = _any_of(
    r"(user|recipient|mailbox|account|address|alias|person|name)s?\b.{0,60}"
    r"(\bunknown|not (be )?found|(doesn.?t|does not|didn.?t|do(es)?n.t) (exist|have)|"
    r"no longer (exist|valid|active|available|in use)|not exist|is invalid|is not valid|"
    r"not (listed|recogni[sz]ed)|has been (disabled|deleted|discontinued|closed|deactivated)|"
    r"is (disabled|inactive|deactivated|closed)|isn.t (valid|active))",
    r"(unknown|invalid|no such|nonexist\w*|non-exist\w*|illegal|bad|inactive|disabled|"
    r"unrouteable|unroutable|undeliverable) "
    r"(local )?(e-?mail )?(user|recipient|mailbox|account|address|alias|person|destination|domain)",
    r"no (mailbox|account|such|user|recipient|one|person|valid recipient)s?\b.{0,30}"
    r"(here|name|user|person|address|exist|found|recipient|mailbox|account|domain)",
    r"not (a )?(known|valid|local|our|existing) (user|recipient|mailbox|account|address|customer)",
    r"(host|domain)( name)? (not found|unknown|does not exist)|unknown (host|domain)",
    r"does not (exist|have an? \S{1,40} account)|doesn.t have an? \S{1,40} account",
    r"user.s (account|mailbox) (is|has)",
    r"n'existe pas|existiert nicht|no existe|não existe|nao existe|inexistente|"
    r"(empf[aä]nger|benutzer|adresse)\w* .{0,20}unbekannt|destinataire inconnu|"
    r"utilisateur inconnu|usuario desconocido|utente sconosciuto",
    r"RESOLVER\.ADR\.RecipNotFound|RecipientNotFound|NoSuchUser",
)
_SAYS_DELAYED = _any_of(
    r"(has|have|could) not (yet )?been delivered.{0,60}(yet|hours?|still|so far)",
    r"\bwarning\b.{0,100}(delay|not (yet )?been|could not (yet )?be|still|only a)",
    r"(delivery|message|mail).{0,40}(delayed|deferred|is delayed)",
    r"will (continue|keep|be) (to be )?(trying|tried|retr\w+|attempt\w*)",
    r"do not need to resend|no action is required",
    r"delivery (status notification )?\(?delay",
    r"still being (tried|retried)|will try again|transient|temporar",
)
_GAVE_UP = _any_of(r"given? up|giving up|too long|expired|too old|permanent|failed")


def status_in(text: str) -> str:
    """The first enhanced status in ``text`` that is no success, such as "5.1.1"; else empty."""
    found = [match[0] for match in STATUS.finditer(text)]
    return next((each for each in found if each[0] != "2"), "")


def kind_of(status: str, words: str) -> Kind:
    """What a mail that was refused or given up on comes to; a vague status is told by ``words``.

    Words against mails of ours outweigh the number: a server may say of a sender that it blocks
    that there is no such mailbox, and who is suppressed for it never learns why.
    """
    number = tuple(int(part) for part in status.split(".")[1:])
    said = _said(words)
    if number[:1] == (7,):
        return "policy"
    if number in _FULL or (_SAYS_FULL.search(said) and number not in _NOBODY):
        return "full"
    if _SAYS_POLICY.search(said):
        return "policy"
    permanent = not status.startswith("4")
    if permanent and (number in _NOBODY or (_vague(number) and _names_nobody(words, said))):
        return "hard"
    return "soft" if status or _REPLY.search(words) else "unknown"


def kind_in_words(text: str) -> Kind:
    """The same for a mail that is no report by any standard: ``unknown`` unless it is plain."""
    said = _said(text)
    status = status_in(text)
    if _SAYS_DELAYED.search(said) and not _GAVE_UP.search(said):
        return "delayed"
    if status or _REPLY.search(text):
        return kind_of(status, text)
    if _SAYS_FULL.search(said):
        return "full"
    if _SAYS_POLICY.search(said):
        return "policy"
    return "hard" if _names_nobody(text, said) else "unknown"


def _said(words: str) -> str:
    """``words`` in one line, without addresses, whose own words mean nothing here."""
    return " ".join(_ADDRESS.sub(" ", words).split())


def _vague(number: tuple[int, ...]) -> bool:
    """Whether a status leaves open what is wrong: none, "other", or one that is often misused."""
    return not number or number[1] == 0 or number in ((1, 4), (2, 1))


def _names_nobody(words: str, said: str) -> bool:
    return bool(_SAYS_NOBODY.search(said) or "NoSuchUser" in words)
