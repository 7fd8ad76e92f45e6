from __future__ import annotations

import email
import email.policy
import json
import subprocess
import sys
from pathlib import Path

import feedparser
import pytest

from tests.support.installation import MORNING, SAMPLE, Installation, compact, here
from tests.support.shared import shared

__all__ = ["here"]

LONG = "We study diffusion models for images in depth, and find that they work well. "
HOSTILE = (
    ("<script>alert(1)</script> diffusion {{7*7}}", LONG * 4),
    ("A diffusion title =?utf-8?q?=0D=0ABcc:_x@y?= of another kind", LONG * 5),
)


def sample(here: Installation, *names: str) -> None:
    for name in names:
        here.drop(name, (SAMPLE / name).read_bytes())


def test_init_writes_a_working_installation_and_never_overwrites(here: Installation) -> None:
    (here.folder / "config/digest.yaml").write_text("mail: {title: Mine}\n")
    assert here.digest("init").code == 0
    assert (here.folder / "config/digest.yaml").read_text() == "mail: {title: Mine}\n"


def test_an_installation_fresh_from_init_checks_out(here: Installation) -> None:
    assert here.digest("init", "new").code == 0
    ran = here.digest("--config", "new/config/digest.yaml", "check", "--json")
    assert (ran.code, ran.json["problems"]) == (0, [])


def test_collecting_reports_what_each_file_brought(here: Installation) -> None:
    monday, tuesday = str(SAMPLE / "monday.txt"), str(SAMPLE / "tuesday.txt")
    ran = here.digest("collect", "--json", monday, tuesday)
    assert ran.json == {
        "files": [
            {"path": monday, "papers": 25, "new": 25, "repeated": 0, "problem": None},
            {"path": tuesday, "papers": 25, "new": 17, "repeated": 8, "problem": None},
        ],
        "papers": 50,
        "new": 42,
    }
    again = here.digest("--json", "collect", monday, tuesday).json
    assert (again["papers"], again["new"]) == (50, 0)


def test_the_three_real_files_bring_359_papers_and_then_none(here: Installation) -> None:
    files = sorted(str(path) for path in shared("seeds").glob("*.txt"))
    first = here.digest("collect", "--json", *files).json
    assert [file["papers"] for file in first["files"]] == [221, 92, 83]
    assert [file["new"] for file in first["files"]] == [221, 73, 65]
    assert here.digest("collect", "--json", *files).json["new"] == 0


def test_the_same_bytes_under_another_name_change_nothing(here: Installation) -> None:
    here.drop("one.txt", (SAMPLE / "monday.txt").read_bytes())
    here.digest("collect")
    before = here.digest("feed", "--now", MORNING).out
    here.drop("other.txt", (SAMPLE / "monday.txt").read_bytes())
    assert here.digest("collect", "--json").json["new"] == 0
    assert here.digest("feed", "--now", MORNING).out == before


def test_a_collected_file_moves_on_and_a_named_one_stays(
    here: Installation, tmp_path: Path
) -> None:
    inbox = here.drop("a.txt", (SAMPLE / "monday.txt").read_bytes())
    named = tmp_path / "b.txt"
    named.write_bytes((SAMPLE / "tuesday.txt").read_bytes())
    here.digest("collect")
    here.digest("collect", str(named))
    assert not inbox.exists() and (inbox.parent / "collected/a.txt").exists()
    assert named.exists()


