"""Passwords are hashes that only the password fits, and the command makes them."""

from __future__ import annotations

import io
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.web import passwords
from digest.web.passwords import hashed, is_hash, matches
from digest.web.settings import WebSettings
from tests.support.installation import Installation, here

__all__ = ["here"]

MADE = hashed("correct horse")


def test_the_password_of_a_hash_matches_and_no_other():
    assert matches("correct horse", MADE)
    assert not matches("correct horse ", MADE)
    assert not matches("", MADE)


def test_one_password_has_another_hash_each_time():
    assert hashed("correct horse") != MADE
    assert "correct" not in MADE


def test_letters_that_look_the_same_are_the_same():
    composed = "zoë straße"
    made = hashed(composed)
    assert matches(unicodedata.normalize("NFD", composed), made)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "correct horse",
        MADE.upper(),
        MADE[:-1],
        MADE + "=",
        MADE.replace("scrypt:15", "scrypt:30"),
        MADE.replace(":8:", ":99:", 1),
        MADE.replace("scrypt:15:8:3", "scrypt:00:0:0"),
    ],
    ids=range(8),
)
def test_what_is_no_hash_of_ours_matches_nothing(stored):
    assert not is_hash(stored)
    assert not matches("correct horse", stored)


@given(st.text(max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_text_is_told_apart_from_a_hash_without_an_error(text):
    assert is_hash(text) == (passwords._parts(text) is not None)


def test_the_settings_refuse_a_password_that_is_no_hash():
    with pytest.raises(ValueError, match="web-password"):
        WebSettings(admin_password="correct horse")
    assert "scrypt" not in repr(WebSettings(admin_password=MADE))


def test_the_settings_refuse_a_header_that_anybody_could_send():
    with pytest.raises(ValueError, match="proxies"):
        WebSettings(admin_header="X-User")


def test_the_command_makes_the_hash_of_what_comes_in(here: Installation, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
    ran = here.digest("web-password")
    assert ran.code == 0
    assert matches("correct horse battery", ran.out.strip())


def test_the_command_refuses_a_password_that_can_be_guessed(here: Installation, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    ran = here.digest("web-password")
    assert ran.code == 2
    assert "at least 12" in ran.err
    assert "secret" not in ran.out + ran.err
