"""An edition for a terminal, with the evidence when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from digest.editions import Edition, LeftOut
from digest.render import wording
from digest.render.plain import plain, shorten, wrap
from digest.render.settings import MailSettings

INDENT = "    "
"""Before everything that belongs to a numbered title."""

HEADING, STRONG, QUIET, LINK = "1;36", "1", "2", "34"
"""Bold cyan, bold, dim, blue (ECMA-48 §8.3.117): the terminal's own theme keeps them readable."""

Line = tuple[str, str]
"""Some lines and their style."""


def terminal(
    edition: Edition,
    settings: MailSettings,
    width: int = 80,
    color: bool = False,
    *,
    left_out: Sequence[LeftOut] = (),
    evidence: bool = False,
) -> str:
    """``edition`` in lines of ``width`` columns; ``color`` adds ANSI styles.

    ``evidence`` adds every reason's share of each score. ``left_out`` are the best papers that
    were not picked, shown after the picks. Links are written out and never broken.
    """

    def flow(text: str, indent: str = "", first: str | None = None) -> str:
        return wrap(text, indent, first, max(width, 20))

    lines = [*_masthead(edition, settings, flow)]
    for group in wording.groups(edition):
        lines.append((f"\n{flow(group.name)}", HEADING))
        for card in group.cards:
            lines += _card(card, flow)
            lines += _evidence(card, flow) if evidence else ()
    lines += _left_out(left_out, flow)
    return _printed(lines, color)


Flow = Callable[..., str]


def _masthead(edition: Edition, settings: MailSettings, flow: Flow) -> Iterator[Line]:
    """Title, day and reader, then what the edition holds, or what a quiet day has to say."""
    reader = shorten(plain(edition.subscriber.name), wording.NAME_LIMIT)
    day = wording.day(edition.date) + (f", for {reader}" if reader else "")
    yield flow(settings.title), STRONG
    yield flow(day), QUIET
    if not edition.picks:
        yield f"\n{flow(wording.headline(edition.date))}", HEADING
    if edition.note:
        yield ("\n" if edition.picks else "") + flow(edition.note), ""
    if edition.picks or edition.considered or not edition.note:
        yield ("\n" if edition.picks else "") + flow(wording.glance(edition)), ""


def _card(card: wording.Card, flow: Flow) -> Iterator[Line]:
    """A numbered title and what is known about the paper."""
    yield f"\n{flow(card.title, INDENT, f'{card.number:>2}  ')}", STRONG
    if card.authors:
        yield flow(card.authors, INDENT), QUIET
    if card.why:
        yield flow(card.why, INDENT), ""
    yield INDENT + card.href, LINK


def _evidence(card: wording.Card, flow: Flow) -> Iterator[Line]:
    """The score and what each reason added to it."""
    yield f"{INDENT}score {card.pick.score:.3f}", QUIET
    for reason in card.pick.reasons:
        first = f"{INDENT}{reason.share:>+9.3f}  {reason.kind:<8}"
        yield flow(reason.text, " " * len(first), first), QUIET


def _left_out(papers: Sequence[LeftOut], flow: Flow) -> Iterator[Line]:
    """The best papers that were not picked, each with its score, interest and the rule."""
    if papers:
        yield f"\n{flow('Left out')}", HEADING
    for paper in papers:
        yield f"\n{flow(wording.title(paper.paper), INDENT, ' -  ')}", STRONG
        near = f", for {wording.interest(paper.interest)}" if paper.interest else ""
        yield flow(f"score {paper.score:.3f}{near}: {paper.why}", INDENT), QUIET


def _printed(lines: Sequence[Line], color: bool) -> str:
    """``lines`` as a terminal gets them, every line with its style."""
    return "".join(
        f"\x1b[{style}m{line}\x1b[0m\n" if color and style and line else f"{line}\n"
        for text, style in lines
        for line in text.split("\n")
    )
