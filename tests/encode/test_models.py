"""The settings say which encoder is used; what is not there is said before anything is done."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from digest.encode import hub
from digest.encode.models import PACKAGE, SemanticSettings, find_model
from digest.encode.opening import open_encoder
from digest.errors import ConfigError
from tests.support.onnx_models import write_model
from tests.support.webserver import page, redirect, web_server


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)


@pytest.mark.usefixtures("nothing_installed")
def test_without_the_extra_auto_is_no_encoder():
    assert open_encoder(SemanticSettings()) is None


@pytest.mark.usefixtures("nothing_installed")
def test_without_the_extra_a_model_that_was_asked_for_is_an_error(tmp_path):
    wanted = SemanticSettings(str(write_model(tmp_path / "tiny")))
    with pytest.raises(ConfigError, match=r"not installed; .*pip install 'digest\[semantic\]'"):
        open_encoder(wanted)


def test_none_is_no_encoder():
    assert open_encoder(SemanticSettings("none")) is None


@pytest.mark.usefixtures("libraries")
def test_without_its_weights_auto_is_no_encoder(monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    assert open_encoder(SemanticSettings()) is None


@pytest.mark.usefixtures("libraries")
def test_other_weights_than_those_compared_are_not_run(tmp_path, monkeypatch):
    write_model(tmp_path / PACKAGE)
    (tmp_path / PACKAGE / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="is not the sentence encoder that digest knows"):
        find_model(SemanticSettings())


@pytest.mark.usefixtures("libraries")
def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match="names the folder /models/spectre, which is not there"):
        find_model(SemanticSettings("/models/spectre"))


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_folder_with_half_an_encoder_says_which_half_is_missing(tmp_path, missing):
    (write_model(tmp_path / "tiny") / missing).unlink()
    with pytest.raises(ConfigError, match=f"has no {missing}"):
        find_model(SemanticSettings(str(tmp_path / "tiny")))


@pytest.mark.usefixtures("libraries")
def test_the_weights_may_be_in_a_folder_of_their_own(tmp_path):
    write_model(tmp_path / "tiny", place="onnx/model.onnx")
    found = find_model(SemanticSettings(str(tmp_path / "tiny")))
    assert found.weights == tmp_path / "tiny" / "onnx" / "model.onnx"


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize(
    ("said", "why"),
    [({"pooling_mode_max_tokens": True}, "which digest cannot do"), ([], "cannot be read")],
    ids=["max", "list"],
)
def test_a_pooling_that_is_not_known_is_refused(tmp_path, said, why):
    folder = write_model(tmp_path / "tiny", pooling={})
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said))
    with pytest.raises(ConfigError, match=why):
        find_model(SemanticSettings(str(folder)))


def test_no_thread_is_too_few():
    with pytest.raises(ValueError, match="threads has to be between 1 and 64"):
        SemanticSettings(threads=0)


# A hub -----------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path):
    """A hub with one model, and its address."""
    folder = write_model(tmp_path / "source", place="onnx/model.onnx")
    with web_server() as server:
        for name in ("onnx/model.onnx", "tokenizer.json"):
            there = server.says(f"/files/{name}", page((folder / name).read_bytes()))
            server.says(f"/lab/tiny/resolve/main/{name}", redirect(there))
        yield server


@pytest.mark.usefixtures("libraries")
def test_a_model_named_on_a_hub_is_downloaded_once(tmp_path, served):
    wanted = SemanticSettings("lab/tiny", folder=tmp_path / "models", hub=served.url())
    found = open_encoder(wanted)
    asked = len(served.paths())
    assert found.name_and_version.startswith("tiny@")
    assert np.isclose(np.linalg.norm(found.encode(["paths"])), 1)
    assert open_encoder(wanted).name_and_version == found.name_and_version
    assert len(served.paths()) == asked
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["lab--tiny"]


@pytest.mark.parametrize("name", ["lab/other", "lab/tiny"], ids=["unknown", "too large"])
def test_a_model_that_cannot_be_had_whole_leaves_nothing_behind(tmp_path, served, name):
    into = tmp_path / "models" / "it"
    with pytest.raises(ConfigError, match=f"{name} could not be fetched from http://.*; try again"):
        hub.download(name, into, served.url(), max_mb=0.0001)
    assert not list(tmp_path.glob("models/*"))