def test_a_damaged_file_is_rejected_whole_and_can_be_salvaged(here: Installation) -> None:
    whole = (SAMPLE / "monday.txt").read_text()
    here.drop("cut.txt", whole[: len(whole) // 2])
    ran = here.digest("collect", "--json")
    assert ran.code == 1 and ran.json["new"] == 0
    assert "cut.txt, line" in ran.json["files"][0]["problem"]
    why = (here.folder / "inbox/rejected/cut.txt.why").read_text()
    assert "--salvage" in why
    rejected = here.folder / "inbox/rejected/cut.txt"
    salvaged = here.digest("collect", "--json", "--salvage", str(rejected))
    assert salvaged.code == 0 and 10 <= salvaged.json["new"] <= 13
    assert here.digest("collect", str(rejected)).code == 1
    assert here.digest("collect", "--json", str(SAMPLE / "monday.txt")).json["new"] < 15


def test_a_file_still_being_written_is_left_for_the_next_time(here: Installation) -> None:
    whole = (SAMPLE / "monday.txt").read_bytes()
    with (here.folder / "inbox/slow.txt").open("wb", buffering=0) as file:
        file.write(whole[:5000])
        assert here.digest("collect", "--json").json["files"] == []
        file.write(whole[5000:])
    assert here.digest("collect", "--json").json["new"] == 25


def test_a_file_just_dropped_is_waited_for(here: Installation) -> None:
    here.settings(collect={"settle_s": 1})
    here.drop("fresh.txt", (SAMPLE / "monday.txt").read_bytes())
    assert here.digest("collect", "--json").json["new"] == 25


def test_the_preview_is_exactly_what_is_sent_and_changes_nothing(here: Installation) -> None:
    sample(here, "monday.txt")
    here.digest("collect", "--now", MORNING)
    shown = here.digest("preview", "me", "--format", "eml", "--now", MORNING, "--output", "p.eml")
    again = here.digest("preview", "me", "--format", "eml", "--now", MORNING, "--output", "q.eml")
    assert (shown.code, again.code) == (0, 0)
    assert here.digest("send", "--now", MORNING).code == 0
    (sent,) = here.mails()
    assert sent.read_bytes() == Path("p.eml").read_bytes() == Path("q.eml").read_bytes()


def test_a_past_edition_is_shown_as_it_was_and_the_next_one_without_its_papers(
    here: Installation,
) -> None:
    sample(here, "monday.txt", "tuesday.txt")
    here.digest("send", "--now", MORNING)
    (sent,) = here.mails()
    options = ("--date", "2026-05-20", "--format", "eml", "--output", "p.eml")
    here.digest("preview", "me", *options, "--now", "2026-05-29T09:00:00Z")
    assert Path("p.eml").read_bytes() == sent.read_bytes()
    then = here.digest("preview", "me", "--date", "2026-05-20", "--json").json
    after = here.digest("preview", "me", "--json", "--now", MORNING).json
    assert then["picks"] and after["date"] == "2026-05-21"
    assert not {p["key"] for p in then["picks"]} & {p["key"] for p in after["picks"]}


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "text", "eml"])
def test_every_form_holds_the_same_papers(here: Installation, form: str) -> None:
    sample(here, "monday.txt")
    here.digest("collect")
    picks = here.digest("preview", "me", "--json").json["picks"]
    here.digest("preview", "me@example.org", "--format", form, "--output", "out")
    data = Path("out").read_bytes()
    if form == "eml":
        message = email.message_from_bytes(data, policy=email.policy.default)
        body = message.get_body(("html",))
        assert body is not None
        data = body.get_content().encode()
    text = " ".join(data.decode().split())
    assert picks
    for pick in picks:
        assert pick["title"].split(":")[0].split()[-1] in text


def test_explain_gives_the_evidence_and_what_was_left_out(here: Installation) -> None:
    sample(here, "monday.txt", "tuesday.txt")
    here.subscribers(
        {
            "id": "me",
            "address": "me@example.org",
            "size": 2,
            "interests": [{"keywords": ["diffusion", "video"]}],
            "muted": ["robot"],
        }
    )
    here.digest("collect", "--now", MORNING)
    ran = here.digest("preview", "me", "--explain", "--json", "--now", MORNING).json
    for pick in ran["picks"]:
        shares = [reason["share"] for reason in pick["reasons"]]
        assert shares == sorted(shares, reverse=True)
        assert 0 < shares[0] <= pick["score"] + 1e-3
    whys = {other["why"] for other in ran["left_out"]}
    assert any("no room" in why for why in whys) and any("muted" in why for why in whys)
    assert "Left out" in here.digest("preview", "me", "--explain", "--now", MORNING).out
    here.digest("preview", "me", "--format", "eml", "--output", "plain", "--now", MORNING)
    explained = ("preview", "me", "--format", "eml", "--output", "explained", "--explain")
    assert "Left out" in here.digest(*explained, "--now", MORNING).err
    assert Path("plain").read_bytes() == Path("explained").read_bytes()


