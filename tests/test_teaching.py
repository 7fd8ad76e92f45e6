"""Readers teach what they like by command: vote by vote, or with a library."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.installation import MORNING, SAMPLE, Installation, compact, here

__all__ = ["here"]

FLASH = "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness"
LIKES = Path(__file__).parent / "cases" / "library"
EVERYTHING: dict[str, Any] = {
    "name": "Agents",
    "text": "Agents that use tools.",
    "keywords": ["tool use | function calling", "agent"],
    "required": ["benchmark | evaluation"],
    "always": ["web agent"],
    "examples": ["arxiv:2401.00001"],
    "dislikes": ["doi:10.1234/x"],
    "authors": ["Y. LeCun"],
    "categories": ["cs.CL", "hep"],
    "sources": ["arXiv cs.CL"],
    "weight": 2.0,
}
PREFERRED = ["category:cs.CL", "source:arXiv cs.CL", "open weights"]
MUTED = ["category:cs.CR", "survey"]


@pytest.fixture
def read(here: Installation) -> Installation:
    """An installation that has collected a day of papers."""
    here.drop("monday.txt", (SAMPLE / "monday.txt").read_bytes())
    assert here.digest("collect", "--now", "2026-05-20T06:00:00Z").code == 0
    return here


def two_interests(here: Installation) -> None:
    here.subscribers(
        {
            "id": "me",
            "address": "me@example.org",
            "interests": [
                {"name": "Images", "keywords": ["diffusion", "text-to-image"]},
                {"name": "Proteins", "keywords": ["protein"]},
            ],
        }
    )


def votes(here: Installation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.digest("subscribers", "votes", "me", "--json").json["votes"]
    return found


# Votes -----------------------------------------------------------------------------------------


def test_a_vote_is_stored_and_listed(read: Installation) -> None:
    ran = read.digest("vote", "me", FLASH.upper(), "more", "--now", MORNING)
    assert ran.code == 0 and ran.out.startswith("Noted with pleasure: me gets more like “Flash")
    (vote,) = votes(read)
    assert vote == {
        "subscriber": "me",
        "paper": "title:flashattention fast and memory efficient exact attention with io awareness",
        "value": "more",
        "at": MORNING,
        "interest": "diffusion",
        "origin": "command",
        "title": FLASH,
    }
    assert FLASH in read.digest("subscribers", "votes", "me").out


def test_the_same_vote_twice_is_told_and_stored_once(read: Installation) -> None:
    assert read.digest("vote", "me", FLASH, "less", "--json").json["new"] is True
    ran = read.digest("vote", "me@example.org", FLASH, "less")
    assert ran.code == 0 and "wants less like" in ran.out and "nothing changes" in ran.out
    assert [vote["value"] for vote in votes(read)] == ["less"]


def test_a_change_of_mind_is_another_vote(read: Installation) -> None:
    for value in ("more", "less", "more", "save", "clear"):
        assert read.digest("vote", "me", FLASH, value, "--json").json["new"] is True
    assert [vote["value"] for vote in votes(read)] == ["more", "less", "more", "save", "clear"]


def test_there_is_nothing_to_take_back_of_what_was_never_said(read: Installation) -> None:
    ran = read.digest("vote", "me", FLASH, "clear")
    assert ran.code == 0 and "me has said nothing of “Flash" in ran.out
    assert votes(read) == []
    assert read.digest("subscribers", "votes", "me").out.startswith("No votes yet")


@pytest.mark.parametrize(
    "named",
    [
        "arxiv:1706.03762",
        "1706.03762v5",
        "https://arxiv.org/pdf/1706.03762",
        "arXiv:1706.03762",
        "attention is all   you need!",
        "title:attention is all you need",
    ],
)
def test_a_paper_is_named_in_many_ways(read: Installation, named: str) -> None:
    assert read.digest("subscribers", "import-likes", "me", str(LIKES / "csl.json")).code == 0
    assert read.digest("vote", "me", named, "less", "--json").json["paper"] == "arxiv:1706.03762"


@pytest.mark.parametrize(
    "named",
    ["10.1038/nature14539", "https://doi.org/10.1038/NATURE14539", "doi:10.1038/nature14539"],
)
def test_a_paper_is_named_by_its_doi(read: Installation, named: str) -> None:
    read.digest("subscribers", "import-likes", "me", str(LIKES / "csl.json"))
    assert read.digest("vote", "me", named, "save", "--json").json["title"] == "Deep learning"


def test_a_misspelt_title_is_answered_with_the_nearest(read: Installation) -> None:
    ran = read.digest("vote", "me", "Flash atention", "more")
    assert ran.code == 2 and ran.err.count("\n") == 1
    assert f"the nearest are “{FLASH}”" in ran.err and 1 <= ran.err.count("“") <= 3


def test_a_title_like_no_other_is_answered_with_what_to_give(read: Installation) -> None:
    ran = read.digest("vote", "me", "xqzzyx", "more")
    assert ran.code == 2 and "nearest" not in ran.err and "give its title as it stands" in ran.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody", FLASH, "more"], "there is no subscriber 'nobody'"),
        (["me", FLASH, "love"], "'love' is not one of"),
        (["me", FLASH, "more", "--interest", "difusion"], "did you mean 'diffusion'?"),
        (["public", FLASH, "more"], "'public' has no interests that a vote could teach"),
    ],
)
def test_a_vote_that_cannot_be_meant_is_refused(
    read: Installation, arguments: list[str], says: str
) -> None:
    ran = read.digest("vote", *arguments)
    assert ran.code == 2 and says in ran.err
    assert votes(read) == []


def test_a_vote_goes_to_the_interest_that_is_named_or_to_none_of_several(
    read: Installation,
) -> None:
    two_interests(read)
    assert read.digest("vote", "me", FLASH, "more", "--json").json["interest"] is None
    named = read.digest("vote", "me", FLASH, "more", "--interest", "Proteins", "--json").json
    assert (named["interest"], named["new"]) == ("Proteins", True)


def test_a_vote_on_a_pick_goes_to_the_interest_it_was_picked_for(read: Installation) -> None:
    two_interests(read)
    read.digest("compose", "--now", MORNING)
    shown = read.digest("preview", "me", "--date", "2026-05-20", "--json").json["picks"]
    assert {pick["interest"] for pick in shown} == {"Images", "Proteins"}
    for pick in shown:
        voted = read.digest("vote", "me", pick["key"], "more", "--json").json
        assert voted["interest"] == pick["interest"]


# Libraries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "liked", "unread"),
    [
        ("added.bib", 4, 2),
        ("zotero.csv", 2, 1),
        ("mendeley.ris", 1, 1),
        ("csl.json", 2, 1),
        ("zotero.rdf", 2, 1),
        ("papers.opml", 2, 1),
    ],
)
def test_a_library_is_liked_once(here: Installation, name: str, liked: int, unread: int) -> None:
    counted = {"subscriber": "me", "liked": liked, "known": 0, "unread": unread}
    file = str(LIKES / name)
    assert here.digest("subscribers", "import-likes", "me", file, "--json").json == counted
    again = here.digest("subscribers", "import-likes", "me", file, "--json").json
    assert again == {**counted, "liked": 0, "known": liked}
    assert [vote["origin"] for vote in votes(here)] == ["import"] * liked


def test_likes_are_as_old_as_the_library_says_and_never_of_the_future(here: Installation) -> None:
    (here.folder / "a.bib").write_text(
        "@a{x, title={One}, date-added={2019-05-03 10:12:13 +0200}}"
        "@a{y, title={Two}, date-added={2199-01-01}}@a{z, title={Three}}"
    )
    here.digest("subscribers", "import-likes", "me", "a.bib", "--now", MORNING)
    assert {vote["title"]: vote["at"] for vote in votes(here)} == {
        "One": "2019-05-03T08:12:13+00:00",
        "Two": MORNING,
        "Three": MORNING,
    }


def test_what_was_imported_is_no_news_and_counts_nowhere(read: Installation) -> None:
    before = read.digest("feed", "--now", MORNING).out
    (read.folder / "a.bib").write_text(
        f"@a{{x, title={{{FLASH}}}}} @a{{y, title={{A diffusion of its own}}, abstract={{diffusion}}}}"
    )
    ran = read.digest("subscribers", "import-likes", "me", "a.bib", "--now", MORNING)
    assert ran.out == "me likes 2 more papers.\n"
    assert read.digest("feed", "--now", MORNING).out == before
    assert read.digest("check", "--json").json["papers"] == 25
    titles = [
        p["title"] for p in read.digest("preview", "me", "--json", "--now", MORNING).json["picks"]
    ]
    assert "A diffusion of its own" not in titles


def test_what_was_imported_is_news_once_a_source_announces_it(here: Installation) -> None:
    words = "We study diffusion models for images in depth, and find that they work. " * 4
    text = f"@a{{x, title={{A diffusion of its own}}, abstract={{{words}}}}}"
    (here.folder / "a.bib").write_text(text)
    here.digest("subscribers", "import-likes", "me", "a.bib")
    assert here.digest("check", "--json").json["papers"] == 0
    here.drop("a.bib", text)  # the very same bytes, as news this time
    assert here.digest("collect", "--json").json["new"] == 1


def test_importing_takes_nothing_back_that_was_said_since(read: Installation) -> None:
    (read.folder / "a.bib").write_text(f"@a{{x, title={{{FLASH}}}, date-added={{2019-05-03}}}}")
    read.digest("subscribers", "import-likes", "me", "a.bib")
    read.digest("vote", "me", FLASH, "clear")
    (read.folder / "a.bib").write_text(f"@a{{x, title={{{FLASH}}}}} @a{{y, title={{More}}}}")
    ran = read.digest("subscribers", "import-likes", "me", "a.bib")
    assert ran.out == "me likes 1 more paper; 1 was known as a like already.\n"
    assert [vote["value"] for vote in votes(read)] == ["more", "clear", "more"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody", "a.bib"], "there is no subscriber 'nobody'"),
        (["me", "a.bib", "--interest", "Proteine"], "did you mean 'Proteins'?"),
        (["me", "missing.bib"], "missing.bib: it cannot be read"),
        (["me", "diary.txt"], "a library is BibTeX, RIS, CSL-JSON"),
    ],
)
def test_a_library_that_cannot_be_meant_is_refused(
    here: Installation, arguments: list[str], says: str
) -> None:
    two_interests(here)
    (here.folder / "a.bib").write_text("@a{x, title={One}}")
    (here.folder / "diary.txt").write_text("Dear diary, I read a paper.")
    ran = here.digest("subscribers", "import-likes", *arguments)
    assert ran.code == 2 and says in ran.err and ran.err.count("\n") == 1
    assert votes(here) == []


def test_a_library_may_be_for_one_interest(here: Installation) -> None:
    two_interests(here)
    file = str(LIKES / "csl.json")
    here.digest("subscribers", "import-likes", "me", file, "--interest", "Proteins")
    assert [vote["interest"] for vote in votes(here)] == ["Proteins", "Proteins"]


def test_thousands_of_likes_take_seconds(here: Installation) -> None:
    entries = (
        f"@a{{k{n}, title={{Study {n} of number {n * n}}}, eprint={{2001.{n:05d}}}}}\n"
        for n in range(2_000)
    )
    (here.folder / "many.bib").write_text("".join(entries))
    started = time.monotonic()
    ran = here.digest("subscribers", "import-likes", "me", "many.bib", "--json")
    assert ran.json["liked"] == 2_000
    assert time.monotonic() - started < 30


# Profiles --------------------------------------------------------------------------------------


def test_every_wish_comes_back_as_it_was_written(here: Installation) -> None:
    reader = {"id": "ada", "address": "ada@example.org", "interests": [EVERYTHING]}
    wishes = {"preferred": PREFERRED, "muted": MUTED, "abstract": "full", "quiet": "none"}
    (here.folder / "ada.yaml").write_text(yaml.safe_dump({"subscribers": [{**reader, **wishes}]}))
    assert here.digest("subscribers", "import", "ada.yaml").code == 0
    shown = here.digest("subscribers", "show", "ada", "--json").json
    assert shown["interests"] == [EVERYTHING]
    assert (shown["preferred"], shown["muted"]) == (PREFERRED, MUTED)
    here.digest("subscribers", "export", "--output", "all.yaml")
    (ada, _) = yaml.safe_load((here.folder / "all.yaml").read_text())["subscribers"]
    assert ada["interests"] == [EVERYTHING] and ada["preferred"] == PREFERRED
    assert (ada["abstract"], ada["quiet"]) == ("full", "none")
    assert here.digest("subscribers", "import", "all.yaml").code == 0
    assert here.digest("subscribers", "show", "ada", "--json").json["interests"] == [EVERYTHING]
    said = here.digest("subscribers", "show", "ada").out
    for words in ("required: benchmark | evaluation", "categories: cs.CL, hep", "open weights"):
        assert words in said


def test_wishes_can_be_stated_on_the_command_line(here: Installation) -> None:
    options = {
        "interest": "Agents that use tools.",
        "keyword": "agent",
        "required": "benchmark | evaluation",
        "always": "web agent",
        "dislike": "doi:10.1234/x",
        "category": "cs.CL",
        "source": "arXiv cs.CL",
        "preferred": "category:cs.CL",
        "muted": "survey",
        "abstract": "none",
        "quiet": "none",
    }
    stated = [part for name, value in options.items() for part in (f"--{name}", value)]
    shown = here.digest("subscribers", "add", "ada@example.org", *stated, "--json").json
    (interest,) = shown["interests"]
    assert interest["text"] == options["interest"] and interest["keywords"] == ["agent"]
    assert interest["required"] == ["benchmark | evaluation"] and interest["sources"]
    assert (interest["always"], interest["dislikes"]) == (["web agent"], ["doi:10.1234/x"])
    assert (shown["preferred"], shown["muted"]) == (["category:cs.CL"], ["survey"])
    assert (shown["abstract"], shown["quiet"]) == ("none", "none")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"interests": [{"name": "x", "keywords": ["a | | b"]}]}, "has an empty alternative"),
        ({"interests": [{"name": "x", "required": ["a"]}]}, "the interest 'x' needs text, "),
        ({"interests": [{"always": ["a"], "requierd": ["b"]}]}, "did you mean 'required'?"),
        ({"muted": ["categorie:cs.CL"]}, "muted: 'categorie:cs.CL' begins with an unknown"),
        ({"preferred": ["source:"]}, "preferred: 'source:' names no name"),
        ({"prefered": ["a"]}, "did you mean 'preferred'?"),
        ({"abstract": "short"}, "abstract has to be 'none', 'tldr', 'full' or ''"),
        ({"quiet": "never"}, "quiet has to be 'mail' or 'none'"),
    ],
)
def test_a_wrong_wish_names_its_line(here: Installation, entry: dict[str, Any], says: str) -> None:
    good = {"id": "a", "address": "a@example.org", "interests": [{"text": "b"}]}
    here.subscribers({**good, **entry})
    ran = here.digest("subscribers", "list")
    assert ran.code == 2 and says in ran.err and "subscribers.yaml:" in ran.err, ran.err


@pytest.mark.parametrize(
    ("interest", "name"),
    [
        ({"keywords": ["LLM | language model"]}, "LLM"),
        ({"always": ["web agent"]}, "web agent"),
        ({"categories": ["cs.CL"]}, "cs.CL"),
        ({"sources": ["arXiv cs.CL"]}, "arXiv cs.CL"),
    ],
)
def test_an_interest_without_a_name_is_called_after_what_it_holds(
    here: Installation, interest: dict[str, Any], name: str
) -> None:
    here.subscribers({"id": "me", "address": "me@example.org", "interests": [interest]})
    shown = here.digest("subscribers", "show", "me", "--json").json
    assert shown["interests"][0]["name"] == name


# Days with nothing to show ---------------------------------------------------------------------


def test_a_silent_day_brings_a_mail_or_none_as_the_reader_wishes(here: Installation) -> None:
    reader = {"interests": [{"keywords": ["diffusion"]}]}
    here.subscribers(
        {"id": "ada", "address": "ada@example.org", "quiet": "none", **reader},
        {"id": "bob", "address": "bob@example.org", **reader},
    )
    day = compact(("Diffusion of rumours", "We study the diffusion of rumours at length."))
    told: list[dict[str, tuple[int, bool]]] = []
    mails = [0]
    for date, papers in (("20", day), ("21", None), ("22", day.replace("rumours", "salt"))):
        if papers:
            here.drop(f"{date}.txt", papers)
        ran = here.digest("send", "--json", "--now", f"2026-05-{date}T12:00:00Z")
        assert ran.code == 0, ran.err
        found = ran.json["compose"]["editions"]
        told.append({one["subscriber"]: (one["picks"], one["silent"]) for one in found})
        mails.append(len(here.mails()))
    readers = [{who: day[who] for who in ("ada", "bob")} for day in told]
    papers, silent = (1, False), {"ada": (0, True), "bob": (0, False)}
    assert readers == [{"ada": papers, "bob": papers}, silent, {"ada": papers, "bob": papers}]
    assert mails == [0, 2, 3, 5]
    again = here.digest("send", "--json", "--now", "2026-05-22T13:00:00Z")
    assert again.json["compose"]["editions"] == []
