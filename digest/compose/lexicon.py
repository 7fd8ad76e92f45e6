"""The vocabulary the program ships: how common a term is in papers, and what it is about."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from digest.compose.spaces import Floats, Moments

PLACE = "lexicon.npz"


@dataclass(frozen=True)
class Lexicon:
    """What is known of scientific language before the first paper comes.

    ``rows``: a term's row; ``shares``: (terms,) of papers that hold it; ``small``: (terms, d),
    what it adds to where a text stands, each direction times its ``scale`` (d,); ``moments``:
    those of papers in general.
    """

    rows: Mapping[str, int]
    shares: Floats
    small: NDArray[np.int8]
    scale: Floats
    moments: Moments

    def vectors(self, rows: NDArray[np.intp]) -> Floats:
        """What the terms of these rows add: (rows, d)."""
        found: Floats = self.small[rows] * self.scale
        return found


def packed(terms: list[str], shares: Floats, vectors: Floats, general: Moments) -> bytes:
    """The lexicon as a file: vectors as 8-bit numbers with a scale for each direction.

    Compressed it would be a fifth smaller, and take twice as long to read.
    """
    scale = np.abs(vectors).max(axis=0) / 127
    file = io.BytesIO()
    np.savez(
        file,
        terms=np.frombuffer("\n".join(terms).encode(), dtype=np.uint8),
        shares=shares.astype(np.float16),
        scale=scale.astype(np.float32),
        vectors=np.round(vectors / scale).astype(np.int8),
        mean=general.mean.astype(np.float32),
        second=general.second.astype(np.float16),
    )
    return file.getvalue()


def unpacked(data: bytes) -> Lexicon:
    """The lexicon in a file that ``packed`` made."""
    with np.load(io.BytesIO(data), allow_pickle=False) as parts:
        terms = parts["terms"].tobytes().decode().split("\n")
        return Lexicon(
            dict(zip(terms, range(len(terms)), strict=True)),
            parts["shares"].astype(np.float32),
            parts["vectors"],
            parts["scale"],
            Moments(np.inf, parts["mean"], parts["second"].astype(np.float32)),
        )


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """The lexicon that comes with the program, read once."""
    return unpacked(resources.files("digest.compose").joinpath(PLACE).read_bytes())
