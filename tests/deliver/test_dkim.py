"""DKIM signatures, judged by dkimpy: what it accepts, and every change that it notices."""

from __future__ import annotations

import re

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.deliver.dkim import signed
from digest.deliver.envelopes import crlf
from digest.deliver.settings import DkimSettings
from digest.errors import ConfigError
from digest.keys import dkim_key, dkim_signers
from digest.links import SECRET, Key
from digest.lint.checklist import lint
from digest.render.headers import letterhead, links_of
from digest.render.settings import MailSettings
from tests.support.builders import a_subscriber, an_edition

KINDS = ["rsa", "ed25519"]
MAIL_SETTINGS = MailSettings(
    sender="Papers <papers@example.org>",
    reply_to="Ed <ed@example.org>",
    base_url="https://papers.example.org",
)
COVERED = (
    *("From", "Subject", "Date", "To", "Message-ID", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Feedback-ID", "Content-Type"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A signer of each kind, and the records that DNS would hold."""
    folder, records, found = tmp_path_factory.mktemp("keys"), {}, {}
    for kind in KINDS:
        file, record = dkim_key(f"{kind}2026", "example.org", folder, kind)
        name, _, text = record.partition(" IN TXT ")
        records[name.encode()] = "".join(re.findall(r'"([^"]*)"', text)).encode()
        (found[kind],) = dkim_signers([DkimSettings(f"{kind}2026", file)], "example.org")
    return found, lambda name, timeout=5: records.get(name)


def a_mail(title="Deep and 9 more", text="Some words.\r\nMore words.\r\n"):
    links = links_of(MAIL_SETTINGS, Key(1, bytes(SECRET)))
    reader = a_subscriber(name="Zoë Müller")
    head = letterhead(MAIL_SETTINGS, links).heading(an_edition(subscriber=reader), title)
    return head.data + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + crlf(text.encode())


def holds(data, dns, idx=0):
    try:
        return dkim.DKIM(data).verify(idx=idx, dnsfunc=dns)
    except dkim.ValidationError:  # that of the body
        return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_holds(made, kind):
    signers, dns = made
    data = signed(a_mail(), [signers[kind]])
    assert data.endswith(a_mail())
    assert holds(data, dns)
    assert holds(crlf(data), dns)


def test_two_signatures_hold_each_by_itself(made):
    signers, dns = made
    data = signed(a_mail(), [signers["rsa"], signers["ed25519"]])
    assert data.count(b"DKIM-Signature:") == 2
    assert holds(data, dns, 0)
    assert holds(data, dns, 1)
    first = re.match(rb"DKIM-Signature:.*?\r\n(?![ \t])", data, re.DOTALL)
    assert holds(data[first.end() :], dns)


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(codec=None), max_size=200), st.text(max_size=200))
def test_a_signature_holds_for_any_title_and_text(made, title, text):
    signers, dns = made
    data = signed(a_mail(title, text), [signers["ed25519"]])
    assert holds(data, dns)


@pytest.mark.parametrize("end", [b"", b"\r\n", b"x", b"x\r\n", b"x\r\n\r\n\r\n", b"\r\n.\r\n"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_holds_for_any_end_of_the_body(made, kind, end):
    signers, dns = made
    data = signed(
        b"From: a@example.org\r\nSubject:  two\r\n\tlines \r\n\r\n" + end, [signers[kind]]
    )
    assert holds(data, dns)
    assert holds(data + b"\r\n", dns)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", COVERED)
def test_a_changed_field_is_noticed(made, kind, name):
    signers, dns = made
    data = signed(a_mail(), [signers[kind]])
    changed = re.sub(rf"^({name}: )".encode(), rb"\1x", data, count=1, flags=re.MULTILINE)
    assert changed != data
    assert not holds(changed, dns)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*COVERED, "Reply-To", "Cc", "Sender"])
