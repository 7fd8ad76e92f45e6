"""Mailboxes of every kind: nothing is lost, and nothing goes before it is done with."""

from __future__ import annotations

import io
import mailbox
import subprocess
import sys
from pathlib import Path

import pytest

from digest.errors import SourceError
from digest.returns.mailboxes import opened
from digest.returns.opened import LARGEST
from digest.returns.settings import Place, ReturnsSettings, place
from tests.support.imapserver import imap_server
from tests.support.mailserver import make_certificates
from tests.support.popserver import pop_server

MAILS = [b"Subject: %d\n\nMail %d\n" % (n, n) for n in range(3)]
SETTINGS = ReturnsSettings(timeout_s=5)


def taken(where: Place, *, done: int = 0, leave: int = 0, settings=SETTINGS) -> list[bytes]:
    """What is in the mailbox; the first so many are done with, the next are left to others."""
    found = []
    with opened(where, settings, "secret") as waiting:
        for n, mail in enumerate(waiting):
            found.append(mail.data.replace(b"\r\n", b"\n"))
            if n < done:
                mail.done()
            elif n < done + leave:
                mail.leave()
    return found


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    folder = tmp_path / "box"
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir(parents=True)
    for n, data in enumerate(MAILS):
        (folder / "new" / f"100{n}.host").write_bytes(data)
    return folder


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    box = mailbox.mbox(tmp_path / "box")
    for data in MAILS:
        box.add(data)
    box.close()
    return tmp_path / "box"


# A Maildir


def test_a_maildir_is_read_oldest_first(maildir):
    assert taken(Place("maildir", maildir)) == MAILS


def test_what_is_done_with_leaves_the_maildir_and_the_rest_stays(maildir):
    taken(Place("maildir", maildir), done=1)
    assert taken(Place("maildir", maildir)) == MAILS[1:]


def test_what_is_left_to_others_is_marked_as_seen_and_not_read_again(maildir):
    taken(Place("maildir", maildir), leave=1)
    assert (maildir / "cur" / "1000.host:2,S").read_bytes() == MAILS[0]
    assert taken(Place("maildir", maildir)) == MAILS[1:]


def test_a_mail_that_another_program_takes_meanwhile_breaks_nothing(maildir):
    with opened(Place("maildir", maildir), SETTINGS, "") as waiting:
        mail = next(waiting)
        for path in (maildir / "new").iterdir():
            path.unlink()
        mail.done()
        mail.leave()
        assert list(waiting) == []


def test_a_large_mail_is_read_in_part(maildir):
    (maildir / "new" / "2000.host").write_bytes(b"x" * (LARGEST + 1))
    assert len(taken(Place("maildir", maildir))[-1]) == LARGEST


def test_a_folder_that_is_no_maildir_is_told(tmp_path):
    with pytest.raises(SourceError, match="it is not a Maildir: it has neither new/ nor cur/"):
        taken(Place("maildir", tmp_path))


# An mbox


def test_an_mbox_is_read_and_what_is_done_with_is_removed_at_its_end(mbox):
    where = Place("mbox", mbox)
    assert [data.rstrip() for data in taken(where, done=2)] == [data.rstrip() for data in MAILS]
    assert [data.rstrip() for data in taken(where)] == [MAILS[2].rstrip()]


def test_a_mail_that_arrives_in_the_mbox_meanwhile_is_not_lost(mbox):
    with opened(Place("mbox", mbox), SETTINGS, "") as waiting:
        next(waiting).done()
        with mbox.open("ab") as file:
            file.write(b"From x Wed May 20 05:00:00 2026\nSubject: new\n\nNew\n\n")
    assert [data[:10] for data in taken(Place("mbox", mbox))] == [
        b"Subject: 1",
        b"Subject: 2",
        b"Subject: n",
    ]


def test_an_error_in_the_middle_removes_what_was_done_with_and_nothing_else(mbox):
    def fails() -> None:
        with opened(Place("mbox", mbox), SETTINGS, "") as waiting:
            next(waiting).done()
            next(waiting)
            raise KeyError("the database is gone")

    with pytest.raises(KeyError):
        fails()
    assert len(taken(Place("mbox", mbox))) == 2


def test_an_mbox_is_not_locked_while_its_mails_are_dealt_with(mbox):
    with opened(Place("mbox", mbox), SETTINGS, "") as waiting:
        next(waiting)
        other = mailbox.mbox(mbox)
        other.lock()
        other.close()
    assert not mbox.with_name("box.lock").exists()


def test_an_mbox_that_another_program_has_locked_is_told_and_left(mbox):
    other = mailbox.mbox(mbox)
    other.lock()
    try:
        with pytest.raises(SourceError, match="it cannot be read and changed"):
            taken(Place("mbox", mbox))
    finally:
        other.close()
    assert len(taken(Place("mbox", mbox))) == 3


def test_a_missing_mbox_is_told_and_not_made(tmp_path):
    with pytest.raises(SourceError, match="there is no such mbox"):
        taken(Place("mbox", tmp_path / "none"))
    assert not (tmp_path / "none").exists()


# Standard input


