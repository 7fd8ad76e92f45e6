"""When reports on an address are reason enough to send it nothing more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from digest.bounces import Bounce, Reason
from digest.returns.settings import ReturnsSettings


def suppresses(
    history: Sequence[Bounce], settings: ReturnsSettings, now: dt.datetime
) -> Reason | None:
    """The reason to suppress the address that ``history`` is of, or None.

    One complaint, or one answer that there is no such address, is enough. A mailbox that refuses
    for other causes is given up after some editions over some days, since one bad night of a
    server is no reason; one that is full, or a server that blocks us, never is.
    """
    kinds = {bounce.kind for bounce in history}
    if "complaint" in kinds:
        return "complaint"
    if "hard" in kinds:
        return "bounce"
    since = now.date() - dt.timedelta(days=settings.soft_window_days)
    dates = {bounce.date for bounce in history if bounce.kind == "soft" and bounce.date >= since}
    if len(dates) < settings.soft_editions:
        return None
    return "bounce" if (max(dates) - min(dates)).days >= settings.soft_days else None
