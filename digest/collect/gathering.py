"""Sources are asked, each at most once, and what came is a value: reports, or what went wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from digest.collect import arxiv, fetch, mailbox, opml, polling, readers
from digest.collect.settings import FetchSettings
from digest.errors import ConfigError, SourceError
from digest.papers import Report
from digest.sources import Source

Facts = Mapping[str, Any]


TITLES = "arXiv titles"
"""The name under which what is asked about titles is remembered."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Papers of one source that came together; ``sha256`` names the bytes they came in.

    ``facts`` are to be remembered together with the papers; ``done`` is called after that.
    """

    source: Source
    reports: list[Report]
    sha256: str
    facts: Facts | None = None
    done: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Same:
    """The source was asked and has nothing but what it had."""

    source: Source
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nothing usable came. ``unreachable``: no answer at all, or one about the way there.

    ``done`` is called once the trouble is recorded, so that it is not met again.
    """

    source: Source
    why: str
    unreachable: bool
    facts: Facts | None = None
    done: Callable[[], None] = lambda: None


Gathered = Batch | Same | Trouble


def expanded(sources: Iterable[Source]) -> list[Source]:
    """The sources, those that an OPML file names in place of that file.

    They keep its settings and are named by it. Raises: ConfigError when such a file is unusable.
    """
    found: dict[str, Source] = {}
    for source in sources:
        for one in _in_opml(source) if source.kind == "opml" else (source,):
            found.setdefault(one.name, one)
    return list(found.values())


def gather(
    sources: Sequence[Source],
    facts: Mapping[str, Facts],
    settings: FetchSettings,
    now: dt.datetime,
) -> Iterator[Gathered]:
    """What each source gave, as answers come in; sources to be left in peace give nothing.

    ``facts`` holds what was remembered of each, by name.
    """
    feeds = {source.name: source for source in sources if source.kind == "feed"}
    known = {
        name: polling.from_facts(feed.url, facts.get(name, {})) for name, feed in feeds.items()
    }
    for name, outcome in fetch.fetch_all(known, settings, now, seed=f"{now:%Y-%m-%d}"):
        gathered = _judged(feeds[name], outcome, known[name].gone, now)
        if gathered:
            yield gathered
    for source in sources:
        if source.kind == "arxiv":
            gathered = _queried(source, facts.get(source.name, {}), settings, now)
            if gathered:
                yield gathered
        elif source.kind in ("maildir", "imap"):
            yield from _mailed(source, now)


def resolve(
    titles: Sequence[str],
    facts: Facts,
    endpoint: str,
    settings: FetchSettings,
    now: dt.datetime,
) -> Gathered | None:
    """The papers that arXiv knows under just these titles, none of them as news.

    None while arXiv is to be left in peace.
    """
    source = Source(TITLES, "arxiv", url=endpoint, query="titles")

    def ask(fetched: arxiv.Fetch) -> list[Report]:
        papers = arxiv.resolve(fetched, time.sleep, titles, endpoint=endpoint)
        return [
            Report(paper, TITLES, place, announced="replace")
            for place, paper in enumerate(papers.values(), start=1)
        ]

    return _asked(source, facts, settings, now, ask)


def _queried(
    source: Source, facts: Facts, settings: FetchSettings, now: dt.datetime
) -> Gathered | None:
    """The newest papers of an arXiv query, asked for page by page with the pauses arXiv wants."""

    def ask(fetched: arxiv.Fetch) -> list[Report]:
        return arxiv.read_all(
            fetched,
            time.sleep,
            query=source.query,
            limit=source.limit,
            name=source.name,
            endpoint=source.url or arxiv.ENDPOINT,
        )

    return _asked(source, facts, settings, now, ask)


