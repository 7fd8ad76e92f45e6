"""Messages become files, whole, once each, inside their folder."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.folder import FolderTransport, file_name
from digest.deliver.outcomes import Accepted
from digest.errors import MailServerDown
from digest.messages import Message

MESSAGE = Message(
    "<edition.2026-05-20.ada@example.org>",
    "digest@example.org",
    "ada@example.org",
    b"Subject: Today\r\n\r\n.\r\nFrom here\r\n",
)
WITHOUT_ROOT = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere"
)


def test_a_message_becomes_a_file_with_exactly_its_bytes(tmp_path):
    outcome = FolderTransport(tmp_path / "out").send(MESSAGE)
    (path,) = (tmp_path / "out").iterdir()
    assert path.read_bytes() == MESSAGE.data
    assert outcome == Accepted(f"written to {path}")


def test_the_name_tells_the_day_and_the_reader():
    name = file_name(MESSAGE)
    assert name.startswith("2026-05-20_ada@example.org_")
    assert name.endswith(".eml")


def test_a_message_id_without_a_day_names_the_reader_only():
    name = file_name(replace(MESSAGE, message_id="<x1@example.org>"))
    assert name.startswith("ada@example.org_")


def test_the_same_message_again_overwrites_its_own_file(tmp_path):
    transport = FolderTransport(tmp_path)
    transport.send(MESSAGE)
    transport.send(replace(MESSAGE, data=b"Date: later\r\n\r\n"))
    (path,) = tmp_path.iterdir()
    assert path.read_bytes() == b"Date: later\r\n\r\n"


def test_two_messages_of_one_day_to_one_reader_are_two_files(tmp_path):
    transport = FolderTransport(tmp_path)
    transport.send(MESSAGE)
    transport.send(replace(MESSAGE, message_id="<notice.2026-05-20.ada@example.org>"))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "recipient",
    [
        "../../etc/passwd@x",
        "/etc/cron.d/x",
        "..",
        ".hidden@x",
        "a\x00b@x",
        "a/b\\c@x",
        "",
        "é" * 400,
    ],
)
def test_a_hostile_address_stays_inside_the_folder(tmp_path, recipient):
    folder = tmp_path / "out"
    FolderTransport(folder).send(replace(MESSAGE, recipient=recipient))
    assert [path.suffix for path in folder.iterdir()] == [".eml"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@settings(deadline=None)
@given(message_id=st.text(), recipient=st.text())
def test_any_name_is_plain_visible_and_short(message_id, recipient):
    name = file_name(replace(MESSAGE, message_id=message_id, recipient=recipient))
    assert Path(name).name == name
    assert name.isascii()
    assert not name.startswith(".")
    assert len(name) < 200


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(MailServerDown, match=r"out is not a folder; choose another one"):
        FolderTransport(tmp_path / "out").send(MESSAGE)


@WITHOUT_ROOT
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(MailServerDown, match="check its owner and permissions"):
        FolderTransport(tmp_path).send(MESSAGE)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "is full; free some space"),
        (errno.EROFS, "is read-only; choose another one"),
        (errno.EIO, "cannot be written (Input/output error); choose another one"),
    ],
)
def test_a_disk_that_fails_is_explained_and_leaves_nothing_half_written(
    tmp_path, monkeypatch, number, said
):
    def failing(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(MailServerDown) as caught:
        FolderTransport(tmp_path).send(MESSAGE)
    assert str(caught.value) == f"delivery folder {tmp_path} {said}"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path):
    (tmp_path / file_name(MESSAGE)).mkdir()
    with pytest.raises(MailServerDown):
        FolderTransport(tmp_path).send(MESSAGE)
    assert [path.name for path in tmp_path.iterdir()] == [file_name(MESSAGE)]


def test_closing_and_sending_again_works(tmp_path):
    transport = FolderTransport(tmp_path)
    transport.close()
    assert isinstance(transport.send(MESSAGE), Accepted)
