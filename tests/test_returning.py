"""Mails that come back to an installation: what they change, and what they cannot."""

from __future__ import annotations

import email
import io
import mailbox as stdlib_mailbox
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from digest.keys import link_keys
from digest.links import Links
from digest.papers import Paper
from digest.render.values import vote_name
from digest.votes import Value
from tests.support.databases import opened
from tests.support.installation import MORNING, SAMPLE, Installation, here
from tests.support.mailserver import mail_server
from tests.support.popserver import pop_server

__all__ = ["here"]

EVENING = "2026-05-20T20:00:00+00:00"
TOMORROW = "2026-05-21T12:00:00+00:00"
ROOT = Path(__file__).parents[1]
MAIL = {
    "sender": "Daily Papers <digest@papers.example.org>",
    "bounces": "bounces@papers.example.org",
}
REPORT = """\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: <{to}>
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ada@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} {words}

--b--
"""
COMPLAINT = """\
From: feedback@mx.example.net
To: {to}
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1

--b
Content-Type: text/rfc822-headers

{header}
--b--
"""


@dataclass
class Sent:
    """An installation whose readers ada and bob had their editions, and what came of it."""

    at: Installation
    paths: dict[str, str]
    """The return path of each reader's mail."""
    mails: dict[str, Message]

    def put(self, text: str, name: str = "1.host") -> Path:
        """Deliver a mail to the mailbox that the settings name."""
        path = self.at.folder / "returns" / "new" / name
        path.write_bytes(text.encode())
        return path

    def bounce(self, to: str, status: str = "5.1.1", words: str = "no", action: str = "failed"):
        return self.put(REPORT.format(to=to, status=status, words=words, action=action))

    def read(self, *options: str, now: str = EVENING):
        return self.at.digest("--json", "--now", now, "bounces", *options)

    def outcomes(self, *options: str, now: str = EVENING) -> dict[str, int]:
        ran = self.read(*options, now=now)
        assert ran.code == 0, ran.err
        return ran.json["outcomes"]

    def states(self) -> dict[str, str]:
        listed = self.at.digest("--json", "subscribers", "list").json["subscribers"]
        return {one["id"]: one["state"] for one in listed if one["address"]}

    def composed(self, now: str = TOMORROW) -> list[str]:
        self.at.drop("tuesday.txt", (SAMPLE / "tuesday.txt").read_bytes())
        self.at.digest("collect", "--now", now)
        ran = self.at.digest("--json", "--now", now, "compose")
        return [one["subscriber"] for one in ran.json["editions"] if one["subscriber"] != "public"]

    def token(self, who: str) -> str:
        """The token that the link to leave of a reader's mail holds."""
        link = "".join(self.mails[who]["List-Unsubscribe"].split())
        return re.search(r"unsubscribe%20([\w-]+)", link)[1]


@pytest.fixture
def sent(here: Installation) -> Iterator[Sent]:
    for part in ("new", "cur", "tmp"):
        (here.folder / "returns" / part).mkdir(parents=True)
    with mail_server() as server:
        here.settings(
            mail=MAIL,
            delivery={
                "transport": "smtp",
                "host": "127.0.0.1",
                "port": server.port,
                "security": "none",
            },
            bounces={"mailbox": "maildir:../returns"},
        )
        interests = [{"keywords": ["language", "diffusion", "protein"]}]
        here.subscribers(
            *(
                {"id": who, "address": f"{who}@example.org", "hour": 0, "interests": interests}
                for who in ("ada", "bob")
            )
        )
        here.drop("monday.txt", (SAMPLE / "monday.txt").read_bytes())
        assert here.digest("send", "--now", MORNING).code == 0
        took = {mail.recipients[0].partition("@")[0]: mail for mail in server.received}
    yield Sent(
        here,
        {who: mail.sender for who, mail in took.items()},
        {who: email.message_from_bytes(mail.data) for who, mail in took.items()},
    )


# Bounces


def test_a_bounce_of_an_address_that_is_not_there_ends_all_mail_to_it(sent):
    path = sent.bounce(sent.paths["ada"])
    ran = sent.at.digest("bounces", "--now", EVENING)
    assert ran.code == 0
    assert ran.out == ("Nothing more goes to ada@example.org (hard): 550 5.1.1 no\nRead 1 mail.\n")
    assert not path.exists()
    assert sent.states() == {"ada": "suppressed", "bob": "active"}
    assert sent.composed() == ["bob"]


def test_a_return_path_that_lost_its_capitals_or_has_others_is_ours_all_the_same(sent):
    sent.bounce(sent.paths["ada"].upper())
    assert sent.outcomes() == {"suppressed": 1}


