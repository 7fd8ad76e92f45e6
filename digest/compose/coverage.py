"""What a list of papers is worth: relevance, and topics and interests covered."""

from __future__ import annotations

import numpy as np

from digest.compose.traits import Floats, Indices


class Coverage:
    """The growing lists of some readers, by what a further paper would add to each.

        worth(list) = sum of v(p)
                    + diversity * (sum over topics    of sqrt(sum of v(p) on the topic)
                                 + sum over interests of sqrt(sum of r(p, interest)))

    over the papers p of the list: ``v`` is a paper's value, ``r`` its relevance to an interest,
    both 0 or more. A sum plus concave functions of sums: it never falls when a paper is added,
    and a paper adds the less, the more there is of its kind, so worth is monotone and submodular
    (Lin and Bilmes, "A Class of Submodular Functions for Document Summarization", ACL 2011).

    ``values``, ``topics``: (readers, papers); ``relevance``: (readers, interests, papers). No sum
    runs across padding, so nobody's result depends on the batch in its last bits.
    """

    def __init__(
        self, values: Floats, topics: Indices, relevance: Floats, diversity: float
    ) -> None:
        self._values, self._topics, self._relevance = values, topics, relevance
        self._diversity = np.float32(diversity)
        self._on_topic = np.zeros_like(values)
        self._on_interest = np.zeros(relevance.shape[:2], dtype=np.float32)

    def variety(self) -> Floats:
        """What each paper would add besides its value: (readers, papers)."""
        added: Floats = np.sqrt(self._on_topic + self._values) - np.sqrt(self._on_topic)
        for interest in range(self._relevance.shape[1]):
            had = self._on_interest[:, interest, None]
            added += np.sqrt(had + self._relevance[:, interest]) - np.sqrt(had)
        added *= self._diversity
        return added

    def add(self, readers: Indices, papers: Indices) -> None:
        """Put a paper into the list of each of these readers."""
        same = self._topics[readers] == self._topics[readers, papers][:, None]
        self._on_topic[readers] += same * self._values[readers, papers][:, None]
        self._on_interest[readers] += self._relevance[readers, :, papers]
