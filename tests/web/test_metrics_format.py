"""The figures as Prometheus reads them: every one, of the right kind, and never dear."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import threading

import pytest

from digest.messages import STATES
from digest.sources import Run
from digest.web.metrics import WORTH, Kept
from tests.support.databases import collect, mail
from tests.support.figures import NOW, busy, rendered
from tests.support.installation import Installation, here
from tests.support.sites import pages_of

__all__ = ["here"]

HOSTILE = 'a "quoted" \\ source\nof two lines'


def test_prometheus_own_parser_reads_all_figures(here: Installation) -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    here.settings()
    with pages_of(here) as pages:
        busy(pages)
        pages.app.store.sources.record(Run(HOSTILE, NOW, "fetched", 1, 1))
        collect(pages.app.store, "C", at=NOW, file="c.txt")
        families = list(parser.text_string_to_metric_families(rendered(pages)))
    samples = {(s.name, *s.labels.values()): s.value for f in families for s in f.samples}
    assert {family.type for family in families} == {"counter", "gauge"}
    assert all(family.documentation.endswith(".") for family in families)
    assert len({family.name for family in families}) == len(families)
    assert samples["digest_papers_collected_total", "inbox"] == 3
    assert samples["digest_source_papers_usual", "inbox"] == 3.5
    assert {state for name, *rest in samples for state in rest if "recent" in name} == set(STATES)


def test_promtool_finds_nothing_wrong_with_the_figures(here: Installation) -> None:
    if not (promtool := shutil.which("promtool")):
        pytest.skip("promtool is not installed (Debian has it in the package prometheus)")
    with pages_of(here) as pages:
        busy(pages)
        text = rendered(pages)
    ran = subprocess.run(
        [promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_figures_of_an_empty_store_are_figures_too(here: Installation) -> None:
    with pages_of(here) as pages:
        lines = rendered(pages).splitlines()
    assert {
        "digest_papers 0",
        "digest_editions_composed_total 0",
        "digest_queue_age_seconds 0",
    } <= set(lines)
    assert 'digest_recent_messages{state="failed"} 0' in lines
    assert not any(line.startswith("digest_edition_last_composed") for line in lines)


def test_recent_messages_are_of_the_last_day_alone(here: Installation) -> None:
    with pages_of(here) as pages:
        mail(pages.app.store, ["ada"], NOW - dt.timedelta(days=2))
        mail(pages.app.store, ["bob"], NOW - dt.timedelta(hours=23))
        lines = rendered(pages).splitlines()
    assert 'digest_messages{state="queued"} 2' in lines
    assert 'digest_recent_messages{state="queued"} 1' in lines


# What they may cost -----------------------------------------------------------------------------


class Watch:
    """A clock that goes on by itself only while something is worked out."""

    def __init__(self, takes_s: float) -> None:
        self.at, self.asked, self._takes_s = 0.0, 0, takes_s

    def now_s(self) -> float:
        return self.at

    def work_out(self) -> str:
        self.at += self._takes_s
        self.asked += 1
        return f"number {self.asked}"


def test_figures_that_take_no_time_are_worked_out_each_time() -> None:
    watch, kept = Watch(0), Kept()
    assert [kept.text(watch.work_out, watch.now_s) for _ in range(2)] == ["number 1", "number 2"]


def test_figures_that_take_long_are_given_again_for_a_while() -> None:
    watch, kept = Watch(2), Kept()
    assert kept.text(watch.work_out, watch.now_s) == "number 1"
    watch.at += 2 * WORTH - 1
    assert kept.text(watch.work_out, watch.now_s) == "number 1"
    watch.at += 1
    assert kept.text(watch.work_out, watch.now_s) == "number 2"


def test_figures_that_could_not_be_worked_out_are_tried_again() -> None:
    watch, kept = Watch(2), Kept()

    def fail() -> str:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        kept.text(fail, watch.now_s)
    assert kept.text(watch.work_out, watch.now_s) == "number 1"


def test_of_many_who_ask_at_once_one_works_it_out() -> None:
    watch, kept, begun, go_on = Watch(1), Kept(), threading.Event(), threading.Event()

    def slowly() -> str:
        begun.set()
        assert go_on.wait(30)
        return watch.work_out()

    given: list[str] = []
    threads = [
        threading.Thread(target=lambda: given.append(kept.text(slowly, watch.now_s)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    go_on.set()
    for thread in threads:
        thread.join()
    assert given == ["number 1"] * 4
