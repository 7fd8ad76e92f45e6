"""A mail: the subject, the two parts, and headers that no title or name can add to."""

from __future__ import annotations

import email
import re
from email import policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.render.mail import html, message, text
from digest.render.mime import header_text
from digest.render.plain import plain
from digest.render.reading import said
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.render.wording import subject
from digest.subscribers import Subscriber
from tests.support.builders import a_paper, a_pick, a_quiet_edition, a_subscriber, an_edition

ENV = environment()
SETTINGS = MailSettings(sender="Papers <papers@example.org>")
HEADERS = [
    *("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Content-Language"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "List-Help", "List-Owner"),
    *("List-Post", "Precedence", "List-Unsubscribe", "Feedback-ID", "Content-Type"),
]
HOSTILE = [
    "=?utf-8?q?=0D=0ABcc:_x@y?=",
    "=?utf-8?b?DQpCY2M6IHhAeQ==?=",
    "==??utf-8?q?x?=",
    "a\r\nBcc: x@y",
    "a\nBcc: x@y\n\nbody",
    "a\rb\x00c\u2028d\x85e\x0bf",
    "\u202etxt.exe \u2066\u2069",
    "<script>alert(1)</script>",
    "{{7*7}} {% raw %}",
    ".",
    "From me to you",
    "x" * 10_000,
    "long words " * 900,
    "日本語の論文の題名" * 200,
    'naïve Ümläuts, and "quotes" \\ <a@b>, c@d; (comment)',
    "\U0001f469\u200d\U0001f52c" * 60,
    "\ud800 half",
]
anything = st.text(st.characters(codec=None), max_size=400)


def parsed(edition, settings=SETTINGS):
    data = message(edition, settings, ENV).data
    return data, email.message_from_bytes(data, policy=policy.default)


def check_form(data):
    """CRLF only, no line over 998 octets, ASCII (RFC 5322 §2.1.1, RFC 5321 §2.3.8)."""
    lines = data.split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert data.isascii()
    head = data.partition(b"\r\n\r\n")[0].decode()
    names = re.findall(r"^([A-Za-z-]+):", head, re.MULTILINE)
    assert names == HEADERS
    return head


@pytest.mark.parametrize("title", HOSTILE)
def test_the_subject_read_back_is_the_cleaned_title(title):
    data, mail = parsed(an_edition(a_pick(title)))
    head = check_form(data)
    expected = header_text(said(title))
    if len(expected) > 120:
        assert mail["Subject"].endswith("…")
        assert expected.startswith(mail["Subject"][:-1])
    else:
        assert mail["Subject"] == expected
    assert max(len(line) for line in head.split("\r\n")) <= 78
    assert mail.keys() == HEADERS
    assert not mail.defects


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_one_display_name_and_one_address(name):
    data, mail = parsed(an_edition(subscriber=a_subscriber(name=name)))
    check_form(data)
    (to,) = mail["To"].addresses
    assert to.addr_spec == "ada@example.org"
    if len(name) <= 200:
        written = email.message_from_bytes(data)["To"]
        shown = str(make_header(decode_header(parseaddr(written)[0])))
        assert shown == header_text(name)


@pytest.mark.parametrize("title", HOSTILE)
def test_a_relay_that_decodes_and_writes_again_adds_no_header(title):
    edition = an_edition(a_pick(title), subscriber=a_subscriber(name=title))
    _, mail = parsed(edition)
    again = email.message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert again.keys() == HEADERS
    assert "Bcc" not in again


@settings(deadline=None)  # the first example loads what the others use
@given(anything, anything, anything)
def test_no_text_breaks_the_form_of_a_mail(title, name, abstract):
    paper = a_paper(title, abstract=abstract, authors=(name,))
    pick = a_pick(paper, interest=name)
    data, mail = parsed(an_edition(pick, subscriber=a_subscriber(name=name), note=title))
    check_form(data)
    assert mail.keys() == HEADERS
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


@pytest.mark.parametrize("title", HOSTILE)
def test_both_parts_come_back_as_they_were_written(title):
    edition = an_edition(a_pick(a_paper(title, abstract=title)))
    _, mail = parsed(edition)
    first, last = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    assert first == text(edition, SETTINGS, ENV)
    assert last == html(edition, SETTINGS, ENV)
    assert "<script" not in last
    assert ">49<" not in last


def test_the_headers_say_who_what_and_how_to_leave():
    data, mail = parsed(an_edition())
    assert mail["From"] == "Papers <papers@example.org>"
    assert mail["Date"] == "Mon, 03 Jun 2024 05:00:07 +0000"
    assert re.fullmatch(r"<2024-06-03\.[0-9a-f]{24}@example\.org>", mail["Message-ID"])
    assert mail["List-Id"] == "Daily Papers <digest.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:papers@example.org?subject=unsubscribe>"
    assert mail["List-Post"] == "NO"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert data.count(mail.get_boundary().encode()) == 4


