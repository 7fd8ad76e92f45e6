"""A press: pieces that are ready and shared, mails that are whole, and none too long."""

from __future__ import annotations

import email
import re
import smtplib
from binascii import a2b_qp
from email import policy
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.editions import Reason
from digest.links import SECRET, Key, open_ticket
from digest.render.plain import plain
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.stencils import HOLES, TOKEN, holes, ready, stencil
from digest.render.templates import environment
from tests.support.builders import a_paper, a_pick, a_quiet_edition, a_subscriber, an_edition
from tests.support.mailserver import mail_server

ENV = environment()
KEY = Key(1, b"k" * SECRET)
SETTINGS = MailSettings(sender="Papers <papers@example.org>", base_url="https://papers.example.org")
anything = st.text(st.characters(codec=None), max_size=200)


def pressed(edition, settings=SETTINGS, key=KEY):
    return Press(settings, ENV, key).html(edition)


def parsed(data):
    return email.message_from_bytes(data, policy=policy.default)


def long_picks(count, **known):
    abstract = "We propose a method that is told at length, " + "and at more length, " * 9 + "here."
    return [
        a_pick(a_paper(f"Paper number {n}", abstract=abstract, arxiv_id=f"2406.{n:05d}"), **known)
        for n in range(count)
    ]


@settings(deadline=None)  # the first example loads what the others use
@given(st.lists(anything, max_size=6))
def test_ready_pieces_joined_are_the_texts_joined(texts):
    texts = [text.encode("utf-8", "replace").decode().replace("\r", "") for text in texts]
    data = b"".join(map(ready, texts))
    assert a2b_qp(data).decode().replace("\r\n", "\n") == "".join(texts)
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.startswith((b".", b"From ")) for line in lines)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)


def test_a_stencil_keeps_its_holes_open_and_counts_what_it_says():
    given = holes(["why"])
    made = stencil(f"a% {given['why']} b{given['note']} {TOKEN}ü\n")
    assert made.holes == ("why",)
    assert made.tokens == 1
    assert made.size == len("a%  b ü\r\n".encode())
    filled = b"".join(made.filled({"why": [ready("1"), ready("2")]}))
    assert filled.replace(b"=\r\n", b"") == b"a% 12 b \x01=C3=BC\r\n"


def test_no_text_from_outside_holds_what_marks_a_hole():
    marks = "".join(holes(HOLES).values()) + TOKEN
    edition = an_edition(
        a_pick(f"Deep {marks} End", interest=marks + "x", reasons=(Reason("term", marks, 1),)),
        subscriber=a_subscriber(name=marks),
        note=marks,
    )
    page = pressed(edition, MailSettings(title=f"A {marks}", intro=marks))
    assert not set(marks) & set(page)
    assert "Deep End" in page


def test_cards_are_the_same_for_all_readers_but_for_reasons_and_links():
    press = Press(SETTINGS, ENV, KEY)
    picks = long_picks(3)
    ada = press.message(an_edition(*picks))
    bob = press.message(an_edition(*reversed(picks), subscriber=a_subscriber("bob")))
    assert ada == Press(SETTINGS, ENV, KEY).message(an_edition(*picks))
    assert b"bob@example.org" not in ada.data
    for message, order in ((ada, [0, 1, 2]), (bob, [2, 1, 0])):
        page = parsed(message.data).get_body(("html",)).get_content()
        assert [int(n) for n in re.findall(r"Paper number (\d)</a>", page)] == order


def test_every_card_has_three_links_that_say_whose_they_are():
    page = pressed(an_edition(*long_picks(2)))
    found = re.findall(r'href="https://papers\.example\.org/vote/([^/"]+)/(\w+)/([^"]+)"', page)
    assert [(value, paper) for _, value, paper in found] == [
        (value, f"arxiv:2406.0000{n}") for n in range(2) for value in ("more", "less", "save")
    ]
    assert {open_ticket(token, "vote", [KEY]).subscriber for token, _, _ in found} == {"ada"}


def test_a_paper_with_a_long_key_has_a_short_name_in_links():
    page = pressed(an_edition(a_pick("A title that goes on " * 15)))
    (name, *_) = re.findall(r"/vote/[^/]+/more/([^\"]+)", page)
    assert re.fullmatch(r"title:[0-9a-f]{24}", name)


@pytest.mark.parametrize(
    ("settings", "key", "links"),
    [
        (MailSettings(), KEY, 0),
        (SETTINGS, None, 0),
        (MailSettings(unsubscribe="requests@example.org"), KEY, 3),
    ],
    ids=["nowhere-to-send-votes", "no-key", "votes-by-mail"],
)
def test_links_to_vote_appear_only_where_votes_can_arrive(settings, key, links):
    page = pressed(an_edition(), settings, key)
    assert page.count("like this</a>") + page.count(">Save</a>") == links
    if links:
        assert page.count('href="mailto:requests@example.org?subject=vote%20') == 3


@pytest.mark.parametrize("count", [1, 60, 300])
@pytest.mark.parametrize("kilobytes", [20, 80])
def test_a_mail_is_never_longer_than_its_budget_and_says_what_did_not_fit(count, kilobytes):
    chosen = MailSettings(base_url=SETTINGS.base_url, html_kb=kilobytes)
    edition = an_edition(*long_picks(count))
    mail = parsed(Press(chosen, ENV, KEY).message(edition).data)
    page = mail.get_body(("html",)).get_content()
    shown = page.count("<h3")
    assert len(page.replace("\r\n", "\n").replace("\n", "\r\n").encode()) <= kilobytes * 1000
    assert [int(n) for n in re.findall(r"Paper number (\d+)</a>", page)] == list(range(shown))
    assert (f">{count - shown} more on the web</a>" in page) == (shown < count)
    assert "/leave/" in page
    text = mail.get_body(("plain",)).get_content()
    assert text.count("Paper number") == shown
    assert "/leave/" in text


