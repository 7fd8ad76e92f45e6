"""What can go wrong, sorted by who has to act.

    DigestError
    ├── ConfigError      the program, before any effect         the operator acts
    ├── StoreError       the program: the store cannot be used  the operator acts
    ├── SourceError      one source, this time                  nobody, unless it stays
    ├── RenderError      one edition, before it is stored       the developer acts
    └── MailServerDown   this delivery run; the outbox waits    the operator, if it stays

A message refused by the mail server is no exception: it is an outcome
(``deliver/outcomes.py``).
Every text is one sentence that says what, which one and what now.
"""

from __future__ import annotations


def clean(text: str) -> str:
    """``text`` as a terminal may safely show it: one line, names from outside included."""
    return "".join(c if c.isprintable() else " " for c in text)


class DigestError(Exception):
    """Anything this program says to a person instead of showing a traceback."""


class ConfigError(DigestError):
    """The configuration cannot be used; names the file, the line and the nearest right key."""


class StoreError(DigestError):
    """The store cannot be opened or used as it is."""


class SourceError(DigestError):
    """One source gave nothing usable this time; it is rejected whole.

    ``line`` is the 1-based line where it stopped holding together, when there is one;
    ``whole`` counts the papers before that line which can be taken by ``--salvage``.
    """

    def __init__(self, source: str, why: str, *, line: int | None = None, whole: int = 0) -> None:
        self.source, self.why, self.line, self.whole = source, why, line, whole
        super().__init__(f"{source}{f', line {line}' if line else ''}: {why}")


class RenderError(DigestError):
    """An edition could not be written out; nothing of it was stored."""


class MailServerDown(DigestError):
    """The mail server cannot be used at all now; no attempt is counted against any message."""


class NoRoom(MailServerDown):
    """The mail server takes no further connection now; those it has may go on."""
