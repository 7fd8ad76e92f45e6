"""Feeds become reports, or are rejected with the reason."""

import datetime as dt
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import feed
from digest.errors import SourceError

ARRIVED = dt.date(2026, 4, 20)


def read(xml):
    return feed.read(xml if isinstance(xml, bytes) else xml.encode(), "feed.xml", ARRIVED)


def rss(items, channel=""):
    return f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Papers</title>{channel}{items}</channel></rss>'


def item(title="A Title", summary="An abstract.", more=""):
    return f"<item><title>{escape(title)}</title><description>{escape(summary)}</description>{more}</item>"


def atom(entries):
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Papers</title>{entries}</feed>'


def paper(xml):
    (report,) = read(xml)
    return report.paper


def test_an_rss_item_is_a_report_of_a_paper():
    more = (
        "<link>https://arxiv.org/abs/2604.14630v2</link><dc:creator>Ada Lovelace, Emmy Noether</dc:creator>"
        "<pubDate>Fri, 17 Apr 2026 00:00:00 -0400</pubDate>"
    )
    (report,) = read(rss(item(more=more)))
    assert report.source == "feed.xml"
    assert report.position == 1
    assert report.date == dt.date(2026, 4, 17)
    assert report.paper.title == "A Title"
    assert report.paper.abstract == "An abstract."
    assert report.paper.authors == ("Ada Lovelace", "Emmy Noether")
    assert report.paper.link == "https://arxiv.org/abs/2604.14630v2"
    assert report.paper.arxiv_id == "2604.14630"
    assert report.paper.published == dt.date(2026, 4, 17)


def test_an_atom_entry_is_a_report_of_a_paper():
    (report,) = read(
        atom(
            "<entry><title>A Title</title><summary>An abstract.</summary><author><name>Ada Lovelace</name></author>"
            '<id>http://arxiv.org/abs/cs.LG/0601001v1</id><link href="https://arxiv.org/abs/cs.LG/0601001v1"/>'
            '<link rel="related" href="https://doi.org/10.1109/ABC.2022.1"/>'
            "<published>2022-02-24T15:05:19Z</published><updated>2023-01-01T00:00:00Z</updated></entry>"
        )
    )
    assert report.paper.authors == ("Ada Lovelace",)
    assert report.paper.arxiv_id == "cs/0601001"
    assert report.paper.doi == "10.1109/abc.2022.1"
    assert report.paper.published == dt.date(2022, 2, 24)


def test_a_report_is_of_the_feeds_own_day():
    channel = "<lastBuildDate>Wed, 01 Apr 2026 00:07:59 +0000</lastBuildDate>"
    more = "<pubDate>Fri, 20 Mar 2026 04:51:35 +0000</pubDate>"
    (report,) = read(rss(item(more=more), channel))
    assert (report.date, report.paper.published) == (dt.date(2026, 4, 1), dt.date(2026, 3, 20))


def test_a_date_that_is_none_is_left_out():
    (report,) = read(rss(item(more="<pubDate>yesterday</pubDate>")))
    assert (report.date, report.paper.published) == (None, None)


@pytest.mark.parametrize(
    ("names", "authors"),
    [
        ("Ada Lovelace, Emmy Noether", ("Ada Lovelace", "Emmy Noether")),
        ("Lovelace, A., Noether, E.", ("Lovelace, A.", "Noether, E.")),
        ("Lovelace, Ada; Noether, Emmy", ("Lovelace, Ada", "Noether, Emmy")),
        ("Lovelace, Ada", ("Lovelace, Ada",)),
        ("Plato", ("Plato",)),
    ],
)
def test_authors_in_one_field_are_taken_apart(names, authors):
    assert paper(rss(item(more=f"<dc:creator>{names}</dc:creator>"))).authors == authors


def test_html_becomes_text_and_text_in_angle_brackets_stays():
    found = paper(
        rss(
            item(
                "Masks as <SEG> <b>tokens</b>",
                "<p>We <i>add</i> &lt;think&gt; &amp; &lt;SEG&gt;.</p><p>x < y.</p>",
            )
        )
    )
    assert found.title == "Masks as <SEG> tokens"
    assert found.abstract == "We add <think> & <SEG>. x < y."