def _asked(
    source: Source,
    facts: Facts,
    settings: FetchSettings,
    now: dt.datetime,
    ask: Callable[[arxiv.Fetch], list[Report]],
) -> Gathered | None:
    """What ``ask`` gets from arXiv; None while arXiv is to be left in peace."""
    known = polling.from_facts(source.url or arxiv.ENDPOINT, facts)
    if polling.waiting_until(known, now):
        return None
    left_alone = known

    def fetched(url: str) -> bytes:
        nonlocal left_alone
        outcome = fetch.fetch(replace(known, url=url, moved_to=None), settings, now)
        if isinstance(outcome, fetch.Fetched):
            return outcome.body
        after = outcome.known
        left_alone = replace(known, not_before=after.not_before, failures=after.failures)
        raise SourceError(source.name, getattr(outcome, "why", "it gave no answer"))

    try:
        reports = ask(fetched)
    except SourceError as error:
        return Trouble(source, error.why, True, polling.as_facts(left_alone))
    named = "\n".join(f"{report.paper.key} {report.paper.version}" for report in reports)
    sha256 = hashlib.sha256(f"{source.query}\n{named}".encode()).hexdigest()
    return Batch(source, reports, sha256, polling.as_facts(polling.Known(known.url)))


def _mailed(source: Source, now: dt.datetime) -> Iterator[Gathered]:
    """Each mail not seen yet is one batch; it is marked as seen once its papers are stored."""
    try:
        mails = list(_mails(source))
    except (SourceError, OSError) as error:
        yield Trouble(source, getattr(error, "why", str(error)), True)
        return
    if not mails:
        yield Same(source)
    for mail, done in mails:
        try:
            reports = readers.read(mailbox.text_of(mail, source.name), source.name, now.date())
        except SourceError as error:
            yield Trouble(source, error.why, False, done=done)
            continue
        yield Batch(source, reports, hashlib.sha256(mail).hexdigest(), done=done)


def _mails(source: Source) -> Iterator[tuple[bytes, Callable[[], None]]]:
    """Mails not seen yet, each with what marks it as seen."""
    if source.kind == "maildir":
        folder = source.path or Path()
        for number, mail in mailbox.messages(folder):
            yield mail, lambda number=number: mailbox.mark_seen(folder, number)  # type: ignore[misc]
        return
    file = source.password_file or Path()
    settings = mailbox.ImapSettings(
        source.host,
        source.username,
        file.read_text(encoding="utf-8").strip(),
        folder=source.mailbox,
    )
    for number, mail in mailbox.imap_messages(settings):
        yield mail, lambda number=number: mailbox.imap_mark_seen(settings, [number])  # type: ignore[misc]


def _judged(
    source: Source, outcome: fetch.Outcome, was_gone: bool, now: dt.datetime
) -> Gathered | None:
    remembered = polling.as_facts(outcome.known)
    if isinstance(outcome, fetch.Fetched):
        return _read(source, outcome, now)
    if isinstance(outcome, fetch.Unchanged):
        return Same(source, remembered)
    if isinstance(outcome, fetch.Failed):
        return Trouble(source, outcome.why, True, remembered)
    if isinstance(outcome, fetch.Gone) and not was_gone:
        why = "it says it is gone for good and is not asked again; take it out of the configuration"
        return Trouble(source, why, True, remembered)
    return None


def _read(source: Source, fetched: fetch.Fetched, now: dt.datetime) -> Gathered:
    """Validators are kept only when the body could be read, or it would never be sent again."""
    try:
        reports = readers.read(fetched.body, source.name, now.date())
    except SourceError as error:
        return Trouble(source, error.why, False, polling.as_facts(fetched.known))
    digest = hashlib.sha256(fetched.body).hexdigest()
    return Batch(source, reports[: source.limit], digest, polling.as_facts(fetched.kept))


def _in_opml(source: Source) -> list[Source]:
    assert source.path is not None  # noqa: S101 - a source of this kind is refused without one
    try:
        named = opml.feeds(source.path.read_bytes(), source.path.name)
    except (OSError, SourceError) as error:
        raise ConfigError(f"the source '{source.name}' cannot be read: {error}") from error
    return [replace(source, name=title, kind="feed", url=url) for title, url in named]