def test_a_mail_in_standard_input_is_read_to_its_end(monkeypatch):
    stream = io.BytesIO(b"Subject: a\n\n" + b"x" * (2 * LARGEST))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    (data,) = taken(Place("-"), done=1)
    assert len(data) == LARGEST
    assert stream.read() == b""


def test_an_empty_standard_input_holds_no_mail(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    assert taken(Place("-")) == []


# POP3


def pop3(server) -> Place:
    return place(f"pop3://ada@127.0.0.1:{server.port}")


def test_a_pop3_mailbox_is_read_and_emptied_of_what_is_done_with():
    with pop_server(MAILS) as server:
        assert taken(pop3(server), done=2) == MAILS
        assert server.mails == MAILS[2:]


@pytest.mark.parametrize("verb", ["RETR", "DELE", "QUIT"])
def test_a_pop3_server_that_dies_loses_nothing(verb):
    with pop_server(MAILS) as server:
        server.dies = verb
        with pytest.raises(SourceError, match=r"127\.0\.0\.1: the server"):
            taken(pop3(server), done=3)
        assert server.mails == MAILS
        assert taken(pop3(server), done=3) == MAILS
        assert server.mails == []


def test_an_error_of_ours_takes_all_removals_from_pop3_back():
    def fails(server) -> None:
        with opened(pop3(server), SETTINGS, "secret") as waiting:
            next(waiting).done()
            raise KeyError("the database is gone")

    with pop_server(MAILS) as server:
        with pytest.raises(KeyError):
            fails(server)
        assert server.mails == MAILS


def test_a_large_mail_is_taken_from_pop3_in_part_and_long_lines_are_cut():
    large = b"Subject: a\r\n\r\n" + b"many words\r\n" * 200_000
    wide = b"Subject: b\r\n\r\n" + b"x" * 500_000 + b"\r\nend\r\n"
    with pop_server([large, wide]) as server:
        first, second = taken(pop3(server), done=2)
        assert len(first) < LARGEST
        assert second.endswith(b"\nend\n")
        assert server.mails == []


def test_a_wrong_password_is_told_in_the_servers_words():
    with (
        pop_server(MAILS) as server,
        pytest.raises(SourceError, match="the server refused: -ERR wrong password"),
        opened(pop3(server), SETTINGS, "wrong"),
    ):
        pass


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(SourceError, match=r"pop3://ada@127.0.0.1: the server cannot be reached"):
        taken(place("pop3://ada@127.0.0.1:1"))


def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password(tmp_path):
    certificates = make_certificates(tmp_path)
    with pop_server(MAILS, certificates.server_context()) as server:
        where = place(f"pop3s://ada@localhost:{server.port}")
        with pytest.raises(SourceError, match="certificate verify failed"):
            taken(where)
        assert server.said == []
        trusting = ReturnsSettings(timeout_s=5, ca_file=certificates.ca_file)
        assert taken(where, settings=trusting) == MAILS


# IMAP


def test_an_imap_folder_is_read_and_what_is_done_with_is_marked():
    with imap_server(dict(enumerate(MAILS, start=7))) as server:
        where = place(f"imap://ada@127.0.0.1:{server.port}/Alerts")
        assert taken(where, done=1, leave=1) == MAILS
        assert "UID STORE 7 +FLAGS.SILENT (\\Seen \\Deleted)" in server.said
        assert "UID STORE 8 +FLAGS.SILENT (\\Seen)" in server.said
        assert taken(where) == MAILS[2:]


def test_what_others_marked_for_deletion_in_an_imap_folder_stays():
    with imap_server({7: MAILS[0]}) as server:
        taken(place(f"imap://ada@127.0.0.1:{server.port}/Alerts"), done=1)
        assert not any("EXPUNGE" in command for command in server.said)


def test_a_folder_that_is_not_there_is_told():
    with (
        imap_server({}) as server,
        pytest.raises(SourceError, match="the folder INBOX cannot be opened"),
    ):
        taken(place(f"imap://ada@127.0.0.1:{server.port}"))


# Names of mailboxes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-", Place("-")),
        ("maildir:/var/mail/x", Place("maildir", Path("/var/mail/x"))),
        ("mbox:box", Place("mbox", Path("box"))),
        ("imaps://a%40b@mx", Place("imaps", host="mx", port=993, user="a@b")),
        ("imaps://ada@mx:99/Re%20turns", Place("imaps", Path(), "mx", 99, "ada", "Re turns")),
        ("pop3s://ada@mx", Place("pop3s", host="mx", port=995, user="ada")),
    ],
)
def test_a_mailbox_is_named_by_an_address(text, expected):
    assert place(text) == expected


@pytest.mark.parametrize("text", ["box", "maildir:", "imaps://mx", "https://ada@mx", "pop3s://"])
def test_what_names_no_mailbox_is_refused(text):
    with pytest.raises(ValueError, match="is no mailbox; write maildir:PATH"):
        place(text)


def test_a_password_in_the_name_of_a_mailbox_is_refused_and_not_repeated():
    with pytest.raises(ValueError, match="a password does not belong") as refused:
        place("imaps://ada:hunter2@mx")
    assert "hunter2" not in str(refused.value)


def test_nothing_is_imported_from_flufl_bounce_until_a_strange_report_needs_it():
    code = "import sys, digest.returns.recognition; sys.exit('flufl.bounce' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
