"""Learn: the archive teaches what words mean, and what it taught is at hand."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from digest.compose.background import Background, Learnt, from_bytes, ready, to_bytes
from digest.compose.background import learn as learn_from
from digest.compose.lexicon import shipped
from digest.store.backgrounds import Snapshot
from digest.store.shelves import Store

LEARNT_FROM = 100_000
"""The latest papers that the archive's language is learnt from; more add time and little else."""

GROWN, DOUBLED = 1.1, 2.0
LEARNT_FOR = dt.timedelta(hours=20)
"""The archive is learnt again when it has grown by a tenth, on the same day when it has doubled."""


def learn(store: Store, now: dt.datetime) -> bool:
    """Learn the archive's language again when the archive has grown by a tenth; whether it had.

    Not twice within a day, unless it has doubled: an archive that is filled would learn all day.
    """
    made, papers = store.backgrounds.made(), store.papers.count()
    if made:
        before, at = made
        grown = GROWN if now - at >= LEARNT_FOR else DOUBLED
        if papers < max(before * grown, before + 1):
            return False
    store.backgrounds.keep(Snapshot(papers, now, to_bytes(_learnt(store))))
    return True


def background(store: Store) -> Background:
    """What the archive has taught; of an archive that has not been learnt, what it would teach."""
    snapshot = store.backgrounds.latest()
    return _taught(snapshot.data) if snapshot else ready(_learnt(store), shipped())


@lru_cache(maxsize=1)  # a page that shows previews asks again and again for the same
def _taught(snapshot: bytes) -> Background:
    return ready(from_bytes(snapshot), shipped())


def _learnt(store: Store) -> Learnt:
    """What the latest papers teach, but for those that readers judged: a space that was fitted to
    them would find them alike for being known, not for what they say.
    """
    corpus = store.papers.corpus(LEARNT_FROM, unless=store.votes.judged())
    return learn_from((tuple(terms.split()) for _, terms in corpus), shipped())