def test_the_budget_is_used():
    page = pressed(an_edition(*long_picks(300)))
    assert 76_000 < len(page.encode()) <= 80_000


def test_without_a_web_copy_the_rest_did_not_fit():
    edition = an_edition(*long_picks(300))
    assert "more did not fit into this mail" in pressed(edition, MailSettings(), None)


def test_the_copy_on_the_web_is_whole():
    edition = an_edition(*long_picks(100))
    page = Press(SETTINGS, ENV, KEY).html(edition, whole=True)
    assert page.count("<h3") == 100
    assert "more on the web" not in page


def test_one_card_is_shown_whatever_its_size():
    chosen = MailSettings(html_kb=20, abstract="full")
    paper = a_paper("Deep", abstract="We &&&&&&&&. " * 400, authors=("<" * 400,) * 6)
    assert pressed(an_edition(a_pick(paper), a_pick("B")), chosen).count("<h3") == 1


def test_ten_papers_with_everything_stay_below_30_kilobytes():
    picks = [
        a_pick(
            a_paper(
                f"A Method of a Usual Length for Training Large Models with Less Memory {n}",
                abstract="We propose a method that " + "is told at usual length " * 8 + "here. "
                "Code: https://github.com/example/method.",
                authors=("Ada Lovelace", "Maria Sandström", "Wei Chen", "Emmy Noether"),
                arxiv_id=f"2406.{n:05d}",
            ),
            interest=f"Interest {n % 3}",
            reports=2,
            reasons=(
                Reason("term", "memory", 2),
                Reason("example", "Attention Is All You Need", 1),
            ),
        )
        for n in range(10)
    ]
    assert len(pressed(an_edition(*picks)).encode()) < 30_000


def test_a_quiet_day_is_short_and_says_so():
    edition = a_quiet_edition(note="Nothing new since Friday: the source was silent.")
    page = pressed(edition)
    assert "A quiet Monday" in page
    assert "Nothing new since Friday" in page
    assert "No new papers came in." not in page  # the note has said so
    assert "Still watching for you: Distributed training." in page
    assert len(page) < 6_000


def test_the_amount_of_abstract_is_a_setting():
    abstract = "We train networks. We propose a method that is new. It works well on the tasks."
    edition = an_edition(a_pick(a_paper("Deep", abstract=abstract)))
    shown = {
        amount: plain(unescape(pressed(edition, MailSettings(abstract=amount))))
        for amount in ("none", "tldr", "full")
    }
    assert "We propose" not in shown["none"]
    assert "We propose" in shown["tldr"]
    assert abstract not in shown["tldr"]
    assert abstract in shown["full"]


def test_each_reader_of_a_run_is_shown_as_much_of_abstracts_as_they_chose():
    abstract = "We train networks. We propose a method that is new. It works well on the tasks."
    pick = a_pick(a_paper("Deep", abstract=abstract))
    press = Press(SETTINGS, ENV, KEY)
    for _ in range(2):  # the second time, every card is kept ready
        none, usual, full = (
            plain(unescape(press.html(an_edition(pick, subscriber=a_subscriber(abstract=amount)))))
            for amount in ("none", "", "full")
        )
        assert "We propose" not in none
        assert "We propose" in usual and abstract not in usual
        assert abstract in full


SMUGGLED = [
    "end\r\n.\r\nMAIL FROM:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\nSubject: x",
    "end\n.\r\nMAIL FROM:<x@example.org>",
    "end\r.\rMAIL FROM:<x@example.org>",
    "end\r\n.\nMAIL FROM:<x@example.org>",
    "end\n.\nRSET",
    ".",
    "..",
    "From the start",
]


@pytest.mark.parametrize("text", SMUGGLED)
def test_no_text_can_end_a_mail_and_begin_another(text):
    paper = a_paper(text, abstract=text, authors=(text,))
    edition = an_edition(a_pick(paper, interest=text), note=text)
    data = Press(SETTINGS, ENV, KEY).message(edition).data
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    assert not re.search(rb"^\.", data, re.MULTILINE)
    with mail_server() as server:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail("a@example.org", ["b@example.org"], data)
        assert [mail.data for mail in server.received] == [data]


@pytest.mark.parametrize("length", [1, 8, 40, 80, 200])
def test_long_names_of_readers_make_long_links_that_are_never_encoded(length):
    edition = an_edition(subscriber=a_subscriber("s" * length, address="a@example.org"))
    data = Press(SETTINGS, ENV, KEY).message(edition).data
    assert max(map(len, data.split(b"\r\n"))) <= 998
    head = data.partition(b"\r\n\r\n")[0]
    field = re.search(rb"^List-Unsubscribe: ([^\r]*(?:\r\n [^\r]*)*)", head, re.MULTILINE)[1]
    https, mailto = field.replace(b"\r\n ", b" ").split(b", ")
    assert https.startswith(b"<https://papers.example.org/leave/")
    assert mailto.startswith(b"<mailto:")
    assert b"=?" not in field
    assert parsed(data)["List-Unsubscribe"] == field.replace(b"\r\n ", b" ").decode()