def test_hostile_titles_are_text_in_every_form(here: Installation) -> None:
    here.drop("hostile.txt", compact(*HOSTILE))
    assert here.digest("send", "--json", "--now", MORNING).code == 0
    message = email.message_from_bytes(here.mails()[0].read_bytes(), policy=email.policy.default)
    assert message["Bcc"] is None and message["To"].addresses[0].addr_spec == "me@example.org"
    html = message.get_body(("html",))
    assert html is not None and "<script>alert" not in html.get_content()
    assert "{{7*7}}" in html.get_content()
    markdown = here.digest("preview", "me", "--date", "2026-05-20", "--format", "markdown").out
    assert "<script>" not in markdown
    titles = [entry.title for entry in feedparser.parse(here.digest("feed", "me").out).entries]
    assert any("{{7*7}}" in title for title in titles)


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_the_public_feed_is_the_trending_list(here: Installation, form: str) -> None:
    sample(here, "monday.txt", "tuesday.txt")
    here.digest("send", "--now", MORNING)
    out = here.digest("feed", "--format", form).out
    if form == "json":
        titles = [item["title"] for item in json.loads(out)["items"]]
    else:
        feed = feedparser.parse(out)
        assert not feed.bozo
        titles = [entry.title for entry in feed.entries]
    twice = set((SAMPLE / "monday.txt").read_text().splitlines()) & set(
        (SAMPLE / "tuesday.txt").read_text().splitlines()
    )
    assert len(titles) == 30 and len(set(titles[:8]) & twice) >= 5


def test_a_second_send_on_the_same_day_sends_nothing(here: Installation) -> None:
    sample(here, "monday.txt")
    first = here.digest("send", "--json", "--now", MORNING)
    second = here.digest("send", "--json", "--now", "2026-05-20T22:00:00Z")
    assert first.json["deliver"]["sent"] == 1
    assert second.json["compose"]["editions"] == [] and second.json["deliver"]["sent"] == 0


def test_nobody_gets_a_paper_twice_over_days_of_overlapping_files(here: Installation) -> None:
    got: list[str] = []
    for day, name in ((20, "monday.txt"), (21, "tuesday.txt"), (22, None), (23, None)):
        if name:
            sample(here, name)
        here.digest("send", "--now", f"2026-05-{day}T12:00:00Z")
        shown = here.digest("preview", "me", "--date", f"2026-05-{day}", "--json").json
        got += [pick["key"] for pick in shown["picks"]]
    assert len(got) == len(set(got)) > 3


def test_a_silent_day_is_told(here: Installation) -> None:
    here.drop("one.txt", compact(("About diffusion in one page", LONG * 4)))
    here.digest("send", "--now", MORNING)
    ran = here.digest("send", "--json", "--now", "2026-05-21T12:00:00Z").json
    (edition,) = [e for e in ran["compose"]["editions"] if e["subscriber"] == "me"]
    assert edition["picks"] == 0
    assert edition["note"] == "Nothing new has arrived since Wednesday, 20 May."
    assert len(here.mails()) == 2


def test_before_the_first_paper_nobody_gets_an_empty_mail(here: Installation) -> None:
    ran = here.digest("send", "--json", "--now", MORNING)
    assert ran.code == 0 and ran.json["compose"]["waiting"] == ["me", "public"]
    sample(here, "monday.txt")
    later = here.digest("send", "--json", "--now", "2026-05-20T13:00:00Z")
    assert later.json["deliver"]["sent"] == 1