def test_a_field_that_is_added_or_taken_away_is_noticed(made, kind, name):
    signers, dns = made
    data = signed(a_mail(), [signers[kind]])
    added = f"{name}: x@example.com\r\n".encode()
    assert not holds(added + data, dns)
    at = data.index(b"\r\n\r\n") + 2
    assert not holds(data[:at] + added + data[at:], dns)
    without = re.sub(rb"^%s:.*\r\n([ \t].*\r\n)*" % name.encode(), b"", data, flags=re.MULTILINE)
    assert without == data or not holds(without, dns)


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_body_is_noticed(made, kind):
    signers, dns = made
    data = signed(a_mail(), [signers[kind]])
    at = data.index(b"Some words")
    assert not holds(data[:at] + b"some" + data[at + 4 :], dns)
    assert not holds(data + b"more\r\n", dns)


@pytest.mark.parametrize("kind", KINDS)
def test_folding_by_a_relay_is_forgiven(made, kind):
    signers, dns = made
    data = signed(a_mail(), [signers[kind]])
    folded = data.replace(b"Subject: Deep and", b"SUBJECT:  Deep\r\n\tand")
    assert folded != data
    assert holds(folded, dns)


@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_sends_the_same_bytes(made, kind):
    signers, _ = made
    assert signed(a_mail(), [signers[kind]]) == signed(a_mail(), [signers[kind]])


def test_without_a_key_a_mail_stays_as_it_is():
    assert signed(a_mail(), []) == a_mail()


@pytest.mark.parametrize("data", [b"From: a@b.org\n\nx\n", b"From: a@b.org\r\n\r\nx\r", b"a\n\r\n"])
def test_a_mail_that_the_transport_would_mend_is_not_signed(made, data):
    with pytest.raises(ValueError, match="bare CR or LF cannot be signed"):
        signed(data, [made[0]["ed25519"]])


def test_the_field_is_folded_into_short_lines_and_passes_the_checklist(made):
    signers, _ = made
    data = signed(a_mail(), list(signers.values()))
    head = data.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.partition(b"From:")[0].split(b"\r\n"))) <= 78
    rules = {finding.rule for finding in lint(data)}
    assert not rules & {"H13", "D1", "H6"}


def key_file(tmp_path, key, password=None):
    locked = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    form = serialization.PrivateFormat.PKCS8
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    return DkimSettings("d2026", file)


def test_a_short_key_is_refused(tmp_path):
    one = key_file(tmp_path, rsa.generate_private_key(65537, 1024))
    with pytest.raises(ConfigError, match=r"key\.pem cannot sign: it has 1024 bits, .* want 2048;"):
        dkim_signers([one], "example.org")


def test_a_key_of_another_kind_is_refused(tmp_path):
    one = key_file(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ConfigError, match="cannot sign: it is neither RSA nor Ed25519;"):
        dkim_signers([one], "example.org")


def test_a_key_with_a_password_is_refused(tmp_path):
    one = key_file(tmp_path, ec.generate_private_key(ec.SECP256R1()), b"secret")
    with pytest.raises(ConfigError, match="it is no private key in PEM without a password;"):
        dkim_signers([one], "example.org")


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_file_without_a_key_is_refused(tmp_path, pem):
    (tmp_path / "key.pem").write_bytes(pem)
    one = DkimSettings("d2026", tmp_path / "key.pem")
    with pytest.raises(ConfigError, match=r"it is no private key in PEM .* `digest dkim-key`"):
        dkim_signers([one], "example.org")


def test_a_key_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.pem cannot be read \(No such file"):
        dkim_signers([DkimSettings("d2026", tmp_path / "none.pem")], "example.org")


def test_a_sender_without_a_domain_cannot_sign(tmp_path):
    file, _ = dkim_key("d2026", "example.org", tmp_path, "ed25519")
    with pytest.raises(ConfigError, match="the domain 'localhost' is not a name"):
        dkim_signers([DkimSettings("d2026", file)], "localhost")


def test_a_selector_is_a_name():
    with pytest.raises(ValueError, match="the selector 'a b' is not a name"):
        DkimSettings("a b", "key.pem")
