"""Mail settings: what cannot become a header, a colour or a link is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.colours import CONTRAST, DARK, DARK_CONTRAST, LIGHT, contrast, readable
from digest.render.settings import MailSettings, mailbox


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("title", " "),
        ("title", "two\nlines"),
        ("title", "x" * 101),
        ("accent", "blue"),
        ("accent", "#12345"),
        ("sender", ""),
        ("sender", "nobody"),
        ("sender", "a@b, c@d"),
        ("sender", "A <a@b> <c@d>"),
        ("sender", "A\r\nBcc: x@y <a@b>"),
        ("reply_to", "a@"),
        ("owner", "a b@example.org"),
        ("unsubscribe", "mailto:a@b c"),
        ("feed_url", "ftp://example.org"),
        ("feed_url", "javascript:alert(1)"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(setting, value):
    with pytest.raises(ValueError, match=f"^{setting}: "):
        MailSettings(**{setting: value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@example.org", ("", "a@example.org")),
        ("Daily Papers <a@example.org>", ("Daily Papers", "a@example.org")),
        ('"Papers, \\"Daily\\"" <a@example.org>', ('Papers, "Daily"', "a@example.org")),
        ("Papers, Daily <a@bücher.example>", ("Papers, Daily", "a@xn--bcher-kva.example")),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(value, expected):
    assert mailbox(value) == expected


def test_requests_to_leave_go_to_the_sender_unless_told_otherwise():
    assert MailSettings(sender="A <a+b@x.org>").unsubscribe_url == (
        "mailto:a%2Bb@x.org?subject=unsubscribe"
    )
    assert MailSettings(unsubscribe="bye@x.org").unsubscribe_url == (
        "mailto:bye@x.org?subject=unsubscribe"
    )


@settings(deadline=None)  # the first example loads what the others use
@given(st.integers(0, 0xFFFFFF))
def test_any_accent_can_be_read_in_both_modes(colour):
    accent = f"#{colour:06x}"
    assert contrast(readable(accent, LIGHT), LIGHT) >= CONTRAST
    assert contrast(readable(accent, DARK, DARK_CONTRAST), DARK) >= DARK_CONTRAST


def test_an_accent_that_can_be_read_stays_as_it_is():
    assert readable("#0f5f8c", LIGHT) == "#0f5f8c"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
