"""The rules of W3C's feed validator that a feed of ours could break: errors and warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ADDRESS = re.compile(r"(https?://[^\s<>\"{}|\\^`]+|tag:[^\s<>\"]+)", re.ASCII)
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d ([+-]\d{4}|GMT)")
MARKUP = re.compile(
    r"<(script|style|iframe|object|embed|form|meta|link|base)\b|\son\w+=|javascript:"
)


def broken(text: str, itself: str) -> list[str]:
    """What is wrong with a feed that was fetched from ``itself``, in a few words each."""
    root = ET.fromstring(text.encode())
    return list(_atom(root, itself) if root.tag == f"{ATOM}feed" else _rss(root, itself))


def _atom(root: ET.Element, itself: str) -> Iterator[str]:
    for one in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            if len(one.findall(f"{ATOM}{name}")) != 1 or not one.findtext(f"{ATOM}{name}"):
                yield f"{one.tag} needs one {name}"
        if not ADDRESS.fullmatch(one.findtext(f"{ATOM}id") or ""):
            yield "an id is no full address"
    for name in ("updated", "published"):
        for found in root.iter(f"{ATOM}{name}"):
            if not INSTANT.fullmatch(found.text or ""):
                yield f"{name} is no instant: {found.text}"
    entries = list(root.iter(f"{ATOM}entry"))
    yield from _twice("id", [entry.findtext(f"{ATOM}id") for entry in entries])
    yield from _twice("updated", [entry.findtext(f"{ATOM}updated") for entry in entries])
    links = [
        (link.get("rel", "alternate"), link.get("href")) for link in root.findall(f"{ATOM}link")
    ]
    yield from _itself(links, itself)
    yield from _twice("kind of link", [rel for rel, _ in links])
    if root.find(f"{ATOM}author") is None:
        yield "no author"
    for entry in entries:
        kinds = [link.get("rel") for link in entry.findall(f"{ATOM}link")]
        if kinds != ["alternate"]:
            yield "an entry has not one alternate"
        yield from _html(entry.findtext(f"{ATOM}content"))
        yield from _terms([found.get("term") for found in entry.findall(f"{ATOM}category")])
    for link in root.iter(f"{ATOM}link"):
        if not ADDRESS.fullmatch(link.get("href") or ""):
            yield f"no full address: {link.get('href')}"


def _rss(root: ET.Element, itself: str) -> Iterator[str]:
    channel = root.find("channel")
    if channel is None or root.get("version") != "2.0":
        yield "no channel of RSS 2.0"
        return
    for name in ("title", "link", "description"):
        if len(channel.findall(name)) != 1 or not channel.findtext(name):
            yield f"the channel needs one {name}"
    links = [(str(link.get("rel")), link.get("href")) for link in channel.findall(f"{ATOM}link")]
    yield from _itself(links, itself)
    items = channel.findall("item")
    yield from _twice("guid", [item.findtext("guid") for item in items])
    for item in items:
        children = [child.tag for child in item]
        for name in ("title", "link", "guid", "pubDate", "description", CONTENT):
            if children.count(name) > 1:
                yield f"{name} twice in an item"
        if children[-1] != CONTENT and CONTENT in children:
            yield "something behind content:encoded"
        guid = item.find("guid")
        if guid is None or (guid.get("isPermaLink") != "false" and guid.text[:4] != "http"):
            yield "a guid that claims to be an address"
        if not ADDRESS.fullmatch(item.findtext("link") or ""):
            yield f"no full address: {item.findtext('link')}"
        yield from _html(item.findtext(CONTENT))
        yield from _html(item.findtext("description"))
        yield from _terms([found.text for found in item.findall("category")])
        if any(found.text is None for found in item):
            yield "an empty element"
    for found in (*root.iter("pubDate"), *root.iter("lastBuildDate")):
        if not DATE.fullmatch(found.text or "") or not parsedate_to_datetime(found.text or ""):
            yield f"no date of RFC 822: {found.text}"


def _itself(links: list[tuple[str, str | None]], itself: str) -> Iterator[str]:
    found = [href for rel, href in links if rel == "self"]
    if found != [itself]:
        yield f"self is {found} and not {itself}"


def _twice(what: str, found: list[str | None]) -> Iterator[str]:
    if len(found) != len(set(found)):
        yield f"the same {what} twice"


def _terms(found: list[str | None]) -> Iterator[str]:
    if None in found or "" in found:
        yield "an empty category"
    yield from _twice("category", found)


def _html(text: str | None) -> Iterator[str]:
    """Content has no relative addresses, and nothing that readers take out for safety."""
    if text and MARKUP.search("".join(re.findall("<[^>]*>", text))):
        yield f"unsafe HTML: {text}"
    for address in re.findall(r'(?:href|src)="([^"]*)"', text or ""):
        if not ADDRESS.fullmatch(address.replace("&amp;", "&")):
            yield f"a relative address in HTML: {address}"
