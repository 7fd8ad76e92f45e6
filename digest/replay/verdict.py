"""What a replay shows: who got what, what came twice, what was due and did not come, and why.

A reader is *due* on every local date that the oracle names, from the date of their first edition
on; before it they wait for papers that suit them, as nothing can be owed of which only ranking
knows. For each such date there has to be an edition, with papers or saying that it was a quiet
day, and its mail has to have come; unless it was quiet and its reader wants no mail of that, or
the replayed server was told to refuse, lose or delay it, and the outbox says so of it.
A paper is a *duplicate* when two mails that came show it, or two editions that stand hold it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from digest.collect.inbox import REJECTED
from digest.replay.books import Entry, Shown, repeats
from digest.replay.faults import DAMAGED
from digest.replay.oracle import owed
from digest.replay.running import Period, Replay
from digest.store.audit import Audit, Kept
from digest.subscribers import Subscriber

DAY = dt.timedelta(days=1)
SOON = dt.timedelta(hours=1)
"""Within this an edition has come where nothing went wrong."""

EXCUSED = ("failed", "uncertain", "superseded")
"""States that say why a mail did not come; there are none of them unless a server fails."""


@dataclass
class Row:
    """What one reader got. ``first`` is the date of their first edition, ``owed`` those from it on;
    ``excused`` of these did not come, as the outbox says.
    """

    subscriber: str
    editions: int = 0
    mails: int = 0
    papers: int = 0
    size: int = 0
    owed: int = 0
    excused: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    merged_later: int = 0
    missed: list[str] = field(default_factory=list)
    first: dt.date | None = None


@dataclass(frozen=True)
class Verdict:
    """A row a reader; what became of files; and ``wrong``, a sentence for each broken promise."""

    rows: list[Row]
    rejected: list[tuple[str, str]]
    damaged: Counter[str]
    wrong: list[str]

    @property
    def duplicates(self) -> int:
        return sum(row.duplicates for row in self.rows)

    @property
    def missed(self) -> int:
        return sum(len(row.missed) for row in self.rows)


def judge(replay: Replay, readers: Sequence[Subscriber], period: Period) -> Verdict:
    """The verdict on a replay that has ended."""
    audit = Audit(replay.app.store.engine)
    editions: dict[str, list[Kept]] = defaultdict(list)
    for kept in audit.editions():
        editions[kept.subscriber].append(kept)
    mails: dict[str, list[Entry]] = defaultdict(list)
    for mail in replay.books.mails:
        mails[mail.recipient].append(mail)
    merged = audit.merged()
    rows: list[Row] = []
    wrong: list[str] = []
    for reader in readers:
        found = _Found(reader, editions[reader.id], mails.pop(reader.address or "", []))
        rows.append(_row(found, replay, period))
        wrong += _strange(found, period, merged)
    wrong += [f"{address} reads nothing here and got a mail" for address in sorted(mails)]
    rejected, damaged, lost = _files(replay, audit)
    return Verdict(rows, rejected, damaged, [*replay.tally.problems, *wrong, *lost])


@dataclass(frozen=True)
class _Found:
    """A reader, their editions as they are stored, and their mails as they came."""

    reader: Subscriber
    editions: Sequence[Kept]
    mails: Sequence[Entry]

    @property
    def first(self) -> dt.date | None:
        return min((one.date for one in self.editions), default=None)

    def shown(self) -> Iterator[Iterator[Shown]]:
        """What the mails showed, and apart from that what the editions hold."""
        composed = {one.message_id: one.composed_at for one in self.editions}
        yield (
            (composed.get(mail.message_id, mail.at), mail.message_id, mail.papers)
            for mail in self.mails
        )
        yield ((one.composed_at, one.date.isoformat(), one.papers) for one in self.editions)


def _row(found: _Found, replay: Replay, period: Period) -> Row:
    row = Row(found.reader.id, first=found.first)
    row.editions, row.mails = len(found.editions), len(found.mails)
    row.papers = sum(len(one.papers) for one in found.editions)
    row.size = sum(mail.size for mail in found.mails)
    again: set[int] = set()
    later: set[int] = set()
    for shown in found.shown():
        repeated, joined = repeats(shown, replay.books.merges)
        again |= {number for _, number in repeated}
        later |= {number for _, number in joined}
    copies = len(found.mails) - len({mail.message_id for mail in found.mails})
    row.duplicates, row.merged_later = len(again) + copies, len(later - again)
    _account(row, found, period, faulty=bool(replay.faults))
    return row


def _account(row: Row, found: _Found, period: Period, *, faulty: bool) -> None:
    """Account for every date on which the reader was due."""
    stored = {one.date: one for one in found.editions}
    came = {mail.message_id: mail for mail in found.mails}
    for date, at in owed(found.reader.schedule, period.start, period.end):
        if row.first is None or date < row.first:
            continue
        row.owed += 1
        edition = stored.get(date)
        mail = came.get(edition.message_id) if edition else None
        if edition is None:
            row.missed.append(f"{row.subscriber} was due on {date} and has no edition")
        elif found.reader.address is None or (found.reader.quiet == "none" and not edition.papers):
            continue
        elif mail is None and faulty and edition.state in EXCUSED:
            row.excused[edition.state] += 1
        elif mail is None:
            row.missed.append(
                f"{row.subscriber} was due on {date} and got no mail; the outbox says "
                f"{edition.state or 'nothing'}"
            )
        elif mail.at > at + SOON and not faulty:
            row.missed.append(f"{row.subscriber} was due on {date} and got the mail at {mail.at}")


def _strange(found: _Found, period: Period, merged: Mapping[int, int]) -> Iterator[str]:
    """Editions on dates that were not due, and mails that contradict the outbox."""
    who = found.reader.id
    due = {date for date, _ in owed(found.reader.schedule, period.start - DAY, period.end)}
    for one in found.editions:
        if one.date not in due:
            yield f"{who} was not due on {one.date} and has an edition"
    stored = {one.message_id: one for one in found.editions if one.message_id}
    for mail in found.mails:
        edition = stored.get(mail.message_id)
        if edition is None or edition.state not in ("sent", "uncertain"):
            said = edition.state if edition else "nothing"
            yield f"{who} got {mail.message_id}, of which the outbox says {said}"
        elif mail.links > len(edition.papers) or (edition.papers and not mail.links):
            yield f"{who} was shown other papers on {edition.date} than the edition holds"
        elif not _now(mail.papers, merged) <= _now(edition.papers, merged):
            yield f"{who} was shown a paper on {edition.date} that is not in the edition"


def _now(papers: Iterable[int], merged: Mapping[int, int]) -> set[int]:
    return {merged.get(number, number) for number in papers}


Files = tuple[list[tuple[str, str]], Counter[str], list[str]]


def _files(replay: Replay, audit: Audit) -> Files:
    """What was rejected and why, what became of damaged files, and what is lost of files."""
    inbox = replay.app.inbox
    lost = [f"{one.name} is still in the inbox" for one in inbox.glob("[!.]*") if one.is_file()]
    rejected: dict[str, tuple[str, str]] = {}
    for path in sorted((inbox / REJECTED).glob("*")):
        if path.suffix != ".why":
            rejected[_hash(path.read_bytes())] = (path.name, _why(path))
    lost += [f"{name} was rejected without a reason" for name, why in rejected.values() if not why]
    known = audit.collected_at()
    damaged: Counter[str] = Counter()
    for drop in replay.tally.drops:
        hashed = _hash(replay.faults.data(drop))
        became = "collected" if hashed in known else "rejected" if hashed in rejected else "lost"
        if drop.kind in DAMAGED:
            damaged[f"{drop.kind}, {became}"] += 1
        if became == "lost":
            lost.append(f"{drop.name} came on {drop.at.date()} and is lost")
    unreadable = {_hash(replay.faults.data(d)) for d in replay.tally.drops if d.kind not in DAMAGED}
    return [rejected[one] for one in rejected if one in unreadable], damaged, lost


def _why(path: Path) -> str:
    """Why a file was rejected: the first two lines of what stands beside it."""
    why = path.with_name(f"{path.name}.why")
    return " ".join(why.read_text("utf-8").splitlines()[:2]) if why.exists() else ""


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
