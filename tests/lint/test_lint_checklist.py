"""The linter as a whole: order, kinds of mail, hostile and endless input."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.lint.checklist import kind, lint
from digest.lint.mails import LIMIT

GOOD = (Path(__file__).parents[1] / "cases/lint/good/edition.eml").read_bytes()
HEAD = GOOD.partition(b"\r\n\r\n")[0]
PIECES = st.sampled_from(
    [
        *(
            b"\r\n",
            b"\n",
            b"\r",
            b"\0",
            b"\x80",
            b" ",
            b":",
            b'"',
            b"<",
            b">",
            b"=?utf-8?q?",
            b"?=",
        ),
        *(b"--=_b1", b"--", b"=", b";", b"(", b"\\", b"<a href=", b"<!--", b"<style>", b"&#99999;"),
        *(b"style='color:", b"</", b"From: ", b"Content-Type: multipart/mixed; boundary=", b","),
    ]
)
MEGABYTE = 1_000_000


def type_of(kind: bytes, extra: bytes = b"") -> bytes:
    """The header of a good mail with another Content-Type."""
    first = HEAD.partition(b"Content-Type")[0]
    return first + extra + b"Content-Type: " + kind + b"; charset=utf-8\r\n\r\n"


def fill(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece))


HTML, TEXT = type_of(b"text/html"), type_of(b"text/plain")
PRINTABLE = type_of(b"text/plain", b"Content-Transfer-Encoding: quoted-printable\r\n")
SIXTY_FOUR = type_of(b"text/plain", b"Content-Transfer-Encoding: base64\r\n")
MIXED = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
NESTED = b"".join(
    b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(999)
)
ENDLESS = {
    "nul": b"\0",
    "line feeds": b"\n",
    "returns": b"\r",
    "fields": b"a:b\r\n",
    "folds": b"Subject:|\r\n x",
    "encoded words": b"Subject:|=?utf-8?q?a?= ",
    "open words": b"Subject:|=?a",
    "quotes": b'From:|"\\',
    "comments": b"From:|(",
    "brackets": b"From:|<",
    "lists": b"List-Unsubscribe:|<a>,",
    "parameters": b'Content-Type: multipart/mixed|; a="',
    "signatures": b"DKIM-Signature: a=b\r\n",
    "delimiters": MIXED + b"|--b\r\n",
    "almost delimiters": MIXED + b"|--b   x\r\n",
    "multiparts": NESTED + b"|x\r\n",
    "references to huge characters": HTML + b"&#|9",
    "open comments": HTML + b"|<!--",
    "open tags": HTML + b"|<a ",
    "open quotes": HTML + b'|<a b="',
    "open elements": HTML + b"|<b>",
    "tables": HTML + b"|<table><td>",
    "links": HTML + b"|<a href=x>",
    "open styles": HTML + b"|<style>",
    "attributes": HTML + b"<a|b   ",
    "equals signs": HTML + b"<a|=",
    "declarations": HTML + b"<p style='|a:b;",
    "words for leaving": TEXT + b"|unsubscribe\n",
    "digits": TEXT + b"|1234 ",
    "escapes": PRINTABLE + b"|=",
    "soft breaks": PRINTABLE + b"|=\n",
    "base64": SIXTY_FOUR + b"|QUJD\r\n",
    "no base64": SIXTY_FOUR + b"|\x80",
}


@given(st.binary(max_size=2_000))
@settings(deadline=None)
def test_any_octets_are_linted(data):
    findings = lint(data)
    assert findings
    assert all(str(finding).isprintable() for finding in findings)


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), PIECES), max_size=8))
@settings(deadline=None)
def test_a_mail_cut_and_mended_anywhere_is_linted_in_order_and_the_same_again(cuts):
    data = GOOD
    for at, gone, piece in cuts:
        data = data[:at] + piece + data[at + gone :]
    findings = lint(data)
    assert findings == lint(data)
    assert [f.place for f in findings] == sorted(f.place for f in findings)
    assert {f.severity for f in findings} <= {"must", "should"}
    assert all(str(f).isprintable() for f in findings)


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_input_takes_no_more_than_linear_time(name):
    start, _bar, piece = ENDLESS[name].rpartition(b"|")
    began = time.process_time()
    lint(start + fill(piece, MEGABYTE))
    assert time.process_time() - began < 20  # it takes 0.1 to 4 s; squared, some minutes


def test_a_mail_over_the_limit_is_refused_unread():
    findings = lint(GOOD + bytes(LIMIT))
    assert [(finding.rule, finding.severity) for finding in findings] == [("S5", "must")]


def test_twenty_megabytes_of_attachment_are_read_in_a_few_seconds():
    line = b"QUJD" * 19 + b"\r\n"
    data = SIXTY_FOUR + fill(line, 20 * MEGABYTE)
    began = time.process_time()
    assert "C5" in {finding.rule for finding in lint(data)}
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Auto-Submitted: auto-generated\r\n", "notice"),
        (b"Auto-Submitted: auto-generated\r\nList-Id: <a.b>\r\n", "edition"),
        (b"Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n", "edition"),
        (b"Auto-Submitted: auto-generated\r\nList-Unsubscribe: <https://a/b>\r\n", "edition"),
        (b"From: a@example.org\r\n", "edition"),
        (b"", "edition"),
    ],
)
def test_a_notice_is_automatic_and_no_lists(header, expected):
    assert kind(header + b"\r\n") == expected


def test_a_notice_needs_no_way_to_leave_and_an_edition_does():
    found = {f.rule for f in lint(b"Auto-Submitted: auto-generated\r\n\r\nHi\r\n")}
    assert not found & {"H11", "H12", "H17", "H18"}
    assert {f.rule for f in lint(b"\r\nHi\r\n")} > {"H11", "H12", "H17", "H18"}
