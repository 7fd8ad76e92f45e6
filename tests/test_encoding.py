"""Papers are encoded once, in steps that can be stopped, and again when the model changes."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from digest.encode.models import LIBRARIES, SemanticSettings
from digest.encode.opening import open_encoder
from digest.encoding import BATCH, Progress, encode_papers
from tests.support.builders import a_paper
from tests.support.databases import collect, numbers, opened
from tests.support.onnx_models import write_model

pytestmark = pytest.mark.skipif(
    not all(map(find_spec, LIBRARIES)), reason="the extra 'semantic' is not installed"
)


def encoder(folder, seed=3):
    return open_encoder(SemanticSettings(str(write_model(folder / f"tiny{seed}", seed=seed))))


@pytest.fixture
def store(tmp_path):
    with opened(f"sqlite:///{tmp_path / 'digest.db'}") as found:
        collect(found, *(f"Paths and modules {n}" for n in range(BATCH + 6)))
        yield found


def test_every_paper_is_encoded_and_each_step_tells_how_far_it_got(store, tmp_path):
    steps = list(encode_papers(store.vectors, encoder(tmp_path)))
    assert steps == [Progress(BATCH, BATCH + 6), Progress(BATCH + 6, BATCH + 6)]


def test_a_paper_is_encoded_by_its_title_and_abstract(store, tmp_path):
    collect(store, a_paper("Vision", abstract="Modules. Routing."), file="tuesday.txt")
    model = encoder(tmp_path)
    list(encode_papers(store.vectors, model))
    _, (row,) = store.vectors.get(model.name_and_version, [numbers(store)["Vision"]])
    assert np.allclose(row, model.encode(["Vision. Modules. Routing."])[0], atol=1e-3)


def test_nothing_is_encoded_twice(store, tmp_path):
    model = encoder(tmp_path)
    list(encode_papers(store.vectors, model))
    assert list(encode_papers(store.vectors, model)) == []


def test_each_step_is_stored_whatever_happens_to_the_next(store, tmp_path):
    model = encoder(tmp_path)
    next(encode_papers(store.vectors, model))
    assert store.vectors.versions() == {model.name_and_version: BATCH}
    assert list(encode_papers(store.vectors, model)) == [Progress(6, 6)]


def test_it_stops_between_two_steps_when_asked(store, tmp_path):
    stops = iter([False, True])
    steps = encode_papers(store.vectors, encoder(tmp_path), lambda: next(stops))
    assert len(list(steps)) == 1


def test_another_model_encodes_all_again_and_only_then_is_the_one_before_forgotten(store, tmp_path):
    one, two = encoder(tmp_path), encoder(tmp_path, seed=4)
    list(encode_papers(store.vectors, one))
    steps = encode_papers(store.vectors, two)
    next(steps)
    assert store.vectors.versions()[one.name_and_version] == BATCH + 6
    list(steps)
    assert store.vectors.versions() == {two.name_and_version: BATCH + 6}
