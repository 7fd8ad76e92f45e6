"""Templates: the owner's come first, and what they do wrong is said in one sentence."""

from __future__ import annotations

import pytest

from digest.errors import RenderError
from digest.render import mail
from digest.render.intro import intro_html, intro_text
from digest.render.settings import MailSettings
from digest.render.templates import environment
from tests.support.builders import an_edition


def test_an_owners_template_replaces_the_packaged_one_of_that_name_only(tmp_path):
    (tmp_path / "mail.txt.j2").write_text("mine: {{ title }}", encoding="utf-8")
    env = environment(tmp_path)
    assert mail.text(an_edition(), MailSettings(), env) == "mine: Daily Papers"
    assert "<h1" in mail.html(an_edition(), MailSettings(), env)


def test_a_changed_template_is_seen_at_once(tmp_path):
    path = tmp_path / "mail.txt.j2"
    env = environment(tmp_path)
    for words in ("first", "the second"):
        path.write_text(words, encoding="utf-8")
        assert mail.text(an_edition(), MailSettings(), env) == words


@pytest.mark.parametrize(
    "wrong",
    [
        "{% if %}",
        "{{ titel }}",
        "{{ 1 / 0 }}",
        "{{ title + 1 }}",
        "{% include 'missing' %}",
        "{{ title.__class__.__mro__ }}",
        "{{ groups | nothing }}",
        b"\xff\xfe",
    ],
)
def test_a_template_that_cannot_be_filled_names_the_edition_and_itself(tmp_path, wrong):
    data = wrong if isinstance(wrong, bytes) else wrong.encode()
    (tmp_path / "mail.txt.j2").write_bytes(b"\n" + data)
    with pytest.raises(RenderError) as caught:
        mail.text(an_edition(), MailSettings(), environment(tmp_path))
    said = str(caught.value)
    assert said.startswith("ada/2024-06-03: the template mail.txt.j2")
    assert "\n" not in said


def test_the_line_at_fault_is_named(tmp_path):
    (tmp_path / "mail.txt.j2").write_text("one\ntwo {{ titel }}", encoding="utf-8")
    with pytest.raises(RenderError, match=r"mail\.txt\.j2, line 2, .*titel"):
        mail.text(an_edition(), MailSettings(), environment(tmp_path))


def test_the_owners_words_keep_their_form_and_lose_what_acts():
    words = "Read *this* <script>alert(1)</script> [a](https://x.org/) [b](javascript:alert(1))"
    shown = intro_html(words, "#000000")
    assert "<em>this</em>" in shown
    assert 'href="https://x.org/"' in shown
    assert "script" not in shown


def test_the_owners_words_read_well_as_plain_text():
    words = "Hello & *welcome*.\n\n- one\n- [two](https://x.org/2)\n\n<https://x.org/>"
    assert intro_text(words) == (
        "Hello & welcome.\n\n- one\n\n- two (https://x.org/2)\n\nhttps://x.org/"
    )
    assert intro_text("") == ""
