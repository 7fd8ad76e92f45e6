"""arXiv's API is asked as its rules want, and its answers are papers."""

import datetime as dt
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

from digest.collect import arxiv
from digest.errors import SourceError

DAY = dt.date(2024, 1, 31)


def answer(entries, total, error=""):
    body = "".join(
        f"<entry><id>http://arxiv.org/abs/{id}v1</id><title>{escape(title)}</title><summary>We show.</summary>"
        f"<published>{day}T10:00:00Z</published></entry>"
        for id, title, day in entries
    )
    if error:
        body = f"<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>{error}</summary></entry>"
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<title>q</title><opensearch:totalResults>{total}</opensearch:totalResults>{body}</feed>"
    ).encode()


PAPERS = [
    (f"2401.{n:05d}", f"Paper number {n}", DAY - dt.timedelta(days=n // 10)) for n in range(95)
]


def asked(url):
    return {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}


class Api:
    """Answers from PAPERS; ``faults`` are the requests, counted from 0, that get an empty page."""

    def __init__(self, faults=(), total=95, faulty_total=None):
        self.faults, self.total, self.urls, self.pauses = set(faults), total, [], []
        self.faulty_total = total if faulty_total is None else faulty_total

    def fetch(self, url):
        self.urls.append(url)
        query = asked(url)
        start, count = int(query["start"]), int(query["max_results"])
        if len(self.urls) - 1 in self.faults:
            return answer([], self.faulty_total)
        return answer(PAPERS[start : start + count], self.total)

    def read(self, **options):
        return arxiv.read_all(
            self.fetch, self.pauses.append, query="cat:cs.LG", page_size=20, **options
        )


def test_addresses_page_through_the_newest_papers():
    first, second, last = (asked(url) for url in arxiv.pages("cat:cs.LG", 20, 50))
    assert (first["start"], second["start"], last["start"]) == ("0", "20", "40")
    assert (first["max_results"], last["max_results"]) == ("20", "10")
    assert (first["sortBy"], first["sortOrder"]) == ("submittedDate", "descending")
    assert first["search_query"] == "cat:cs.LG"


def test_every_paper_is_read_once_with_three_seconds_between_requests():
    api = Api()
    found = api.read()
    assert [r.paper.arxiv_id for r in found] == [id for id, _, _ in PAPERS]
    assert [r.position for r in found] == list(range(1, 96))
    assert (len(api.urls), api.pauses) == (5, [3.0] * 4)


def test_reading_stops_at_papers_older_than_the_day():
    api = Api()
    assert len(api.read(newest_after=DAY - dt.timedelta(days=2))) == 30
    assert len(api.urls) == 2


def test_reading_stops_at_the_limit():
    assert len(Api().read(limit=45)) == 45


@pytest.mark.parametrize("faulty_total", [95, 0])
def test_an_empty_page_in_the_middle_is_asked_for_again(faulty_total):
    api = Api(faults={2, 3}, faulty_total=faulty_total)
    assert len(api.read()) == 95
    assert len(api.pauses) == len(api.urls) - 1 == 6


def test_a_page_that_stays_empty_ends_the_reading_with_what_there_is():
    assert len(Api(faults=range(2, 9)).read()) == 40


def test_papers_that_are_counted_and_not_given_are_an_error():
    with pytest.raises(SourceError, match="counts 95 papers and gives none"):
        Api(faults=range(9)).read()


def test_no_papers_are_no_error():
    assert arxiv.read_all(lambda _: answer([], 0), lambda _: None, query="x") == []


def test_an_error_is_told_in_arxivs_words():
    with pytest.raises(SourceError, match="incorrect id format for abc"):
        arxiv.read_all(
            lambda _: answer([], 1, "incorrect id format for abc"), lambda _: None, query="x"
        )


KNOWN = [
    ("1706.03762", "Attention Is All You Need", "2017-06-12"),
    ("2401.00001", "Attention Is All You Need?", "2024-01-01"),
    ("2401.00002", "Splitting: The Zero & More", "2024-01-01"),
    ("2401.00003", "Attention Is Not All You Need", "2024-01-01"),
]


class Replay(BaseHTTPRequestHandler):
    def do_GET(self):
        query = asked(self.path)
        if "id_list" in query:
            found = [paper for paper in KNOWN if paper[0] in query["id_list"]]
        else:
            phrases = query["search_query"].lower().split('"')[1::2]
            words = [
                (paper, paper[1].lower().replace(":", "").replace("& ", "")) for paper in KNOWN
            ]
            found = [paper for paper, text in words if any(phrase in text for phrase in phrases)]
        body = answer(found, len(found))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def endpoint():
    with ThreadingHTTPServer(("127.0.0.1", 0), Replay) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/query"
        server.shutdown()
        thread.join()


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read()


def test_titles_are_resolved_when_exactly_one_paper_has_them(endpoint):
    pauses = []
    titles = [
        "splitting the ZERO & more",
        "Attention is not all you need",
        "Attention is all you need",
        "Unheard of",
        "?",
    ]
    titles += [f"Filler {n}" for n in range(8)]
    found = arxiv.resolve(fetch, pauses.append, titles, endpoint=endpoint)
    assert {title: paper.arxiv_id for title, paper in found.items()} == {
        "splitting the ZERO & more": "2401.00002",
        "Attention is not all you need": "2401.00003",
    }
    assert pauses == [3.0]


def test_ids_are_looked_up_in_any_guise(endpoint):
    guises = ["https://arxiv.org/pdf/1706.03762v7", "2401.00002", "9901.00001", "no id"]
    found = arxiv.look_up(fetch, lambda _: None, guises, endpoint=endpoint)
    assert {guise: paper.title for guise, paper in found.items()} == {
        guises[0]: "Attention Is All You Need",
        guises[1]: "Splitting: The Zero & More",
    }
