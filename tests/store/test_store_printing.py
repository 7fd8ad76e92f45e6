"""Mails of editions are printed when their turn has come: what they say, and what goes wrong."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest.deliver.outcomes import Accepted
from digest.deliver.settings import DeliverSettings
from digest.delivery import deliver
from digest.editions import Edition
from digest.errors import RenderError
from digest.messages import Message
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.store.shelves import Store
from tests.support.builders import a_subscriber, an_edition
from tests.support.databases import NOW, TODAY, collect, composed, engine_of

SETTINGS = MailSettings(sender="Daily Papers <papers@digest.example>")
TITLE = "Diffusion in few steps"
LATER = NOW + dt.timedelta(minutes=20)


class Sink:
    """Takes everything, and keeps it."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    def send(self, message: Message) -> Accepted:
        self.taken.append(message)
        return Accepted("250 taken")

    def close(self) -> None: ...

    @property
    def mails(self) -> list[email.message.EmailMessage]:
        policy = email.policy.default
        return [email.message_from_bytes(one.data, policy=policy) for one in self.taken]


def press(**settings: str) -> Press:
    return Press(replace(SETTINGS, **settings), environment())


def queue(store: Store, who: str = "ada") -> Edition:
    """An edition of one paper, whose mail waits without its bytes."""
    collect(store, TITLE)
    one = composed(store, who, TITLE)
    (edition,) = store.editions.add([replace(one, message=press().unprinted(one.edition))])
    return edition


def send(store: Store, printing: Press, now: dt.datetime = NOW) -> tuple[Sink, list[str]]:
    sink = Sink()
    settings = DeliverSettings()
    told = deliver(store, lambda: sink, lambda: now, settings, printing=printing.printed)
    return sink, [f"{one.state}: {one.reply}" for one in told]


def test_the_mail_is_the_one_that_would_have_been_printed_at_once(store):
    edition = queue(store)
    sink, _ = send(store, press())
    assert sink.taken == [press().message(edition)]


def test_nothing_of_it_is_stored_but_the_edition(store):
    queue(store)
    with engine_of(store).connect() as connection:
        rows = connection.execute(sa.text("SELECT data FROM outbox_data")).scalars().all()
    assert [bytes(row) for row in rows] == [b""]


def test_it_goes_where_it_was_queued_for_though_the_address_is_another_by_now(store):
    queue(store)
    store.subscribers.add([a_subscriber("ada", address="new@example.org", name="Ada King")], NOW)
    sink, _ = send(store, press())
    assert [one.recipient for one in sink.taken] == ["ada@example.org"]
    assert [one["To"] for one in sink.mails] == ["Ada King <ada@example.org>"]


def test_it_keeps_its_message_id_though_the_sender_is_another_by_now(store):
    edition = queue(store)
    moved = press(sender="Daily Papers <papers@elsewhere.example>")
    sink, _ = send(store, moved)
    waited_under = press().unprinted(edition).message_id
    assert [one["Message-ID"] for one in sink.mails] == [waited_under]
    assert sink.mails[0]["From"] == "Daily Papers <papers@elsewhere.example>"


def test_one_that_cannot_be_printed_has_failed_and_says_why_and_can_be_sent_later(store, tmp_path):
    queue(store)
    (tmp_path / "card.html.j2").write_text("{{ card.titel }}", encoding="utf-8")
    sink, told = send(store, Press(SETTINGS, environment(tmp_path)))
    assert sink.taken == []
    (said,) = told
    assert said.startswith("failed: it could not be printed") and "titel" in said
    assert "ada" not in said and "`digest outbox retry`" in said
    assert store.outbox.retry(["failed"], LATER) == 1
    sink, told = send(store, press(), LATER)
    assert [one["To"] for one in sink.mails] == ["Ada Lovelace <ada@example.org>"]


def test_a_template_that_is_wrong_for_all_pauses_delivery_and_costs_no_attempt(store, tmp_path):
    readers = [f"r{n:02}" for n in range(12)]
    collect(store, TITLE)
    all_ = [composed(store, who, TITLE) for who in readers]
    store.editions.add([replace(one, message=press().unprinted(one.edition)) for one in all_])
    (tmp_path / "card.html.j2").write_text("{{ card.titel }}", encoding="utf-8")
    with pytest.raises(Exception, match="pauses"):
        send(store, Press(SETTINGS, environment(tmp_path)))
    assert set(store.outbox.counts()) <= {"queued", "deferred"}
    assert {one.attempts for one in store.outbox.lines()} == {0}


def test_one_that_was_withdrawn_after_it_was_claimed_is_not_sent(store):
    queue(store)

    def leaves(edition: Edition, waiting: Message) -> Message:
        raise AssertionError(f"{edition.id} was printed for {waiting.recipient}")

    (claim,) = store.outbox.claim(10, NOW, dt.timedelta(minutes=5))
    store.subscribers.leave("ada", NOW)
    assert store.outbox.step([], [claim], NOW, dt.timedelta(minutes=5)).started == frozenset()
    sink = Sink()
    assert not list(deliver(store, lambda: sink, lambda: LATER, DeliverSettings(), printing=leaves))


def test_what_a_pick_says_survives_the_database(store):
    collect(store, TITLE)
    one = composed(store, "ada", TITLE)
    (pick,) = one.edition.picks
    edition = replace(one.edition, picks=(replace(pick, explore=True),))
    whole = replace(one, edition=edition, message=press().unprinted(edition))
    store.editions.add([whole])
    (claim,) = store.outbox.claim(10, NOW, dt.timedelta(minutes=5))
    assert claim.edition == edition


def test_a_template_that_is_wrong_is_found_before_anything_is_queued(tmp_path: Path):
    (tmp_path / "card.html.j2").write_text("{{ card.titel }}", encoding="utf-8")
    with pytest.raises(RenderError, match="titel"):
        Press(SETTINGS, environment(tmp_path)).unprinted(an_edition(date=TODAY))
