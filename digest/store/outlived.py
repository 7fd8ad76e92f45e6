"""Which rows nobody needs any more, once they are old: conditions for ``pruning``."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from digest.store.schema import editions, outbox, outbox_data, papers, picks, reports, runs

_later = editions.alias("later")
LATER = sa.exists().where(
    _later.c.subscriber == editions.c.subscriber, _later.c.date > editions.c.date
)
"""Of an edition: it is not its reader's latest."""

_BYTES = sa.exists().where(outbox_data.c.message == outbox.c.id)
_EMPTY = sa.and_(
    sa.exists().where(editions.c.id == outbox.c.edition, LATER),
    ~sa.exists().where(picks.c.edition == outbox.c.edition),
)
"""Of a mail: its edition holds nothing, and is not its reader's latest."""


def over(cutoff: dt.datetime) -> sa.ColumnElement[bool]:
    """Of a mail: it ended before then, and is neither needed nor sent any more.

    What was not delivered goes with its edition, which without it would seem to have been. The
    one with the highest number stays, so that no other ever gets that.
    """
    undelivered = sa.or_(
        outbox.c.state.in_(("withdrawn", "superseded")),
        sa.and_(outbox.c.state == "failed", ~_BYTES),
    )
    ended = sa.or_(
        outbox.c.state == "sent",
        sa.and_(undelivered, sa.or_(outbox.c.edition.is_(None), _EMPTY)),
    )
    highest = sa.select(sa.func.max(outbox.c.id)).scalar_subquery()
    return sa.and_(outbox.c.at <= cutoff, ended, outbox.c.id < highest)


def seen_for_good(cutoff: dt.datetime) -> sa.ColumnElement[bool]:
    """Of an edition: none of its papers came into sight since then, or may come into it anew."""
    now_ = papers.alias("now_")
    held = picks.join(papers, papers.c.id == picks.c.paper).join(
        now_, now_.c.id == sa.func.coalesce(papers.c.merged_into, papers.c.id)
    )
    news = sa.or_(now_.c.first_seen_at.is_(None), now_.c.first_seen_at > cutoff)
    query = sa.select(sa.literal(1)).select_from(held)
    return ~query.where(picks.c.edition == editions.c.id, news).correlate(editions).exists()


def said_before(cutoff: dt.datetime) -> sa.ColumnElement[bool]:
    """Of a report: the same was reported before of a paper that is no news any more."""
    first = reports.alias("first")
    same = (getattr(first.c, name) == reports.c[name] for name in ("paper", "variant", "announced"))
    order = ("date", "file", "nth")
    before = sa.tuple_(*(first.c[n] for n in order)) < sa.tuple_(*(reports.c[n] for n in order))
    old = sa.exists().where(papers.c.id == reports.c.paper, papers.c.first_seen_at <= cutoff)
    return sa.and_(sa.exists().where(*same, before), old)


_newer = runs.alias("newer")
ASKED_SINCE = sa.exists().where(_newer.c.source == runs.c.source, _newer.c.at > runs.c.at)
