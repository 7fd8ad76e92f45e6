"""Texts become unit vectors that depend on the text and the model, and on nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.encode.encoder import TOKENS, text_of
from digest.encode.models import SemanticSettings
from digest.encode.opening import open_encoder
from digest.errors import ConfigError
from tests.support.onnx_models import WORDS, table, tokens, write_model

pytestmark = pytest.mark.usefixtures("libraries")

MEAN = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
FIRST = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
TEXTS = st.lists(st.lists(st.sampled_from([*WORDS[4:], "unheard"]), max_size=20).map(" ".join))


def opened(folder: Path, threads: int = 1):
    return open_encoder(SemanticSettings(str(folder), threads))


def expected(text: str) -> np.ndarray:
    mean = table()[tokens(text)].mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_a_paper_is_encoded_as_its_title_a_full_stop_and_its_abstract():
    assert text_of("Paths", "We compose them.") == "Paths. We compose them."
    assert text_of("Paths", "") == "Paths"


def test_a_vector_is_the_mean_of_the_tokens_at_length_1(tiny):
    (row,) = tiny.encode(["Paths. modules"])
    assert tiny.dimensions == 8
    assert row.dtype == np.float32
    assert np.allclose(row, expected("Paths. modules"), atol=1e-6)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TEXTS)
def test_texts_of_any_length_and_order_have_the_vectors_they_have_alone(tiny, texts):
    rows = tiny.encode(texts)
    assert rows.shape == (len(texts), 8)
    for text, row in zip(texts, rows, strict=True):
        assert np.allclose(row, expected(text), atol=1e-5)


def test_no_text_is_no_row(tiny):
    assert tiny.encode([]).shape == (0, 8)


def test_an_empty_text_has_a_vector_too(tiny):
    assert np.linalg.norm(tiny.encode([""])[0]) == pytest.approx(1)


def test_what_comes_after_128_tokens_is_not_read(tiny):
    start = "paths " * (TOKENS - 2)
    one, two, three = tiny.encode([start, start + "vision", "paths " * (TOKENS - 3) + "vision"])
    assert (one == two).all()
    assert not np.allclose(one, three, atol=1e-4)


def test_a_model_may_want_the_first_token_instead(tmp_path):
    first = opened(write_model(tmp_path / "first", pooling=FIRST))
    (row,) = first.encode(["paths modules"])
    start = table()[WORDS.index("[CLS]")]
    assert np.allclose(row, start / np.linalg.norm(start), atol=1e-6)


@pytest.mark.parametrize("inputs", [("input_ids",), ("input_ids", "attention_mask")], ids=len)
def test_a_model_need_not_want_every_input(tmp_path, inputs):
    one = opened(write_model(tmp_path / "tiny", inputs=inputs))
    assert np.allclose(one.encode(["paths"])[0], expected("paths"), atol=1e-6)


def test_the_version_is_the_same_for_the_same_files(tmp_path):
    folder = write_model(tmp_path / "tiny")
    again = shutil.copytree(folder, tmp_path / "elsewhere" / "tiny")
    assert opened(folder).name_and_version == opened(again, threads=2).name_and_version
    assert opened(folder).name_and_version.startswith("tiny@")


def test_the_version_changes_with_the_weights_the_tokenizer_and_the_pooling(tmp_path):
    names = {opened(write_model(tmp_path / "a" / "tiny")).name_and_version}
    names.add(opened(write_model(tmp_path / "b" / "tiny", seed=4)).name_and_version)
    names.add(opened(write_model(tmp_path / "c" / "tiny", pooling=FIRST)).name_and_version)
    other = write_model(tmp_path / "d" / "tiny")
    file = other / "tokenizer.json"
    file.write_text(file.read_text().replace("Lowercase", "NFC"))
    names.add(opened(other).name_and_version)
    beside = write_model(tmp_path / "e" / "tiny")
    (beside / "model.onnx_data").write_bytes(b"more weights")
    names.add(opened(beside).name_and_version)
    assert len(names) == 5
    same = write_model(tmp_path / "f" / "tiny", pooling=MEAN)
    assert opened(same).name_and_version in names


@pytest.mark.parametrize(
    ("file", "data"),
    [("model.onnx", b"no model"), ("tokenizer.json", b"{}"), ("tokenizer.json", b"\xff")],
    ids=["weights", "tokenizer", "bytes"],
)
def test_files_that_are_no_encoder_are_refused_in_one_sentence(tmp_path, file, data):
    folder = write_model(tmp_path / "tiny")
    (folder / file).write_bytes(data)
    with pytest.raises(
        ConfigError, match=r"^the sentence encoder tiny cannot be used \(.+\)"
    ) as it:
        opened(folder)
    assert "\n" not in str(it.value)


def test_a_model_that_wants_what_a_text_does_not_give_is_refused(tmp_path):
    folder = write_model(tmp_path / "tiny", inputs=("input_ids", "pixel_values"))
    with pytest.raises(ConfigError, match="asks for pixel_values"):
        opened(folder)
