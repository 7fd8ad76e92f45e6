"""The names a template of an edition can use."""

from __future__ import annotations

from typing import Any

from digest.editions import Edition
from digest.render import wording
from digest.render.plain import plain, shorten
from digest.render.settings import MailSettings, mailbox, mailto


def values(edition: Edition, settings: MailSettings) -> dict[str, Any]:
    """What every form of an edition says, as plain text.

    ``title`` of the newsletter; ``day`` in words and ``date``; ``reader``, a name or empty;
    ``groups`` of ``cards`` (see ``wording``); ``glance``, ``note``, ``headline`` and
    ``preheader``, one line each; ``considered``, how many papers were looked at; ``watching``,
    the reader's interests; ``address`` of the reader or empty;
    ``unsubscribe``, a mailto: address; ``owner`` and ``owner_url``; ``postal_lines``.
    """
    reader = edition.subscriber
    owner = mailbox(settings.owner or settings.reply_to or settings.sender)[1]
    return {
        "title": plain(settings.title),
        "day": wording.day(edition.date),
        "date": edition.date.isoformat(),
        "reader": shorten(plain(reader.name), wording.NAME_LIMIT),
        "groups": wording.groups(edition),
        "glance": wording.glance(edition),
        "considered": edition.considered,
        "note": plain(edition.note or ""),
        "headline": wording.headline(edition),
        "preheader": wording.preheader(edition),
        "watching": [wording.interest(interest.name) for interest in reader.interests],
        "address": plain(reader.address or ""),
        "unsubscribe": settings.unsubscribe_url,
        "owner": owner,
        "owner_url": mailto(owner),
        "postal_lines": [plain(line) for line in settings.postal_address.splitlines()],
    }