@pytest.mark.parametrize(
    "forge",
    [
        lambda path: path.replace("+a", "+b", 1),
        lambda path: re.sub(r"\+\w+", "+" + "a" * 55, path),
        lambda path: re.sub(r"\+\w+", "", path),
    ],
    ids=["altered", "invented", "without"],
)
def test_a_forged_bounce_changes_nothing_and_stays_where_it_is(sent, forge):
    sent.bounce(forge(sent.paths["ada"]))
    assert sent.outcomes() == {"not ours": 1}
    assert sent.states() == {"ada": "active", "bob": "active"}
    assert len(list((sent.at.folder / "returns" / "cur").iterdir())) == 1
    assert sent.composed() == ["ada", "bob"]


def test_a_bounce_is_of_the_mail_that_its_return_path_names_whatever_it_says(sent):
    sent.bounce(sent.paths["bob"])  # the report itself names ada
    sent.read()
    assert sent.states() == {"ada": "active", "bob": "suppressed"}


@pytest.mark.parametrize(
    ("status", "words"), [("5.2.2", "over quota"), ("5.7.1", "blocked"), ("4.4.7", "expired")]
)
def test_one_bounce_of_another_kind_is_noted_and_no_more(sent, status, words):
    sent.bounce(sent.paths["ada"], status, words)
    assert sent.outcomes() == {"recorded": 1}
    assert sent.states()["ada"] == "active"


def test_a_mail_that_is_delayed_is_no_failure(sent):
    sent.bounce(sent.paths["ada"], "4.4.1", "timed out", action="delayed")
    assert sent.outcomes() == {"recorded": 1}
    assert sent.states()["ada"] == "active"


def test_a_report_that_was_stored_before_a_crash_is_removed_the_next_time(sent):
    path = sent.bounce(sent.paths["ada"], "5.2.2", "full")
    report = path.read_text()
    assert sent.outcomes() == {"recorded": 1}
    sent.put(report)  # as if the crash had come before it was removed
    assert sent.outcomes() == {"known": 1}
    assert not path.exists()


def test_an_answer_of_a_machine_is_removed_and_changes_nothing(sent):
    path = sent.put(
        f"From: ada@example.org\nTo: {sent.paths['ada']}\nSubject: Auto: papers\n"
        "Auto-Submitted: auto-replied\n\nI am away.\n"
    )
    assert sent.outcomes() == {"noted": 1}
    assert not path.exists()


def test_a_mail_of_a_person_stays_and_is_not_read_twice(sent):
    sent.put("From: ada@example.org\nTo: digest@papers.example.org\nSubject: Hello\n\nHi!\n")
    assert sent.outcomes() == {"not ours": 1}
    assert sent.outcomes() == {}


# Complaints


def test_a_complaint_that_quotes_our_return_path_ends_all_mail(sent):
    header = f"Return-Path: <{sent.paths['ada']}>\nSubject: papers\n"
    sent.put(COMPLAINT.format(to="abuse@papers.example.org", header=header))
    assert sent.outcomes() == {"suppressed": 1}
    assert sent.states()["ada"] == "suppressed"


def test_a_complaint_that_quotes_our_link_to_leave_ends_all_mail(sent):
    header = f"List-Unsubscribe: {sent.mails['ada']['List-Unsubscribe']}\n"
    sent.put(COMPLAINT.format(to="abuse@papers.example.org", header=header))
    assert sent.outcomes() == {"suppressed": 1}


def test_a_complaint_that_knows_only_the_message_id_may_be_forged_and_changes_nothing(sent):
    header = f"Message-ID: {sent.mails['ada']['Message-ID']}\nTo: ada@example.org\n"
    sent.put(COMPLAINT.format(to="abuse@papers.example.org", header=header))
    assert sent.outcomes() == {"not ours": 1}
    assert sent.states()["ada"] == "active"


# Requests


def a_request(subject: str) -> str:
    return f"From: somebody@example.com\nTo: digest@papers.example.org\nSubject: {subject}\n\n\n"


def test_a_reader_leaves_by_the_link_in_the_mail_whoever_sends_it(sent):
    sent.put(a_request(f"unsubscribe {sent.token('ada')}"))
    ran = sent.at.digest("replies", "--now", EVENING)
    assert ran.out == "ada left, as they asked by mail.\nRead 1 mail.\n"
    assert sent.states() == {"ada": "left", "bob": "active"}
    assert sent.composed() == ["bob"]


@pytest.mark.parametrize("token", ["", " ada@example.org", " " + "A" * 60])
def test_a_request_without_a_token_of_ours_is_left_to_a_person(sent, token):
    sent.put(a_request(f"unsubscribe{token}"))
    assert sent.outcomes() == {"not ours": 1}
    assert sent.states()["ada"] == "active"


def a_vote(sent: Sent, value: Value, name: str) -> str:
    """The mail that the link to vote in ada's mail has a reader write."""
    (key,) = link_keys(sent.at.folder / "config" / "links.key")
    links = Links("digest@papers.example.org", key=key)
    day = email.utils.parsedate_to_datetime(sent.mails["ada"]["Date"]).date()
    link = links.vote_url(links.vote_token("ada", day), value, name)
    return a_request(unquote(urlsplit(link).query.removeprefix("subject=")))


