"""Libraries in XML: what Zotero exports as RDF, and outlines of papers (OPML)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from xml.parsers import expat

from digest.collect.fields import Found, day_in, paper_of
from digest.collect.guards import mended_ampersands, refuse_entities
from digest.collect.plain import safe_link
from digest.errors import SourceError
from digest.papers import Paper

MAX_XML_BYTES = 32_000_000
"""The largest library read: some 15,000 papers with abstracts."""

NO_PAPERS = ("attachment", "note", "annotation")
"""Kinds of Zotero's items that stand beside papers."""

PERSON, NAME = "authors/seq/li/person", ("givenname", "surname")
"""Where Zotero's RDF names an author; an institution has a surname alone."""

Dated = tuple[Paper | None, str]
"""A paper, None where there is no title, and when it was added, in the file's own words."""


def papers(data: bytes, name: str, arrived: dt.date) -> list[Dated]:
    """The papers of Zotero's RDF or of an OPML file in their order.

    ``arrived`` is the day it came, for dates without a year. Bare ampersands are forgiven, as
    several programs write them. Raises: SourceError when it is neither, or is no whole XML.
    """
    if len(data) > MAX_XML_BYTES:
        raise SourceError(name, f"it is larger than {MAX_XML_BYTES // 1_000_000} MB")
    refuse_entities(data, name)
    for each in (data, mended_ampersands(data)):
        tree = _Tree(arrived)
        if tree.parse(each):
            break
    else:
        raise SourceError(name, "it is no whole XML; export it once more")
    if tree.root == "opml" and tree.feeds and not any(paper for paper, _ in tree.found):
        why = "it lists feeds, not papers; name it in the configuration as a source of kind opml"
        raise SourceError(name, why)
    if tree.root not in ("opml", "rdf"):
        raise SourceError(name, "it is XML, but neither OPML nor Zotero's RDF; export BibTeX")
    return tree.found


Attributes = dict[str, str]


@dataclass
class _Tree:
    """The elements that are open, by their local names, and what was found so far."""

    arrived: dt.date
    root: str = ""
    open: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    found: list[Dated] = field(default_factory=list)
    feeds: int = 0

    def parse(self, data: bytes) -> bool:
        """Whether ``data`` is whole XML."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.text.append
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, LookupError, ValueError):
            return False
        return True

    def _start(self, tag: str, attributes: Attributes) -> None:
        local = tag.lower().rpartition(":")[2]
        self.root = self.root or local
        self.open.append(local)
        self.text.clear()
        if self.root == "opml" and local == "outline":
            self._outline({key.lower(): value for key, value in attributes.items()})
        elif self.root == "rdf" and len(self.open) == 2:
            self.said = {"about": [attributes.get("rdf:about", "")]}

    def _end(self, _tag: str) -> None:
        if self.root == "rdf" and len(self.open) > 2:
            path = "/".join(self.open[2:])
            if path == PERSON:
                parts = [self.said.pop(f"{PERSON}/{part}", [""]) for part in NAME]
                self.said.setdefault("names", []).append(" ".join(part[0] for part in parts))
            else:
                self.said.setdefault(path, []).append("".join(self.text).strip())
        elif self.root == "rdf" and len(self.open) == 2:
            self._item()
        self.open.pop()
        self.text.clear()

    def _outline(self, said: Attributes) -> None:
        """An outline with an address is a paper, unless it is a feed; one without is a folder."""
        link = said.get("url") or said.get("htmlurl") or ""
        if said.get("xmlurl"):
            self.feeds += 1
        elif safe_link(link):
            found = Found(title=said.get("title") or said.get("text") or "", links=[link])
            self.found.append((paper_of(found), said.get("created", "")))

    def _item(self) -> None:
        """An item of Zotero, whose DOI may stand with the journal it is part of."""
        kind = self._first("itemtype")
        if not kind or kind in NO_PAPERS:
            return
        known = [text for path, said in self.said.items() if "identifier" in path for text in said]
        notes = [text for text in self.said.get("description", ()) if "arxiv" in text.lower()]
        found = Found(
            title=self._first("title"),
            abstract=self._first("abstract"),
            authors=self.said.get("names", ()),
            links=[*self.said.get("identifier/uri/value", ()), self._first("about")],
            ids=[text.removeprefix("DOI ") for text in known if text] + notes,
            published=day_in(self._first("date"), self.arrived),
        )
        self.found.append((paper_of(found), ""))

    def _first(self, path: str) -> str:
        return next(iter(self.said.get(path, ())), "")
