"""Papers are encoded once, newest first, when there is time; what ranking needs of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np

from digest.compose.placing import Encoded
from digest.compose.spaces import moments
from digest.encode.encoder import Encoder, text_of
from digest.store.vectors import Vectors

BATCH = 64
"""Papers encoded between two looks at whether to stop: some seconds."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many papers were ``encoded`` so far, of those that were ``missing`` at the start."""

    encoded: int
    missing: int


def encode_papers(
    vectors: Vectors, encoder: Encoder, stopping: Callable[[], bool] = lambda: False
) -> Iterator[Progress]:
    """Encode every paper that this encoder has not, a step each time the iterator is asked.

    Each step is stored. Once none is missing, what other encoders made is forgotten: until then
    their vectors stay, for whoever still runs the model before.
    """
    version = encoder.name_and_version
    missing = vectors.count_missing(version)
    encoded = 0
    while not stopping():
        texts = vectors.missing(version, BATCH)
        if not texts:
            vectors.forget(version)
            return
        rows = encoder.encode([text_of(text.title, text.abstract) for text in texts])
        encoded += vectors.add(version, texts, rows)
        yield Progress(encoded, max(missing, encoded))


FRAME, LEAST = 2_000, 200
"""The newest papers that show what the archive looks like, and how many it takes at least."""

REFERENCE = 300
"""Of those, the ones that scores are measured against."""


def encoded(
    vectors: Vectors, encoder: Encoder, papers: Collection[int], said: Collection[str]
) -> Encoded | None:
    """What ranking needs of the encoder for these papers and for what interests say.

    None while too few papers are encoded. What interests say is encoded once, and stored.
    """
    version = encoder.name_and_version
    latest = vectors.latest(version, FRAME)
    if len(latest) < LEAST:
        return None
    known = vectors.phrases(version, said)
    fresh = sorted(set(said) - known.keys())
    if fresh:
        rows = encoder.encode(fresh)
        vectors.add_phrases(version, fresh, rows)
        known.update(zip(fresh, rows.astype(np.float32), strict=True))
    numbers, rows = vectors.get(version, papers)
    return Encoded(
        moments(latest).frame(),
        dict(zip(numbers.tolist(), rows, strict=True)),
        known,
        latest[:: -(-len(latest) // REFERENCE)],
    )
