"""Editions to look at, written as pages and mails: ``python -m tests.e2e.samples FOLDER``."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from digest.editions import Edition, Reason
from digest.links import SECRET, Key
from digest.render.press import Press
from digest.render.settings import MailSettings
from digest.render.templates import environment
from digest.subscribers import Interest
from tests.support.builders import a_paper, a_pick, a_subscriber, an_edition

KEY = Key(1, b"k" * SECRET)
SETTINGS = MailSettings(
    sender="Daily Papers <papers@example.org>",
    owner="editor@example.org",
    postal_address="Example Lab\n1 Science Park\n1098 XG Amsterdam",
    base_url="https://papers.example.org",
)
INTERESTS = (Interest("Efficient inference"), Interest("Alignment"), Interest("Protein design"))


def showcase() -> Edition:
    """A usual day: seven papers for three interests, with everything a card can have."""
    speculative = a_paper(
        "Draft Once, Check Twice: Speculative Decoding with $O(\\sqrt{n})$ Verification",
        abstract=(
            "Large language models write one token after the other. We propose a draft tree whose "
            "verification needs $O(\\sqrt{n})$ calls of the large model, and show that it keeps "
            "the distribution of the output exactly. On seven tasks it is 2.9$\\times$ faster "
            "than greedy decoding. Code: https://github.com/example/draft-once."
        ),
        authors=("Ngozi Adeyemi", "Maria Sandström", "Wei Chen"),
        arxiv_id="2605.11042",
    )
    cache = a_paper(
        "What the KV Cache Forgets: Eviction as a Ranking Problem",
        abstract=(
            "Long contexts fill the memory of an accelerator with keys and values. We present a "
            "ranker of 40K parameters that learns which entries of the cache will be read again, "
            "and evicts the others. It halves memory at 128K tokens without measurable loss. "
            "The project page is at https://example.github.io/kv-forgets."
        ),
        authors=("Tomás Herrera", "Aiko Tanaka", "Priya Raghavan", "Jonas Weber"),
        arxiv_id="2605.10987",
    )
    quantised = a_paper(
        "Two Bits Are Enough for Most Layers",
        abstract=(
            "We study which layers of a transformer bear quantization to 2 bits. In models from "
            "1B to 70B parameters, four in five do, and the others can be told from the spectrum "
            "of their weights before any calibration."
        ),
        authors=("Ines Duarte", "Lukas Meyer"),
        arxiv_id="2605.10610",
    )
    honest = a_paper(
        "Asking Twice: Consistency as a Training Signal for Honest Answers",
        abstract=(
            "Reward models favour answers that please. We introduce a signal that needs no "
            "labels: whether a model gives the same answer when it is asked in other words. "
            "Training on it lowers sycophancy by a third and leaves benchmark scores as they are."
        ),
        authors=("Fatima El-Sayed", "Ben Okafor"),
        arxiv_id="2605.11313",
    )
    refusals = a_paper(
        "The Shape of a Refusal: Where Safety Training Lives in the Residual Stream",
        abstract=(
            "We find that refusals of twelve chat models lie along a few directions shared by "
            "models of one family. Removing them undoes most safety training, which argues for "
            "defences that do not depend on a single direction. Code and data are available at "
            "https://gitlab.com/example/shape-of-refusal."
        ),
        authors=("Hannah Lindqvist", "Omar Haddad", "Yuki Mori"),
        arxiv_id="2605.11200",
    )
    folding = a_paper(
        "Sequence Design by Walking Back from the Fold",
        abstract=(
            "Designing a protein means finding a sequence that folds into a given shape. We "
            "describe a diffusion model over backbones and side chains at once, and report 61% "
            "experimental success on 96 new binders."
        ),
        authors=(
            "Clara Jensen",
            "Mateo Rossi",
            "Li Na",
            "Sven Aalto",
            "Ruth Mwangi",
            "P. Novák",
            "X",
        ),
        arxiv_id="2605.10444",
    )
    picks = (
        a_pick(speculative, interest="Efficient inference", reports=3, score=0.93,
               reasons=(Reason("term", "speculative decoding", 0.4),
                        Reason("example", "Fast Inference from Transformers", 0.2))),
        a_pick(honest, interest="Alignment", score=0.9,
               reasons=(Reason("term", "sycophancy", 0.3), Reason("term", "reward models", 0.2))),
        a_pick(cache, interest="Efficient inference", score=0.88, reports=2,
               reasons=(Reason("term", "KV cache", 0.4),
                        Reason("author", "Aiko Tanaka", 0.2))),
        a_pick(refusals, interest="Alignment", score=0.81,
               reasons=(Reason("term", "refusals", 0.3), Reason("category", "cs.CL", 0.1))),
        a_pick(quantised, interest="Efficient inference", score=0.77,
               reasons=(Reason("term", "quantization", 0.4),)),
        a_pick(folding, interest="Protein design", score=0.64, explore=True,
               reasons=(Reason("term", "diffusion", 0.1),)),
    )  # fmt: skip
    return an_edition(
        *picks,
        subscriber=a_subscriber(interests=INTERESTS),
        considered=412,
        date=dt.date(2026, 5, 20),
    )


def quiet() -> Edition:
    """A day on which nothing came in."""
    return an_edition(
        subscriber=a_subscriber(interests=INTERESTS),
        picks=(),
        considered=0,
        date=dt.date(2026, 5, 24),
        note="Nothing new since Friday: the sources were silent.",
    )


EDITIONS = {"showcase": showcase, "quiet": quiet}


def write(folder: Path) -> None:
    """Every edition as a page and as a mail, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    press = Press(SETTINGS, environment(), KEY)
    for name, edition in EDITIONS.items():
        (folder / f"{name}.html").write_text(press.html(edition()), encoding="utf-8")
        (folder / f"{name}.eml").write_bytes(press.message(edition()).data)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
