"""Searching papers by their words: SQLite's FTS5 and PostgreSQL's tsvector behind one question."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import sqlalchemy as sa

search = sa.table(
    "paper_search",
    sa.column("paper_search", sa.Text),  # SQLite's name for the whole row
    sa.column("rowid", sa.Integer),
    sa.column("paper", sa.Integer),  # PostgreSQL's
    sa.column("words", sa.Text),
)
"""The index that triggers keep (``migrations``): a table of FTS5, or of tsvectors."""

Field = Literal["", "title", "author", "abstract", "category"]
"""Where a term has to stand; "" is anywhere."""

COLUMNS: dict[str, str] = {
    "title": "title",
    "author": "authors",
    "abstract": "abstract",
    "category": "categories",
}
_WEIGHTS = {"title": "{a}", "author": "{b}", "category": "{c}", "abstract": "{d}"}
"""The weights that PostgreSQL's triggers give to the words of each field."""

_ENGLISH: sa.ColumnElement[Any] = sa.literal_column("'english'::regconfig")
_SIMPLE: sa.ColumnElement[Any] = sa.literal_column("'simple'::regconfig")

_TERM = re.compile(
    r'(?:(?P<field>title|author|abstract|category):\s?)?(?:"(?P<phrase>[^"]*)"|(?P<word>\S+))',
    re.IGNORECASE,
)
TERMS, WORDS, WORD = 12, 16, 60
"""The most terms of a question, words of a term, and characters of a word."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that have to follow each other, somewhere or in one ``field``."""

    words: tuple[str, ...]
    field: Field = ""


def terms_of(text: str) -> tuple[Term, ...]:
    """What a reader asks for: every word, and every "phrase in quotes", in any order.

    ``author:``, ``title:``, ``abstract:`` and ``category:`` before a word or a phrase say where it
    has to stand. Any text is a question; one without words asks for nothing.
    """
    found = []
    for part in _TERM.finditer(text):
        words = words_of(part["phrase"] if part["phrase"] is not None else part["word"])
        if words:
            field: Any = (part["field"] or "").lower()
            found.append(Term(words, field))
    return tuple(found[:TERMS])


def topic_terms(category: str) -> tuple[Term, ...]:
    """What papers of an arXiv category, or of a whole archive such as "cs", have."""
    words = words_of(category)
    return (Term(words, "category"),) if words else ()


def matching(dialect: str, terms: tuple[Term, ...]) -> sa.ColumnElement[bool]:
    """The condition that a row of ``search`` meets every one of the ``terms``."""
    if dialect == "sqlite":
        return search.c.paper_search.op("MATCH")(" AND ".join(map(_fts5, terms)))
    return sa.and_(*map(_tsquery, terms))


def number(dialect: str) -> sa.ColumnElement[int]:
    """The number of the paper that a row of ``search`` is of."""
    return search.c.rowid if dialect == "sqlite" else search.c.paper


def closeness(dialect: str, terms: tuple[Term, ...]) -> sa.ColumnElement[Any]:
    """What rows of ``search`` are ordered by, best first: words in titles and names count most."""
    if dialect == "sqlite":
        return sa.func.bm25(sa.literal_column("paper_search"), 8.0, 6.0, 2.0, 1.0)
    said = sa.func.plainto_tsquery(
        _ENGLISH,
        " ".join(word for term in terms for word in term.words),
    )
    return sa.func.ts_rank_cd(search.c.words, said).desc()


def any_title(dialect: str, words: Sequence[str]) -> sa.ColumnElement[bool]:
    """The condition that the title of a row's paper has one of the ``words``."""
    if dialect == "sqlite":
        either = " OR ".join(f'"{word}"' for word in words)
        return search.c.paper_search.op("MATCH")(f"{{title}} : ({either})")
    return sa.and_(_meets(search.c.words, _either(words)), _meets(_only("title"), _either(words)))


def nearness(dialect: str, words: Sequence[str]) -> sa.ColumnElement[Any]:
    """What rows are ordered by that have any of the ``words``: with more and rarer ones first."""
    if dialect == "sqlite":
        return sa.func.bm25(sa.literal_column("paper_search"))
    return sa.func.ts_rank(search.c.words, _either(words)).desc()


def words_of(text: str) -> tuple[str, ...]:
    """The words of ``text`` without case and accents, as both databases keep them."""
    apart = unicodedata.normalize("NFKD", text.lower()).replace("_", " ")
    bare = "".join(mark for mark in apart if not unicodedata.combining(mark))
    return tuple(word[:WORD] for word in re.findall(r"\w+", bare)[:WORDS])


def _either(words: Sequence[str]) -> sa.ColumnElement[Any]:
    stems = [sa.func.plainto_tsquery(_ENGLISH, word) for word in words]
    return reduce(lambda one, other: one.op("||")(other), stems)


def _fts5(term: Term) -> str:
    """``term`` in FTS5's language; words have no mark that means something there."""
    phrase = f'"{" ".join(term.words)}"'
    return f"{{{COLUMNS[term.field]}}} : {phrase}" if term.field else phrase


def _tsquery(term: Term) -> sa.ColumnElement[bool]:
    """``term`` in PostgreSQL's: titles and abstracts are kept as stems, names as they are.

    Words that English is full of are not kept, and so are met by every paper.
    """
    phrase = " ".join(term.words)
    stems = sa.func.phraseto_tsquery(_ENGLISH, phrase)
    exact = sa.func.phraseto_tsquery(_SIMPLE, phrase)
    if term.field in ("author", "category"):
        return sa.and_(_meets(search.c.words, exact), _meets(_only(term.field), exact))
    common = sa.func.numnode(stems) == 0
    if term.field:
        inside = _meets(_only(term.field), stems)
        return sa.or_(common, sa.and_(_meets(search.c.words, stems), inside))
    return sa.or_(common, _meets(search.c.words, stems), _meets(search.c.words, exact))


def _only(field: str) -> sa.ColumnElement[Any]:
    return sa.func.ts_filter(search.c.words, sa.literal_column(f"'{_WEIGHTS[field]}'::\"char\"[]"))


def _meets(words: sa.ColumnElement[Any], query: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return words.op("@@", is_comparison=True)(query)
