"""The inbox: what is ready, and how files are put away without loss."""

import os
import shutil
import time

import pytest

from digest.collect import inbox
from digest.errors import SourceError

WRONG = SourceError("page.txt", "two titles in a row", line=12, whole=5)


def drop(folder, name, text="text", age_s=60.0):
    path = folder / name
    path.write_text(text)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def waiting(folder):
    return [path.name for path in inbox.waiting(folder, time.time(), 2.0)]


def test_files_wait_by_name(tmp_path):
    for name in ("b.txt", "a.txt", "c"):
        drop(tmp_path, name)
    assert waiting(tmp_path) == ["a.txt", "b.txt", "c"]


@pytest.mark.parametrize("name", [".hidden", "a.part", "a.TMP", "a.txt.crdownload", "a.txt~"])
def test_a_name_that_says_unfinished_does_not_wait(tmp_path, name):
    drop(tmp_path, name)
    assert waiting(tmp_path) == []


def test_a_file_that_changed_just_now_is_left_for_the_next_tick(tmp_path):
    drop(tmp_path, "a.txt", age_s=1)
    assert waiting(tmp_path) == []


def test_a_file_that_rested_long_enough_waits(tmp_path):
    drop(tmp_path, "a.txt", age_s=2.5)
    assert waiting(tmp_path) == ["a.txt"]


def test_a_file_from_the_future_waits(tmp_path):
    drop(tmp_path, "a.txt", age_s=-86_400)
    assert waiting(tmp_path) == ["a.txt"]


def test_folders_links_and_pipes_do_not_wait(tmp_path):
    target = drop(tmp_path, ".target")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    assert waiting(tmp_path) == []


def test_a_missing_inbox_is_said(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        waiting(tmp_path / "nowhere")


def test_a_file_at_the_bound_is_loaded(tmp_path):
    assert inbox.load(drop(tmp_path, "a", "x" * 10), 10) == b"x" * 10


def test_a_file_over_the_bound_is_refused(tmp_path):
    with pytest.raises(SourceError, match="a: it is larger than 1e-05 MB"):
        inbox.load(drop(tmp_path, "a", "x" * 11), 10)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(drop(tmp_path, "a"))
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "link", tmp_path / "gone"):
        with pytest.raises(SourceError):
            inbox.load(path, 10)


def test_a_link_is_followed_on_request(tmp_path):
    (tmp_path / "link").symlink_to(drop(tmp_path, "a"))
    assert inbox.load(tmp_path / "link", 10, follow=True) == b"text"


def test_a_collected_file_moves_beside_the_inbox(tmp_path):
    now = inbox.accept(drop(tmp_path, "a.txt"))
    assert now == tmp_path / "collected" / "a.txt"
    assert now.read_text() == "text"
    assert names(tmp_path) == ["collected"]


def test_names_that_meet_get_a_number_and_nothing_is_overwritten(tmp_path):
    for text in ("one", "two", "three"):
        inbox.accept(drop(tmp_path, "a.txt", text))
    found = {path.name: path.read_text() for path in (tmp_path / "collected").iterdir()}
    assert found == {"a.txt": "one", "a-2.txt": "two", "a-3.txt": "three"}


def test_a_rejected_file_has_its_reason_beside_it(tmp_path):
    now = inbox.reject(drop(tmp_path, "page.txt"), WRONG)
    assert now == tmp_path / "rejected" / "page.txt"
    why = (tmp_path / "rejected" / "page.txt.why").read_text()
    assert "Line 12: two titles in a row." in why
    assert "5 whole papers" in why
    assert f"digest collect --salvage {now}" in why


def test_a_file_without_whole_papers_is_not_offered_for_salvage(tmp_path):
    inbox.reject(drop(tmp_path, "page.txt"), SourceError("page.txt", "it is empty"))
    why = (tmp_path / "rejected" / "page.txt.why").read_text()
    assert "--salvage" not in why
    assert "0 whole papers" in why


def test_rejected_names_that_meet_keep_both_reasons(tmp_path):
    for text in ("one", "two"):
        inbox.reject(drop(tmp_path, "a.txt", text), WRONG)
    assert names(tmp_path / "rejected") == ["a-2.txt", "a-2.txt.why", "a.txt", "a.txt.why"]
    assert (tmp_path / "rejected" / "a.txt").read_text() == "one"


def test_a_rejected_file_called_why_is_not_overwritten_by_a_reason(tmp_path):
    inbox.reject(drop(tmp_path, "a.txt.why", "mine"), WRONG)
    assert inbox.reject(drop(tmp_path, "a.txt"), WRONG).name == "a-2.txt"
    assert (tmp_path / "rejected" / "a.txt.why").read_text() == "mine"


def test_a_file_somebody_put_among_the_rejected_is_not_overwritten(tmp_path):
    (tmp_path / "rejected").mkdir()
    (tmp_path / "rejected" / "a.txt").write_text("mine")
    assert inbox.reject(drop(tmp_path, "a.txt"), WRONG).name == "a-2.txt"
    assert names(tmp_path / "rejected") == ["a-2.txt", "a-2.txt.why", "a.txt"]


def test_a_power_cut_after_the_reason_is_made_up_for(tmp_path):
    path = drop(tmp_path, "a.txt")
    inbox.reject(path, WRONG)
    shutil.move(tmp_path / "rejected" / "a.txt", path)
    inbox.reject(path, WRONG)
    assert names(tmp_path / "rejected") == ["a.txt", "a.txt.why"]


@pytest.mark.parametrize("put_away", [inbox.accept, lambda path: inbox.reject(path, WRONG)])
def test_a_power_cut_between_the_two_names_of_a_file_is_made_up_for(tmp_path, put_away):
    path = drop(tmp_path, "a.txt")
    now = put_away(path)
    path.hardlink_to(now)
    assert put_away(path) == now
    assert not path.exists()
    assert now.read_text() == "text"


@pytest.mark.parametrize("put_away", [inbox.accept, lambda path: inbox.reject(path, WRONG)])
def test_a_file_that_is_gone_is_said_and_leaves_no_trace(tmp_path, put_away):
    with pytest.raises(SourceError, match="no such file"):
        put_away(tmp_path / "gone.txt")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "collected").write_text("in the way")
    path = drop(tmp_path, "a.txt")
    with pytest.raises(SourceError, match="cannot be moved to collected/"):
        inbox.accept(path)
    assert path.exists()


@pytest.mark.parametrize(
    "name", ["x" * 255, "é" * 127, "-n", "a b;c$(d).txt", "line\nbreak", "..."]
)
def test_odd_names_are_put_away_too(tmp_path, name):
    assert inbox.reject(drop(tmp_path, name, "one"), WRONG).read_text() == "one"
    assert inbox.accept(drop(tmp_path, name, "two")).read_text() == "two"


def test_a_name_that_is_no_text_is_put_away_too(tmp_path):
    name = os.fsdecode(b"a\xff.txt")
    path = drop(tmp_path, name)
    assert inbox.reject(path, SourceError(name, "it is empty", whole=1)).exists()
