"""Reports in the forms of many servers, and mails that are made to break whoever reads them."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.links import Key, open_ticket, returned
from digest.returns.opened import LARGEST, WORDS
from digest.returns.recognition import recognise
from digest.returns.returned import Request

CASES = Path(__file__).parents[1] / "cases" / "returns"
KEY = Key(1, bytes(range(32)))
"""What signed the tokens in the cases."""

ORIGINAL = "<2026-05-20.6465666768696a6b6c6d6e6f@papers.example.org>"
DOMAIN = "papers.example.org"
PATIENCE_S = 10.0
"""Far more than any of them takes; what this forbids takes minutes."""

EXPECTED = [
    [cell if cell != "-" else "" for cell in line.split()]
    for line in (CASES / "expected.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
TOLD_BY_RETURN_PATH = [
    name
    for name, kind, *_ in EXPECTED
    if kind not in ("request", "unknown") and name not in ("arf-redacted", "arf-without-any-token")
]


def case(name: str):
    return recognise((CASES / f"{name}.eml").read_bytes())


@pytest.mark.parametrize(
    ("name", "kind", "status", "recipient"), EXPECTED, ids=[row[0] for row in EXPECTED]
)
def test_a_report_is_recognised(name, kind, status, recipient):
    found = case(name)
    assert (found.kind, found.status, found.recipient) == (kind, status, recipient)


def test_every_case_is_expected_to_be_something():
    assert sorted(path.stem for path in CASES.glob("*.eml")) == sorted(row[0] for row in EXPECTED)
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize("name", TOLD_BY_RETURN_PATH)
def test_a_report_says_by_our_return_path_which_mail_it_is_of(name):
    ours = {returned(address, DOMAIN, [KEY]) for address in case(name).addresses}
    assert ORIGINAL in ours


def test_a_complaint_from_which_all_addresses_were_struck_out_still_has_our_link_to_leave():
    found = case("arf-redacted")
    assert not any(returned(address, DOMAIN, [KEY]) for address in found.addresses)
    tickets = [open_ticket(token, "unsubscribe", [KEY]) for token in found.tickets]
    assert [(each.subscriber, each.date) for each in tickets] == [("ada", dt.date(2026, 5, 20))]


def test_a_complaint_may_say_no_more_than_a_message_id_which_proves_nothing():
    found = case("arf-without-any-token")
    assert (found.original, found.tickets) == (ORIGINAL, ())


@pytest.mark.parametrize("name", ["postfix-spam-block", "qmail-no-mailbox", "arf-minimal"])
def test_the_message_id_is_that_of_our_mail_and_not_of_the_report(name):
    assert case(name).original == ORIGINAL


def test_the_servers_words_come_with_it():
    said = "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown"
    assert case("postfix-unknown-user").words.startswith(said)


def test_words_of_a_server_are_one_printable_line_of_bounded_length():
    report = (CASES / "postfix-unknown-user.eml").read_bytes()
    wild = report.replace(b"User unknown", b"User unknown \x1b[31m\xe2\x80\xae" + b"x" * 1_500)
    words = recognise(wild).words
    assert words.isprintable()
    assert len(words) <= WORDS


@pytest.mark.parametrize("name", ["unsubscribe", "unsubscribe-folded", "unsubscribe-encoded"])
def test_a_mail_that_asks_to_leave_says_who_does(name):
    asked = case(name).request
    assert open_ticket(asked.token, "unsubscribe", [KEY]).subscriber == "ada"


def test_a_mail_that_asks_to_leave_without_a_token_says_nobody():
    assert case("unsubscribe-without-token").request == Request("")


def test_a_vote_by_mail_says_what_and_of_which_paper():
    asked = case("vote-more").request
    assert (asked.value, asked.paper) == ("more", "arxiv:2403.10616")
    assert open_ticket(asked.token, "vote", [KEY]).subscriber == "ada"


def test_titles_of_papers_in_a_report_are_not_taken_for_the_servers_words():
    # Our own subject and text speak of unknown users, quotas and spam in every case.
    assert case("exim-timeout").kind == "soft"
    assert case("qmail-not-connected").kind == "soft"


# Made to break ---------------------------------------------------------------------------------

HEAD = b"From: MAILER-DAEMON@mx.example.net\nTo: bounces@papers.example.org\nSubject: failed\n"
MIXED = b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n'
HOSTILE = {
    "a long text": HEAD + b"\n" + b"<ada@example.net>: user unknown, and more of it\n" * 450_000,
    "one line": HEAD + b"\n" + b"a@" * 10_000_000,
    "tags": HEAD + b"Content-Type: text/html\n\n" + b"<" * 20_000_000,
    "styles": HEAD + b"Content-Type: text/html\n\n" + b"<style>\n" * 200_000,
    "parts in parts": HEAD + b"".join(MIXED % (n, n) for n in range(20_000)),
    "mails in mails": HEAD + b"Content-Type: message/rfc822\n\n" * 20_000,
    "parts beside parts": HEAD + MIXED % (1, 1) + b"--b1\n\n" * 200_000,
    "one boundary for all": HEAD + MIXED % (1, 1) * 60 + b"--b1\n\n" * 100_000,
    "recipients": HEAD + b"Content-Type: message/delivery-status\n\n" + b"a: b\n\n" * 200_000,
    "parameters": HEAD + b'Content-Type: multipart/mixed; x="' + (b";" * 990 + b'"\n ') * 500,
    "fields": HEAD + b"X-A: b\n" * 200_000,
    "dashes": HEAD + b"\n" + (b"-" * 1_999 + b"\n") * 500,
    "quotes": HEAD + b"\n" + (b"> " * 500 + b"\n") * 2_000,
    "empty lines": b"\n" * 1_000_000,
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 30_000,
    "broken continuations": HEAD + b"Content-Type: text/plain; charset*=a'b'%ff; charset*0=c\n\nx",
    "a boundary in no charset": HEAD + b"Content-Type: multipart/mixed; boundary*=x-no'e'%ff\n\nx",
    "a charset that is none": HEAD + b"Content-Type: text/plain; charset=hex\n\nuser unknown",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_mail_is_looked_at_soon_and_never_breaks_anything(name):
    started = time.monotonic()
    recognise(HOSTILE[name])
    assert time.monotonic() - started < PATIENCE_S


def test_a_bounce_of_20_megabytes_is_known_by_its_beginning():
    report = (CASES / "exim-old-plain.eml").read_bytes()
    whole = report + b"a paper of many words\n" * 1_000_000
    assert len(whole) > 20_000_000
    assert recognise(whole) == recognise(whole[:LARGEST])
    assert recognise(whole).kind == "hard"


@given(
    name=st.sampled_from(sorted(row[0] for row in EXPECTED)),
    at=st.floats(0, 1),
    gone=st.integers(0, 300),
    put=st.binary(max_size=60),
)
def test_no_damage_to_a_report_breaks_anything(name, at, gone, put):
    report = (CASES / f"{name}.eml").read_bytes()
    place = int(at * len(report))
    found = recognise(report[:place] + put + report[place + gone :])
    assert found.words.isprintable()
    assert len(found.addresses) <= 50


@given(st.binary(max_size=2_000))
def test_no_bytes_at_all_break_anything(data):
    assert recognise(data).kind in ("unknown", "hard", "soft", "full", "policy", "auto-reply")
