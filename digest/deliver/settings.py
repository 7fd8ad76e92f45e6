"""How a run of delivery goes about its messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from digest.deliver.pacing import PaceSettings
from digest.deliver.retry import RetrySettings


@dataclass(frozen=True, slots=True)
class DeliverSettings:
    """``connections`` to the server at once; what becomes of ``uncertain`` messages."""

    retry: RetrySettings = field(default_factory=RetrySettings)
    pace: PaceSettings = field(default_factory=PaceSettings)
    connections: int = 1
    uncertain: Literal["hold", "resend"] = "hold"

    def __post_init__(self) -> None:
        if not 1 <= self.connections <= 100:
            raise ValueError("connections has to be between 1 and 100")
