"""Every form of editions usual and unusual, compared with files reviewed as text.

After a change that is meant, write the files again and read the difference:
``DIGEST_GOLDEN=write python -m pytest tests/render/test_render_golden.py -n 0``
"""

from __future__ import annotations

import datetime as dt
import email
import os
from email import policy
from pathlib import Path

import pytest

from digest.editions import Reason
from digest.links import Key
from digest.lint.checklist import lint
from digest.render.markdown import markdown
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.render.wording import subject
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
    base_url="https://papers.example.org",
)
PRESS = Press(SETTINGS, ENV, Key(1, b"golden key, for the tests alone."))
HEADERS = [
    *("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Reply-To"),
    *("Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "List-Help"),
    *("List-Owner", "List-Archive", "List-Post", "Precedence", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Archived-At", "Feedback-ID", "Content-Type"),
]


def normal():
    """Three papers for two interests, with every kind of reason."""
    first = a_paper(
        "KV Prediction for Improved Time to First Token",
        abstract=(
            "Inference with transformer-based language models begins with a prompt processing "
            "step. We introduce KV Prediction, which lets a small model of $O(n)$ cost predict the "
            "cache. It can take 10s of seconds or more. Code: https://github.com/example/kv."
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
        published=dt.date(2024, 5, 30),
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


def many():
    """More picks, with long names, than have room in a mail."""
    people = tuple(f"Author{n} {'Longname' * 8}" for n in range(6))
    picks = [
        a_pick(
            a_paper(
                f"Paper {n}: {'a title that goes on and on ' * 12}",
                abstract=f"We present result {n}, {'which is long to tell ' * 9}.",
                authors=people,
                arxiv_id=f"2406.{n:05d}",
            ),
            interest=f"Interest {n % 3}",
            score=1 - n / 100,
        )
        for n in range(60)
    ]
    return an_edition(*picks, considered=600)


def right_to_left():
    """Names, titles and an interest in scripts that run from the right."""
    paper = a_paper(
        "تعلم الآلة: دراسة عن النماذج اللغوية الكبيرة",
        abstract="نقدم طريقة جديدة لتدريب النماذج. النتائج جيدة.",
        authors=("محمد الأحمد", "נועה לוי", "Ada Lovelace"),
        arxiv_id="2406.00001",
    )
    reader = a_subscriber(name="ليلى حداد", interests=(Interest("نماذج لغوية"),))
    reasons = (Reason("term", "النماذج", 1), Reason("author", "נועה לוי", 1))
    pick = a_pick(paper, interest="نماذج لغوية", reasons=reasons)
    return an_edition(pick, a_pick("Deep (עמוק) Learning"), subscriber=reader, note="لا جديد.")


def chinese():
    """Everything in Chinese and Japanese, which have no spaces to break lines at."""
    paper = a_paper(
        "大规模语言模型的高效推理：键值缓存的压缩与复用",
        abstract="我们提出一种压缩键值缓存的方法。它在七个任务上把显存减半，而且不损失精度。" * 3,
        authors=("王小明", "佐藤 花子"),
        arxiv_id="2406.00002",
    )
    reader = a_subscriber(name="李雷", interests=(Interest("语言模型"),))
    pick = a_pick(paper, interest="语言模型", reasons=(Reason("term", "键值缓存", 1),), reports=2)
    return an_edition(pick, subscriber=reader)


EDITIONS = {
    "normal": normal,
    "quiet": quiet,
    "hostile": hostile,
    "many": many,
    "right_to_left": right_to_left,
    "chinese": chinese,
}
FORMS = {
    "md": lambda edition: markdown(edition, SETTINGS, ENV).encode(),
    "txt": lambda edition: PRESS.text(edition).encode(),
    "html": lambda edition: PRESS.html(edition).encode(),
    "eml": lambda edition: PRESS.message(edition).data,
}


AT = dt.datetime(2024, 6, 3, 5, 0, 7, tzinfo=dt.UTC)
LETTERS = {
    "confirmation": lambda: PRESS.confirmation(
        "bob@example.net",
        "Bob Sandström",
        "https://papers.example.org/confirm/AXYM8kDXmBS8lzILMee79dkRS5-gydk",
        AT,
        ["Fast inference", "Agents"],
    ),
    "notice": lambda: PRESS.notice(
        "editor@example.org",
        "Two sources were silent today",
        [
            "The sources “example feed” and “example list” have not answered since Friday: "
            "connection refused.",
            "Look at their addresses in the configuration, or remove them; editions go out "
            "without them until then.",
        ],
        AT,
    ),
}


def check(name, form, written):
    """Compare with the golden file; write it first when that is asked for."""
    path = GOLDEN / f"{name}.{form}"
    if os.environ.get("DIGEST_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(written)
    assert written == path.read_bytes()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_is_written_as_in_its_golden_file(name, form):
    check(name, form, FORMS[form](EDITIONS[name]()))


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_is_written_as_in_its_golden_files(name):
    data = LETTERS[name]().data
    mail = email.message_from_bytes(data, policy=policy.default)
    for part, form in zip(mail.iter_parts(), ("txt", "html"), strict=True):
        check(name, form, part.get_content().replace("\r\n", "\n").encode())
    check(name, "eml", data)


@pytest.mark.parametrize("name", LETTERS)
def test_nothing_is_found_in_a_golden_letter(name):
    assert [str(one) for one in lint((GOLDEN / f"{name}.eml").read_bytes())] == []


@pytest.mark.parametrize("name", EDITIONS)
def test_a_golden_mail_holds_the_golden_parts_under_the_expected_headers(name):
    data = (GOLDEN / f"{name}.eml").read_bytes()
    mail = email.message_from_bytes(data, policy=policy.default)
    assert mail.keys() == HEADERS
    assert mail["Subject"] == subject(EDITIONS[name](), SETTINGS.title)
    assert mail["Message-ID"] == PRESS.message(EDITIONS[name]()).message_id
    first, last = mail.iter_parts()
    for part, kind, form in ((first, "text/plain", "txt"), (last, "text/html", "html")):
        assert part.get_content_type() == kind
        content = part.get_content().replace("\r\n", "\n").encode()
        assert content == (GOLDEN / f"{name}.{form}").read_bytes()


@pytest.mark.parametrize("name", EDITIONS)
def test_a_golden_mail_breaks_no_rule(name):
    findings = lint((GOLDEN / f"{name}.eml").read_bytes())
    assert [str(finding) for finding in findings if finding.severity == "must"] == []
