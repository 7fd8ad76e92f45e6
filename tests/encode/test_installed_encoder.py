"""The encoder of the extra finds papers that say the same in other words."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from digest.encode.models import PACKAGE, SemanticSettings
from digest.encode.opening import open_encoder

CASE = Path(__file__).parents[1] / "cases" / "encode" / "minilm.json"


@pytest.fixture(scope="module")
def encoder():
    if find_spec(PACKAGE) is None:
        pytest.skip(f"the extra 'semantic' is not installed: no {PACKAGE}")
    return open_encoder(SemanticSettings())


def test_its_vectors_are_those_of_the_original_in_32_bits(encoder):
    case = json.loads(CASE.read_text(encoding="utf-8"))
    rows = encoder.encode([each["text"] for each in case])
    original = np.array([each["start"] for each in case])
    assert rows.shape == (len(case), 384)
    assert np.abs(rows[:, :8] - original).max() < 0.005


def test_other_words_for_the_same_are_nearer_than_the_same_words_for_something_else(encoder):
    wanted, same, other = encoder.encode(
        [
            "Training large neural networks on many machines",
            "Optimising deep models across a cluster of accelerators",
            "Training guide dogs on many large farms",
        ]
    )
    assert wanted @ same > wanted @ other + 0.1


def test_its_version_does_not_depend_on_the_machine(encoder):
    assert encoder.name_and_version == "all-MiniLM-L6-v2@7e7bd7ae3e58"
