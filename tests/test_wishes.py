"""What readers may write into their lists, and what they are told where it cannot be meant."""

from __future__ import annotations

import email_validator
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.subscribers import Interest, alternatives, named
from digest.wishes import ENOUGH, ORDINARY, check_address, check_entries, check_interest


def test_alternatives_stand_between_bars():
    assert alternatives("LLM |  language   model|NLP") == ("LLM", "language model", "NLP")
    assert alternatives("C++") == ("C++",)
    assert alternatives("a || b") == ("a", "", "b")


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("category:cs.CL", ("category", "cs.CL")),
        ("Category: cs", ("category", "cs")),
        ("source:arXiv  cs.CL", ("source", "arXiv cs.CL")),
        ("medical imaging", ("phrase", "medical imaging")),
        ("category theory", ("phrase", "category theory")),
        ("std::vector", ("phrase", "std::vector")),
        ("source", ("phrase", "source")),
    ],
)
def test_an_entry_names_a_phrase_unless_it_says_otherwise(entry, names):
    assert named(entry) == names


@given(st.text())
def test_every_entry_names_something_without_a_fuss(entry):
    kind, what = named(entry)
    assert kind in ("phrase", "category", "source") and what == what.strip()


@pytest.mark.parametrize("part", ENOUGH)
def test_any_one_of_these_makes_an_interest(part):
    check_interest(Interest("x", **{part: "words" if part == "text" else ("words",)}))


@pytest.mark.parametrize("known", [{}, {"text": "  "}, {"required": ("a",)}, {"dislikes": ("a",)}])
def test_an_interest_that_only_narrows_is_none(known):
    with pytest.raises(ValueError, match=r"the interest 'x' needs text, keywords, .* or sources"):
        check_interest(Interest("x", **known))


@pytest.mark.parametrize("part", ["keywords", "required", "always"])
@pytest.mark.parametrize("entry", ["a | | b", "| a", "a |", "", " "])
def test_an_empty_alternative_is_refused_by_its_place(part, entry):
    wrong = Interest("Agents", text="tools", **{part: ("fine", entry)})
    with pytest.raises(ValueError, match=f"{part} of 'Agents': '.*' has an empty alternative"):
        check_interest(wrong)


def test_an_entry_may_be_long_and_a_phrase_may_not():
    group = " | ".join(["x" * 200] * 50)
    check_interest(Interest("Agents", keywords=(group,)))
    check_interest(Interest("Agents", examples=("x" * 2_000,)))
    with pytest.raises(ValueError, match="longer than 200 characters; shorten it"):
        check_interest(Interest("Agents", keywords=("x" * 201,)))


def test_very_many_keywords_are_fine():
    check_interest(Interest("All", keywords=tuple(f"word {n}" for n in range(20_000))))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("categorie:cs.CL", "did you mean 'category:'?"),
        ("categories: cs.CL", "did you mean 'category:'?"),
        ("sorce:arXiv", "did you mean 'source:'?"),
        ("author:LeCun", "there are category:, source:"),
        ("category:", "names no category, as category:cs.CL"),
        ("source: ", "names no name, as source:NAME"),
        ("a | b", "has to be an entry for each of its phrases"),
        ("", "names no word"),
        ("x" * 201, "longer than 200 characters"),
    ],
)
def test_a_muted_or_preferred_entry_that_cannot_be_meant_is_refused(entry, says):
    with pytest.raises(ValueError, match=r"^muted: ") as refused:
        check_entries("muted", ["fine", entry])
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "entry",
    ["GPT-4: a report", "std::vector", "https://example.org", "v2:x", "Attention: all you need"],
)
def test_a_phrase_may_hold_a_colon(entry):
    check_entries("muted", [entry])


@given(
    st.text("aZ0_+-.", min_size=1, max_size=66),
    st.text("aZ0-.xn", min_size=1, max_size=70),
    st.sampled_from([".com", ".local", ".x", ".xn--a", ""]),
)
def test_an_ordinary_address_is_one_to_those_who_look_more_closely(name, domain, ending):
    address = f"{name}@{domain}{ending}"
    if ORDINARY.fullmatch(address):
        email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
        email_validator.validate_email(
            address, check_deliverability=False, globally_deliverable=False, test_environment=True
        )


@pytest.mark.parametrize("address", ["ada", "ada@", "a..b@c.de", "a@-b.de", "a b@c.de", "a@b@c.de"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match="is not a mail address"):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["ada@cluster.local", "bücher@example.de", "o'neil@example.org"]
)
def test_an_address_may_be_unusual(address):
    check_address(address)
