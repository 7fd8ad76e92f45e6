"""Links that nobody can make, change, read or use for something else."""

from __future__ import annotations

import base64
import datetime as dt
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digest.links import (
    BOUNCES,
    SECRET,
    Key,
    Links,
    Ticket,
    mailto,
    message_id,
    open_ticket,
    open_token,
    returned,
    seal,
)

DATE = dt.date(2024, 6, 3)
KEY, OTHER = Key(1, bytes(range(SECRET))), Key(2, bytes(SECRET))
LINKS = Links("leave@example.org", "https://papers.example.org", "bounces@example.org", KEY)
PURPOSES = ["unsubscribe", "vote", "confirm", "edition", "bounce"]
ID = message_id(DATE, b"0123456789ab", "example.org")

purposes = st.sampled_from(PURPOSES)
secrets = st.binary(min_size=SECRET, max_size=SECRET)
keys = st.builds(Key, st.integers(1, 255), secrets)
said = st.binary(max_size=100)


def octets(token, purpose):
    if purpose == "bounce":
        return base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def written(raw, purpose):
    encode = base64.b32encode if purpose == "bounce" else base64.urlsafe_b64encode
    return encode(raw).decode().rstrip("=")


@given(said, purposes, keys)
def test_a_token_says_what_it_was_made_of(what, purpose, key):
    token = seal(what, purpose, key)
    assert open_token(token, purpose, [key]) == what
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)


@given(said, purposes, st.data())
def test_no_octet_of_a_token_can_be_changed(what, purpose, data):
    raw = bytearray(octets(seal(what, purpose, KEY), purpose))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    changed = written(raw, purpose)
    assert open_token(changed, purpose, [KEY, OTHER]) is None


@given(said, purposes, st.data())
def test_no_character_of_a_token_can_be_changed_added_or_removed(what, purpose, data):
    token = seal(what, purpose, KEY)
    at = data.draw(st.integers(0, len(token) - 1))
    mark = data.draw(st.characters())
    assume(mark.lower() != token[at].lower())
    assert open_token(token[:at] + mark + token[at + 1 :], purpose, [KEY]) is None
    assert open_token(token[:at] + mark + token[at:], purpose, [KEY]) is None
    assert open_token(token[:at] + token[at + 1 :], purpose, [KEY]) is None


def test_of_texts_for_the_same_octets_only_one_is_taken():
    token = seal(b"xy", "vote", KEY)  # 19 octets: the last character has bits that say nothing
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    alike = [token[:-1] + mark for mark in letters]
    assert len({octets(one, "vote") == octets(token, "vote") for one in alike}) == 2
    assert [one for one in alike if open_token(one, "vote", [KEY])] == [token]
    assert open_token(token + "=", "vote", [KEY]) is None
    assert open_token(f" {token}\n", "vote", [KEY]) is None


@given(said, purposes, purposes)
def test_a_token_serves_one_purpose_only(what, purpose, other):
    assume(purpose != other)
    assert open_token(seal(what, purpose, KEY), other, [KEY]) is None


@given(said, purposes, keys)
def test_a_token_of_another_key_is_refused(what, purpose, key):
    assume(key.secret != KEY.secret)
    same_number = Key(KEY.number, key.secret)
    token = seal(what, purpose, KEY)
    assert open_token(token, purpose, [key]) is None
    assert open_token(token, purpose, [same_number]) is None
    assert open_token(token, purpose, []) is None


@given(st.text(st.characters(codec=None), max_size=600), purposes)
def test_any_text_is_no_token_and_no_error(text, purpose):
    assert open_token(text, purpose, [KEY]) is None
    assert open_ticket(text, purpose, [KEY]) is None
    assert returned(text, "example.org", [KEY]) is None


@given(st.binary(max_size=80), purposes)
def test_random_octets_are_no_token(raw, purpose):
    raw = bytes([KEY.number]) + raw
    for written in (base64.urlsafe_b64encode(raw), base64.b32encode(raw)):
        assert open_token(written.decode().rstrip("="), purpose, [KEY]) is None


def test_an_old_key_still_opens_what_it_sealed():
    token = seal(b"ada", "unsubscribe", KEY)
    assert open_token(token, "unsubscribe", [OTHER, KEY]) == b"ada"


def test_a_token_does_not_show_who_reads():
    assert b"ada" not in octets(LINKS.vote_token("ada.lovelace", DATE), "vote")
    assert LINKS.vote_token("ada", DATE)[:22] != LINKS.vote_token("bob", DATE)[:22]


def test_a_token_is_the_same_whenever_the_mail_is_written_again():
    again = Links("leave@example.org", key=Key(1, bytes(range(SECRET))))
    assert LINKS.vote_token("ada", DATE) == again.vote_token("ada", DATE)


