"""Mails of alerts are read from a Maildir and over IMAP, and left as they are."""

import datetime as dt
import mailbox as stdlib
import socket
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.collect import listing, mailbox
from digest.collect.mailbox import ImapSettings
from digest.errors import SourceError
from tests.support.imapserver import imap_server

LISTING = (Path(__file__).parents[1] / "cases" / "listing" / "cs.txt").read_text()


def mail(text=LISTING, encoding="quoted-printable", html=None):
    message = EmailMessage()
    message["Subject"] = "cs daily"
    message.set_content(text, cte=encoding)
    if html:
        message.add_alternative(html, subtype="html")
    return bytes(message)


@pytest.fixture
def maildir(tmp_path):
    box = stdlib.Maildir(tmp_path / "box")
    for n in range(3):
        box.add(mail(f"Mail {n}\n", "7bit"))
    yield tmp_path / "box"
    box.close()


def files(maildir):
    return {
        path.relative_to(maildir): path.read_bytes()
        for path in maildir.rglob("*")
        if path.is_file()
    }


def test_a_maildir_is_read_without_changing_it(maildir):
    before = files(maildir)
    found = list(mailbox.messages(maildir))
    assert sorted(b.rpartition(b"\n\n")[2] for _, b in found) == [
        b"Mail 0\n",
        b"Mail 1\n",
        b"Mail 2\n",
    ]
    assert files(maildir) == before


def test_a_mail_that_is_marked_is_not_read_again(maildir):
    first, second, third = (id for id, _ in mailbox.messages(maildir))
    assert mailbox.mark_seen(maildir, first)
    assert (maildir / "cur" / f"{first}:2,S").is_file()
    assert [id for id, _ in mailbox.messages(maildir)] == [second, third]
    assert not mailbox.mark_seen(maildir, "gone")


def test_marking_keeps_other_flags_and_reads_mails_already_moved(maildir):
    ids = [id for id, _ in mailbox.messages(maildir)]
    (maildir / "new" / ids[0]).rename(maildir / "cur" / f"{ids[0]}:2,F")
    assert [id for id, _ in mailbox.messages(maildir)] == ids
    assert mailbox.mark_seen(maildir, ids[0])
    assert (maildir / "cur" / f"{ids[0]}:2,FS").is_file()


def test_a_folder_that_is_no_maildir_is_refused(tmp_path):
    with pytest.raises(SourceError, match="not a Maildir"):
        list(mailbox.messages(tmp_path))


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
def test_the_text_of_a_mail_is_a_listing(encoding):
    text = mailbox.text_of(mail(encoding=encoding, html="<p>no</p>"))
    assert len(listing.read(text, "l", dt.date(2026, 4, 20))) == 4


def test_a_mail_with_html_alone_gives_what_it_shows():
    message = EmailMessage()
    message.set_content("<p>Größe &amp; <b>mehr</b></p>", subtype="html", charset="latin-1")
    assert mailbox.text_of(bytes(message)).decode().split() == ["Größe", "&", "mehr"]


def test_an_unknown_character_set_is_read_as_utf_8():
    head = b"Content-Type: text/plain; charset=klingon\nContent-Transfer-Encoding: 8bit\n\n"
    assert mailbox.text_of(head + "Größe".encode()).decode() == "Größe"


def test_a_mail_without_text_is_refused():
    for data in (b"", b"Content-Type: image/png\n\nxx", b"Subject: x\n\n \n"):
        with pytest.raises(SourceError, match="no text"):
            mailbox.text_of(data)


def test_a_mail_nested_beyond_reading_is_refused():
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1_050)
    )
    with pytest.raises(SourceError):
        mailbox.text_of(nested)


def settings(port, **known):
    return ImapSettings(
        **(
            {
                "host": "127.0.0.1",
                "port": port,
                "tls": False,
                "user": "ada",
                "password": "secret",
                "folder": "Alerts",
                "timeout_s": 5,
            }
            | known
        )
    )


def test_imap_gives_unseen_mails_and_changes_nothing():
    with imap_server({3: mail("three\n"), 12: mail(encoding="base64")}) as server:
        found = mailbox.imap_messages(settings(server.port))
        assert [id for id, _ in found] == ["7:3", "7:12"]
        assert len(listing.read(mailbox.text_of(found[1][1]), "l", dt.date(2026, 4, 20))) == 4
        assert not server.seen
        assert 'EXAMINE "Alerts"' in server.said
        assert not [
            said for said in server.said if said.startswith(("UID STORE", "EXPUNGE", "CLOSE"))
        ]


def test_imap_mails_are_marked_in_the_same_folder_alone():
    with imap_server({3: mail("three\n"), 12: mail("twelve\n")}) as server:
        mailbox.imap_mark_seen(settings(server.port), ["7:3", "6:12", "7:* x"])
        assert server.seen == {3}
        assert [id for id, _ in mailbox.imap_messages(settings(server.port))] == ["7:12"]


def test_imap_faults_are_named_without_the_password():
    with imap_server({}) as server:
        assert mailbox.imap_messages(settings(server.port)) == []
        for wrong in ({"password": "guess"}, {"folder": "None"}):
            with pytest.raises(SourceError, match="no such thing") as caught:
                mailbox.imap_messages(settings(server.port, **wrong))
            assert "guess" not in str(caught.value)
    assert "secret" not in repr(settings(1))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(SourceError, match="cannot be reached"):
            mailbox.imap_messages(settings(closed.getsockname()[1]))
