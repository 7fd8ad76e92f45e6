"""How mails are taken apart: header, MIME tree, addresses, encoded words, HTML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.lint.addresses import aligned, is_address, mailboxes, organization
from digest.lint.fields import head, split
from digest.lint.looks import colour, contrast, declarations
from digest.lint.mime import content_type, read
from digest.lint.pages import page
from digest.lint.tokens import tokens
from digest.lint.words import words


def test_a_field_keeps_its_folds_and_is_read_without_them():
    (field,) = head(b"Subject: one\r\n two\r\n").fields
    assert (field.lines, field.value) == ((b"Subject: one", b" two"), "one two")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"A: b\r\n\r\nbody", (b"A: b\r\n\r\n", b"body")),
        (b"A: b\n\nbody", (b"A: b\n\n", b"body")),
        (b"\r\nbody", (b"", b"body")),
        (b"A: b\r\n", (b"A: b\r\n", b"")),
        (b"", (b"", b"")),
    ],
)
def test_a_header_ends_at_the_first_empty_line(data, expected):
    assert split(data) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.org", [("", "a@b.org")]),
        ("A B <a@b.org>", [("A B", "a@b.org")]),
        ('"B, A" <a@b.org>, c@d.org', [('"B, A"', "a@b.org"), ("", "c@d.org")]),
        ("a@b.org (a comment, with a comma)", [("", "a@b.org")]),
        ('"a b"@c.org', [("", '"a b"@c.org')]),
    ],
)
def test_mailboxes_are_told_apart_at_commas_outside_quotes(value, expected):
    assert [(box.name, box.address) for box in mailboxes(value)] == expected


@pytest.mark.parametrize("value", ["", "a", "a@b, ", "<a@b", "A <a b@c>", "x:;", "a@b..c", "@b.c"])
def test_what_is_no_mailbox_is_refused(value):
    with pytest.raises(ValueError):
        mailboxes(value)


def test_a_local_part_of_64_octets_is_an_address_and_of_65_is_none():
    assert is_address("a" * 64 + "@b.org")
    assert not is_address("a" * 65 + "@b.org")


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("mail.example.org", "example.org"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_an_organization_is_what_somebody_registered(domain, expected):
    assert organization(domain) == expected


def test_siblings_are_aligned_and_strangers_are_not():
    assert aligned("news.example.org", "mail.Example.org")
    assert not aligned("one.co.uk", "other.co.uk")


def test_encoded_words_are_joined_over_the_space_between_them():
    assert words("=?utf-8?q?a?= =?UTF-8?b?Yg==?= c").text == "ab c"


def test_a_boundary_is_a_delimiter_only_at_the_start_of_a_line():
    header = head(b'Content-Type: multipart/mixed; boundary="b"\r\n')
    body = b"x--b\r\n--b\r\n\r\none --b\r\n--bc\r\n--b \r\n\r\ntwo\r\n--b--\r\n"
    root = read(header, body)
    assert [part.body for part in root.parts] == [b"one --b\r\n--bc", b"two"]
    assert root.closed


def test_parameters_may_be_quoted_and_the_first_of_a_name_counts():
    value = 'Text/HTML ; charset="ut\\f-8"; CHARSET=x'
    assert content_type(value) == ("text/html", {"charset": "utf-8"})


@given(st.text("<>=\"'/ab !-&#;1\n", max_size=200))
@settings(deadline=None)
def test_any_text_is_cut_into_tokens(source):
    assert all(token.text or token.name for token in tokens(source + "x"))


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("a<!-- b -->c", ["a", "c"]),
        ("a <b", ["a "]),
        ("1 < 2", ["1 < 2"]),
        ("<!--[if mso]><p>x</p><![endif]-->y", ["y"]),
        ("<style>a<b</style>c", ["a<b", "c"]),
        ("<a title='x>y'>z", ["z"]),
        ("&lt;b&gt;", ["<b>"]),
        ("&#" + "9" * 5000 + ";", ["\ufffd"]),
    ],
)
def test_texts_stand_between_tags(source, texts):
    assert [token.text for token in tokens(source) if token.kind == "text"] == texts


def test_looks_are_inherited_and_end_with_their_element():
    read_page = page('<p style="color:#fff">a<b style="font-size:2em">b</b>c</p>d')
    looks = [(run.text, run.look.colour, run.look.size) for run in read_page.runs]
    white, black = (255, 255, 255), (0, 0, 0)
    assert looks == [("a", white, 16), ("b", white, 32), ("c", white, 16), ("d", black, 16)]


def test_cells_and_items_left_open_are_closed_by_the_next():
    read_page = page('<tr><td style="color:red">a<td>b<tr><td>c')
    assert [run.look.colour for run in read_page.runs] == [(255, 0, 0), (0, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("#fff", (255, 255, 255)),
        ("#0f5f8c", (15, 95, 140)),
        ("rgb(1, 2,300)", (1, 2, 255)),
        ("navy", (0, 0, 128)),
        ("rgba(0,0,0,.5)", None),
        ("var(--ink)", None),
    ],
)
def test_colours_are_known_or_none(value, expected):
    assert colour(value) == expected


def test_contrast_is_21_for_black_on_white_and_4_48_for_777():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.478, abs=1e-3)


def test_the_last_declaration_of_a_name_counts():
    assert declarations("Color: RED !important; color:blue;;x") == {"color": "blue"}
