"""`digest evaluate` and `digest lint`: how good rankings and mails are, by command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.subscribers import Interest
from tests.support.builders import a_subscriber
from tests.support.databases import opened, sqlite_template
from tests.support.installation import Installation, here
from tests.support.past import Told, live

__all__ = ["here", "sqlite_template"]

CASES = Path(__file__).parent / "cases"
SMALL = CASES / "ranking"
GOOD = sorted((CASES / "lint/good").glob("*.eml"))
WISHES = {"ada": "owl songbird", "bob": "zinc"}
FIELDS = [
    "dataset",
    "ranker",
    "task",
    "H",
    "n",
    "users",
    "ndcg10",
    "ci",
    "map",
    "mrr",
    "r10",
    "r50",
    "ms",
]


@pytest.fixture(scope="module")
def lived(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with five weeks of two readers' votes."""
    file = tmp_path_factory.mktemp("past") / "digest.db"
    shutil.copyfile(sqlite_template, file)
    ada, bob = (
        a_subscriber(who, interests=(Interest("All", text=text),)) for who, text in WISHES.items()
    )
    with opened(f"sqlite:///{file}") as store:
        live(store, {ada: Told("birds", "metals"), bob: Told("metals", "stars")}, days=35)
    return file


@pytest.fixture
def voted(here: Installation, lived: Path) -> Iterator[Installation]:
    """An installation with that past."""
    shutil.copyfile(lived, here.folder / "config/digest.db")
    here.subscribers(
        *(
            {
                "id": who,
                "address": f"{who}@example.org",
                "interests": [{"name": "All", "text": text}],
            }
            for who, text in WISHES.items()
        )
    )
    yield here


# Collections ----------------------------------------------------------------------------------


def test_a_collection_is_measured_without_any_configuration(
    here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare := tmp_path / "bare").mkdir()
    monkeypatch.chdir(bare)
    rows = here.digest("evaluate", str(SMALL), "--json").json
    assert list(rows) == ["rows"] and list(rows["rows"][0]) == FIELDS
    assert {row["ranker"] for row in rows["rows"]} == {"digest"}
    assert all(row["ci"][0] <= row["ndcg10"] <= row["ci"][1] for row in rows["rows"])
    assert list(bare.iterdir()) == []


def test_a_baseline_adds_the_difference_and_no_rows(here: Installation) -> None:
    alone = here.digest("evaluate", str(SMALL), "--json", "--split", "all").json["rows"]
    compared = here.digest(
        "evaluate", str(SMALL), "--json", "--split", "all", "--baseline", "bm25"
    ).json["rows"]
    assert len(compared) == len(alone) and {row["baseline"] for row in compared} == {"bm25"}
    assert [row["ndcg10"] for row in compared] == [row["ndcg10"] for row in alone]
    gained = sum(row["delta"] * row["n"] for row in compared)
    assert gained > 0


@pytest.mark.parametrize("name", ["bm25", "tfidf", "mean"])
def test_a_baseline_can_rank_instead(here: Installation, name: str) -> None:
    rows = here.digest("evaluate", str(SMALL), "--json", "--rank-by", name).json["rows"]
    assert {row["ranker"] for row in rows} == {name}


def test_a_folder_of_collections_is_measured_one_by_one(here: Installation) -> None:
    for name in ("b", "a"):
        shutil.copytree(SMALL, here.folder / "many" / name)
    rows = here.digest("evaluate", "many", "--json").json["rows"]
    assert list(dict.fromkeys(row["dataset"] for row in rows)) == ["a", "b"]


def test_the_halves_are_all_readers(here: Installation) -> None:
    counts = {
        split: sum(
            row["n"]
            for row in here.digest("evaluate", str(SMALL), "--json", "--split", split).json["rows"]
        )
        for split in ("dev", "test", "all")
    }
    assert counts["dev"] + counts["test"] == counts["all"] > counts["dev"] > 0
    default = here.digest("evaluate", str(SMALL), "--json").json["rows"]
    assert sum(row["n"] for row in default) == counts["test"]


