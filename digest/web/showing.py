"""What the store holds, as pages show it: editions with their charts and votes."""

from __future__ import annotations

from collections.abc import Iterable

from digest.editions import Edition
from digest.papers import Mention, Paper
from digest.render import pages, values
from digest.render.settings import Abstract
from digest.votes import Value
from digest.web.desk import Desk


def groups(
    desk: Desk, edition: Edition, abstract: Abstract, *, token: str | None = None
) -> tuple[pages.Group, ...]:
    """The picks of an edition by interest; with links to vote for whoever has the ``token``."""
    papers = [pick.paper for pick in edition.picks]
    votes: dict[str, dict[Value, str]] = {}
    if token:
        votes = {paper.key: values.votes(desk.links, token, paper) for paper in papers}
    return pages.groups(edition, abstract, mentions(desk, papers), votes)


def mentions(desk: Desk, papers: Iterable[Paper]) -> dict[str, tuple[Mention, ...]]:
    """Where and when these papers were reported, by key."""
    numbers = desk.store.archive.numbers([paper.key for paper in papers])
    found = desk.store.archive.mentions(list(numbers.values()))
    return {key: found[number] for key, number in numbers.items()}
