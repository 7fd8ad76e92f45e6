"""Links of a page, as a browser sees them; and the pages they lead to, all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        posted = str(known.get("method")).lower() == "post"
        names = ("href", "src") if posted else ("href", "src", "action")
        self.found += [value for name in names if (value := known.get(name))]
        if known.get("id"):
            self.ids.add(str(known["id"]))


def links(text: str) -> list[str]:
    """Every address that the page names, as it stands there, but those that forms are sent to."""
    parser = _Links()
    parser.feed(text)
    return parser.found


def crawled(
    start: str, fetch: Callable[[str], str | None], most: int = 2000
) -> Iterator[tuple[str, str, str | None]]:
    """Every page that can be reached on the host of ``start``: what led there, address, text.

    ``fetch`` gives the text of a page, "" of what has no links, None of what is not there.
    """
    host = urlsplit(start).netloc
    waiting, known = [("", start)], {start}
    while waiting and len(known) < most:
        parent, address = waiting.pop(0)
        text = fetch(address)
        yield parent, address, text
        for link in links(text or ""):
            there = urldefrag(urljoin(address, link))[0]
            if urlsplit(there).netloc == host and there not in known:
                known.add(there)
                waiting.append((address, there))
