"""The one place that speaks HTTP: a source is asked at most once, and what came is a value."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.collect.addresses import Refuse, Resolve, anything, refused, shown, system_resolve
from digest.collect.polling import OK, Answer, Known, after, conditions, kept, waiting_until
from digest.collect.settings import FetchSettings
from digest.collect.stopping import Stopped

if TYPE_CHECKING:
    from digest.collect.wire import Client, Reply


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body came, from ``url``. Store ``kept`` once it is parsed, ``known`` if it cannot be."""

    body: bytes = field(repr=False)
    content_type: str
    """As sent; a hint, the bytes decide."""
    url: str
    known: Known
    kept: Known
    """``known`` with the new validators and a permanent move."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The source has nothing but what was parsed before."""

    known: Known


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not asked: it wants, or needs, to be left in peace until then."""

    until: dt.datetime
    known: Known


@dataclass(frozen=True, slots=True)
class Gone:
    """It said it is gone for good, now or before, and is not asked again."""

    known: Known


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing usable came; ``why`` is one sentence without its full stop, as for a SourceError.

    ``status`` is the HTTP status when there was one.
    """

    why: str
    known: Known
    status: int | None = None


Outcome = Fetched | Unchanged | Waiting | Gone | Failed


def open_client(
    settings: FetchSettings, *, resolve: Resolve = system_resolve, refuse: Refuse | None = None
) -> Client:
    """A client for one run, to be closed. ``refuse`` stands in for the guard of addresses.

    Raises: OSError when ``ca_file`` cannot be read.
    """
    from digest.collect.wire import Client, Limits  # loads the HTTP client: 0.4 s, not for --help

    limits = Limits(
        timeout_s=settings.timeout_s,
        total_s=settings.total_s,
        wire_bytes=round(settings.max_mb * 1_000_000),
        unpacked_bytes=round(settings.max_unpacked_mb * 1_000_000),
        redirects=settings.max_redirects,
    )
    guard = refuse or (anything if settings.allow_private else refused)
    context = ssl.create_default_context(cafile=settings.ca_file)
    return Client(limits, settings.identity, context, resolve, guard)


def fetch(
    known: Known,
    settings: FetchSettings,
    now: dt.datetime,
    *,
    seed: str = "",
    client: Client | None = None,
) -> Outcome:
    """What asking the source once comes to; every outcome holds what to remember as ``known``.

    ``seed`` decides the chance in backing off. Without ``client`` one is opened for this call.
    """
    if known.gone:
        return Gone(known)
    if (until := waiting_until(known, now)) is not None:
        return Waiting(until, known)
    with ExitStack() as stack:
        client = client or stack.enter_context(closing(open_client(settings)))
        try:
            reply = client.get(known.address, lambda url: conditions(known, url))
        except Stopped as stopped:
            return Failed(str(stopped), after(known, Answer(0), now, seed))
    return _judged(known, reply, now, seed)


def fetch_all(
    sources: Mapping[str, Known],
    settings: FetchSettings,
    now: dt.datetime,
    *,
    seed: str = "",
    client: Client | None = None,
) -> Iterator[tuple[str, Outcome]]:
    """Each source's name and outcome, as they come in; the order is that of the answers.

    Hosts are asked side by side, so a slow one holds up only itself.
    """
    hosts: dict[str, list[str]] = {}
    for name, known in sources.items():
        hosts.setdefault(_host(known.address), []).append(name)
    done: SimpleQueue[tuple[str, Outcome | Exception]] = SimpleQueue()
    enough = Event()

    def ask(names: list[str], shared: Client) -> None:
        for name in names:
            if enough.is_set():
                return
            try:
                done.put((name, fetch(sources[name], settings, now, seed=seed, client=shared)))
            except Exception as error:  # a mistake of ours, raised again below
                done.put((name, error))

    with ExitStack() as stack:
        shared = client or stack.enter_context(closing(open_client(settings)))
        pool = stack.enter_context(ThreadPoolExecutor(settings.at_once, "fetch"))
        stack.callback(enough.set)
        for names in hosts.values():
            pool.submit(ask, names, shared)
        for _ in sources:
            name, outcome = done.get()
            if isinstance(outcome, Exception):
                raise outcome
            yield name, outcome


def _judged(known: Known, reply: Reply, now: dt.datetime, seed: str) -> Outcome:
    """What the bytes and headers of ``reply`` mean for the source."""
    answer = Answer(
        status=reply.status,
        url=reply.url,
        permanent=reply.permanent,
        etag=reply.headers.get("etag"),
        last_modified=reply.headers.get("last-modified"),
        retry_after=reply.headers.get("retry-after"),
    )
    if reply.status == 304 and not conditions(known, reply.url):
        why = f"{shown(reply.url)} says it is unchanged though it was never read; check the address"
        return Failed(why, after(known, Answer(0), now, seed), 304)
    new = after(known, answer, now, seed)
    if reply.status in OK:
        hint = reply.headers.get("content-type", "")
        return Fetched(reply.body, hint, reply.url, new, kept(new, answer))
    if reply.status == 304:
        return Unchanged(new)
    if new.gone:
        return Gone(new)
    return Failed(_refusal(known, reply), new, reply.status)


_REFUSALS = {
    401: "wants a user name and password, which are never sent; use a public address",
    403: "refuses to answer us; check its terms, and that contact is set",
    404: "has nothing there; correct the address",
    410: "redirects to something that is gone; correct the address",
    429: "asks us to come less often; it is left in peace until it allows more",
}


def _refusal(known: Known, reply: Reply) -> str:
    """One sentence about a status that brought nothing (RFC 9110 §15, RFC 6585)."""
    if reply.status in _REFUSALS:
        says = _REFUSALS[reply.status]
    elif reply.status >= 500:
        says = "is in trouble itself; it is tried again later"
    else:
        says = "gives an answer that holds no papers; check the address"
    return f"{shown(known.address)} {says} (HTTP {reply.status})"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url
