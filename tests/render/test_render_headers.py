"""The header of every mail: what it says, and that nobody else says anything in it."""

from __future__ import annotations

import datetime as dt
import email
import re
import unicodedata
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.links import SECRET, Key, open_ticket, returned
from digest.lint.checklist import lint
from digest.render import mime
from digest.render.addresses import addr_spec, one_address
from digest.render.headers import (
    letterhead,
    links_of,
    message_id,
)
from digest.render.mime import header_text
from digest.render.settings import MailSettings
from tests.support.builders import a_subscriber, an_edition

KEY = Key(1, bytes(range(SECRET)))
SETTINGS = MailSettings(
    sender="Papers <papers@example.org>",
    reply_to="The Editor <editor@example.org>",
    base_url="https://papers.example.org/",
    bounces="bounces@example.org",
)
BARE = MailSettings(sender="Papers <papers@example.org>")
ORDER = [
    *("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Reply-To"),
    *("Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "List-Help"),
    *("List-Owner", "List-Archive", "List-Post", "Precedence", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Archived-At", "Feedback-ID"),
]
ONLY_WITH_PAGES = {"List-Archive", "List-Unsubscribe-Post", "Archived-At"}
NOTICE = ORDER[:10]
AT = dt.datetime(2024, 6, 3, 5, 0, 7, tzinfo=dt.UTC)

HOSTILE = [
    "=?utf-8?q?=0D=0ABcc:_x@y?=",
    "=?utf-8?b?DQpCY2M6IHhAeQ==?=",
    "=?us-ascii?q?=0ABcc:_x@y?= and =?utf-8?q?=0D?=",
    "==?utf-8?q??utf-8?q?=0D=0ABcc:_x@y?=",
    "a\r\nBcc: x@y",
    "a\rBcc: x@y",
    "a\n\nbody",
    "\x00\x1b[31m\x7f\x85\x9b",
    "\u2028Bcc: x@y\u2029",
    "\u202etxt.exe\u202c \u2066\u2069 \u200f",
    ".",
    "...",
    "\r\n.\r\n",
    "\ufeff\ufffe\ud800",
    "<a@b>, Bcc: c@d; (x",
    '" <x@y>\\',
    "x" * 3000,
    "日本語 " * 99,
]
anything = st.text(st.characters(codec=None), max_size=300)
marks = st.sampled_from(
    [*"\0\r\n\t\x0b\x1b\x7f\x85\x9f\u2028\u2029\u202e\u2066\ufeff.=?@<>,:", "=?"]
)
nasty = st.lists(st.one_of(marks, st.text(max_size=5)), max_size=30).map("".join)


def head(settings=SETTINGS, *, key=KEY, title="Deep and 9 more", **known):
    reader = a_subscriber(**{"address": "ada@example.org", **known})
    edition = an_edition(subscriber=reader)
    return letterhead(settings, links_of(settings, key)).heading(edition, title)


def fields(data):
    """Names and unfolded values: a second, strict reading (RFC 5322 §2.2.3)."""
    assert data.endswith(b"\r\n")
    found = []
    for line in data[:-2].split(b"\r\n"):
        assert 0 < len(line) <= 998
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
        if line[:1] in b" \t":
            assert line.strip()
            found[-1][1] += line.decode()
        else:
            name, value = re.fullmatch(r"([!-9;-~]+): (.*)", line.decode()).groups()
            found.append([name, value])
    return found


def value(data, name):
    (found,) = [value for other, value in fields(data) if other == name]
    return found


def parsed(data):
    return email.message_from_bytes(data + b"\r\n", policy=policy.default)


def shown(text):
    return str(make_header(decode_header(text)))


def test_every_field_stands_once_and_in_its_order():
    data = head().data
    assert [name for name, _ in fields(data)] == ORDER
    assert parsed(data).keys() == ORDER
    assert not parsed(data).defects


def test_the_fields_say_who_what_and_how_to_leave():
    data = head().data
    base = "https://papers.example.org"
    assert value(data, "From") == "Papers <papers@example.org>"
    assert value(data, "To") == "Ada Lovelace <ada@example.org>"
    assert value(data, "Date") == "Mon, 03 Jun 2024 05:00:07 +0000"
    assert re.fullmatch(r"<2024-06-03\.[0-9a-f]{24}@example\.org>", value(data, "Message-ID"))
    assert value(data, "Reply-To") == "The Editor <editor@example.org>"
    assert value(data, "List-Id") == "Daily Papers <digest.example.org>"
    assert value(data, "List-Help") == f"<{base}/help>"
    assert value(data, "List-Owner") == "<mailto:editor@example.org>"
    assert value(data, "List-Archive") == f"<{base}/archive>"
    assert value(data, "List-Post") == "NO"
    assert value(data, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert value(data, "Auto-Submitted") == "auto-generated"
    assert value(data, "X-Auto-Response-Suppress") == "OOF, AutoReply"
    assert value(data, "Precedence") == "bulk"
    assert value(data, "Feedback-ID") == "2024-06-03:digest:edition:exampleorg"


def test_the_page_to_leave_stands_before_the_mail_and_both_carry_the_reader():
    page, by_mail = value(head().data, "List-Unsubscribe").split(", ")
    token = re.fullmatch(r"<https://papers\.example\.org/leave/([\w-]+)>", page)[1]
    assert by_mail == f"<mailto:papers@example.org?subject=unsubscribe%20{token}>"
    assert open_ticket(token, "unsubscribe", [KEY]).subscriber == "ada"


def test_the_web_copy_is_named():
    link = value(head().data, "Archived-At")
    token = re.fullmatch(r"<https://papers\.example\.org/edition/([\w-]+)>", link)[1]
    assert open_ticket(token, "edition", [KEY]).subscriber == "ada"


@pytest.mark.parametrize(
    "settings",
    [BARE, MailSettings(sender=BARE.sender, base_url="http://localhost:8000")],
    ids=["no web server", "plain http"],
)
def test_without_https_everything_works_by_mail(settings):
    data = head(settings).data
    names = [name for name, _ in fields(data)]
    assert names == [n for n in ORDER if n not in ONLY_WITH_PAGES and n != "Reply-To"]
    assert value(data, "List-Unsubscribe").startswith("<mailto:papers@example.org?subject=unsub")
    assert value(data, "List-Help") == "<mailto:papers@example.org?subject=help>"
    assert b"http" not in data


def test_without_a_key_one_leaves_by_a_plain_mail():
    data = head(key=None).data
    link = "<mailto:papers@example.org?subject=unsubscribe>"
    assert value(data, "List-Unsubscribe") == link


def test_the_list_can_have_a_name_of_its_own():
    settings = MailSettings(sender=BARE.sender, list_id="daily.papers.example.org")
    assert value(head(settings).data, "List-Id") == "Daily Papers <daily.papers.example.org>"
    assert value(head(settings).data, "Feedback-ID") == "2024-06-03:daily:edition:exampleorg"


def test_a_short_domain_is_a_feedback_sender_of_five_letters():
    settings = MailSettings(sender="a@b.io")
    assert value(head(settings).data, "Feedback-ID").endswith(":bioxx")


def test_nothing_but_to_names_the_reader():
    data = head(id="adalovelace", address="ada.l@example.net").data
    rest = data.replace(value(data, "To").encode(), b"").lower()
    assert not re.search(rb"ada|lovelace|example\.net", rest)


def test_the_envelope_sender_says_which_mail_came_back():
    found = head()
    assert re.fullmatch(r"bounces\+[a-z2-7]+@example\.org", found.sender)
    assert returned(found.sender, "example.org", [KEY]) == found.message_id
    assert head(BARE).sender == "papers@example.org"


def test_a_retry_is_the_same_mail_and_another_edition_is_another():
    assert head() == head()
    editions = [
        an_edition(),
        an_edition(date=dt.date(2024, 6, 4)),
        an_edition(subscriber=a_subscriber("bob")),
    ]
    assert len({message_id(edition, SETTINGS) for edition in editions}) == 3
    assert head().message_id == message_id(an_edition(), SETTINGS)


def test_equal_instants_are_written_equally():
    zone = dt.timezone(dt.timedelta(hours=2))
    there = an_edition(composed_at=AT.astimezone(zone))
    written = letterhead(SETTINGS, links_of(SETTINGS, KEY)).heading(there, "Deep and 9 more")
    assert written == head()


BODY = b"""\
Content-Type: multipart/alternative; boundary="=_b"

--=_b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

There are new papers.
--=_b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 7bit

<html lang="en"><h1>There are new papers.</h1></html>
--=_b--
""".replace(b"\n", b"\r\n")


def test_the_checklist_finds_nothing_in_the_header_of_an_edition():
    found = lint(head(title="Ein Maß für Größe").data + BODY)
    wrong = [one for one in found if one.rule.startswith("H") and one.rule != "H13"]
    assert not wrong


def test_a_notice_has_what_every_mail_has_and_nothing_of_a_list():
    paper = letterhead(SETTINGS, links_of(SETTINGS, KEY))
    made = paper.notice("bob@example.net", "Bob", "Confirm, please", seed="bob", at=AT)
    assert [name for name, _ in fields(made.data)] == NOTICE
    assert (made.recipient, value(made.data, "Subject")) == ("bob@example.net", "Confirm, please")
    assert made == paper.notice("bob@example.net", "Bob", "Confirm, please", seed="bob", at=AT)
    assert made.message_id != head().message_id
    assert returned(made.sender, "example.org", [KEY]) == made.message_id
    found = lint(made.data + BODY)
    assert not [one for one in found if one.rule.startswith("H")]


def test_a_notice_to_what_is_no_address_is_refused():
    paper = letterhead(SETTINGS, links_of(SETTINGS, KEY))
    with pytest.raises(RenderError, match=r"the notice 'x' cannot be written: .* is not one mail"):
        paper.notice("a@b,c@d", "", "Confirm", seed="x", at=AT)


# The first trap: encoded words that hide a line break -------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_no_title_or_name_adds_a_field(text):
    data = head(title=text, name=text).data
    assert [name for name, _ in fields(data)] == ORDER
    mail = parsed(data)
    assert mail.keys() == ORDER
    (to,) = mail["To"].addresses
    assert to.addr_spec == "ada@example.org"
    again = email.message_from_bytes(mail.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert again.keys() == ORDER  # by this interpreter's own writing of what it read
    written = EmailMessage()
    for name in ORDER:
        written[name] = str(mail[name])  # decoded, and encoded anew
    assert "Bcc" not in email.message_from_bytes(written.as_bytes())


@pytest.mark.parametrize("text", HOSTILE)
def test_no_title_of_the_newsletter_adds_a_field(text):
    try:
        settings = MailSettings(title=text, sender=SETTINGS.sender, base_url=SETTINGS.base_url)
    except ValueError:
        return  # refused at the door
    data = head(settings).data
    assert [name for name, _ in fields(data)] == [name for name in ORDER if name != "Reply-To"]
    assert value(data, "List-Id").endswith(" <digest.example.org>")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_title_comes_back_as_it_was_cleaned(text):
    assert shown(value(head(title=text).data, "Subject")) == header_text(text)


# The second trap: long tokens of structured fields ----------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 200), st.integers(0, 50))
@example(0, 0)
@example(200, 50)
def test_a_link_of_any_length_is_never_encoded_or_broken(id_chars, path_chars):
    settings = MailSettings(sender=SETTINGS.sender, base_url=f"https://x.org/{'p' * path_chars}")
    data = head(settings, id="i" + "d" * id_chars).data
    links = links_of(settings, KEY)
    date = dt.date(2024, 6, 3)
    who = "i" + "d" * id_chars
    page, by_mail = links.unsubscribe_url(who, date), links.unsubscribe_mailto(who, date)
    assert value(data, "List-Unsubscribe") == f"<{page}>, <{by_mail}>"
    assert parsed(data)["List-Unsubscribe"] == f"<{page}>, <{by_mail}>"
    assert parsed(data)["Archived-At"] == f"<{links.edition_url(who, date)}>"
    assert b"=?" not in data
    token = page.rpartition("/")[2]
    assert 28 <= len(token) <= 300
    assert open_ticket(token, "unsubscribe", [KEY]).subscriber == who


def test_a_link_that_fits_into_no_line_is_refused():
    with pytest.raises(RenderError, match=r"the links of the subscriber .* are too long"):
        head(id="i" * 700)


def test_a_line_is_long_only_where_it_cannot_be_folded():
    long = "a word of a long title that goes on and on, Größe, " * 4
    data = head(title=long, name=long, id="i" * 64).data
    for line in data.split(b"\r\n"):
        assert len(line) <= 78 or len(line.split(b" ")) <= 2, line


# The third trap: what must not be seen or hides what is -----------------------------------------


@settings(deadline=None, max_examples=200)
@given(st.one_of(anything, nasty), st.one_of(anything, nasty))
def test_no_text_breaks_the_form_of_a_header(title, name):
    data = head(title=title, name=name).data
    assert data.isascii()
    assert [name for name, _ in fields(data)] == ORDER
    assert parsed(data).keys() == ORDER
    written = shown(value(data, "Subject")) + shown(value(data, "To"))
    hidden = {"Cc", "Cs", "Zl", "Zp"}
    assert not [mark for mark in written if unicodedata.category(mark) in hidden]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", written)


@settings(deadline=None, max_examples=300)
@given(st.one_of(anything, nasty, nasty.map("{}@example.org".format), st.emails()))
def test_an_address_is_one_address_or_refused(address):
    try:
        data = head(address=address).data
    except RenderError as error:
        assert "is not one mail address" in str(error)
        return
    assert [name for name, _ in fields(data)] == ORDER
    assert address.isprintable()
    assert value(data, "To").count("<") == 1


@pytest.mark.parametrize(
    "address",
    [
        *("a@b\r\nRCPT TO:<x>", "a@b>,<c@d", "a\x00@b", "nobody", "", "@", "a@", "@b", "a b@c.org"),
        *(
            "a@b@c",
            "a@b,c@d",
            "a;b@c.org",
            "(x)a@b.org",
            "a@b.org (x)",
            "a\u202e@b.org",
            "a@b..org",
        ),
        *("a@.org", "a@b c.org", "a\u2028@b.org", "a\u00a0@b.org", "a\ud800@b.org", '"a b"@c.org'),
        *("a" * 65 + "@b.org", "a@" + "b" * 250 + ".org", "ü" * 33 + "@b.org", "a\u200b@b.org"),
    ],
)
def test_what_is_not_one_address_is_refused_at_the_door(address):
    with pytest.raises(ValueError, match="is not one mail address"):
        one_address(address)
    with pytest.raises(RenderError, match=r"^ada/2024-06-03: .*; correct the subscriber"):
        head(address=address)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ada@example.org", "ada@example.org"),
        ("o'neil+x@example.org", "o'neil+x@example.org"),
        (".@example.org", '"."@example.org'),
        ("a..b@example.org", '"a..b"@example.org'),
        ("a.@example.org", '"a."@example.org'),
        ('"a..b"@example.org', '"a..b"@example.org'),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
    ],
)
def test_odd_dots_are_quoted(address, written):
    assert addr_spec(one_address(address)) == written
    assert value(head(address=address).data, "To") == f"Ada Lovelace <{written}>"
    assert head(address=address).recipient == address


@pytest.mark.parametrize(
    ("address", "bare"),
    [
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@straße.example", "a@straße.example"),  # not strasse: that is somebody else's
        ("дарья@example.org", "дарья@example.org"),
    ],
)
def test_letters_beyond_ascii_stay_those_of_the_address(address, bare):
    found = head(address=address, name="")
    assert found.recipient == bare
    assert f"To: {bare}\r\n".encode() in found.data


@pytest.mark.parametrize("address", ["ada@example.org", "ada@" + "d" * 50 + ".org", "a..b@c.org"])
@settings(deadline=None)
@given(st.one_of(st.from_regex(r"([A-Za-z0-9 =?-]{1,40})", fullmatch=True), nasty))
def test_a_plain_name_is_written_as_any_other(address, name):
    found = head(name=name, address=address).data
    assert mime.field("To", mime.mailbox(name, addr_spec(address))) in found


def test_the_public_edition_has_no_header():
    with pytest.raises(RenderError, match=r"has no address, so there is no mail"):
        head(address=None)


@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        ("base_url", "papers.example.org"),
        ("base_url", "https://x.org/?a=b"),
        ("base_url", "https://x.org/a,b"),
        ("base_url", "https://x.org/" + "a" * 80),
        ("list_id", "papers"),
        ("list_id", "a b.org"),
        ("bounces", "nobody"),
        ("bounces", "a-long-name-for-it@example.org"),
    ],
)
def test_settings_that_make_no_header_are_refused(setting, wrong):
    with pytest.raises(ValueError, match=f"^{setting}: "):
        MailSettings(sender=SETTINGS.sender, **{setting: wrong})
