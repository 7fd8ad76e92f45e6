"""Figures for Prometheus: true to the store, and not for everybody."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from digest.sources import Run
from digest.web.metrics import Figure, _label, written
from tests.support.builders import a_subscriber
from tests.support.databases import collect, mail
from tests.support.installation import MORNING, Installation, here
from tests.support.sites import STRANGER, pages_of

__all__ = ["here"]

NOW = dt.datetime.fromisoformat(MORNING)
LINE = re.compile(r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"\})? -?[0-9.e+]+')


def test_the_figures_are_those_of_the_store(here: Installation):
    with pages_of(here) as pages:
        store = pages.app.store
        collect(store, "A", "B", at=NOW)
        store.subscribers.add([a_subscriber("ada")], NOW)
        store.subscribers.pause("ada", NOW)
        mail(store, ["cyn"], NOW - dt.timedelta(minutes=5))
        store.sources.record(Run("inbox", NOW, "fetched", 2, 2))
        lines = pages.browser("127.0.0.1").get("/metrics").text.splitlines()
    assert {
        "digest_papers 2",
        "digest_editions_composed_total 1",
        'digest_messages{state="queued"} 1',
        'digest_messages{state="failed"} 0',
        "digest_queue_age_seconds 300",
        'digest_subscribers{state="active"} 2',
        'digest_subscribers{state="paused"} 1',
        'digest_source_healthy{source="inbox"} 1',
        f'digest_source_last_success_timestamp_seconds{{source="inbox"}} {int(NOW.timestamp())}',
    } <= set(lines)


def test_every_line_is_of_the_text_format(here: Installation):
    with pages_of(here) as pages:
        answer = pages.browser("127.0.0.1").get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in answer.text.splitlines():
        assert line.startswith(("# HELP digest_", "# TYPE digest_")) or LINE.fullmatch(line), line
    assert answer.text.endswith("\n")


def test_a_name_from_outside_stays_within_its_label():
    text = written([Figure("digest_x", "X.", ((_label(source='a"b\\c\nd'), 1),))])
    assert text.splitlines()[-1] == 'digest_x{source="a\\"b\\\\c\\nd"} 1'


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.9", {}, 200),
        (STRANGER, {}, 403),
        ("10.0.0.9", {"X-Forwarded-For": STRANGER}, 403),
        ("10.0.0.9", {"X-Forwarded-For": f"127.0.0.1, {STRANGER}"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Forwarded": f"for={STRANGER}"}, 403),
        (STRANGER, {"X-Forwarded-For": "127.0.0.1"}, 403),
        (STRANGER, {"Authorization": "Bearer tell-nobody"}, 200),
        (STRANGER, {"Authorization": "Bearer tell"}, 403),
        (STRANGER, {"Authorization": "tell-nobody"}, 403),
        (STRANGER, {"Authorization": "Bearer "}, 403),
    ],
)
def test_the_figures_are_for_this_machine_a_proxy_and_whoever_knows_the_token(
    here, host, headers, status
):
    with pages_of(here, proxies=["10.0.0.0/8"], metrics_token="tell-nobody") as pages:
        assert pages.browser(host).get("/metrics", headers=headers).status_code == status


def test_without_a_token_no_empty_one_is_taken(here):
    with pages_of(here) as pages:
        answer = pages.client.get("/metrics", headers={"Authorization": "Bearer "})
        assert answer.status_code == 403
