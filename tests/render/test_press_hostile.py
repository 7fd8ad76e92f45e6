"""Whole mails of hostile readers and of long tokens, read by two parsers."""

from __future__ import annotations

import email
import re
from email import policy
from html import unescape
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.links import SECRET, Key
from digest.render.headers import Ways
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition

KEY = Key(1, b"k" * SECRET)
BASE = "https://papers.example.org"
SETTINGS = MailSettings(
    sender="Papers <papers@example.org>", base_url=BASE, bounces="bounces@example.org"
)
PRESS = Press(SETTINGS, environment(), KEY)
NAMES = [
    *("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Content-Language"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "List-Help", "List-Owner"),
    *("List-Archive", "List-Post", "Precedence", "List-Unsubscribe", "List-Unsubscribe-Post"),
    *("Archived-At", "Feedback-ID", "Content-Type"),
]
MARKS = st.sampled_from(
    [
        *("\r\n", "\n", "\r", "\0", "\x85", "\u2028", "\u202e", " ", "\t", "@", ">", "<", ",", ";"),
        *(":", '"', "\\", ".", "..", "(", ")", "[", "]", "=?utf-8?q?=0D=0A?=", "RCPT TO:<x@y.org>"),
        *(
            "Bcc: x@y.org",
            "a@b",
            "ada",
            "example.org",
            "bücher.example",
            "日本",
            "\ufdd0",
            "\ufdef",
        ),
    ]
)
HOSTILE = st.lists(st.one_of(MARKS, st.text(max_size=4)), max_size=12).map("".join)
NEARLY = st.tuples(HOSTILE, st.just("@"), HOSTILE).map("".join)


def written(data: bytes) -> SimpleNamespace:
    """The unfolded fields of a mail and its parsed form; fails on any fault of its lines."""
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    assert max(map(len, data.split(b"\r\n"))) <= 998
    head = data.partition(b"\r\n\r\n")[0].decode()
    fields = [line.split(": ", 1) for line in re.sub(r"\r\n[ \t]", " ", head).split("\r\n")]
    assert [name for name, _ in fields] == NAMES
    mail = email.message_from_bytes(data, policy=policy.default)
    assert mail.keys() == NAMES
    return SimpleNamespace(fields=dict(fields), mail=mail)


@settings(deadline=None, max_examples=300)
@given(st.one_of(HOSTILE, NEARLY, st.emails()), HOSTILE)
@example('"a\r\nRCPT TO:<x>"@y', "Ada")
@example("a@b>,<c@d", "<a@b>, <c@d>")
@example("ada@bücher.example", "=?utf-8?q?=0D=0ABcc:_x@y?=")
@example('"a.b"@example.org', '" <x@y>\\')
@example("x" * 320 + "@example.org", "x" * 3000)
def test_an_address_is_refused_or_is_one_mailbox_of_one_mail(address: str, name: str) -> None:
    reader = a_subscriber(address=address, name=name)
    try:
        message = PRESS.message(an_edition(subscriber=reader))
    except RenderError as error:
        assert str(error).startswith("ada/2024-06-03: ")
        return
    assert not re.search(r"[\s<>\x00-\x1f\x7f]", message.recipient)
    assert re.fullmatch(r"bounces\+[a-z2-7]+@example\.org", message.sender)
    to = written(message.data).fields["To"]
    bare = re.sub(r'"(?:[^"\\]|\\.)*"(?!@)', "", to)  # without what is quoted of a name
    assert len(re.findall(r"<[^<>]+>", bare)) <= 1
    assert bare.count("@") - bare.count('"@"') == 1
    spelled = message.recipient.rpartition("@")
    assert to.rstrip(">").endswith(f"@{spelled[2]}")


LENGTHS = [*range(10, 100), *range(100, 301, 7), 300]
LETTERS = "AbC-dEf_0129"


@pytest.fixture(scope="module")
def edition():
    return an_edition(
        a_pick(a_paper(arxiv_id="2406.00001")),
        a_pick(a_paper("Another: A Title of a Usual Length", arxiv_id="2406.00002")),
        note="From here on, all is well.",
    )


@pytest.mark.parametrize("length", LENGTHS)
def test_a_token_of_any_length_stays_whole_in_header_text_and_html(edition, length):
    token = (LETTERS * 30)[:length]
    words = PRESS.words(edition)
    leave, web = f"{BASE}/leave/{token}", f"{BASE}/edition/{token}"
    by_mail = f"mailto:papers@example.org?subject=unsubscribe%20{token}"
    personal = words.personal | {"leave_url": leave, "web_url": web}
    said = words._replace(token=token, personal=personal, ways=Ways(leave, by_mail, web))
    found = written(PRESS.assembled(edition, said).data)

    assert found.fields["List-Unsubscribe"] == f"<{leave}>, <{by_mail}>"
    assert found.mail["List-Unsubscribe"] == f"<{leave}>, <{by_mail}>"
    assert found.fields["Archived-At"] == f"<{web}>"
    votes = [f"{BASE}/vote/{token}/more/arxiv:2406.0000{n}" for n in (1, 2)]
    text, html = (part.get_content() for part in found.mail.iter_parts())
    lines = [line.strip() for line in text.splitlines() if token in line]
    assert lines == [*(f"More, less, save: {vote}" for vote in votes), leave, web]
    assert all(len(line) <= 72 for line in text.splitlines() if "://" not in line)
    links = [unescape(link) for link in re.findall(r'href="([^"]*)"', html) if token in link]
    assert {*votes, leave, web} <= {*links}
    assert len(links) == 2 * 3 + 2


@pytest.mark.parametrize("length", [1, 10, 50, 100, 205])
def test_long_tokens_are_counted_in_the_budget(length):
    picks = [a_pick(a_paper(f"Paper {n}", arxiv_id=f"2406.{n:05d}")) for n in range(200)]
    reader = a_subscriber("s" * length, address="a@example.org")
    found = written(PRESS.message(an_edition(*picks, subscriber=reader)).data)
    _, html = (part.get_content() for part in found.mail.iter_parts())
    assert 75_000 < len(html.encode()) <= 80_000
    assert "/leave/" in html


def test_votes_by_mail_are_no_noise_in_the_text():
    settings = MailSettings(sender=SETTINGS.sender, unsubscribe="requests@example.org")
    press = Press(settings, environment(), KEY)
    assert "subject=vote" in press.html(an_edition())
    assert "vote" not in press.text(an_edition())
