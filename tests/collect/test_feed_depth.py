"""What feeds say beside title and abstract, and the text that is easily lost in them."""

import datetime as dt
from pathlib import Path

import pytest

from digest.collect import feed
from digest.errors import SourceError

CASES = Path(__file__).parents[1] / "cases" / "feed"


def read(data):
    return feed.read(data if isinstance(data, bytes) else data.encode(), "f", dt.date(2026, 4, 20))


def case(name):
    return read((CASES / name).read_bytes())


def rss(title="A Title", description="", more=""):
    return f'<rss version="2.0"><channel><title>P</title><item><title>{title}</title><description>{description}</description>{more}</item></channel></rss>'


def test_announcements_name_their_kind_version_and_categories():
    replaced, crossed = case("announced_atom.xml")
    assert (replaced.announced, crossed.announced) == ("replace-cross", "cross")
    assert (replaced.paper.version, crossed.paper.version) == (3, 1)
    assert replaced.paper.categories == ("cs.LG", "cs.CL")
    assert replaced.paper.doi == "10.1000/abc"
    assert replaced.paper.link == "https://arxiv.org/abs/2604.14630"
    assert replaced.date == dt.date(2026, 4, 17)


def test_arxivs_text_is_kept_to_the_letter():
    replaced, _ = case("announced_atom.xml")
    assert replaced.paper.title == "The <s> of two lines"
    assert replaced.paper.abstract == "If a<b>c then <b> is </b>."


def test_bare_angle_brackets_and_ampersands_are_text():
    raw, data, bare = case("raw_rss.xml")
    assert raw.paper.title == "Masks as <SEG> tokens & more"
    assert raw.paper.abstract == "We <think> that a<b and <s> begins; é stays"
    assert raw.paper.link == "https://example.org/papers/1"
    assert raw.paper.authors == ("Lovelace, A.", "Noether, E.")
    assert data.paper.title == "The <s> and </s> of & Bold"
    assert data.votes == 12
    assert (bare.paper.title, bare.paper.abstract) == ("Only a title", "")


def test_journals_name_dois_and_several_creators():
    first, second = case("journal_rdf.xml")
    assert first.paper.doi == "10.1038/s1"
    assert first.paper.authors == ("Ada Lovelace", "Emmy Noether")
    assert first.paper.published == dt.date(2024, 5, 6)
    assert second.paper.doi == "10.1021/abc.4"


def test_one_broken_byte_leaves_the_other_letters_alone():
    data = rss("Étude der Größe").encode().replace(b"der", b"d\xffr")
    (report,) = read(data)
    assert report.paper.title == "Étude d\ufffdr Größe"


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "windows-1252", "x-unheard-of"])
def test_utf_8_is_read_whatever_is_declared(declared):
    (report,) = read(f'<?xml version="1.0" encoding="{declared}"?>{rss("Größe")}')
    assert report.paper.title == "Größe"


def test_latin_1_that_is_declared_utf_8_is_read():
    (report,) = read(f'<?xml version="1.0" encoding="utf-8"?>{rss("Größe")}'.encode("latin-1"))
    assert report.paper.title == "Größe"


def test_control_characters_do_not_cost_the_rest():
    (report,) = read(rss("A\x0b Ti\x01tle", "x &lt; y\x08"))
    assert (report.paper.title, report.paper.abstract) == ("A Title", "x < y")


def test_long_titles_and_many_authors_are_kept_bounded():
    names = ", ".join(f"Ada Lovelace {n}" for n in range(600))
    found = read(rss("x" * 20_000, more=f"<author>{names}</author>"))[0].paper
    assert len(found.title) == 2_000
    assert len(found.authors) == 600


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x1f\x8b\x08\0" + b"x" * 90, "compressed"),
        (b"<!DOCTYPE html><html><form>Log in</form></html>", "web page"),
        (b"\n<html lang='en'><body>Log in</body></html>", "web page"),
        (b"%PDF-1.7", "a PDF"),
        (b"", "empty"),
    ],
)
def test_what_is_no_feed_is_named_for_what_it_is(data, what):
    with pytest.raises(SourceError, match=what):
        read(data)


def test_an_external_document_type_is_not_followed():
    kind = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss-0.91.dtd">'
    assert read(kind + rss())[0].paper.title == "A Title"
