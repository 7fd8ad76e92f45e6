"""Whatever is sent, no page breaks, and nothing that only looks changes anything."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.store.schema import metadata
from tests.support.builders import a_subscriber
from tests.support.databases import engine_of
from tests.support.visitors import TITLES, WISHES, opened_site, with_papers

TEXT = st.text(max_size=60) | st.sampled_from(
    ["\0", "a | ", "category:", "source:x", "{{ 7*7 }}", "<script>", "²", "9" * 400, "-1", "é" * 99]
)
FIELD_NAMES = """
    text-0 text-1 keywords-0 examples-0 required-0 always-1 weight-0 name-0 muted preferred hour
    size timezone weekdays abstract quiet name address website challenge answer fragment sure paper
    value reason words mark library
"""
NAMES = st.sampled_from(FIELD_NAMES.split())
KINDS = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=b; charset=idna",
    "multipart/form-data; boundary=b; charset=undefined",
    "text/plain",
    "x",
)
FIELDS = st.dictionaries(NAMES | st.text(max_size=8), TEXT | st.lists(TEXT, max_size=3), max_size=8)
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def here(tmp_path_factory, sqlite_template):
    found = opened_site(
        tmp_path_factory.mktemp("any"),
        sqlite_template,
        forms_per_minute=1_000_000,
        requests_per_minute=1_000_000,
    )
    with_papers(found)
    found.store.subscribers.add([a_subscriber("ada")], found.now)
    found.edition(a_subscriber("ada"), *TITLES[:2])
    yield found
    found.app.close()


def encodable(fields: dict) -> dict:
    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    return {
        clean(name): [clean(one) for one in value] if isinstance(value, list) else clean(value)
        for name, value in fields.items()
    }


def paths(here) -> list[str]:
    mine = here.mine("ada")
    changes = ("", "/preview", "/pause", "/resume", "/vote", "/feed")
    return [
        "/subscribe",
        "/subscribe/preview",
        "/mine",
        here.leave("ada") + "/why",
        here.leave("ada") + "/back",
        here.vote("ada", "more", "arxiv:2605.00000"),
        *(mine + path for path in changes),
    ]


@FEW
@given(st.data(), FIELDS)
def test_no_form_breaks_a_page(here, data, fields):
    path = data.draw(st.sampled_from(paths(here)))
    if path.startswith("/mine/"):
        page = here.get(here.mine("ada")).text
        fields = {**fields, "mark": re.search(r'name="mark" value="([^"]+)"', page)[1]}
    answer = here.post(path, encodable({**WISHES, **fields}))
    assert answer.status_code in (200, 400, 403, 404, 422)


@FEW
@given(
    st.sampled_from(["/subscribe", "/mine", "/subscribe/preview"]),
    st.binary(max_size=300),
    st.data(),
)
def test_no_body_breaks_a_page(here, path, body, data):
    kind = data.draw(st.sampled_from(KINDS))
    if data.draw(st.booleans()):
        body = (
            b'--b\r\nContent-Disposition: form-data; name="text-0"\r\n\r\n'
            + body
            + b"\r\n--b--\r\n"
        )
    answer = here.client.post(path, content=body, headers={"content-type": kind})
    assert answer.status_code in (200, 400, 422)


@FEW
@given(st.text(min_size=1, max_size=80), st.sampled_from(["leave", "confirm", "mine", "edition"]))
def test_no_token_breaks_a_page(here, token, page):
    path = f"/{page}/{quote(token.encode('utf-8', 'replace'), safe='')}"
    for method in ("GET", "POST", "HEAD"):
        assert here.client.request(method, path).status_code in (200, 404, 405)


@FEW
@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=40))
def test_no_vote_breaks_a_page(here, token, value, paper):
    path = "/".join(quote(one.encode("utf-8", "replace"), safe="") for one in (token, value, paper))
    for method in ("GET", "POST"):
        assert here.client.request(method, f"/vote/{path}").status_code in (200, 404, 405)


@FEW
@given(st.text(max_size=40))
def test_no_paper_breaks_a_vote(here, paper):
    path = here.vote("ada", "more", "x").removesuffix("x")
    name = quote(paper.encode("utf-8", "replace"), safe="")
    assert here.post(path + name).status_code in (200, 404, 405)


@FEW
@given(st.integers(0, 60), st.integers(0, 63))
def test_a_token_with_any_letter_changed_is_refused(here, place, letter):
    base, token = here.leave("ada").rsplit("/", 1)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place %= len(token)
    changed = token[:place] + letters[letter] + token[place + 1 :]
    if changed != token:
        assert here.post(f"{base}/{changed}").status_code == 404
    assert here.store.subscribers.find("ada").state in ("active", "paused")


# Scanners --------------------------------------------------------------------------------------


def everything(here) -> list[str]:
    """All that is stored, as text."""
    return list(engine_of(here.store).raw_connection().driver_connection.iterdump())


@pytest.fixture
def mailed(tmp_path, sqlite_template):
    found = opened_site(tmp_path, sqlite_template)
    with_papers(found)
    reader = found.subscribed("new@example.org")
    found.later(days=1, hours=1)
    assert list(found.app.compose())
    found.subscribe("other@example.org")
    yield found, reader
    found.app.close()


def test_what_follows_every_link_of_every_mail_changes_nothing(mailed):
    """F35."""
    here, _reader = mailed
    links: set[str] = set()
    for address in ("new@example.org", "other@example.org"):
        for mail in here.mails(address):
            for part in mail.walk():
                if part.get_content_maintype() == "text":
                    links |= set(re.findall(r"http://papers[^\s\"<>]+", part.get_content()))
            links |= set(re.findall(r"<(http[^>]+)>", str(mail["List-Unsubscribe"] or "")))
    pages = {urlsplit(link).path.split("/")[1] for link in links}
    assert {"confirm", "vote", "leave", "edition"} <= pages
    before = everything(here)
    for _ in range(2):
        for link in sorted(links):
            for method in ("GET", "HEAD"):
                assert here.client.request(method, link.replace("&amp;", "&")).status_code == 200
    assert everything(here) == before


def test_every_table_is_looked_at(mailed):
    here, _ = mailed
    text = "\n".join(everything(here))
    assert all(f"{table.name}" in text for table in metadata.sorted_tables)