def test_plain_text_in_atom_is_text_to_the_letter():
    found = paper(atom("<entry><title>The &lt;b&gt; tag &amp;amp; co</title></entry>"))
    assert found.title == "The <b> tag &amp; co"


def test_a_script_is_text():
    assert paper(rss(item("<script>alert(1)</script>"))).title == "<script>alert(1)</script>"


def test_what_a_feed_writes_before_the_abstract_is_not_the_abstract():
    announced = "arXiv:2604.14630v1 Announce Type: new \nAbstract: We show it."
    assert paper(rss(item(summary=announced))).abstract == "We show it."
    labelled = "<p><b>Authors:</b> Ada Lovelace, Plato</p><p><b>Upvotes:</b> 6</p><p><b>Summary:</b> We show it.</p>"
    found = paper(rss(item(summary=labelled)))
    assert (found.abstract, found.authors) == ("We show it.", ("Ada Lovelace", "Plato"))


def test_an_unsafe_link_is_no_link():
    assert paper(rss(item(more="<link>javascript:alert(1)</link>"))).link is None


def test_an_entry_without_title_is_left_out():
    assert [report.paper.title for report in read(rss(item("") + item("Second")))] == ["Second"]


def test_a_well_formed_feed_without_entries_has_no_papers():
    assert read(rss("")) == []


def test_a_broken_feed_gives_the_entries_that_can_be_read():
    assert [report.paper.title for report in read(rss(item()).replace("</rss>", ""))] == ["A Title"]


def test_a_feed_without_its_end_is_rejected_whole_and_salvage_takes_what_is_complete():
    items = "".join(f"<item><title>Number {n}</title></item>" for n in range(3))
    cut = f'<rss version="2.0"><channel>\n{items}<item><title>Half of o'.encode()
    with pytest.raises(SourceError, match="line 2: it is cut off") as rejected:
        feed.read(cut, "feed.xml", ARRIVED)
    assert rejected.value.whole == 3
    salvaged = feed.read(cut, "feed.xml", ARRIVED, salvage=True)
    assert [report.paper.title for report in salvaged] == ["Number 0", "Number 1", "Number 2"]


def test_a_cut_feed_without_entries_holds_nothing_to_salvage():
    for salvage in (False, True):
        with pytest.raises(SourceError, match="it is cut off"):
            feed.read(
                b'<rss version="2.0"><channel><title>x</ti', "f.xml", ARRIVED, salvage=salvage
            )


def test_a_page_that_is_no_feed_is_rejected():
    with pytest.raises(SourceError, match=r"it is a web page .*, not a feed"):
        read("<html><body><p>Not found</p></body></html>")


def test_an_error_message_of_arxiv_is_rejected_with_its_words():
    entry = "<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>incorrect id</summary></entry>"
    with pytest.raises(SourceError, match="error message of arXiv: incorrect id"):
        read(atom(entry))


def test_an_address_is_not_fetched():
    with pytest.raises(SourceError):
        read("http://127.0.0.1:9/feed.xml")


def test_a_feed_that_is_too_large_is_rejected():
    with pytest.raises(SourceError, match="larger than the 32 MB"):
        read(b"<rss>" + b" " * 32_000_000)


def test_entities_are_neither_multiplied_nor_read_from_files():
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    for declared in (bomb, '<!ENTITY f SYSTEM "file:///etc/passwd">', '<!ENTITY % p SYSTEM "x">'):
        document = f'<!DOCTYPE r [<!ENTITY e0 "ha">{declared}]>'
        for encoding in ("utf-8", "utf-16"):
            with pytest.raises(SourceError, match="declares XML entities"):
                read((document + rss("<item><title>t &e11; &f;</title></item>")).encode(encoding))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_give_papers_or_a_rejection(data, cut):
    start = atom("<entry><title>a</title><summary type='html'>b</summary></entry>").encode()
    for broken in (data, start[:cut] + data, start[:cut] + data + start[cut:]):
        try:
            read(broken)
        except SourceError as error:
            assert error.why