def test_an_hour_is_the_readers_own(here: Installation) -> None:
    reader = {"address": "t@example.org", "interests": [{"keywords": ["diffusion"]}]}
    here.subscribers({"id": "tokyo", "timezone": "Asia/Tokyo", "hour": 8, **reader})
    sample(here, "monday.txt")
    early = here.digest("send", "--json", "--now", "2026-05-19T22:59:00Z").json
    due = here.digest("send", "--json", "--now", "2026-05-19T23:00:00Z").json
    assert [e["date"] for e in early["compose"]["editions"] if e["subscriber"] != "public"] == []
    assert [e["date"] for e in due["compose"]["editions"]] == ["2026-05-20"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["preview", "nobody"], "there is no subscriber 'nobody'"),
        (["preview", "me", "--date", "soon"], "soon"),
        (["--now", "yesterday", "collect"], "'yesterday' is no instant"),
        (["--config", "nowhere.yaml", "collect"], "there is no nowhere.yaml"),
        (["preview", "public", "--format", "eml"], "no address"),
        (["preview", "me", "--output", "no/such/folder/x"], "cannot be written"),
        (["subscribers", "add", "not an address", "--interest", "x"], "is not a mail address"),
        (["subscribers", "add", "me@example.org", "--interest", "x"], "is a subscriber already"),
        (["subscribers", "import", "missing.yaml"], "there is no missing.yaml"),
        (["frobnicate"], "No such command"),
    ],
)
def test_an_error_is_one_sentence_and_exit_code_2(
    here: Installation, arguments: list[str], says: str
) -> None:
    ran = here.digest(*arguments)
    assert ran.code == 2 and says in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "delivery:\n  prot: 25\n",
            "digest.yaml:2: delivery: no setting 'prot'; did you mean 'port'?",
        ),
        ("delivery:\n  port: many\n", "digest.yaml:2: delivery.port has to be a whole number"),
        (
            "delivery: {security: ssl}\n",
            "digest.yaml:1: delivery.security has to be 'starttls', 'tls' or 'none'",
        ),
        ("delivery: {password: x}\n", "does not belong in this file"),
        ("inbox: [\n", "this is not YAML"),
        ("inbox: a\ninbox: b\n", "digest.yaml:2: 'inbox' stands here a second time"),
        ("public: {timezone: Mars/Base}\n", "there is no time zone 'Mars/Base'"),
        ("database: mysql://x/y\n", "mysql"),
        ("- a\n- b\n", "has to be a group of settings"),
        ("delivery: 5\n", "digest.yaml:1: delivery has to be a group of settings"),
        ("mail: {title: \0}\n", "this is not YAML"),
        ("delivery: {port: 0}\n", "port has to be between 1 and 65535"),
        ("templates: nowhere\n", "does not exist"),
        ("sources: [{name: x, kind: arxiv}]\n", "needs 'query'"),
        ("sources: [{name: x, url: a, ulr: b}]\n", "no setting 'ulr'"),
    ],
)
def test_a_wrong_setting_names_its_line(here: Installation, text: str, says: str) -> None:
    (here.folder / "config/digest.yaml").write_text(text)
    ran = here.digest("subscribers", "list")
    assert ran.code == 2 and says in ran.err and ran.err.count("\n") == 1, ran.err


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"adress": "x@example.org"}, "no setting 'adress'; did you mean 'address'?"),
        ({"address": "x@example.org, y@example.org"}, "is not a mail address"),
        ({"interests": []}, "at least one interest"),
        ({"interests": [{"keyword": ["x"]}]}, "did you mean 'keywords'?"),
        ({"hour": 24}, "hour has to be between 0 and 23"),
        ({"weekdays": ["someday"]}, "weekdays are any of mon, tue"),
        ({"id": "a b"}, "may only hold letters"),
        ({"interests": [{"keywords": "diffusion"}]}, "keywords has to be a list"),
        ({"interests": [{"name": "empty"}]}, "empty"),
    ],
)
def test_a_wrong_subscriber_names_its_line(here: Installation, entry: dict, says: str) -> None:  # type: ignore[type-arg]
    good = {"id": "a", "address": "a@example.org", "interests": [{"text": "b"}]}
    here.subscribers({**good, **entry})
    ran = here.digest("subscribers", "list")
    assert ran.code == 2 and says in ran.err and "subscribers.yaml:" in ran.err, ran.err


