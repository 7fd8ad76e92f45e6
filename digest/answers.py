"""What commands answer: a plain dict for machines, and the same in words for people.

``exit`` in a dict is the exit code it asks for; it is taken out before printing.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from digest.errors import DigestError, MailServerDown, clean
from digest.sources import LATE, Collected, Health, Run

if TYPE_CHECKING:  # a command imports what it needs, and waits for nothing else
    from digest.app import App
    from digest.composing import Result
    from digest.delivery import Delivered
    from digest.editions import Edition, Explanation
    from digest.store.subscribers import Entry
    from digest.teaching import Liked, Voted
    from digest.votes import Vote

Answer = dict[str, Any]


def collected(files: Sequence[Collected]) -> Answer:
    """``files``, and the sums ``papers`` and ``new``; exit 1 when a file was rejected."""
    return {
        "files": [{**asdict(file), "path": str(file.path)} for file in files],
        "papers": sum(file.papers for file in files),
        "new": sum(file.new for file in files),
        "exit": int(any(file.problem for file in files)),
    }


def polled(runs: Iterable[Run]) -> Answer:
    """``sources``: what each poll came to; ``new`` papers in all; exit 1 when one failed."""
    found = list(runs)
    return {
        "sources": [
            {
                "source": run.source,
                "outcome": run.outcome,
                "papers": run.papers,
                "new": run.new,
                "repeated": run.papers - run.new,
                "why": run.why,
            }
            for run in found
        ],
        "new": sum(run.new for run in found),
        "exit": int(any(run.why for run in found)),
    }


def say_polled(answer: Answer) -> None:
    for run in answer["sources"]:
        if run["why"]:
            click.echo(f"{run['outcome'].capitalize()} {run['source']}: {run['why']}")
        elif run["outcome"] == "unchanged":
            click.echo(f"Unchanged {run['source']}.")
        else:
            click.echo(f"Fetched {run['source']}: {run['papers']} papers, {run['new']} new.")


def sources(found: Sequence[Health]) -> Answer:
    """``sources``: the health of each; ``days`` are the new papers of the last 30, oldest first."""
    return {
        "sources": [
            {
                "source": one.source,
                "state": one.state,
                "sentence": one.sentence,
                "today": one.today,
                "usual": one.usual,
                "last_success_at": one.last_success_at and one.last_success_at.isoformat(),
                "days": list(one.days),
            }
            for one in found
        ]
    }


BARS = "▁▂▃▄▅▆▇█"


def sparkline(days: Sequence[int]) -> str:
    """A bar for each number, the highest full; a dot where there was nothing."""
    most = max(days, default=0)
    return "".join(BARS[(n * (len(BARS) - 1)) // most] if n else "·" for n in days)


def say_sources(answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("source", "state", "today", "usual", "last success", "last 30 days"):
        table.add_column(heading, overflow="fold")
    for one in answer["sources"]:
        usual = "?" if one["usual"] is None else f"{one['usual']:g}"
        last = (one["last_success_at"] or "never")[:16].replace("T", " ")
        cells = (one["source"], one["state"], str(one["today"]), usual, last)
        table.add_row(*(Text(cell) for cell in cells), Text(sparkline(one["days"])))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    for one in answer["sources"]:
        if one["state"] in LATE:
            click.echo(one["sentence"])


def say_collected(answer: Answer) -> None:
    if not answer["files"]:
        click.echo("The inbox holds nothing to collect.")
    for file in answer["files"]:
        if file["problem"]:
            click.echo(f"Rejected {clean(file['problem'])}.")
        else:
            brought = f"{file['papers']} papers, {file['new']} new"
            click.echo(f"Collected {Path(file['path']).name}: {brought}.")


def composed(found: Iterable[Result]) -> Answer:
    """``editions`` with subscriber, date, picks and note; who is ``waiting``; ``problems``.

    A ``silent`` edition has no picks and no mail, as its reader wishes.
    ``held`` are due, and wait for sources that are late, for the reason in ``why``.
    """
    from digest.composing import Stored  # late: who composed has imported it
    from digest.pipeline import Held, Waiting

    editions: list[Answer] = []
    waiting: list[str] = []
    problems: list[str] = []
    held: list[str] = []
    why = None
    for one in found:
        if isinstance(one, Stored):
            editions.append({**asdict(one), "date": one.date.isoformat()})
        elif isinstance(one, Waiting):
            waiting += one.ids
        elif isinstance(one, Held):
            held += one.ids
            why = one.why
        else:
            problems.append(str(one))
    return {
        "editions": editions,
        "waiting": waiting,
        "held": held,
        "why": why,
        "problems": problems,
        "exit": int(bool(problems)),
    }


def say_composed(answer: Answer) -> None:
    for one in answer["editions"]:
        note = f" {one['note']}" if one["note"] else ""
        papers = _count(one["picks"], "paper")
        silent = ", and no mail" if one["silent"] else ""
        click.echo(f"Composed {one['subscriber']}, {one['date']}: {papers}{silent}.{note}")
    if answer["waiting"]:
        names = _names(answer["waiting"])
        click.echo(f"Nothing yet for {names}: no collected paper matches their interests.")
    if answer["held"]:
        click.echo(f"Held back for {_names(answer['held'])}: {answer['why']}")
    for problem in answer["problems"]:
        click.echo(f"Not composed: {problem}")
    if not any(answer[part] for part in ("editions", "waiting", "held", "problems")):
        click.echo("No edition is due.")


def delivered(app: App, found: Iterable[Delivered]) -> Answer:
    """``messages`` tried now, their number by state, and what is ``waiting`` in the outbox.

    ``found`` is asked to the end, which delivers. ``folder`` is where mails are written instead of
    being sent; ``server`` is None, or why the mail server cannot be used; exit 1 unless all that
    was tried was sent.
    """
    messages, server = [], None
    try:
        for one in found:
            messages.append(asdict(one))
    except MailServerDown as error:
        server = str(error)
    counts = Counter(message["state"] for message in messages)
    states = ("sent", "deferred", "failed", "uncertain")
    left = app.store.outbox.counts()
    delivery = app.settings.delivery
    return {
        "folder": str(delivery.folder) if delivery.transport == "folder" else None,
        "messages": messages,
        **{state: counts[state] for state in states},
        "waiting": left.get("queued", 0) + left.get("deferred", 0) + left.get("claimed", 0),
        "server": server,
        "exit": int(bool(server) or counts["sent"] < len(messages)),
    }


def say_delivered(answer: Answer) -> None:
    for one in answer["messages"]:
        if one["state"] != "sent":
            click.echo(f"{one['state'].capitalize()} {one['recipient']}: {one['reply']}")
    mails, waiting = _count(answer["sent"], "mail"), f"{answer['waiting']} waiting"
    if answer["folder"]:
        click.echo(f"Wrote {mails} into {answer['folder']}, to look at and not sent; {waiting}.")
    else:
        click.echo(f"Sent {mails}; {waiting}.")
    if answer["server"]:
        click.echo(f"The rest waits: {answer['server']}", err=True)


def say_day(answer: Answer) -> None:
    say_collected(answer["collect"])
    if "poll" in answer:
        say_polled(answer["poll"])
    say_composed(answer["compose"])
    say_delivered(answer["deliver"])


def edition(one: Edition, explanation: Explanation | None) -> Answer:
    """The edition with its picks and their reasons: all of them when it is explained."""
    left_out = explanation.left_out if explanation else ()
    one = explanation.of(one) if explanation else one
    return {
        "subscriber": one.subscriber.id,
        "date": one.date.isoformat(),
        "considered": one.considered,
        "note": one.note,
        "picks": [
            {
                "key": pick.paper.key,
                "title": pick.paper.title,
                "link": pick.paper.href,
                "score": round(pick.score, 4),
                "interest": pick.interest,
                "reports": pick.reports,
                "reasons": [asdict(reason) for reason in pick.reasons],
            }
            for pick in one.picks
        ],
        "left_out": [
            {
                "key": other.paper.key,
                "title": other.paper.title,
                "score": round(other.score, 4),
                "interest": other.interest,
                "why": other.why,
            }
            for other in left_out
        ],
    }


def checked(app: App) -> Answer:
    """``problems``, and what was found of configuration, store, inbox and mail server."""
    problems: list[str] = []
    report: Answer = {"configuration": str(app.settings.file), "problems": problems}
    try:
        entries = app.store.subscribers.all()
        readers = [entry for entry in entries if entry.subscriber.address]
        report["subscribers"] = sum(entry.state == "active" for entry in readers)
        report["papers"] = app.store.papers.count()
        report["outbox"] = app.store.outbox.counts()
        if not report["subscribers"]:
            problems.append(
                f"nobody would get a mail: there is no active subscriber; add one to "
                f"{app.settings.subscribers} or with `digest subscribers add`"
            )
    except DigestError as error:
        problems.append(str(error))
    report["inbox"] = str(app.inbox)
    if not app.inbox.is_dir():
        problems.append(f"the inbox {app.inbox} is missing; make the folder, or run `digest init`")
    elif not os.access(app.inbox, os.R_OK | os.W_OK | os.X_OK):
        problems.append(f"the inbox {app.inbox} cannot be written to; change its rights")
    try:
        report |= _greeting(app)
    except DigestError as error:
        problems.append(str(error))
    return {**report, "exit": int(bool(problems))}


def _greeting(app: App) -> Answer:
    """``delivery``: one line; and what the mail server's extensions mean, by keyword."""
    if app.settings.delivery.transport == "folder":
        return {"delivery": f"mails are written to {app.settings.delivery.folder}; none is sent"}
    greeting = app.smtp().greet()
    return {
        "delivery": greeting.line,
        "server": [asdict(one) for one in greeting.capabilities],
    }


