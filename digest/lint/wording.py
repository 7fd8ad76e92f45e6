"""Checks of what every mail must tell its reader: what is inside, why it came, how to leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import east_asian_width

from digest.lint.findings import Finding, must, should
from digest.lint.lists import uris
from digest.lint.mails import Mail
from digest.lint.pages import Page

PREHEADER = range(40, 131)
"""How long the line beside the subject should be, in columns."""

_PADDING = re.compile("[\u034f\u00ad\u200b-\u200d\u2007\u00a0\ufeff]+")
_LEAVE = re.compile(
    r"unsubscribe|opt.?out|abmelden|abbestellen|désabonn|désinscri|darse de baja|cancelar"
    r"|afmelden|退订|取消订阅|退訂|配信停止|購読解除|登録解除|수신 ?거부|구독 ?취소",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"you (?:get|receive|are receiving|are getting|asked|signed)|because|subscribed"
    r"|sie erhalten|vous recevez|recibe|ontvangt"
    r"|您收到|您订阅|您已订阅|このメール|本メール|購読|구독",
    re.IGNORECASE,
)
_POSTAL = re.compile(
    r"(?m)^(?!.*(?:https?:|@)).*?"
    r"(?:\b\d{4,6}\b.*[^\W\d]{3}|[^\W\d]{3}.*\b\d{4,6}\b"
    r"|〒|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|P\.?O\.? ?Box)"
)
_LINK = re.compile(r"(?:https?://|mailto:)\S")

FOOTER = 400
"""Where the postal address stands: the last characters of the text."""


def preheader(mail: Mail) -> Iterator[Finding]:
    """C4: the inbox shows a line on what is inside, not the first words of the layout."""
    if not mail.page:
        return
    first = _first(mail.page)
    if first is None:
        text = (
            "The HTML does not begin with a hidden line: add a preheader of 40 to 130 characters."
        )
        yield should("C4", text, "Checklist C4")
    elif (width := _columns(first)) not in PREHEADER:
        text = f"The preheader is {width} columns wide: use 40 to 130."
        yield should("C4", text, "Checklist C4")


def _first(page: Page) -> str | None:
    """The first text of the body without its padding, when it is hidden."""
    for run in page.runs:
        if run.text.strip() and not (run.unseen and not run.look.hidden):
            return _PADDING.sub("", run.text).strip() if run.look.hidden else None
    return None


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(mark) in "WF" else 1 for mark in text)


def leaving(mail: Mail) -> Iterator[Finding]:
    """C5: both parts of an edition say how to leave."""
    if mail.kind != "edition":
        return
    links = uris(mail.head.first("List-Unsubscribe") or "") or []
    if mail.plain and not _leaves_in_text(mail.text, links):
        text = "The text part has no link to unsubscribe: add it at the end."
        yield must("C5", text, "CAN-SPAM §7704(a)(5)")
    if mail.page and not _leaves_in_page(mail.page, links):
        text = "The HTML part has no link to unsubscribe: add it to the footer."
        yield must("C5", text, "CAN-SPAM §7704(a)(5)")


def _leaves_in_text(text: str, links: list[str]) -> bool:
    """Whether a link stands in the text within two lines of a word for leaving."""
    if any(link in text for link in links):
        return True
    lines = text.splitlines()
    near = (" ".join(lines[n : n + 3]) for n, line in enumerate(lines) if _LEAVE.search(line))
    return any(_LINK.search(passage) for passage in near)


def _leaves_in_page(page: Page, links: list[str]) -> bool:
    anchors = [(a, a.attributes["href"]) for a in page.all("a") if "href" in a.attributes]
    return any(
        href in links or _LEAVE.search(href) or _LEAVE.search(page.words(a)) for a, href in anchors
    )


def why(mail: Mail) -> Iterator[Finding]:
    """C5: the reader is told why this came, and an edition where its sender lives."""
    text = f"{mail.text}\n{mail.page.seen if mail.page else ''}"
    if text.strip() and not _WHY.search(text):
        said = "No line says why this mail came: add 'You get this mail because …'."
        yield should("C5", said, "GDPR Art. 7(3)")
    end = text.rstrip() if mail.page and not mail.plain else mail.text.rstrip()
    if mail.kind == "edition" and text.strip() and not _POSTAL.search(end[-FOOTER:]):
        said = "No postal address was found at the end: add the sender's."
        yield should("C5", said, "CAN-SPAM §7704(a)(5)(A)(iii)")
