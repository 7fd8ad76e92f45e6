"""A TL;DR is whole sentences of the abstract, short, and says what the paper does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.sentences import sentences
from digest.render.tldr import LIMIT, tldr

BACKGROUND = (
    "Large models need much memory. Training them is slow and costs a great deal of energy."
)
OFFER = "We propose Twofold, a way to train models in half the memory they took before."
RESULT = (
    "Experiments on nine tasks show that it loses no accuracy and saves two thirds of the time."
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One thing. Another thing.", ["One thing.", "Another thing."]),
        ("Smith et al. (2020) did so. We do not.", ["Smith et al. (2020) did so.", "We do not."]),
        ("See e.g. BERT, i.e. models. We go on.", ["See e.g. BERT, i.e. models.", "We go on."]),
        ("As in Fig. 3 and Eq. 2, it holds. Good.", ["As in Fig. 3 and Eq. 2, it holds.", "Good."]),
        ("It is 3.5 vs. 4.1 points. Then we stop.", ["It is 3.5 vs. 4.1 points.", "Then we stop."]),
        ("S. S. Chern and J. Doe proved it. We too.", ["S. S. Chern and J. Doe proved it.", "We too."]),
        ("This is plan B. We like it.", ["This is plan B.", "We like it."]),
        ("See https://a.org/x.html. It is arXiv:2401.00010.", ["See https://a.org/x.html.", "It is arXiv:2401.00010."]),
        ("It gives good results.We propose more.", ["It gives good results.", "We propose more."]),
        ("It works (mostly).The code is out.", ["It works (mostly).", "The code is out."]),
        ("Built on Node.js and scikit.Learn models.", ["Built on Node.js and scikit.Learn models."]),
        ("我们提出一种方法。它很快！真的吗？是。", ["我们提出一种方法。", "它很快！", "真的吗？", "是。"]),
        ('He said "stop." Then he left!', ['He said "stop."', "Then he left!"]),
        ("Is it so? Yes... We think so", ["Is it so?", "Yes...", "We think so"]),
        ("two\n lines.  And\tmore.", ["two lines.", "And more."]),
        ("approx. five of them. w.r.t. X it holds.", ["approx. five of them. w.r.t. X it holds."]),
        ("", []),
    ],
)  # fmt: skip
def test_sentences_end_where_people_end_them(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted


def test_the_sentence_that_says_what_is_new_is_chosen() -> None:
    assert tldr("Twofold: Training in Half the Memory", f"{BACKGROUND} {OFFER} {RESULT}") == OFFER


def test_without_such_a_sentence_the_one_nearest_to_the_title_is_chosen() -> None:
    text = (
        "Cells divide often. The memory of yeast cells lasts for many days in the cold. It is so."
    )
    assert tldr("Memory of yeast cells", text) == text.split(". ")[1] + "."


def test_where_the_code_is_is_not_what_a_paper_says() -> None:
    code = "We release Twofold for training in half the memory at https://example.org/twofold."
    assert tldr("Twofold: Training in Half the Memory", f"{code} {OFFER}") == OFFER


def test_a_second_sentence_comes_along_where_both_are_good_and_short() -> None:
    first, second = (
        "We introduce Tiny, a small language model for phones.",
        "This paper also presents how Tiny was trained at home.",
    )
    assert (
        tldr("Tiny: A Model for Phones", f"{first} Phones are small. {second}")
        == f"{first} {second}"
    )


def test_a_good_sentence_a_little_too_long_is_better_than_background() -> None:
    long = "We propose Twofold, " + "which halves memory, " * 12 + "at last."
    assert LIMIT < len(long) <= LIMIT * 4 / 3
    assert (
        tldr("Twofold", f"Models are large and need very much memory when trained. {long}") == long
    )


def test_a_good_sentence_much_too_long_is_not_shown() -> None:
    long = "We propose Twofold, " + "which halves memory, " * 16 + "at last."
    background = "Models are large and need very much memory when they are trained."
    assert tldr("Twofold", f"{background} {long}") == background


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "We propose a thing that was cut off he",
        "We show it works...",
        "Cut …",
        "w " * 400 + ".",
    ],
)
def test_there_is_none_where_no_sentence_is_whole_or_short_enough(text: str) -> None:
    assert tldr("A title", text) is None


PIECES = [
    "We propose a way. ", "It is 3.5 vs. 4. ", "See Fig. 2 ", "(e.g. this) ", "end.We go on ", "短い文。",
    "Is it?", "! ", "…", " ", "\n", "a", "Word ", "https://a.org/b.c ", '"so." ', "no stop ", "x" * 90 + ". ",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=200)


@given(texts)
def test_sentences_are_parts_of_the_text_in_order_and_lose_nothing(text: str) -> None:
    plain, at = " ".join(text.split()), 0
    for sentence in sentences(text):
        assert plain[at : at + 1 + len(sentence)].strip().startswith(sentence)
        at = plain.index(sentence, at) + len(sentence)
    assert at == len(plain)


@given(st.text(max_size=30), texts, st.integers(40, 400))
@settings(max_examples=300)
def test_a_tldr_is_whole_sentences_within_its_limit(title: str, text: str, limit: int) -> None:
    found, chosen = sentences(text), tldr(title, text, limit)
    if chosen is None:
        return
    assert chosen in found or chosen in {f"{a} {b}" for n, a in enumerate(found) for b in found[n:]}
    assert chosen.rstrip("\"'”’)]」』）")[-1] in ".!?。！？"
    assert len(chosen) <= limit or (chosen in found and len(chosen) <= limit * 4 / 3)


@given(texts)
def test_the_same_abstract_has_the_same_tldr(text: str) -> None:
    assert tldr("A way", text) == tldr("A way", text)
