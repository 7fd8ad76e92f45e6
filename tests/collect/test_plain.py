"""Text and addresses from outside become plain and bounded."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect.plain import ABSTRACT_CHARS, plain, safe_link

ANY = st.text(st.characters())  # lone surrogates too


@given(ANY, st.integers(1, 60))
def test_plain_text_is_one_bounded_line_of_clean_nfc(text, limit):
    result = plain(text, limit)
    assert len(result) <= limit
    assert unicodedata.is_normalized("NFC", result)
    assert result == " ".join(result.split())
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in result)
    assert not set(result) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff"
    )
    result.encode("utf-8")


@given(ANY)
def test_making_plain_text_plain_changes_nothing(text):
    once = plain(text, 50)
    assert plain(once, 50) == once


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a\u202eb\u2066c", "abc"),
        ("a\0b\x07c\x9bd", "abcd"),
        ("a\u2028b\x85c\r\n\td\u00a0 e", "a b c d e"),
        ("e\u0301", "é"),
        ("trans\u00adformer \ud800", "transformer"),
        ("<SEG> {{7*7}} <script>alert(1)</script>", "<SEG> {{7*7}} <script>alert(1)</script>"),
        ("深度学习", "深度学习"),
        ("👩‍🔬 می‌خواهم", "👩‍🔬 می‌خواهم"),  # the joiners inside are part of the words
    ],
)
def test_what_goes_and_what_stays(text, result):
    assert plain(text, 100) == result


def test_text_at_the_limit_is_whole():
    assert plain("x" * 10, 10) == "x" * 10


def test_text_over_the_limit_ends_in_an_ellipsis():
    assert plain("x" * 11, 10) == "x" * 9 + "…"


def test_a_pile_of_combining_marks_is_cut_and_costs_no_time():
    start = time.process_time()
    result = plain("a" + "\u0316\u0301" * 100_000, ABSTRACT_CHARS)
    assert time.process_time() - start < 2
    assert len(result) <= 31


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2401.00001",
        "http://example.org:8080/a?b=c&d#e",
        "https://日本.jp/論文",
    ],
)
def test_whole_web_addresses_are_links(url):
    assert safe_link(f" {url}\n") == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org/",
        "//example.org/",
        "/papers/1",
        "https://",
        "https:///path",
        "http://[::1",
        "https://example.org:99999/",
        "https://arxiv.org@example.org/",
        'https://example.org/"onclick="x',
        "https://example.org/a b",
        "java\nscript:x",
        "https://example.org/\u202eabc",
        "https://example.org/" + "x" * 2_000,
        "",
    ],
)
def test_anything_else_is_no_link(url):
    assert safe_link(url) is None


@given(ANY)
def test_any_text_is_a_link_or_none(text):
    assert safe_link(text) in (None, text.strip())
    assert safe_link("https://" + text) in (None, ("https://" + text).strip())
