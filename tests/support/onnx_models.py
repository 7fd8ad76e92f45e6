"""Sentence encoders small enough for a test: ONNX files written field by field.

The model looks each token up in a table, so that what a text's vector has to be is plain.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "paths", "modules", "routing", "vision", ".")
FLOAT, INT64 = 1, 7


def table(width: int = 8, seed: int = 3) -> np.ndarray:
    """The vector of each token, (words, width)."""
    return np.random.default_rng(seed).normal(size=(len(WORDS), width)).astype(np.float32)


def write_model(
    folder: Path,
    *,
    seed: int = 3,
    inputs: Sequence[str] = ("input_ids", "attention_mask", "token_type_ids"),
    place: str = "model.onnx",
    pooling: dict[str, bool] | None = None,
) -> Path:
    """A folder with an encoder as exports have it; ``pooling`` is what its configuration says."""
    file = folder / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_model(table(seed=seed), inputs))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()), encoding="utf-8")
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
    return folder


def tokens(text: str) -> list[int]:
    """The numbers of a text's tokens, as the tokenizer beside the model has them."""
    known = {word: n for n, word in enumerate(WORDS)}
    words = text.lower().replace(".", " . ").split()
    return [known["[CLS]"], *(known.get(word, 1) for word in words), known["[SEP]"]]


def _tokenizer() -> dict[str, object]:
    special = {name: {"id": name, "ids": [n], "tokens": [name]} for n, name in enumerate(WORDS[:4])}
    single = [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]
    return {
        "version": "1.0",
        # As exports often have it; it must not matter.
        "truncation": None,
        "padding": {
            "strategy": {"Fixed": 16},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single,
            "special_tokens": special,
        },
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {word: n for n, word in enumerate(WORDS)},
        },
    }


# The fields of onnx.proto, by number -----------------------------------------------------------


def _model(rows: np.ndarray, inputs: Sequence[str]) -> bytes:
    output = "last_hidden_state"
    named = _text(1, "table") + _text(1, inputs[0]) + _text(2, output)
    shape = b"".join(_number(1, size) for size in rows.shape)
    weights = shape + _number(2, FLOAT) + _text(8, "table") + _bytes(9, rows.tobytes())
    graph = _bytes(1, named + _text(4, "Gather")) + _text(2, "tiny") + _bytes(5, weights)
    for name in inputs:
        graph += _bytes(11, _value(name, INT64, ("texts", "tokens")))
    graph += _bytes(12, _value(output, FLOAT, ("texts", "tokens", "width")))
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 17))


def _value(name: str, kind: int, shape: Sequence[str]) -> bytes:
    sizes = b"".join(_bytes(1, _text(2, size)) for size in shape)
    tensor = _number(1, kind) + _bytes(2, sizes)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
