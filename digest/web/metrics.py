"""Figures for Prometheus, worked out from the database when they are asked for.

The text format is a line a figure, which needs no library; and counters in a process would count
that process alone, and from its start (https://prometheus.io/docs/instrumenting/exposition_formats/).
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from digest.messages import STATES
from digest.web.desk import Desk, desk_of

TYPE = "text/plain; version=0.0.4; charset=utf-8"
HEALTHY = ("fine", "quiet")
FORWARDED = ("x-forwarded-for", "forwarded", "via")
"""What a proxy adds: a request with one of these comes from a stranger, whoever brings it."""


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


def metrics(request: Request) -> Response:
    """All figures, for whoever may have them."""
    desk = desk_of(request)
    if not _may_see(request, desk):
        raise HTTPException(403)
    headers = {"Cache-Control": "no-store", "Content-Type": TYPE}
    return Response(written(figures(desk)), headers=headers)


def figures(desk: Desk) -> Iterator[Figure]:
    """What there is to say of this installation now."""
    store, now = desk.store, desk.clock()
    composed, composed_at = store.figures.composed()
    counts, overdue = store.outbox.counts(), store.figures.overdue_since(now)
    yield _one("papers", "Papers in the archive.", store.papers.count())
    yield _one("editions_composed_total", "Editions composed so far.", composed)
    if composed_at:
        at = composed_at.timestamp()
        yield _one("edition_last_composed_timestamp_seconds", "When the latest was composed.", at)
    yield Figure(
        "digest_messages",
        "Messages by the state that they are in.",
        tuple((_label(state=state), counts.get(state, 0)) for state in STATES),
    )
    age = (now - overdue).total_seconds() if overdue else 0
    yield _one("queue_age_seconds", "How long the message that waits longest could have left.", age)
    yield Figure(
        "digest_subscribers",
        "Subscribers by state.",
        tuple((_label(state=state), n) for state, n in sorted(store.figures.subscribers().items())),
    )
    healths = desk.healths()
    yield Figure(
        "digest_source_healthy",
        "1 for a source that is fine, or has nothing today and need not have.",
        tuple((_label(source=one.source), int(one.state in HEALTHY)) for one in healths),
    )
    yield Figure(
        "digest_source_last_success_timestamp_seconds",
        "When a source last answered as it should.",
        tuple(
            (_label(source=one.source), one.last_success_at.timestamp())
            for one in healths
            if one.last_success_at
        ),
    )


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
