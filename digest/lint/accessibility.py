"""Checks that everybody can read the HTML: language, structure, links, pictures, contrast."""

from __future__ import annotations

from collections.abc import Iterator

from digest.lint.automatic import html_language
from digest.lint.findings import Finding, counted, must, several, should, shown
from digest.lint.looks import Colour, Look, contrast
from digest.lint.mails import Mail
from digest.lint.pages import HEADINGS, Element, Page, Run

CONTRAST, LARGE_CONTRAST = 4.5, 3.0
"""The least contrast of text and of large text (WCAG 2.2 §1.4.3)."""

SMALLEST = 14.0
"""The least size of text, in CSS pixels."""


def language(mail: Mail) -> Iterator[Finding]:
    """C3: screen readers know which language to speak."""
    if mail.page and not html_language(mail):
        text = 'The html element has no lang: add one, as <html lang="en">.'
        yield must("C3", text, "WCAG 2.2 §3.1.1")


def tables(mail: Mail) -> Iterator[Finding]:
    """C3: tables for layout say that they are no tables."""
    if not mail.page:
        return
    data = {cell.table for cell in mail.page.all("th", "caption")}
    bare = [
        number
        for number, element in enumerate(mail.page.elements)
        if element.name == "table" and number not in data and not _is_layout(element)
    ]
    if bare:
        text = f'{counted(len(bare), "layout table")} without role="presentation": add it.'
        yield should("C3", text, "WCAG 2.2 §1.3.1")


def _is_layout(table: Element) -> bool:
    return table.attributes.get("role", "").lower() in ("presentation", "none")


def headings(mail: Mail) -> Iterator[Finding]:
    """C3: headings begin with h1, and none is left out on the way down."""
    if not mail.page:
        return
    levels = [int(heading.name[1]) for heading in mail.page.all(*HEADINGS)]
    above = 0
    for level in levels:
        if level > above + 1:
            before = f"h{above}" if above else "the start"
            text = f"h{level} follows {before}: begin with h1 and go down by one."
            yield should("C3", text, "WCAG 2.2 §1.3.1, §2.4.6")
            return
        above = level
    if mail.kind == "edition" and not levels:
        yield should("C3", "The HTML has no heading: begin with an h1.", "WCAG 2.2 §2.4.6")


def link_texts(mail: Mail) -> Iterator[Finding]:
    """C3: every link has words or a described picture in it."""
    if not mail.page:
        return
    silent = [
        link.attributes["href"]
        for number, link in enumerate(mail.page.elements)
        if link.name == "a" and "href" in link.attributes and not _spoken(mail.page, number)
    ]
    if silent:
        text = f"{counted(len(silent), 'link')} without text ({several(silent)}): name the target."
        yield must("C3", text, "WCAG 2.2 §2.4.4")


def _spoken(page: Page, number: int) -> bool:
    """Whether a screen reader says anything for element ``number``, a link."""
    link = page.elements[number]
    if link.attributes.get("aria-label", "").strip() or page.words(link):
        return True
    after = page.elements[number + 1 : number + 4]
    return any(
        image.name == "img" and image.first <= link.last and image.attributes.get("alt", "").strip()
        for image in after
    )


def pictures(mail: Mail) -> Iterator[Finding]:
    """C3: every picture has a description, which is empty for decoration."""
    images = mail.page.all("img") if mail.page else ()
    silent = [image.attributes.get("src", "") for image in images if "alt" not in image.attributes]
    if silent:
        text = f"{counted(len(silent), 'picture')} without alt ({several(silent)}): describe it."
        yield must("C3", text, "WCAG 2.2 §1.1.1")


def contrasts(mail: Mail) -> Iterator[Finding]:
    """C3: text stands out from its ground, as far as inline styles tell."""
    pale: dict[tuple[Colour, Colour], Run] = {}
    for run in _read(mail):
        colour, ground = run.look.colour, run.look.ground
        if colour is None or ground is None or (colour, ground) in pale:
            continue
        least = LARGE_CONTRAST if _is_large(run.look) else CONTRAST
        if contrast(colour, ground) < least:
            pale[colour, ground] = run
    for (colour, ground), run in list(pale.items())[:3]:
        ratio = int(contrast(colour, ground) * 100) / 100
        pair = f"{_hex(colour)} on {_hex(ground)}"
        text = f"{shown(run.text.strip())} is {pair}, a contrast of {ratio}: make it {CONTRAST}."
        yield must("C3", text, "WCAG 2.2 §1.4.3")


def _is_large(look: Look) -> bool:
    """Whether text counts as large: 18 points, or 14 in bold (WCAG 2.2, "large scale")."""
    return look.size >= 24 or (look.bold and look.size >= 18.66)


def sizes(mail: Mail) -> Iterator[Finding]:
    """C3: no text is smaller than what is read on a phone without zooming."""
    small = [run for run in _read(mail) if run.look.size < SMALLEST]
    if small:
        least = min(small, key=lambda run: run.look.size)
        size = f"{least.look.size:g} px"
        text = f"{shown(least.text.strip())} has {size}: use {SMALLEST:g} px or more."
        yield should("C3", text, "WCAG 2.2 §1.4.4")


def _read(mail: Mail) -> Iterator[Run]:
    """The runs that hold letters or digits for a reader."""
    runs = mail.page.runs if mail.page else []
    return (run for run in runs if not run.unseen and any(map(str.isalnum, run.text)))


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()
