"""Texts become unit vectors: a sentence encoder in ONNX form, run on the processor."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.encode.models import Model
from digest.errors import ConfigError

Floats = NDArray[np.float32]

TOKENS = 128
"""Where texts are cut. An abstract has 300; reading 256 of them cost four times as much and ranked
no better."""

TOGETHER = 8
"""Texts of about one length that are run at once. More took more memory and no less time."""

SCHEME = 1
"""Raise it when what is made of a text changes for another reason than those in ``_version``."""

INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


def text_of(title: str, abstract: str) -> str:
    """What of a paper is encoded."""
    return f"{title}. {abstract}" if abstract else title


class Encoder:
    """``name_and_version`` is another whenever the vectors are: a hash of all they depend on.

    Processors may differ in the last bits of a vector; what is stored has fewer.
    """

    def __init__(self, model: Model, threads: int) -> None:
        """Raises ConfigError when the model's files are not those of a sentence encoder."""
        self._pooling = model.pooling
        try:
            self.name_and_version = f"{model.name}@{_version(model)}"
            self._session = _session(model, threads)
            self._tokenizer = _tokenizer(model)
            self._inputs = {each.name for each in self._session.get_inputs()}
            if strange := self._inputs - INPUTS:
                raise ValueError(f"it asks for {', '.join(sorted(strange))}")
            self.dimensions = int(self.encode(["A text to try it on"]).shape[1])
        except Exception as error:  # both libraries raise bare ones of their own
            raise ConfigError(
                f"the sentence encoder {model.name} cannot be used ({_first_line(error)}); "
                "choose another for semantic.model, or none"
            ) from error

    def encode(self, texts: Sequence[str]) -> Floats:
        """The vectors of the texts, each cut at 128 tokens: (texts, dimensions), of length 1."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        tokens = [found.ids for found in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda n: len(tokens[n]))
        parts = [order[start : start + TOGETHER] for start in range(0, len(order), TOGETHER)]
        rows = np.concatenate([self._run([tokens[n] for n in part]) for part in parts])
        vectors = np.empty_like(rows)
        vectors[order] = rows
        return vectors

    def _run(self, tokens: Sequence[Sequence[int]]) -> Floats:
        longest = max(map(len, tokens))
        ids = np.array([[*each, *[0] * (longest - len(each))] for each in tokens], dtype=np.int64)
        mask = np.arange(longest) < np.array([[len(each)] for each in tokens])
        given = {
            "input_ids": ids,
            "attention_mask": mask.astype(np.int64),
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = self._session.run(
            [_output(self._session)], {name: given[name] for name in self._inputs}
        )
        rows = _pooled(np.asarray(hidden, dtype=np.float32), mask, self._pooling)
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: Floats = rows / np.maximum(length, np.finfo(np.float32).tiny)
        return unit


def _pooled(hidden: Floats, mask: NDArray[np.bool_], pooling: str) -> Floats:
    """One row a text, from those of its tokens: their mean, or the first; or as it came."""
    if hidden.ndim == 2:  # the model pools by itself
        return hidden
    if pooling == "first":
        return hidden[:, 0]
    own = mask.astype(np.float32)
    mean: Floats = (hidden * own[..., None]).sum(axis=1) / own.sum(axis=1, keepdims=True)
    return mean


def _output(session: Any) -> str:
    names = [each.name for each in session.get_outputs()]
    return "sentence_embedding" if "sentence_embedding" in names else str(names[0])


def _session(model: Model, threads: int) -> Any:
    import onnxruntime  # late: takes a third of a second

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong comes as an exception
    # Threads that wait for work by running in circles take it from the mails.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(model.weights), options, providers=["CPUExecutionProvider"]
    )


def _tokenizer(model: Model) -> Any:
    from tokenizers import Tokenizer  # late, as above

    data = model.tokenizer.read_bytes()
    packed = model.tokenizer.suffix == ".gz"
    tokenizer = Tokenizer.from_str((gzip.decompress(data) if packed else data).decode())
    tokenizer.enable_truncation(TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _version(model: Model) -> str:
    """Twelve hexadecimal digits for the model's files and for how they are used."""
    told = sha256(f"{SCHEME} {TOKENS} {model.pooling}".encode())
    for path in (*model.files, model.tokenizer):
        told.update(sha256(path.read_bytes()).digest())
    return told.hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