def test_optional_headers_appear_when_they_are_set():
    settings = MailSettings(sender=SETTINGS.sender, reply_to="Ed <ed@x.org>", owner="boss@x.org")
    _, mail = parsed(an_edition(), settings)
    assert mail["Reply-To"] == "Ed <ed@x.org>"
    assert mail["List-Owner"] == "<mailto:boss@x.org>"


def test_a_long_address_to_leave_is_never_encoded():
    settings = MailSettings(unsubscribe="leave+" + "t" * 58 + "@" + "d" * 60 + ".example.org")
    data, mail = parsed(an_edition(), settings)
    assert b"List-Unsubscribe: <mailto:leave%2Bttt" in data
    assert mail["List-Unsubscribe"] == f"<{settings.unsubscribe_url}>"


def test_the_same_edition_is_the_same_mail_and_another_day_is_another():
    first, again = (message(an_edition(), SETTINGS, ENV) for _ in range(2))
    other = message(an_edition(subscriber=a_subscriber("bob")), SETTINGS, ENV)
    assert first == again
    assert first.message_id != other.message_id
    assert (first.sender, first.recipient) == ("papers@example.org", "ada@example.org")


def test_a_domain_of_letters_beyond_ascii_travels_as_a_labels():
    mail = message(an_edition(subscriber=a_subscriber(address="a@bücher.example")), SETTINGS, ENV)
    assert mail.recipient == "a@xn--bcher-kva.example"
    assert b"<a@xn--bcher-kva.example>" in mail.data


@pytest.mark.parametrize(
    "address", ["a@b\r\nRCPT TO:<x>", "a@b>,<c@d", "a\x00@b", "nobody", "x" * 320 + "@y"]
)
def test_what_is_not_one_address_gets_no_mail(address):
    with pytest.raises(RenderError, match=r"^ada/2024-06-03: .* is not one mail address"):
        message(an_edition(subscriber=a_subscriber(address=address)), SETTINGS, ENV)


def test_the_public_edition_is_never_mailed():
    with pytest.raises(RenderError, match=r"^public/2024-06-03: has no address"):
        message(an_edition(subscriber=Subscriber("public", None)), SETTINGS, ENV)


def test_the_subject_is_the_top_pick_and_how_many_more():
    assert subject(an_edition(a_pick("Deep")), SETTINGS.title) == "Deep"
    assert (
        subject(an_edition(a_pick("Deep"), a_pick("B"), a_pick("C")), SETTINGS.title)
        == "Deep and 2 more"
    )


def test_a_quiet_day_says_so_in_its_subject():
    assert (
        subject(a_quiet_edition(), SETTINGS.title)
        == "A quiet Monday: no new papers in Daily Papers"
    )
    assert subject(a_quiet_edition(considered=9), SETTINGS.title) == (
        "A quiet Monday: nothing close enough in Daily Papers"
    )


def test_the_page_has_a_language_real_headings_and_named_layout_tables():
    page = html(an_edition(a_pick("Deep")), SETTINGS, ENV)
    assert '<html lang="en">' in page
    assert re.findall(r"<(h\d)\b", page) == ["h1", "h2", "h3"]
    assert page.count("<table") == page.count('<table role="presentation"')
    assert "<img" not in page


def test_the_text_has_72_columns_and_links_of_their_own():
    link = "https://example.org/" + "long/" * 30
    paper = a_paper("word " * 40, abstract="some words " * 20, link=link)
    written = text(an_edition(a_pick(paper)), SETTINGS, ENV)
    wide = [line.strip() for line in written.splitlines() if len(line) > 72]
    assert wide == [link]
    assert not any(line != line.rstrip() for line in written.splitlines())


def test_both_parts_say_why_and_how_to_leave():
    for written in (html(an_edition(), SETTINGS, ENV), text(an_edition(), SETTINGS, ENV)):
        assert "subscribed to Daily Papers" in plain(written)
        assert "ada@example.org" in written
        assert "mailto:papers@example.org?subject=unsubscribe" in written


def test_ten_papers_stay_small():
    sentence = "We study how the parts of a large model can be trained apart from each other. "
    picks = [
        a_pick(a_paper(f"A paper of a usual length about {n}", abstract=sentence * 9))
        for n in range(10)
    ]
    assert len(html(an_edition(*picks), SETTINGS, ENV).encode()) < 30_000
