"""Where replayed mails end: a server that notes whom each was for and which papers it links to."""

from __future__ import annotations

import binascii
import html
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from digest.deliver.outcomes import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.errors import MailServerDown
from digest.failpoints import reach
from digest.messages import Message
from digest.papers import SEARCH, arxiv_id_in, doi_in, title_key

Fate = Literal["accepted", "deferred", "rejected", "down", "lost", "unanswered"]
"""What the server does with a mail. ``lost`` and ``unanswered``: it never answers the final dot;
one of the latter it has taken all the same.
"""

_HTML = re.compile(rb"^Content-Type: text/html.*?\r\n\r\n(.*?)(?=\r\n--=_|\Z)", re.S | re.M)
_HREF = r'href="(https?://[^"]+)"'
_TITLE = re.compile(rf"<h3\b[^>]*>\s*<a\b[^>]*\b{_HREF}")
_ANY = re.compile(rf"\b{_HREF}")


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail the server took: its envelope's recipient, its size, and the addresses in it."""

    message_id: str
    recipient: str
    size: int
    links: tuple[str, ...]


class Sink:
    """A way out. What it takes stands in ``journal``, a line each, before it answers.

    A line is one write: whoever was killed in between took the mail or did not.
    """

    def __init__(self, journal: Path, fate: Callable[[Message], Fate] = lambda _: "accepted"):
        self._journal, self._fate = journal, fate

    def send(self, message: Message) -> Outcome:
        """What the fate says. Raises MailServerDown where that is the fate."""
        fate = self._fate(message)
        if fate == "down":
            raise MailServerDown("the replayed mail server is down")
        if fate == "deferred":
            return Deferred("451 4.7.1 replayed: try again later")
        if fate == "rejected":
            return Rejected("550 5.1.1 replayed: no such mailbox")
        reach("before_dot")
        if fate != "lost":
            self._take(message)
        reach("after_dot")
        if fate != "accepted":
            return Uncertain("replayed: the connection was lost after the final dot")
        reach("after_reply")
        return Accepted("250 2.0.0 replayed")

    def close(self) -> None:
        """Nothing to do."""

    def _take(self, message: Message) -> None:
        line = (message.message_id, message.recipient, len(message.data), links(message.data))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(self._journal, flags, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)


def taken(journal: Path, start: int) -> tuple[list[Taken], int]:
    """What the server took since the journal was ``start`` bytes long, and how long it is now."""
    if not journal.exists():
        return [], start
    with journal.open("rb") as file:
        file.seek(start)
        data = file.read()
    return list(_entries(data)), start + len(data)


def _entries(data: bytes) -> Iterator[Taken]:
    for line in data.splitlines():
        message_id, recipient, size, found = json.loads(line)
        yield Taken(message_id, recipient, size, tuple(found))


def links(data: bytes) -> list[str]:
    """The web addresses that the titles in a mail's HTML part lead to, each once, in their order.

    Of a mail by a template without such titles, every address there is.
    """
    found = _HTML.search(data)
    text = binascii.a2b_qp(found[1]).decode("utf-8", "replace") if found else ""
    hrefs = _TITLE.findall(text) or _ANY.findall(text)
    return list(dict.fromkeys(html.unescape(link) for link in hrefs))


@lru_cache(maxsize=50_000)
def named(link: str) -> str:
    """The key of the paper that an address names: by id, or by title for a search; else ""."""
    if link.startswith(SEARCH):
        title = parse_qs(urlsplit(link).query).get("query", [""])[0]
        return f"title:{title_key(title)}"
    arxiv, doi = arxiv_id_in(link), doi_in(link)
    return f"arxiv:{arxiv[0]}" if arxiv else f"doi:{doi}" if doi else ""