def say_checked(answer: Answer) -> None:
    for name in ("configuration", "subscribers", "papers", "inbox", "delivery"):
        if name in answer:
            click.echo(f"{name:14} {answer[name]}")
    for one in answer.get("server", ()):
        sign = "+" if one["offered"] else "-"
        click.echo(f"{'':14} {sign} {one['keyword']}: {one['meaning']}")
    for problem in answer["problems"]:
        click.echo(f"{'problem':14} {problem}")
    if not answer["problems"]:
        click.echo("All is well.")


def subscribers(entries: Sequence[Entry]) -> Answer:
    """``subscribers``: all of them, each as ``subscriber`` gives it."""
    return {"subscribers": [subscriber(entry) for entry in entries]}


def subscriber(entry: Entry) -> Answer:
    """What is known of one subscriber, in the keys of subscribers.yaml, with their state."""
    one = entry.subscriber
    return {
        "id": one.id,
        "address": one.address,
        "name": one.name,
        "timezone": one.schedule.timezone,
        "hour": one.schedule.hour,
        "weekdays": list(one.schedule.weekdays),
        "size": one.size,
        "interests": [asdict(interest) for interest in one.interests],
        "preferred": list(one.preferred),
        "muted": list(one.muted),
        "abstract": one.abstract,
        "quiet": one.quiet,
        "state": entry.state,
        "origin": entry.origin,
        "joined_at": entry.joined_at.isoformat(),
    }


