"""An edition as a mail: subject, HTML, plain text, and the whole message."""

from __future__ import annotations

import hashlib
import re
from email.utils import format_datetime

from jinja2 import Environment

from digest.editions import Edition
from digest.errors import RenderError
from digest.messages import Message
from digest.render import mime, wording
from digest.render.colours import DARK, DARK_CONTRAST, LIGHT, readable
from digest.render.intro import intro_html, intro_text
from digest.render.plain import shorten
from digest.render.settings import MailSettings, ascii_domain, mailbox, mailto
from digest.render.templates import fill
from digest.render.values import values

SUBJECT_TITLE = 120
"""The most of the top pick's title in a subject, in characters."""

_NOT_ONE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff<>]|^[^@]*$")


def subject(edition: Edition, settings: MailSettings) -> str:
    """What is inside: the top pick and how many more; a day without picks says so."""
    if not edition.picks:
        nothing = "nothing close enough" if edition.considered else "no new papers"
        return f"{wording.headline(edition)}: {nothing} in {mime.header_text(settings.title)}"
    top = shorten(mime.header_text(wording.title(edition.picks[0].paper)), SUBJECT_TITLE)
    more = len(edition.picks) - 1
    return f"{top} and {more} more" if more else top


def html(edition: Edition, settings: MailSettings, env: Environment) -> str:
    """``edition`` as a page and as the HTML part, from ``mail.html.j2``. Raises RenderError.

    Beside ``values`` the template has ``intro`` (safe HTML), ``accent`` and ``accent_dark``.
    """
    accent = readable(settings.accent, LIGHT)
    return fill(
        env,
        "mail.html.j2",
        edition.id,
        intro=intro_html(settings.intro, accent),
        accent=accent,
        accent_dark=readable(settings.accent, DARK, DARK_CONTRAST),
        **values(edition, settings),
    )


def text(edition: Edition, settings: MailSettings, env: Environment) -> str:
    """``edition`` as plain text, from ``mail.txt.j2``. Raises RenderError."""
    words = intro_text(settings.intro)
    return fill(env, "mail.txt.j2", edition.id, intro=words, **values(edition, settings))


def message_id(edition: Edition, settings: MailSettings) -> str:
    """The Message-ID of ``edition``, the same on every retry (RFC 5322 §3.6.4)."""
    seed = f"{edition.id}\0{settings.domain}".encode("utf-8", "backslashreplace")
    return f"<{edition.date.isoformat()}.{hashlib.sha256(seed).hexdigest()[:32]}@{settings.domain}>"


def message(edition: Edition, settings: MailSettings, env: Environment) -> Message:
    """``edition`` as a mail to its subscriber, ready to send. Raises RenderError."""
    recipient = _recipient(edition)
    plain, rich = text(edition, settings, env), html(edition, settings, env)
    try:
        parts = [mime.part("text/plain", plain), mime.part("text/html", rich)]
        identity = message_id(edition, settings)
        content_type, body = mime.alternative(identity, parts)
        head = _head(edition, settings, recipient)
    except ValueError as error:
        raise RenderError(f"{edition.id}: cannot be written as a mail: {error}") from error
    data = b"".join((head, content_type, b"\r\n", body))
    return Message(identity, settings.address, recipient, data)


def _head(edition: Edition, settings: MailSettings, recipient: str) -> bytes:
    """All header fields but Content-Type."""
    listed = [*mime.phrase(settings.title), f"<digest.{settings.domain}>"]
    optional = {
        "Reply-To": mime.mailbox(*mailbox(settings.reply_to)) if settings.reply_to else [],
        "List-Owner": [f"<{mailto(mailbox(settings.owner)[1])}>"] if settings.owner else [],
    }
    fields = {
        "From": mime.mailbox(*mailbox(settings.sender)),
        "To": mime.mailbox(edition.subscriber.name, recipient),
        "Date": [format_datetime(edition.composed_at)],  # RFC 5322 §3.3, with a numeric zone
        "Message-ID": [message_id(edition, settings)],
        "Subject": mime.unstructured(subject(edition, settings)),
        "MIME-Version": ["1.0"],
        "List-Id": listed,  # RFC 2919 §3
        "List-Unsubscribe": [f"<{settings.unsubscribe_url}>"],  # RFC 2369 §3.2
        "List-Post": ["NO"],  # RFC 2369 §3.4
        "Auto-Submitted": ["auto-generated"],  # RFC 3834 §5: no holiday replies
        "Precedence": ["bulk"],
        "Content-Language": ["en"],  # RFC 3282
        **{name: tokens for name, tokens in optional.items() if tokens},
    }
    return b"".join(mime.field(name, tokens) for name, tokens in fields.items())


def _recipient(edition: Edition) -> str:
    """The subscriber's bare address, its domain as A-labels. Raises RenderError."""
    address = edition.subscriber.address
    if address is None:
        raise RenderError(f"{edition.id}: has no address, so there is no mail; preview it as html")
    if _NOT_ONE.search(address) or len(address) > 320:
        raise RenderError(
            f"{edition.id}: {address[:80]!r} is not one mail address; correct the subscriber"
        )
    return ascii_domain(address)
