"""The encoder that the settings ask for, if any."""

from __future__ import annotations

from digest.encode.encoder import Encoder
from digest.encode.models import SemanticSettings, find_model


def open_encoder(settings: SemanticSettings) -> Encoder | None:
    """The encoder, ready to use; None when the settings want none, or ``auto`` finds none.

    May take a second, and minutes where a model is downloaded. Raises ConfigError when a model is
    asked for that is not there, or cannot be used.
    """
    model = find_model(settings)
    return None if model is None else Encoder(model, settings.threads)
