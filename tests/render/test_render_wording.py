"""What an edition says: groups, reasons, summary lines and links."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.editions import Reason
from digest.render import wording
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from tests.support.builders import a_paper, a_pick, a_quiet_edition, an_edition


def test_interests_come_in_the_order_of_their_strongest_pick_and_numbers_run_through():
    edition = an_edition(
        a_pick("A", interest="Vision", score=9),
        a_pick("B", interest="Agents", score=8),
        a_pick("C", interest="Vision", score=7),
    )
    shown = [(g.name, [(c.number, c.title) for c in g.cards]) for g in wording.groups(edition)]
    assert shown == [("Vision", [(1, "A"), (2, "C")]), ("Agents", [(3, "B")])]


def test_the_public_edition_is_one_group_called_trending():
    (group,) = wording.groups(an_edition(a_pick("A", interest=None), a_pick("B", interest=None)))
    assert group.name == "Trending"


def why(*reasons, reports=1):
    return wording.card(a_pick(reasons=reasons, reports=reports), 1).why


def test_reasons_are_told_largest_first_and_one_phrase_a_kind():
    told = why(
        Reason("term", "speculative decoding", 3),
        Reason("author", "Ada Byron", 2),
        Reason("term", "inference", 1),
        Reason("example", "Attention Is All You Need", 0.5),
        reports=3,
    )
    assert told == (
        "Matches speculative decoding, inference; by Ada Byron, whom you follow; "
        "close to a paper you liked: Attention Is All You Need"
    )


def labels(*reasons, **known):
    card = wording.card(a_pick(a_paper(**known.pop("paper", {})), reasons=reasons, **known), 1)
    return [(badge.label, badge.href) for badge in card.badges]


def test_how_often_a_paper_was_reported_is_a_badge():
    assert labels(reports=3) == [("Reported 3 times", "")]
    assert labels(reports=2) == [("Reported twice", "")]
    assert labels(reports=1) == []


@pytest.mark.parametrize(
    ("published", "badge"),
    [
        (dt.date(2024, 5, 28), "Reported 3 times this week"),
        (dt.date(2024, 5, 27), "Reported 3 times"),
        (None, "Reported 3 times"),
    ],
)
def test_reports_of_a_paper_that_came_out_this_week_are_of_this_week(published, badge):
    edition = an_edition(a_pick(a_paper(published=published), reports=3))
    (group,) = wording.groups(edition)
    assert [one.label for one in group.cards[0].badges] == [badge]


def test_a_press_tells_reports_of_this_week_from_older_ones():
    press = Press(MailSettings(), environment())
    pick = a_pick(a_paper(published=dt.date(2024, 5, 28)), reports=3)
    today = an_edition(pick)
    tomorrow = an_edition(pick, date=dt.date(2024, 6, 4))
    assert "Reported 3 times this week\n" in press.text(today)
    assert "Reported 3 times\n" in press.text(tomorrow)


def test_a_trend_that_counts_reports_is_not_counted_twice():
    trend = Reason("trend", "reported 3 times, highest place 2", 1)
    assert why(trend, reports=3) == "Reported 3 times, highest place 2"
    assert labels(trend, reports=3) == []


def test_preferences_and_tries_are_reasons_too():
    assert why(Reason("category", "cs.CL", 1)) == "From cs.CL, which you prefer"
    assert why(Reason("source", "Blogs", 1)) == "From Blogs, which you prefer"
    tried = wording.card(a_pick(reasons=(), explore=True), 1)
    assert tried.why == "Something different, to find out whether you like it"


def test_latex_is_read_in_titles_abstracts_and_reasons():
    card = wording.card(a_pick(a_paper(r"An $\alpha$-M^3ViT", abstract=r"We use $O(n^{3/2})$.")), 1)
    assert (card.title, card.summary) == ("An α-M³ViT", "We use O(n^(3/2)).")
    assert why(Reason("example", r"$\alpha$-nets", 1)) == "Close to a paper you liked: α-nets"


def test_a_card_shows_as_much_of_the_abstract_as_is_asked_for():
    abstract = "We train networks. " + "We propose a method that is new. " + "It works well. " * 20
    pick = a_pick(a_paper("Deep", abstract=abstract))
    shown = [wording.card(pick, 1, amount).summary for amount in ("none", "tldr", "full")]
    assert shown[0] == ""
    assert len(shown[1]) <= 240
    assert shown[1].endswith(".")
    assert shown[2] == abstract.strip()


def test_an_abstract_that_a_page_cut_off_is_never_half_told():
    assert (
        wording.card(a_pick(a_paper(abstract="We show that the")), 1).summary == "We show that the"
    )
    assert wording.card(a_pick(a_paper(abstract="We show that the…")), 1).summary == ""


def test_many_interests_and_sources_are_not_all_named():
    edition = an_edition(*(a_pick(interest=f"I{n}") for n in range(8)))
    assert wording.glance(edition) == (
        "8 of 73 new papers: 1 for I0, 1 for I1, 1 for I2, 1 for I3, 1 for I4 and 3 more interests."
    )


def test_no_reason_is_no_phrase():
    assert why() == ""
    assert why(Reason("term", "\x00", 1)) == ""


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), ""),
        (("A",), "A"),
        (("A", "B", "C"), "A, B and C"),
        (tuple("ABCDEFGHI"), "A, B, C, D, E, F and 3 more"),
        (("A", "\u200b", " "), "A"),
    ],
)
def test_authors_are_listed_up_to_a_number(names, expected):
    assert wording.authors(names) == expected


@pytest.mark.parametrize(
    "link", [None, "javascript:alert(1)", "data:text/html,x", "http://", "//x"]
)
def test_a_title_without_a_web_link_leads_to_a_search(link):
    paper = a_paper("Deep & wide", link=link)
    assert wording.href(paper) == "https://arxiv.org/search/?searchtype=title&query=Deep+%26+wide"


def test_a_link_leaves_as_ascii_without_quotes_or_spaces():
    paper = a_paper(link='https://example.org/ü"><b>?q=a%20b')
    assert wording.href(paper) == "https://example.org/%C3%BC%22%3E%3Cb%3E?q=a%20b"


def test_a_title_that_cannot_be_seen_still_has_a_name():
    assert wording.title(a_paper("\u200b\u202e ")) == "Untitled"
    assert len(wording.title(a_paper("x" * 10_000))) == wording.TITLE_LIMIT


def test_the_glance_counts_picks_papers_and_interests():
    edition = an_edition(a_pick(interest="Vision"), a_pick(interest="Agents"), considered=1204)
    assert wording.glance(edition) == "2 of 1,204 new papers: 1 for Vision and 1 for Agents."
    assert wording.glance(an_edition(considered=1)) == (
        "1 of 1 new paper for Distributed training."
    )


def test_a_quiet_day_says_how_quiet_it_was():
    assert wording.glance(a_quiet_edition()) == "No new papers came in."
    assert wording.glance(a_quiet_edition(considered=12)) == (
        "12 new papers looked at, none close enough to show you."
    )
    assert wording.headline(dt.date(2024, 6, 9)) == "A quiet Sunday"


def test_the_preheader_goes_on_where_the_subject_ends():
    edition = an_edition(a_pick("First"), a_pick("Second"), a_pick("Third"))
    assert wording.preheader(edition) == "Also: Second; Third"
    assert wording.preheader(a_quiet_edition(note="The source was silent.")) == (
        "The source was silent."
    )