@given(st.text(st.characters(codec=None), max_size=40), st.dates(), purposes)
def test_a_ticket_comes_back(who, date, purpose):
    token = LINKS._ticket(purpose, who, date)
    assert open_ticket(token, purpose, [KEY]) == Ticket(who, date)


def test_a_token_of_two_octets_is_no_ticket():
    assert open_ticket(seal(b"ab", "vote", KEY), "vote", [KEY]) is None


def test_pages_carry_the_token_in_their_path():
    base = "https://papers.example.org"
    assert LINKS.archive_url == f"{base}/archive"
    assert LINKS.help_url == f"{base}/help"
    found = {
        "unsubscribe": LINKS.unsubscribe_url("ada", DATE),
        "edition": LINKS.edition_url("ada", DATE),
        "confirm": LINKS.confirm_url("ada", DATE),
    }
    for purpose, link in found.items():
        token = link.rpartition("/")[2]
        assert open_ticket(token, purpose, [KEY]) == Ticket("ada", DATE)
    assert LINKS.leave_url("ada", DATE) == found["unsubscribe"]


def test_by_mail_the_token_stands_in_the_subject():
    link = urlsplit(LINKS.unsubscribe_mailto("ada", DATE))
    word, token = parse_qs(link.query)["subject"][0].split()
    assert (link.path, word) == ("leave@example.org", "unsubscribe")
    assert open_ticket(token, "unsubscribe", [KEY]) == Ticket("ada", DATE)


def test_a_vote_names_the_paper_beside_the_readers_token():
    token = LINKS.vote_token("ada", DATE)
    assert LINKS.vote_url(token, "more", 17) == f"https://papers.example.org/vote/{token}/more/17"
    assert LINKS.vote_url(token, "save", "doi:10.1/a b").endswith("/save/doi:10.1%2Fa%20b")
    by_mail = Links("leave@example.org", key=KEY).vote_url(token, "less", 17)
    assert unquote(by_mail) == f"mailto:leave@example.org?subject=vote less 17 {token}"


def test_without_a_key_links_name_nobody():
    links = Links("leave@example.org", "https://papers.example.org", "bounces@example.org")
    assert links.unsubscribe_url("ada", DATE) is None
    assert links.edition_url("ada", DATE) is None
    assert links.vote_token("ada", DATE) is None
    assert links.envelope_sender(ID) is None
    assert links.leave_url("ada", DATE) == "mailto:leave@example.org?subject=unsubscribe"


def test_without_a_web_server_there_are_no_pages():
    links = Links("leave@example.org", key=KEY)
    assert (links.archive_url, links.help_url) == (None, None)
    assert links.unsubscribe_url("ada", DATE) is None
    assert links.leave_url("ada", DATE).startswith(
        "mailto:leave@example.org?subject=unsubscribe%20"
    )


def test_the_link_to_leave_stays_short_for_the_longest_id():
    links = Links("leave@example.org", "https://" + "d" * 72, key=KEY)
    assert len(links.unsubscribe_url("i" * 64, DATE)) < 200
    assert len(LINKS.unsubscribe_url("ada", DATE)) < 78


@given(st.dates(), st.binary(min_size=12, max_size=32))
def test_an_envelope_sender_names_its_message_and_fits(date, digest):
    id_ = message_id(date, digest, "example.org")
    links = Links("x@example.org", bounces=f"{'b' * BOUNCES}@example.org", key=KEY)
    sender = links.envelope_sender(id_)
    assert len(sender.partition("@")[0]) <= 64
    assert returned(sender, "example.org", [KEY]) == id_
    assert returned(sender.upper(), "example.org", [OTHER, KEY]) == id_
    assert returned(sender, "example.org", [OTHER]) is None


def test_a_message_of_somebody_else_has_no_envelope_sender():
    with pytest.raises(ValueError, match="is no Message-ID of this program"):
        LINKS.envelope_sender("<x@example.org>")


def test_mails_come_back_to_the_sender_unless_there_is_an_address_for_them():
    assert Links("x@example.org", key=KEY).envelope_sender(ID) is None


@pytest.mark.parametrize(("number", "size"), [(0, SECRET), (256, SECRET), (1, SECRET - 1)])
def test_a_key_has_a_number_of_one_octet_and_its_full_length(number, size):
    with pytest.raises(ValueError, match="a key has a number from 1 to 255"):
        Key(number, bytes(size))


def test_a_key_never_shows_its_secret():
    assert repr(KEY) == "Key(number=1)"


def test_a_mailto_link_is_quoted():
    assert mailto("a+b@example.org") == "mailto:a%2Bb@example.org"
    assert mailto("a@b.org", "one & two") == "mailto:a@b.org?subject=one%20%26%20two"
