"""The names a template of an edition can use."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import Any

from digest.editions import Edition
from digest.links import Links, mailto
from digest.papers import Paper
from digest.render import wording
from digest.render.colours import DARK, DARK_CONTRAST, LIGHT, readable
from digest.render.plain import plain, shorten
from digest.render.settings import MailSettings, mailbox
from digest.subscribers import Subscriber
from digest.votes import Value

VOTES: tuple[Value, ...] = ("more", "less", "save")
"""What a card offers to say of its paper."""

KEY_CHARS = 64
"""The longest paper key in a link; all but keys of titles are shorter."""


def of_run(settings: MailSettings) -> dict[str, Any]:
    """What is the same in every mail of a run.

    ``title`` of the newsletter; ``owner`` and ``owner_url``; ``postal_lines``; ``accent`` and
    ``accent_dark``, the one colour on either ground.
    """
    owner = mailbox(settings.owner or settings.reply_to or settings.sender)[1]
    return {
        "title": plain(settings.title),
        "owner": owner,
        "owner_url": mailto(owner),
        "postal_lines": [plain(line) for line in settings.postal_address.splitlines()],
        "accent": readable(settings.accent, LIGHT),
        "accent_dark": readable(settings.accent, DARK, DARK_CONTRAST),
    }


def of_day(date: dt.date) -> dict[str, Any]:
    """``day`` in words, ``date``, and the ``headline`` of a day without picks."""
    return {
        "day": wording.day(date),
        "date": date.isoformat(),
        "headline": wording.headline(date),
    }


def of_reader(edition: Edition, leave_url: str, web_url: str) -> dict[str, str]:
    """What differs from mail to mail, one line each, empty where there is nothing to say.

    ``preheader``, ``glance`` and ``note``; ``reader``, a name; ``address`` of the reader;
    ``watching``, the reader's interests on a day without picks; ``leave_url``; ``web_url``, where
    the edition can be seen on the web.
    """
    reader = edition.subscriber
    return {
        "preheader": wording.preheader(edition),
        "glance": _glance(edition),
        "note": plain(edition.note or ""),
        "reader": shorten(plain(reader.name), wording.NAME_LIMIT),
        "address": plain(reader.address or ""),
        "watching": "" if edition.picks else _watching(reader),
        "leave_url": leave_url if reader.address else "",
        "web_url": web_url,
    }


def of_edition(edition: Edition, settings: MailSettings) -> dict[str, Any]:
    """For a form that is not mailed: the above, and ``groups`` of ``cards`` (see ``wording``)."""
    return {
        **of_run(settings),
        **of_day(edition.date),
        **of_reader(edition, mailto(settings.address, "unsubscribe"), ""),
        "groups": wording.groups(edition, edition.subscriber.abstract or settings.abstract),
    }


def votes(links: Links, token: str, paper: Paper) -> dict[Value, str]:
    """The address that says each of VOTES of ``paper``, in the name of whoever has ``token``."""
    return {value: links.vote_url(token, value, vote_name(paper)) for value in VOTES}


def vote_name(paper: Paper) -> str:
    """What ``paper`` is called in links: its key; a hash of it where that is long."""
    key = paper.key
    return key if len(key) <= KEY_CHARS else f"title:{sha256(key.encode()).hexdigest()[:24]}"


def _watching(reader: Subscriber) -> str:
    names = [wording.interest(interest.name) for interest in reader.interests]
    return wording.some(names, "interest")


def _glance(edition: Edition) -> str:
    """The glance, but where a note has said already that nothing came in."""
    silent = not edition.picks and not edition.considered and edition.note
    return "" if silent else wording.glance(edition)
