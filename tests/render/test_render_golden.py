"""Every form of a normal, a quiet and a hostile edition, compared with files reviewed as text.

After a change that is meant, write the files again and read the difference:
``DIGEST_GOLDEN=write python -m pytest tests/render/test_render_golden.py -n 0``
"""

from __future__ import annotations

import email
import os
from email import policy
from pathlib import Path

import pytest

from digest.editions import Reason
from digest.render.mail import html, message, subject, text
from digest.render.markdown import markdown
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.subscribers import Interest
from tests.support.builders import a_paper, a_pick, a_quiet_edition, a_subscriber, an_edition

GOLDEN = Path(__file__).parent / "golden"
ENV = environment()
SETTINGS = MailSettings(
    sender="Daily Papers <papers@example.org>",
    reply_to="The Editor <editor@example.org>",
    owner="editor@example.org",
    postal_address="Example Lab\n1 Science Park\n1098 XG Amsterdam",
    intro="A word from *us*: [how picks are made](https://example.org/how).",
)
HEADERS = [
    *("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "List-Id"),
    *("List-Unsubscribe", "List-Post", "Auto-Submitted", "Precedence", "Content-Language"),
    *("Reply-To", "List-Owner", "Content-Type"),
]


def normal():
    """Three papers for two interests, with every kind of reason."""
    first = a_paper(
        "KV Prediction for Improved Time to First Token",
        abstract=(
            "Inference with transformer-based language models begins with a prompt processing "
            "step. In this step, the model generates the first output token and stores the KV "
            "cache needed for future generation steps. It can take 10s of seconds or more."
        ),
        authors=(
            "Simon S. Du",
            "Maria Sandström",
            "Chen Wei",
            "Li Na",
            "Bo Xu",
            "Ann Smith",
            "J. Doe",
        ),
        link="https://arxiv.org/abs/2410.08391",
    )
    reasons = (Reason("term", "KV cache", 4), Reason("author", "Simon S. Du", 2))
    trend = (Reason("example", "Attention Is All You Need", 1), Reason("trend", "rising fast", 1))
    return an_edition(
        a_pick(first, interest="Fast inference", reasons=reasons, reports=3, score=6),
        a_pick("SURGE: On the Potential of Large Language Models", interest="Agents", score=5),
        a_pick(a_paper("Speculative Decoding, Again"), interest="Fast inference", reasons=trend),
        subscriber=a_subscriber(interests=(Interest("Fast inference"), Interest("Agents"))),
        note="The second source was silent.",
        considered=359,
    )


def quiet():
    """A day on which nothing came in."""
    return a_quiet_edition(note="Nothing new since Friday: the source was silent.")


def hostile():
    """Titles, names and an interest that try to be something else."""
    titles = [
        "=?utf-8?q?=0D=0ABcc:_x@y?=\r\nBcc: x@example.org",
        "<script>alert(1)</script>",
        "{{7*7}} ${7*7} {% raw %}",
        "[x](javascript:alert(1)) `code` *a* _b_ # c",
        ".\x00\u2028\x85\u202e\x1b[31m",
        "From the start " + "x" * 500,
    ]
    picks = [
        a_pick(
            a_paper(title, abstract=title, authors=(title,), link="javascript:alert(1)"),
            interest="<b>[x](y)</b>",
            reasons=(Reason("term", title, 1),),
        )
        for title in titles
    ]
    reader = a_subscriber(name='=?utf-8?q?=0D=0ABcc:_x@y?= "Bob", <b@c>\r\nBcc: x@example.org')
    return an_edition(*picks, subscriber=reader, note="<i>\r\n.\r\n</i>")


EDITIONS = {"normal": normal, "quiet": quiet, "hostile": hostile}
FORMS = {
    "md": lambda edition: markdown(edition, SETTINGS, ENV).encode(),
    "txt": lambda edition: text(edition, SETTINGS, ENV).encode(),
    "html": lambda edition: html(edition, SETTINGS, ENV).encode(),
    "eml": lambda edition: message(edition, SETTINGS, ENV).data,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_is_written_as_in_its_golden_file(name, form):
    path = GOLDEN / f"{name}.{form}"
    written = FORMS[form](EDITIONS[name]())
    if os.environ.get("DIGEST_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(written)
    assert written == path.read_bytes()


@pytest.mark.parametrize("name", EDITIONS)
def test_a_golden_mail_holds_the_golden_parts_under_the_expected_headers(name):
    data = (GOLDEN / f"{name}.eml").read_bytes()
    mail = email.message_from_bytes(data, policy=policy.default)
    assert mail.keys() == HEADERS
    assert mail["Subject"] == subject(EDITIONS[name](), SETTINGS)
    assert mail["Message-ID"] == message(EDITIONS[name](), SETTINGS, ENV).message_id
    first, last = mail.iter_parts()
    for part, kind, form in ((first, "text/plain", "txt"), (last, "text/html", "html")):
        assert part.get_content_type() == kind
        content = part.get_content().replace("\r\n", "\n").encode()
        assert content == (GOLDEN / f"{name}.{form}").read_bytes()
