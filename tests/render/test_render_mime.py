"""Header fields and encoded bodies, byte for byte."""

from __future__ import annotations

import email
import quopri
from email import policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render import mime

CLEAN = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=300)


def test_a_field_is_folded_between_tokens_only():
    written = mime.field("List-Id", ["word" * 10, "word" * 10, f"<{'x' * 200}>"])
    assert written.split(b"\r\n") == [
        b"List-Id: " + b"word" * 10,
        b" " + b"word" * 10,
        b" <" + b"x" * 200 + b">",
        b"",
    ]


@pytest.mark.parametrize("mark", ["\r", "\n", "\0", "\x7f", "\x85", "\u2028"])
def test_a_control_character_never_enters_a_field(mark):
    with pytest.raises(ValueError, match="header X"):
        mime.field("X", [f"a{mark}b"])


@settings(deadline=None)  # the first example loads what the others use
@given(CLEAN)
def test_encoded_words_hold_whole_characters_and_come_back(text):
    text = mime.header_text(text)
    words = mime.encoded_words(text)
    assert all(len(word) <= 75 for word in words)
    for word in words:
        make_header(decode_header(word)).encode()  # each can be decoded alone, RFC 2047 §5
    assert "".join(str(make_header(decode_header(word))) for word in words) == text


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("Ada Lovelace", ["Ada", "Lovelace", "<a@b>"]),
        ("J. Doe", ['"J. Doe"', "<a@b>"]),
        ('A "B" \\ C', ['"A \\"B\\" \\\\ C"', "<a@b>"]),
        ("Maria Sandström", ["=?utf-8?q?Maria_Sandstr=C3=B6m?=", "<a@b>"]),
        ("日本", ["=?utf-8?b?5pel5pys?=", "<a@b>"]),
        ("", ["a@b"]),
    ],
)
def test_a_display_name_is_atoms_a_quoted_string_or_encoded_words(name, tokens):
    assert mime.mailbox(name, "a@b") == tokens


@settings(deadline=None)  # the first example loads what the others use
@given(st.text("From .=\n é", max_size=300))
def test_no_encoded_line_is_long_or_looks_like_a_mailbox_or_the_end(text):
    data = text.replace("\n", "\r\n").encode()
    encoded = mime.quoted_printable(data)
    assert quopri.decodestring(encoded) == data
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b"From ", b"."))
        assert b"\n" not in line
        assert not line.endswith((b" ", b"\t"))


@settings(deadline=None)  # the first example loads what the others use
@given(st.text(max_size=200))
def test_a_boundary_never_occurs_in_what_it_bounds(text):
    encoded = mime.quoted_printable(text.replace("\ud800", "").encode("utf-8", "replace"))
    mark = mime.boundary(text.encode("utf-8", "replace").decode())
    assert b"=_" not in encoded
    assert len(mark) <= 70


def test_two_forms_are_one_body_the_plainer_first():
    data = b"".join([b"Subject: x\r\n", *mime.alternative("x", [b"a", b"b\r\n"], [b"<p>\r\n"])])
    mail = email.message_from_bytes(data, policy=policy.default)
    assert mail.get_content_type() == "multipart/alternative"
    parts = [(part.get_content_type(), part.get_content()) for part in mail.iter_parts()]
    assert parts == [("text/plain", "ab\r\n"), ("text/html", "<p>\r\n")]