def sent_papers(sent: Sent) -> list[Paper]:
    """The papers of ada's edition."""
    with opened(f"sqlite:///{sent.at.folder / 'config' / 'digest.db'}") as store:
        (edition,) = store.editions.of(store.subscribers.find("ada").subscriber)
    return [pick.paper for pick in edition.picks]


def votes(sent: Sent) -> list[tuple[str, str, str]]:
    ran = sent.at.digest("--json", "subscribers", "votes", "ada")
    return [(vote["paper"], vote["value"], vote["origin"]) for vote in ran.json["votes"]]


def test_a_vote_by_mail_on_a_paper_of_the_edition_is_a_vote(sent):
    paper = sent_papers(sent)[0]
    name = vote_name(paper)
    sent.put(a_vote(sent, "more", name))
    assert sent.outcomes() == {"voted": 1}
    sent.put(a_vote(sent, "more", name))
    assert sent.outcomes() == {"known": 1}
    assert votes(sent) == [(paper.key, "more", "mail")]


def test_a_vote_on_a_paper_that_was_not_in_the_edition_does_not_count(sent):
    sent.put(a_vote(sent, "more", "arxiv:2001.00001"))
    assert sent.outcomes() == {"noted": 1}
    assert votes(sent) == []


# Crashes, mailboxes and mistakes


@pytest.mark.parametrize("point", ["returns.stored", "returns.removed"])
@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_a_crash_while_the_mailbox_is_read_loses_nothing_and_repeats_nothing(sent, kind, point):
    report = REPORT.format(to=sent.paths["ada"], status="5.1.1", words="no", action="failed")
    if kind == "maildir":
        sent.put(report)
    else:
        box = stdlib_mailbox.mbox(sent.at.folder / "box")
        box.add(report)
        box.close()
    where = f"{kind}:{sent.at.folder / ('returns' if kind == 'maildir' else 'box')}"
    killed = subprocess.run(
        [sys.executable, "-m", "digest", "bounces", "--mailbox", where, "--now", EVENING],
        env={**os.environ, "DIGEST_FAILPOINT": point, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    gone = (kind, point) == ("maildir", "returns.removed")
    assert sent.outcomes("--mailbox", where) == ({} if gone else {"known": 1})
    assert sent.outcomes("--mailbox", where) == {}
    assert sent.states() == {"ada": "suppressed", "bob": "active"}


def test_a_report_from_a_pipe_of_the_mail_server_counts(sent, monkeypatch):
    report = REPORT.format(to=sent.paths["ada"], status="5.1.1", words="no", action="failed")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(report.encode())))
    assert sent.outcomes("--mailbox", "-") == {"suppressed": 1}


def test_a_pop3_server_that_dies_before_a_mail_is_deleted_changes_nothing_twice(sent, monkeypatch):
    report = REPORT.format(to=sent.paths["ada"], status="5.2.2", words="full", action="failed")
    monkeypatch.setenv("DIGEST_BOUNCES__PASSWORD", "secret")
    with pop_server([report.encode(), report.replace("full", "no room").encode()]) as server:
        box = ("--mailbox", f"pop3://ada@127.0.0.1:{server.port}")
        server.dies = "DELE"
        assert sent.read(*box).code == 2
        assert len(server.mails) == 2
        assert sent.outcomes(*box) == {"known": 1, "recorded": 1}
        assert server.mails == []


def test_a_mailbox_that_dies_in_the_middle_is_told_with_what_was_read(sent, monkeypatch):
    report = REPORT.format(to=sent.paths["ada"], status="5.2.2", words="full", action="failed")
    monkeypatch.setenv("DIGEST_BOUNCES__PASSWORD", "secret")
    with pop_server([report.encode()]) as server:
        server.dies = "QUIT"
        ran = sent.at.digest("bounces", "--mailbox", f"pop3://ada@127.0.0.1:{server.port}")
    assert ran.code == 1
    assert ran.out.endswith("Read 1 mail.\n")
    assert "The rest is read the next time: pop3://ada@127.0.0.1: the server" in ran.err


def test_without_a_mailbox_it_says_what_to_set(here):
    ran = here.digest("bounces")
    assert ran.code == 2
    assert "set bounces.mailbox, or give --mailbox" in ran.err


def test_a_mailbox_that_is_none_is_told_in_one_sentence(sent):
    ran = sent.at.digest("bounces", "--mailbox", "smtp://x")
    assert ran.code == 2
    assert "'smtp://x' is no mailbox; write maildir:PATH" in ran.err


def test_a_password_in_the_configuration_is_refused(here):
    here.settings(bounces={"mailbox": "pop3s://ada@mx", "password": "hunter2"})
    ran = here.digest("bounces")
    assert ran.code == 2
    assert "bounces: a password does not belong in this file" in ran.err
    assert "hunter2" not in ran.err


def test_an_empty_mailbox_is_no_fault(sent):
    assert sent.at.digest("bounces").out == "Nothing came back.\n"