def say_subscribers(answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "address", "state", "hour", "time zone", "days", "size", "interests"):
        table.add_column(heading, overflow="fold")
    for one in answer["subscribers"]:
        every_day = len(one["weekdays"]) == 7
        cells = (
            one["id"],
            one["address"] or "(nobody: feed only)",
            one["state"],
            f"{one['hour']}:00",
            one["timezone"],
            "every day" if every_day else " ".join(one["weekdays"]),
            str(one["size"]),
            ", ".join(interest["name"] for interest in one["interests"]),
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def say_subscriber(answer: Answer) -> None:
    for name, value in answer.items():
        if name == "interests":
            for interest in value:
                said = [
                    f"{key}: {', '.join(held) if isinstance(held, list | tuple) else held}"
                    for key, held in interest.items()
                    if held and key != "name" and (key, held) != ("weight", 1.0)
                ]
                click.echo(f"{'interest':10} {interest['name']} ({'; '.join(said)})")
        elif value not in ("", [], None):
            shown = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{name:10} {shown}")


def imported(ids: Sequence[str]) -> Answer:
    return {"imported": list(ids)}


def say_imported(answer: Answer) -> None:
    click.echo(f"Took in {_count(len(answer['imported']), 'subscriber')}.")


def voted(found: Voted) -> Answer:
    """The vote, its paper's ``title``, and whether it is ``new`` or was said already."""
    return {**_vote(found.vote, found.title), "new": found.new}


_VOTED = {
    "more": ("Noted with pleasure: {who} gets more like {title}{about}.", "wants more like"),
    "less": ("Understood: {who} gets less like {title}{about}.", "wants less like"),
    "save": ("Kept for {who}: {title}{about}.", "keeps"),
    "clear": ("Forgotten: whatever {who} said of {title}.", "has said nothing of"),
}
"""The answer to a vote, and how one that changes nothing is told."""


def say_voted(answer: Answer) -> None:
    fresh, stale = _VOTED[answer["value"]]
    words = fresh if answer["new"] else f"{{who}} {stale} {{title}}{{about}}; nothing changes."
    about = f", in {answer['interest']}" if answer["interest"] else ""
    title = f"“{answer['title']}”"
    click.echo(words.format(who=answer["subscriber"], title=title, about=about))


def votes(found: Iterable[tuple[Vote, str]]) -> Answer:
    """``votes``, oldest first, each with its paper's ``title``."""
    return {"votes": [_vote(vote, title) for vote, title in found]}


def _vote(vote: Vote, title: str) -> Answer:
    return {**asdict(vote), "at": vote.at.isoformat(), "title": title}


def say_votes(answer: Answer) -> None:
    if not answer["votes"]:
        click.echo("No votes yet; `digest vote WHO PAPER more` casts one.")
    for vote in answer["votes"]:
        about = f" ({vote['interest']})" if vote["interest"] else ""
        origin = "" if vote["origin"] == "command" else f", by {vote['origin']}"
        click.echo(f"{vote['at'][:10]}  {vote['value']:5}  {vote['title']}{about}{origin}")


def liked(found: Liked) -> Answer:
    """``subscriber``, and the papers ``liked`` now, ``known`` as likes before, and ``unread``."""
    return asdict(found)


def say_liked(answer: Answer) -> None:
    parts = [f"{answer['subscriber']} likes {_count(answer['liked'], 'more paper')}"]
    known, unread = answer["known"], answer["unread"]
    if known:
        known_as = "was known as a like" if known == 1 else "were known as likes"
        parts.append(f"{known} {known_as} already")
    if unread:
        parts.append(f"{unread} could not be read")
    click.echo(f"{'; '.join(parts)}.")


def linted(data: bytes) -> Answer:
    """``kind`` of the mail and its ``findings``; exit 1 when one of them is a must."""
    from digest.lint.checklist import kind, lint  # late: no other command needs it

    found = lint(data)
    return {
        "kind": kind(data),
        "findings": [{**asdict(one), "line": str(one)} for one in found],
        "exit": int(any(one.severity == "must" for one in found)),
    }


def say_linted(answer: Answer) -> None:
    click.echo(f"Held to the rules of: {answer['kind']}")
    for one in answer["findings"]:
        click.echo(one["line"])
    if not answer["findings"]:
        click.echo("Nothing to complain of.")


def started(files: Sequence[tuple[Path, bool]]) -> Answer:
    """``files`` with ``path`` and whether it was ``written`` now or kept as it was."""
    return {"files": [{"path": str(path), "written": new} for path, new in files]}


def say_started(answer: Answer) -> None:
    for file in answer["files"]:
        click.echo(f"{'Wrote' if file['written'] else 'Kept '} {file['path']}")
    click.echo(
        "Now write your interests into config/subscribers.yaml, put a digest file into inbox/,\n"
        "and look: digest collect, then digest preview me"
    )


def say_demo(answer: Answer) -> None:
    say_day(answer)
    for one in answer["editions"]:
        click.echo(f"\n{one['name']}'s top picks")
        for pick in one["picks"]:
            click.echo(f"  {pick['title']}\n    {pick['why']}")
    click.echo("\nMade:")
    for path in answer["made"]:
        click.echo(f"  {path}")


def _names(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (", …" if ids[5:] else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def dkim_key(selector: str, domain: str, folder: Path, kind: Literal["rsa", "ed25519"]) -> Answer:
    """A new key of DKIM: its file and its DNS record. Raises ConfigError."""
    from digest import keys

    file, record = keys.dkim_key(selector, domain, folder, kind)
    return {"selector": selector, "domain": domain, "key_file": str(file), "record": record}


def say_dkim_key(answer: Answer) -> None:
    click.echo(f"Wrote {answer['key_file']}: keep it secret, and name it in delivery.dkim as")
    click.echo(f"  - {{selector: {answer['selector']}, key_file: {answer['key_file']}}}")
    click.echo(f"Put this record into the DNS of {answer['domain']}, then mail yourself a test:")
    click.echo(answer["record"])
