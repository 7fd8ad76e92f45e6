"""BibTeX, RIS and Zotero's CSV become reports of papers."""

import datetime as dt
from pathlib import Path

import pytest

from digest.collect import bibliography
from digest.collect.latex import unicode_of
from digest.errors import SourceError

CASES = Path(__file__).parents[1] / "cases" / "bibliography"


def read(data, **options):
    data = data if isinstance(data, bytes) else data.encode()
    return [r.paper for r in bibliography.read(data, "b", dt.date(2026, 4, 20), **options)]


def test_bibtex_becomes_papers():
    first, second = read((CASES / "zoo.bib").read_bytes())
    assert first.title == r"BERT and the Étude of $\alpha_{1} < \beta$ — 50% less"
    assert first.authors == ("Gödel, Kurt", "The ATLAS and CMS Collaborations", "Dvořák, Antonín")
    assert first.abstract == 'We say “yes” "twice" to attention. It is naïve.'
    assert (first.arxiv_id, first.version) == ("2401.00001", 2)
    assert first.link == "https://arxiv.org/abs/2401.00001"
    assert first.published == dt.date(2024, 3, 1)
    assert second.title == "Invariante Variationsprobleme"
    assert second.authors == ("Emmy Noether", "Straße, Øystein")
    assert second.doi == "10.1007/bf02550000"
    assert second.link == "https://example.org/noether"


def test_ris_becomes_papers():
    first, second = read((CASES / "likes.ris").read_bytes())
    assert first.title == "Attention in two lines that goes on"
    assert (first.authors, first.doi) == (("Lovelace, Ada", "Noether, Emmy"), "10.1000/xyz.1")
    assert (first.abstract, first.published) == ("We attend. x < y.", dt.date(2023, 5, 17))
    assert (second.arxiv_id, second.version, second.abstract) == ("2401.00002", 3, "We show it.")


def test_zoteros_csv_becomes_papers():
    (found,) = read((CASES / "zotero.csv").read_bytes())
    assert found.title == 'Attention, "again"'
    assert found.abstract == "We attend in two lines."
    assert (found.arxiv_id, found.doi) == ("2401.00003", None)
    assert found.authors == ("Lovelace, Ada", "Noether, Emmy")


@pytest.mark.parametrize(
    ("text", "line", "whole"),
    [
        ("@a{x, title={One}}\n\n@a{y, title={Two}", 3, 1),
        ("@a{x, title={One}\n@a{y, title={Two}}", 1, 0),
        ("TY  - JOUR\nTI  - One\nER  - \nTY  - JOUR\nTI  - Two", 4, 1),
    ],
)
def test_a_cut_file_is_refused_at_its_line_and_salvaged_on_request(text, line, whole):
    with pytest.raises(SourceError) as caught:
        read(text)
    assert (caught.value.line, caught.value.whole) == (line, whole)
    assert len(read(text, salvage=True)) == 1


def test_windows_1252_is_read():
    (found,) = read("@a{x, title={Größe – klein}}".encode("cp1252"))
    assert found.title == "Größe – klein"


@pytest.mark.parametrize("text", ["hello", "TY is a word", "a@b.org (x)", "@a{x, year=2}"])
def test_what_names_no_papers_is_refused(text):
    with pytest.raises(SourceError):
        read(text)


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"{\"o}\"{o}\"o", "ööö"),
        (r"\'{\i} \'\i \^{}", "í í "),
        (r"\c{c}\c c \v{S}ime \H{o} \k{a}", "çç Šime ő ą"),
        (r"\ss{} \aa ngstr\"om \L{}\'od\'z \ae", "ß ångström Łódź æ"),
        (r"A \& B~C \% \_ \{x\}", "A & B C % _ {x}"),
        (r"pages 1--2 --- ``so''", "pages 1–2 — “so”"),
        (r"\textbf{Bold} {\it x} $\sum_{i}$", r"Bold x $\sum_{i}$"),
        ("plain", "plain"),
    ],
)
def test_latex_becomes_unicode_outside_mathematics(latex, text):
    assert unicode_of(latex) == text
