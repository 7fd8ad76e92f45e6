"""The mails beside editions: a question to confirm, and notices."""

from __future__ import annotations

import datetime as dt
import email
import re
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.links import SECRET, Key, returned
from digest.lint.checklist import lint
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from tests.support.builders import an_edition

KEY = Key(1, b"k" * SECRET)
SETTINGS = MailSettings(
    sender="Daily Papers <papers@example.org>",
    bounces="bounces@example.org",
    owner="ed@example.org",
)
PRESS = Press(SETTINGS, environment(), KEY)
AT = dt.datetime(2024, 6, 3, 5, 0, 7, tzinfo=dt.UTC)
LINK = "https://papers.example.org/confirm/" + "t" * 200
FIELDS = [
    *("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Content-Language"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "Content-Type"),
]
anything = st.text(st.characters(codec=None), max_size=200)


def confirmation(address="bob@example.net", name="Bob", link=LINK, at=AT, interests=("Agents",)):
    return PRESS.confirmation(address, name, link, at, interests)


def parts(message):
    mail = email.message_from_bytes(message.data, policy=policy.default)
    assert mail.keys() == FIELDS
    return [part.get_content().replace("\r\n", "\n") for part in mail.iter_parts()]


def one_line(text):
    return " ".join(text.split())


def test_a_confirmation_says_who_asked_when_what_will_come_and_that_nothing_will():
    text, html = parts(confirmation(interests=["Fast inference", "Agents"]))
    said = one_line(text)
    assert "asked at papers.example.org on Monday, 3 June 2024 at 05:00 UTC" in said
    assert "new papers closest to Fast inference and Agents" in said
    assert "If it was not you, do nothing: without your word, nothing will be sent." in said
    assert text.splitlines().count(LINK) == 1
    assert html.count(f'href="{LINK}"') == 1
    assert all(len(line) <= 72 for line in text.splitlines() if line != LINK)


def test_without_name_interests_and_web_server_a_confirmation_still_reads_well():
    text, _ = parts(confirmation(name="", link="mailto:r@example.org?subject=yes", interests=()))
    said = one_line(text)
    assert "Hello, Somebody, we hope you, asked on Monday" in said
    assert "closest to what you tell us you are interested in, each" in said
    assert "your address was entered." in said


def test_the_time_is_told_in_utc():
    there = AT.astimezone(dt.timezone(dt.timedelta(hours=-7)))
    assert confirmation(at=there).data == confirmation().data


@pytest.mark.parametrize("paragraphs", [["All is well."], ["It is broken. " * 9, "Mend it."]])
def test_a_notice_says_what_it_is_told_and_nothing_is_found_in_it(paragraphs):
    message = PRESS.notice("ed@example.org", "How it went", paragraphs, AT)
    text, html = parts(message)
    for paragraph in paragraphs:
        assert paragraph.strip() in one_line(text)
        assert paragraph.strip() in one_line(html)
    assert [str(one) for one in lint(message.data)] == []


def test_nothing_is_found_in_a_confirmation():
    assert [str(one) for one in lint(confirmation().data)] == []


def test_a_letter_written_again_is_the_same_and_another_has_another_id():
    letters = [
        confirmation(),
        confirmation(address="ann@example.net"),
        confirmation(link=LINK + "x"),
        confirmation(interests=("Vision",)),
        confirmation(at=AT + dt.timedelta(days=1)),
        PRESS.notice("bob@example.net", "A", ["B"], AT),
        PRESS.notice("bob@example.net", "A", ["C"], AT),
        PRESS.notice("bob@example.net", "B", ["B"], AT),
        PRESS.message(an_edition()),
    ]
    assert len({letter.message_id for letter in letters}) == len(letters)
    assert confirmation() == letters[0]
    assert returned(letters[0].sender, "example.org", [KEY]) == letters[0].message_id


@pytest.mark.parametrize(
    "link",
    ["", "javascript:alert(1)", "papers.example.org", "https://x.org/ü", "https://x.org/a b"],
)
def test_what_is_no_link_is_no_way_to_confirm(link):
    with pytest.raises(RenderError, match="is no link"):
        confirmation(link=link)


@pytest.mark.parametrize("address", ["", "a@b,c@d", "a@b\r\nBcc: x@y.org", "nobody"])
def test_a_letter_to_what_is_no_address_is_refused(address):
    with pytest.raises(RenderError, match="is not one mail address"):
        confirmation(address=address)


@settings(deadline=None, max_examples=60)
@given(anything, anything, anything)
def test_no_text_breaks_the_form_of_a_letter(name, interest, paragraph):
    for message in (
        confirmation(name=name, interests=[interest, name]),
        PRESS.notice("ed@example.org", name, [paragraph, interest], AT),
    ):
        assert message.data.isascii()
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", message.data)
        assert max(map(len, message.data.split(b"\r\n"))) <= 998
        text, html = parts(message)
        assert not re.search("[\ufdd0-\ufdef\x00-\x08]", text + html)
        assert "<script" not in html
