"""What a reader wrote as address and into lists of words and names: checked, in plain sentences."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from digest.subscribers import PREFIXES, Interest, alternatives, named

PHRASE_CHARS = 200
"""A phrase, category or name; the longest seen among readers' keywords has 60."""

EXAMPLE_CHARS = 2_000
"""An example, which may be the longest title that is kept."""

_PREFIXED = re.compile(r"(?P<prefix>[A-Za-z]{3,}):(?P<rest>.*)", re.DOTALL)

_LABEL = "[A-Za-z0-9](?:(?:[A-Za-z0-9]|-(?!-)){0,61}[A-Za-z0-9])?"
ORDINARY = re.compile(
    rf"(?=[^@]{{1,64}}@)(?=.{{1,250}}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
    rf"@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"
)
"""Nearly every address; what is right about others is a long story."""

ENOUGH = ("text", "keywords", "examples", "authors", "always", "categories", "sources")
"""What an interest can be made of; what is required or disliked only narrows it."""


def check_address(address: str) -> None:
    """Raises ValueError when this is not one mail address."""
    if ORDINARY.fullmatch(address):
        return
    import email_validator  # late: it takes longer to import than most commands have to wait

    # Labs write to names like ada@cluster.local: whether mail gets there is their business.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    try:
        email_validator.validate_email(
            address, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except email_validator.EmailNotValidError as error:
        raise ValueError(f"'{address}' is not a mail address: {error}") from error


def check_interest(interest: Interest) -> None:
    """Nothing, for an interest that can be used. Raises: ValueError in a sentence for the reader.

    Any number of entries will do.
    """
    if not (interest.text.strip() or any(getattr(interest, part) for part in ENOUGH[1:])):
        raise ValueError(
            f"the interest '{interest.name}' needs {', '.join(ENOUGH[:-1])} or {ENOUGH[-1]}"
        )
    if not interest.weight > 0:
        raise ValueError(f"the weight of '{interest.name}' has to be more than 0")
    for part in ("keywords", "required", "always"):
        _check_alternatives(f"{part} of '{interest.name}'", getattr(interest, part))
    for part in ("categories", "sources", "authors"):
        _check_each(f"{part} of '{interest.name}'", getattr(interest, part), PHRASE_CHARS)
    for part in ("examples", "dislikes"):
        _check_each(f"{part} of '{interest.name}'", getattr(interest, part), EXAMPLE_CHARS)


def check_entries(where: str, entries: Iterable[str]) -> None:
    """Nothing, for muted or preferred entries that can be used. Raises: ValueError as above."""
    for entry in entries:
        kind, what = named(entry)
        _check_length(where, what, PHRASE_CHARS)
        if not what:
            many = {"category": "category, as category:cs.CL", "source": "name, as source:NAME"}
            raise ValueError(f"{where}: '{entry}' names no {many.get(kind, 'word')}")
        if kind == "phrase":
            _check_prefix(where, entry)
            if "|" in entry:
                raise ValueError(f"{where}: '{entry}' has to be an entry for each of its phrases")


def _check_alternatives(where: str, entries: Iterable[str]) -> None:
    for entry in entries:
        for phrase in alternatives(entry):
            if not phrase:
                raise ValueError(
                    f"{where}: '{entry}' has an empty alternative; write it as 'one | another'"
                )
            _check_length(where, phrase, PHRASE_CHARS)


def _check_each(where: str, entries: Iterable[str], most: int) -> None:
    for entry in entries:
        if not entry.strip():
            raise ValueError(f"{where}: an entry is empty; fill it in or take it out")
        _check_length(where, entry, most)


def _check_length(where: str, text: str, most: int) -> None:
    if len(text) > most:
        raise ValueError(f"{where}: '{text[:40]}…' is longer than {most} characters; shorten it")


def _check_prefix(where: str, entry: str) -> None:
    """Refuse "categorie:cs.CL"; a phrase with a colon in it ("std::vector", "v2: more") stays."""
    found = _PREFIXED.fullmatch(entry.strip())
    if not found:
        return
    near = difflib.get_close_matches(found["prefix"].lower(), PREFIXES, n=1, cutoff=0.75)
    if near or re.match(r"[^\s:/]", found["rest"]):
        hint = f"did you mean '{near[0]}:'?" if near else f"there are {':, '.join(PREFIXES)}:"
        raise ValueError(f"{where}: '{entry}' begins with an unknown prefix; {hint}")
