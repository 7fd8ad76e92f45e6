"""Assembling mails whose cards are ready, beside the standard library on the same content."""

from __future__ import annotations

import email
import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from statistics import median
from typing import Any

import pytest

from digest.editions import Edition, Pick, Reason
from digest.links import SECRET, Key
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition

FACTOR = 50
"""How many times as fast as the standard library assembling is, at least; 58 to 66 measured on a busy machine."""

BATCH, ROUNDS = 20, 20
"""Mails timed together, for to ask for the time slows what follows; and how often that is done."""

KEY = Key(1, b"k" * SECRET)
SETTINGS = MailSettings(
    sender="Papers <papers@example.org>", base_url="https://papers.example.org", abstract="full"
)
"""Whole abstracts, of the usual length: 20 of them and their frame just stay below Gmail's limit."""

ABSTRACT = (
    "Large models need memory that few have. We present a method, number {n}, that keeps the "
    "naïve upper bound of $O(n^2)$ on the cost of attention, and show that it halves the memory of "
    "training. On seven tasks it is as good as the best. Code: https://github.com/example/p{n}. "
    "What was known before holds for small models alone, and what holds for large ones was found "
    "by trial and error. Here both are special cases of one bound, and the bound says how far each "
    "can be stretched before the loss rises. "
)


def papers() -> list[Pick]:
    """The 60 papers of a day, each with its reasons."""
    return [
        a_pick(
            a_paper(
                f"A Method of a Usual Length for Training Large Models with Less Memory, Part {n}",
                abstract=ABSTRACT.format(n=n),
                authors=("Ada Lovelace", "Maria Sandström", "Wei Chen"),
                arxiv_id=f"2406.{n:05d}",
            ),
            interest=("Training", "Inference", "Agents")[n % 3],
            reasons=(Reason("term", "memory", 0.3), Reason("term", f"method {n}", 0.2)),
            reports=1 + n % 3,
        )
        for n in range(60)
    ]


def editions(count: int, picks: Sequence[Pick]) -> list[Edition]:
    """As many readers' editions of 20 of the day's papers, no two the same."""
    chance = random.Random(7)
    return [
        an_edition(
            *chance.sample(picks, 20),
            subscriber=a_subscriber(f"reader{n:03d}", name=f"Reader Nº {n}"),
            considered=300 + n,
        )
        for n in range(count)
    ]


def composed(edition: Edition, n: int) -> Edition:
    """The edition as it is composed: its picks and reasons are nobody else's, but for the words."""
    picks = [
        replace(
            pick,
            score=pick.score + n / 1e6,
            reasons=tuple(replace(each, share=each.share + n / 1e6) for each in pick.reasons),
        )
        for pick in edition.picks
    ]
    return replace(edition, picks=tuple(picks))


@pytest.fixture(scope="module")
def warm() -> tuple[Press, list[Edition]]:
    """A press that has printed every card once, and readers whose mails it has not printed."""
    press, picks = Press(SETTINGS, environment(), KEY), papers()
    for at in range(0, len(picks), 20):
        press.message(an_edition(*picks[at : at + 20]))
    return press, editions(BATCH * ROUNDS, picks)


Content = tuple[list[tuple[str, str]], str, str]


def content(press: Press, edition: Edition) -> Content:
    """What a mail says: its fields as text, and its two parts."""
    mail = email.message_from_bytes(press.message(edition).data, policy=policy.default)
    own = ("Content-Type", "MIME-Version")
    fields = [(name, str(value)) for name, value in mail.items() if name not in own]
    return fields, press.text(edition), press.html(edition)


def standard(given: Content) -> bytes:
    """The same mail, built and serialised by the standard library."""
    fields, text, html = given
    mail = EmailMessage(policy=policy.SMTP)
    for name, value in fields:
        mail[name] = value
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def seconds(action: Callable[[], object]) -> float:
    """CPU seconds that ``action`` takes."""
    begun = time.process_time()
    action()
    return time.process_time() - begun


def each(step: Callable[..., object], *columns: Sequence[Any]) -> float:
    """CPU seconds a row that ``step`` takes; what it makes is let go, as after sending."""
    begun = time.process_time()
    for row in zip(*columns, strict=True):
        step(*row)
    return (time.process_time() - begun) / len(columns[0])


def timed(press: Press, batch: Sequence[Edition]) -> dict[str, float]:
    """Seconds a mail of the steps of printing mails that were not printed before."""
    wording = each(press.words, batch)
    words = [press.words(edition) for edition in batch]
    subjects, ways = [said.subject for said in words], [said.ways for said in words]
    return {
        "assembling": each(press.assembled, batch, words),
        "of it the header": each(press._letterhead.heading, batch, subjects, ways),
        "of it both parts": each(press._parts, batch, words),
        "its words": wording,
    }


def test_assembling_is_many_times_as_fast_as_the_standard_library(
    warm: tuple[Press, list[Edition]],
) -> None:
    """The words of each mail are given to both sides; neither has put out this mail before.

    Both are timed in turn, and the median of their ratios counts: a busy machine slows both.
    """
    press, some = warm
    other = Press(SETTINGS, environment(), KEY)
    rounds: list[dict[str, float]] = []
    for n in range(ROUNDS):
        given = content(other, some[n])
        theirs = seconds(lambda: standard(given))  # noqa: B023
        batch = [composed(edition, n) for edition in some[n * BATCH : (n + 1) * BATCH]]
        rounds.append({"the standard library": theirs, **timed(press, batch)})
    for name in rounds[0]:
        times = [took[name] * 1e6 for took in rounds]
        print(f"\n{name}: {median(times):.0f} µs, at best {min(times):.0f}", end="")
    ratio = median(took["the standard library"] / took["assembling"] for took in rounds)
    print(f"\nassembling is {ratio:.0f} times as fast as the standard library")
    assert ratio >= FACTOR


def test_what_was_assembled_comes_back_as_it_was_written(warm: tuple[Press, list[Edition]]) -> None:
    press, some = warm
    for edition in some[:20]:
        fresh = Press(SETTINGS, environment(), KEY)
        data = press.message(edition).data
        assert data == fresh.message(edition).data
        mail = email.message_from_bytes(data, policy=policy.default)
        plain, rich = mail.iter_parts()
        assert plain.get_content().replace("\r\n", "\n") == fresh.text(edition)
        assert rich.get_content().replace("\r\n", "\n") == fresh.html(edition)
        assert all(pick.paper.title in rich.get_content() for pick in edition.picks)
        assert not any(part.defects for part in mail.walk())


@pytest.mark.benchmark(group="one mail of 20 cards")
def test_assembling_with_ready_cards(benchmark: Any, warm: tuple[Press, list[Edition]]) -> None:
    press, some = warm
    turn = itertools.cycle(some)
    data = benchmark(lambda: press.message(next(turn))).data
    assert max(map(len, data.split(b"\r\n"))) <= 998


@pytest.mark.benchmark(group="one mail of 20 cards")
def test_the_first_mail_of_a_run_which_prints_its_cards(
    benchmark: Any, warm: tuple[Press, list[Edition]]
) -> None:
    _, (edition, *_) = warm
    benchmark.pedantic(lambda: Press(SETTINGS, environment()).message(edition), rounds=5)


@pytest.mark.benchmark(group="one mail of 20 cards")
def test_the_standard_library(benchmark: Any, warm: tuple[Press, list[Edition]]) -> None:
    press, (edition, *_) = warm
    given = content(press, edition)
    benchmark.pedantic(lambda: standard(given), rounds=5)
