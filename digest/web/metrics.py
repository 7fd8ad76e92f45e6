"""Figures for Prometheus, worked out from the database when they are asked for.

The text format is a line a figure, which needs no library; and counters in a process would count
that process alone, and from its start (https://prometheus.io/docs/instrumenting/exposition_formats/).
"""

from __future__ import annotations

import datetime as dt
import hmac
import importlib.metadata
import ipaddress
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.messages import STATES
from digest.sources import Health
from digest.web.desk import Desk, desk_of

TYPE = "text/plain; version=0.0.4; charset=utf-8"
HEALTHY = ("fine", "quiet")
FORWARDED = ("x-forwarded-for", "forwarded", "via")
"""What a proxy adds: a request with one of these comes from a stranger, whoever brings it."""

RECENT = dt.timedelta(days=1)
"""How far back "recent" messages reach: each reader's edition is in it once."""

WORTH = 20
"""How many times as long as it took to work them out figures are given again."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, what it is, and its values by labels, which are written already."""

    name: str
    said: str
    values: tuple[tuple[str, float], ...]

    @property
    def kind(self) -> str:
        """Totals only grow, as Prometheus has it; all else is a gauge."""
        return "counter" if self.name.endswith("_total") else "gauge"


class Kept:
    """The text that was worked out last, as long as it is good for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._text, self._until = "", 0.0

    def text(self, work_out: Callable[[], str], now_s: Callable[[], float]) -> str:
        """What ``work_out`` gives, or gave not long ago.

        What takes long is asked for less often: however big the archive and however many ask,
        figures take no more than a share of ``1 / WORTH`` of one processor.
        """
        with self._lock:
            begun = now_s()
            if begun >= self._until:
                self._text = work_out()
                ended = now_s()
                self._until = ended + WORTH * (ended - begun)
            return self._text


def metrics(request: Request) -> Response:
    """All figures, for whoever may have them."""
    desk = desk_of(request)
    if not _may_see(request, desk):
        raise HTTPException(403)
    kept: Kept = request.app.state.figures
    text = kept.text(lambda: written(figures(desk)), time.monotonic)
    return Response(text, headers={"Cache-Control": "no-store", "Content-Type": TYPE})


def figures(desk: Desk) -> Iterator[Figure]:
    """What there is to say of this installation now."""
    begun = time.monotonic()
    yield Figure("digest_info", "The program's version.", ((_label(version=_version()), 1),))
    yield from _papers(desk)
    yield from _editions(desk)
    yield from _messages(desk, desk.clock())
    states = desk.store.figures.subscribers()
    yield _by("subscribers", "Subscribers by state.", "state", states)
    yield from _sources(desk.healths())
    yield from _steps(desk)
    took = time.monotonic() - begun
    yield _one("figures_duration_seconds", "How long it took to work these figures out.", took)


def _papers(desk: Desk) -> Iterator[Figure]:
    found = desk.store.figures.collected()
    reported, new = ({name: both[n] for name, both in found.items()} for n in (0, 1))
    yield _one("papers", "Papers in the archive.", desk.store.papers.count())
    yield _by("papers_reported_total", "Papers that a source reported.", "source", reported)
    yield _by("papers_collected_total", "Those of them that were new.", "source", new)


def _steps(desk: Desk) -> Iterator[Figure]:
    """Of whichever programs made them: the scheduler, and every worker."""
    found = desk.store.timings.all()
    runs = {one.step: one.runs for one in found}
    yield _by("steps_total", "How often a step of the day did something.", "step", runs)
    took = {one.step: one.total_s for one in found}
    yield _by("step_duration_seconds_total", "How long that took in all.", "step", took)
    last = {one.step: one.last_s for one in found}
    yield _by("step_last_duration_seconds", "How long the latest time took.", "step", last)


def _editions(desk: Desk) -> Iterator[Figure]:
    composed, composed_at = desk.store.figures.composed()
    yield _one("editions_composed_total", "Editions composed so far.", composed)
    if composed_at:
        at = composed_at.timestamp()
        yield _one("edition_last_composed_timestamp_seconds", "When the latest was composed.", at)


def _messages(desk: Desk, now: dt.datetime) -> Iterator[Figure]:
    number, counts = desk.store.figures.messages()
    yield _one("messages_queued_total", "Messages queued so far.", number)
    said = "Messages by the state that they are in, but for those that were sent."
    yield _by("messages", said, "state", _each(counts, (one for one in STATES if one != "sent")))
    recent = desk.store.figures.due_since(now - RECENT)
    said = "Of the editions that could leave in the last 24 hours, the messages by state."
    yield _by("recent_messages", said, "state", _each(recent, STATES))
    overdue = desk.store.figures.overdue_since(now)
    age = (now - overdue).total_seconds() if overdue else 0
    yield _one("queue_age_seconds", "How long the message that waits longest could have left.", age)


def _sources(healths: Sequence[Health]) -> Iterator[Figure]:
    healthy = {one.source: int(one.state in HEALTHY) for one in healths}
    said = "1 for a source that is fine, or has nothing today and need not have."
    yield _by("source_healthy", said, "source", healthy)
    success = {one.source: one.last_success_at for one in healths}
    at = {name: at.timestamp() for name, at in success.items() if at}
    said = "When a source last answered as it should."
    yield _by("source_last_success_timestamp_seconds", said, "source", at)
    today = {one.source: one.today for one in healths}
    usual = {one.source: one.usual for one in healths if one.usual is not None}
    yield _by("source_papers_today", "New papers of a source on this UTC day.", "source", today)
    yield _by("source_papers_usual", "How many are usual on this weekday.", "source", usual)


def _each(counts: Mapping[str, int], states: Iterable[str]) -> dict[str, int]:
    """Those that do not occur, too: who watches a figure that is not there hears of nothing."""
    return {state: counts.get(state, 0) for state in states}


def written(found: Iterable[Figure]) -> str:
    """Figures in the text format of Prometheus; those without values are left out."""
    lines: list[str] = []
    for figure in found:
        if figure.values:
            lines += [f"# HELP {figure.name} {figure.said}", f"# TYPE {figure.name} {figure.kind}"]
            lines += [f"{figure.name}{labels} {value:.15g}" for labels, value in figure.values]
    return "\n".join([*lines, ""])


def _one(name: str, said: str, value: float) -> Figure:
    return Figure(f"digest_{name}", said, (("", value),))


def _by(name: str, said: str, label: str, values: Mapping[str, float]) -> Figure:
    labelled = tuple((_label(**{label: key}), value) for key, value in sorted(values.items()))
    return Figure(f"digest_{name}", said, labelled)


def _version() -> str:
    return importlib.metadata.version("digest")


def _label(**label: str) -> str:
    ((name, value),) = label.items()
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{escaped}"}}'


def _may_see(request: Request, desk: Desk) -> bool:
    """Whether the request has the token, or comes from this machine or a proxy's own.

    One that a proxy passes on for somebody else is theirs. So is one with a proxy's headers that
    is not known as one: it stands before us and was forgotten in the settings.
    """
    given = request.headers.get("authorization", "")
    token = desk.settings.metrics_token
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    if not request.scope.get("digest.proxied") and any(n in request.headers for n in FORWARDED):
        return False
    return request.client is not None and _is_near(request.client.host, desk.settings.proxies)


def _is_near(host: str, networks: Iterable[str]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or any(address in ipaddress.ip_network(one) for one in networks)


routes = [Route("/metrics", metrics)]