def test_a_person_reads_a_table(here: Installation) -> None:
    ran = here.digest("evaluate", str(SMALL), "--baseline", "bm25")
    assert ran.code == 0 and ran.err == ""
    assert "nDCG@10" in ran.out and "likes+dislikes" in ran.out and "against" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a DIR of collections, or --history"),
        (["here", "--history"], "and not both"),
        (["--history", "--split", "dev"], "are for collections"),
        (["nowhere"], "nowhere holds no collection"),
        (["inbox"], "inbox holds no collection"),
        (["half"], "episodes.jsonl is missing"),
        (["lonely"], "no episode with a wanted paper among its dev readers; --split all"),
        (["--history"], "0 papers that were liked when they were news, and 20 are needed"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_sentence(
    here: Installation, arguments: list[str], says: str
) -> None:
    for name in ("half", "lonely"):
        shutil.copytree(SMALL, here.folder / name)
    (here.folder / "half/episodes.jsonl").unlink()
    tasks = (SMALL / "episodes.jsonl").read_text(encoding="utf-8").splitlines()
    first = json.loads(tasks[0]) | {"user": "reader 0"}  # falls into the test half
    (here.folder / "lonely/episodes.jsonl").write_text(json.dumps(first), encoding="utf-8")
    split = ["--split", "dev"] if "lonely" in arguments else []
    ran = here.digest("evaluate", *arguments, *split)
    assert ran.code == 2 and says in ran.err and ran.err.count("\n") == 1, ran.err


# The install's own votes ----------------------------------------------------------------------


def test_votes_are_predicted_from_those_before_and_better_than_by_chance(
    voted: Installation,
) -> None:
    rows = voted.digest("evaluate", "--history", "--json").json["rows"]
    assert {row["ranker"] for row in rows} == {"digest", "bm25", "tfidf", "mean"}
    ours = [row for row in rows if row["ranker"] == "digest"]
    assert {(row["dataset"], row["task"]) for row in ours} == {("history", "votes")}
    assert [row["H"] for row in ours] == sorted({row["H"] for row in ours}) and ours[-1]["H"] == 30
    # About 15 of 84 papers are wanted: by chance, one place in five or six is right.
    assert all(row["ndcg10"] > 0.6 for row in ours)
    assert {row.get("baseline") for row in ours} == {"bm25"}


def test_votes_may_be_compared_with_another_baseline(voted: Installation) -> None:
    ran = voted.digest("evaluate", "--history", "--baseline", "mean")
    assert ran.code == 0 and "mean" in ran.out and "favours the ranking that chose it" in ran.out


def test_measuring_changes_nothing(voted: Installation) -> None:
    before = voted.digest("subscribers", "votes", "ada", "--json").json
    voted.digest("evaluate", "--history")
    assert voted.digest("subscribers", "votes", "ada", "--json").json == before


# Mails ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_mail_is_said_to_be_good(here: Installation, file: Path) -> None:
    ran = here.digest("lint", str(file))
    assert ran.code == 0 and ran.out.splitlines()[0].startswith("Held to the rules of: ")


def test_findings_are_a_line_each_and_a_must_is_exit_code_1(here: Installation) -> None:
    (here.folder / "bad.eml").write_bytes(b"Subject: Hello\r\n\r\nHello\r\n")
    ran = here.digest("lint", "bad.eml")
    found = here.digest("lint", "bad.eml", "--json")
    assert ran.code == found.code == 1
    assert ran.out.splitlines()[1:] == [one["line"] for one in found.json["findings"]]
    assert {"rule", "severity", "text", "reference"} <= found.json["findings"][0].keys()
    assert found.json["kind"] in ran.out.splitlines()[0]


def test_a_mail_may_come_in_by_a_pipe(
    here: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with GOOD[0].open("rb") as file:
        monkeypatch.setattr("sys.stdin", type("Pipe", (), {"buffer": file}))
        assert here.digest("lint", "-").code == 0


def test_a_mail_that_is_not_there_is_said_so(here: Installation) -> None:
    ran = here.digest("lint", "nowhere.eml")
    assert ran.code == 2 and "nowhere.eml" in ran.err and ran.err.count("\n") == 1
