"""Reading a large Atom feed, beside the parser alone on the same feed in the same run."""

from __future__ import annotations

import datetime as dt
import io
import time
from typing import Any

import feedparser
import pytest

from digest.collect import feed

ABSTRACT = "We study how models learn when x &lt; y, and what that costs. " * 18


@pytest.fixture(scope="module")
def atom() -> bytes:
    """10,000 papers as arXiv's API tells them, 17 MB."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2401.{n:05d}v1</id><title>A study of model {n}:\n  more"
        f"</title><updated>2024-01-02T18:00:00Z</updated><link rel='alternate' type='text/html' "
        f"href='https://arxiv.org/abs/2401.{n:05d}v1'/><summary>{ABSTRACT}</summary>"
        "<category term='cs.LG'/><category term='cs.CL'/><published>2024-01-02T18:00:00Z"
        "</published><arxiv:primary_category term='cs.LG'/><author><name>Ada Lovelace</name>"
        "</author><author><name>Emmy Noether</name></author></entry>"
        for n in range(10_000)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:arxiv="http://arxiv.org/schemas/atom"><title>All</title>{entries}</feed>'
    ).encode()


@pytest.mark.benchmark(group="10,000 papers of Atom")
def test_parsing_alone(benchmark: Any, atom: bytes) -> None:
    found = benchmark.pedantic(lambda: feedparser.parse(io.BytesIO(atom)), rounds=2)
    assert len(found.entries) == 10_000


@pytest.mark.benchmark(group="10,000 papers of Atom")
def test_reading_the_papers(benchmark: Any, atom: bytes) -> None:
    day = dt.date(2024, 1, 3)
    found = benchmark.pedantic(lambda: feed.read(atom, "a", day), rounds=2)
    assert len(found) == 10_000


def test_reading_takes_at_most_one_and_a_half_times_the_parser(atom: bytes) -> None:
    def took(action: Any) -> float:
        begun = time.process_time()
        action()
        return time.process_time() - begun

    alone = took(lambda: feedparser.parse(io.BytesIO(atom)))
    ours = took(lambda: feed.read(atom, "a", dt.date(2024, 1, 3)))
    assert ours <= 1.5 * alone, f"{ours:.1f} s against {alone:.1f} s"