def test_the_environment_lies_over_the_file(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_MAIL__TITLE", "From the environment")
    monkeypatch.setenv("DIGEST_DELIVERY__FOLDER", "elsewhere")
    sample(here, "monday.txt")
    here.digest("send", "--now", MORNING)
    (sent,) = (here.folder / "config/elsewhere").glob("*.eml")
    assert b"From the environment" in sent.read_bytes()
    for odd in ("12345", "on: fire", "yes", ""):
        monkeypatch.setenv("DIGEST_DELIVERY__USERNAME", odd)
        assert here.digest("check").code == 0
    monkeypatch.setenv("DIGEST_DATABSE", "sqlite:///other.db")
    assert "did you mean 'database'?" in here.digest("check").err
    monkeypatch.delenv("DIGEST_DATABSE")
    monkeypatch.setenv("DIGEST_HOME", "somebody else's")
    assert here.digest("check").code == 0
    monkeypatch.setenv("DIGEST_MAIL__TITEL", "x")
    ran = here.digest("check")
    assert ran.code == 2 and "environment variable DIGEST_MAIL__TITEL" in ran.err


def test_the_configuration_can_be_named_by_the_environment(
    here: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("DIGEST_CONFIG", str(here.folder / "config/digest.yaml"))
    monkeypatch.chdir(elsewhere)
    assert here.digest("check", "--json").json["problems"] == []


def test_subscribers_come_and_go(here: Installation) -> None:
    added = here.digest(
        *("subscribers", "add", "Ada@example.org", "--id", "ada", "--keyword", "robot", "--json")
    )
    assert (added.json["id"], added.json["state"]) == ("ada", "active")
    assert here.digest("subscribers", "pause", "ada", "--json").json["state"] == "paused"
    assert (
        here.digest("subscribers", "resume", "ada@example.org", "--json").json["state"] == "active"
    )
    here.digest("subscribers", "export", "--output", "all.yaml")
    assert here.digest("subscribers", "remove", "ada", "--json").json["state"] == "left"
    listed = here.digest("subscribers", "list", "--json").json["subscribers"]
    assert {one["id"]: one["state"] for one in listed} == {
        "ada": "left",
        "me": "active",
        "public": "active",
    }
    assert here.digest("subscribers", "import", "all.yaml").code == 0
    here.subscribers()
    assert here.digest("subscribers", "show", "me", "--json").json["state"] == "unlisted"
    assert here.digest("subscribers", "import", "all.yaml", "--json").json == {
        "imported": ["ada", "me"]
    }
    assert here.digest("subscribers", "show", "me", "--json").json["state"] == "active"
    assert here.digest("subscribers", "show", "ada", "--json").json["state"] == "left"


def test_who_leaves_gets_not_even_what_is_queued(here: Installation) -> None:
    sample(here, "monday.txt")
    here.digest("collect", "--now", MORNING)
    assert here.digest("compose", "--json", "--now", MORNING).json["editions"]
    here.digest("subscribers", "remove", "me")
    assert here.digest("deliver", "--json", "--now", MORNING).json["sent"] == 0
    assert here.mails() == []


def test_check_says_what_is_wrong(here: Installation) -> None:
    here.settings(delivery={"transport": "smtp", "host": "127.0.0.1", "port": 1})
    (here.folder / "inbox").rmdir()
    ran = here.digest("check", "--json")
    assert ran.code == 1
    assert any("inbox" in problem for problem in ran.json["problems"])
    assert any("127.0.0.1:1" in problem for problem in ran.json["problems"])


HEAVY = (
    *("aiosmtpd", "alembic", "cryptography", "email_validator", "feedparser", "lxml", "markdown"),
    *("procrastinate", "psycopg", "rich", "smtplib", "starlette", "uvicorn"),
    *("digest.collecting", "digest.collect.readers", "digest.delivery", "digest.deliver.smtp"),
    *("digest.render.press", "digest.store.archive", "digest.store.signups"),
)
"""What collecting, delivering, printing and serving need, and nothing else."""


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (["--help"], ("jinja2", "numpy", "scipy", "sqlalchemy", "yaml")),
        (["preview", "me"], ("jinja2",)),
    ],
    ids=["help", "preview"],
)
def test_a_quick_command_waits_for_no_heavy_library(
    here: Installation, arguments: list[str], more: tuple[str, ...]
) -> None:
    sample(here, "monday.txt")
    assert here.digest("collect").code == 0
    script = "import atexit, sys; from digest.cli import main; "
    script += f"atexit.register(lambda: print([m for m in {HEAVY + more} if m in sys.modules])); "
    script += f"main({arguments})"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=here.folder, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == "[]"
