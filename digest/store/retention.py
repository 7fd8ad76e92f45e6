"""How long what is done with is kept: the settings, and what they may not be."""

from __future__ import annotations

from dataclasses import dataclass, fields

from digest.sources import USUAL_WEEKS

LONGEST = 36_500

LATE_REPORTS = 14
"""Days in which what bounced comes back: servers try for five, and people complain later."""


@dataclass(frozen=True)
class RetentionSettings:
    """Days that things are kept for, each, and 0 for ever.

    ``editions_days``: what each reader got. ``mails_days``: how each mail ended. ``reports_days``:
    what sources said again of a paper. ``runs_days``: what every poll and every file came to.
    """

    editions_days: int = 400
    mails_days: int = 90
    reports_days: int = 400
    runs_days: int = 60

    def __post_init__(self) -> None:
        for field in fields(self):
            days = getattr(self, field.name)
            if not 0 <= days <= LONGEST:
                raise ValueError(f"{field.name} has to be between 0, for ever, and {LONGEST} days")
        if 0 < self.mails_days < LATE_REPORTS:
            raise ValueError(
                f"mails_days has to be 0 or at least {LATE_REPORTS}: for so long it comes back "
                "that a mail did not arrive"
            )
        if 0 < self.runs_days <= 7 * USUAL_WEEKS:
            raise ValueError(
                f"runs_days has to be 0 or at least {7 * USUAL_WEEKS + 1}: what a source usually "
                f"brings is told from {USUAL_WEEKS} weeks"
            )

    def too_short(self, window_days: float) -> tuple[str, str] | None:
        """The first setting that forgets what readers have seen while it may still be news.

        Its name, and what is wrong with it; None where all are long enough. A day more than the
        window has to be kept, for an edition may take long to compose.
        """
        for name in ("editions_days", "reports_days"):
            if 0 < getattr(self, name) < window_days + 1:
                return name, (
                    f"has to be 0 or at least {window_days + 1:g}, a day more than "
                    "compose.window_days: readers would get papers again that they have had"
                )
        return None
