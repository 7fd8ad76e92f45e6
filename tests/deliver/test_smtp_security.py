"""Encryption and signing in: as set or not at all, and nothing secret before."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from digest.deliver.outcomes import Accepted
from digest.deliver.smtp import SmtpSettings, SmtpTransport
from digest.errors import MailServerDown
from digest.messages import Message
from tests.support.mailserver import Certificates, mail_server, make_certificates, raw_server

MESSAGE = Message("<1@example.org>", "digest@example.org", "ada@example.org", b"Subject: x\r\n\r\n")
SECRET = "correct horse"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def settings_for(port: int, certificates: Certificates, **changes) -> SmtpSettings:
    usual = SmtpSettings(
        host="127.0.0.1",
        port=port,
        username="ada",
        password=SECRET,
        timeout_s=2,
        connect_timeout_s=2,
        ca_file=certificates.ca_file,
    )
    return replace(usual, **changes)


def assert_nothing_secret(commands: list[str]) -> None:
    assert not [c for c in commands if c.startswith(("AUTH", "MAIL", "RCPT"))]


def send(settings: SmtpSettings):
    with closing(SmtpTransport(settings)) as transport:
        return transport.send(MESSAGE)


def test_starttls_is_the_default():
    assert SmtpSettings().security == "starttls"


def test_an_unknown_security_is_refused_rather_than_taken_for_none():
    with pytest.raises(ValueError, match="starttls, tls or none, not 'ssl'"):
        SmtpSettings(security="ssl")


def test_the_password_is_never_shown():
    assert SECRET not in repr(SmtpSettings(password=SECRET))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_starttls_then_signing_in(certificates, host):
    with mail_server(users={"ada": SECRET}, starttls=certificates.server_context()) as server:
        settings = settings_for(server.port, certificates, host=host)
        assert isinstance(send(settings), Accepted)
    (mail,) = server.received
    assert mail.encrypted
    assert mail.user == "ada"
    verbs = [c.split()[0] for c in server.commands]
    assert verbs.index("STARTTLS") < verbs.index("AUTH")


def test_implicit_tls_and_signing_in(certificates):
    with mail_server(users={"ada": SECRET}, tls=certificates.server_context()) as server:
        settings = settings_for(server.port, certificates, security="tls")
        with closing(SmtpTransport(settings)) as transport:
            assert isinstance(transport.send(MESSAGE), Accepted)
            assert isinstance(transport.send(MESSAGE), Accepted)
    assert server.connections == 1
    assert all(mail.encrypted and mail.user == "ada" for mail in server.received)


def test_no_encryption_when_that_is_what_is_set(certificates):
    with mail_server(users={"ada": SECRET}) as server:
        assert isinstance(send(settings_for(server.port, certificates, security="none")), Accepted)
    assert not server.received[0].encrypted


def test_a_large_message_arrives_whole_over_tls(certificates):
    data = (b"." * 70 + b"\r\n") * 20_000
    with mail_server(tls=certificates.server_context()) as server:
        settings = settings_for(server.port, certificates, security="tls", username="")
        with closing(SmtpTransport(settings)) as transport:
            transport.send(replace(MESSAGE, data=data))
    assert server.received[0].data == data


def test_a_server_without_starttls_is_sent_nothing(certificates):
    with (
        mail_server(users={"ada": SECRET}) as server,
        pytest.raises(MailServerDown, match="does not offer STARTTLS, so nothing was sent"),
    ):
        send(settings_for(server.port, certificates))
    assert_nothing_secret(server.commands)


def test_a_refused_starttls_does_not_fall_back(certificates):
    with mail_server(users={"ada": SECRET}, starttls=certificates.server_context()) as server:
        server.then("STARTTLS", "454 4.7.0 TLS not available")
        with pytest.raises(MailServerDown, match=r"454 4\.7\.0 TLS not available"):
            send(settings_for(server.port, certificates))
    assert_nothing_secret(server.commands)


def test_plain_text_injected_before_encryption_ends_the_session(certificates):
    ehlo = b"250-raw\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
    injected = b"220 go on\r\n250-evil\r\n250 AUTH PLAIN\r\n"
    with (
        raw_server(EHLO=ehlo, STARTTLS=injected) as (port, heard),
        pytest.raises(MailServerDown, match="plain text was injected"),
    ):
        send(settings_for(port, certificates))
    assert_nothing_secret(heard)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority_is_refused(certificates, security):
    context = certificates.server_context()
    offers = {"tls": context} if security == "tls" else {"starttls": context}
    with (
        mail_server(users={"ada": SECRET}, **offers) as server,
        pytest.raises(MailServerDown, match="certificate that cannot be trusted"),
    ):
        send(settings_for(server.port, certificates, security=security, ca_file=None))
    assert_nothing_secret(server.commands)


def test_a_certificate_for_another_name_is_refused(tmp_path):
    other = make_certificates(tmp_path, names=("elsewhere.example",))
    with (
        mail_server(users={"ada": SECRET}, starttls=other.server_context()) as server,
        pytest.raises(MailServerDown, match=r"not valid for '127.0.0.1'"),
    ):
        send(settings_for(server.port, other))
    assert_nothing_secret(server.commands)


def test_an_expired_certificate_is_refused(tmp_path):
    expired = make_certificates(tmp_path, valid_days=-1)
    with (
        mail_server(users={"ada": SECRET}, starttls=expired.server_context()) as server,
        pytest.raises(MailServerDown, match="certificate has expired"),
    ):
        send(settings_for(server.port, expired))
    assert_nothing_secret(server.commands)


def test_tls_to_a_server_that_speaks_plainly_is_explained(certificates):
    with (
        mail_server() as server,
        pytest.raises(MailServerDown, match=r"in TLS .*check delivery.security"),
    ):
        send(settings_for(server.port, certificates, security="tls"))


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_certificate_file_that_cannot_be_read_is_named(certificates, tmp_path, content):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(MailServerDown, match=r"ca.pem cannot be read .*check delivery.ca_file"):
        send(settings_for(25, certificates, ca_file=path))


def test_a_wrong_password_names_user_and_server_and_never_the_password(certificates):
    with (
        mail_server(users={"ada": "other"}, starttls=certificates.server_context()) as server,
        pytest.raises(MailServerDown) as caught,
    ):
        send(settings_for(server.port, certificates))
    said = str(caught.value)
    assert f"mail server 127.0.0.1:{server.port} refuses to sign in user 'ada' (535" in said
    assert SECRET not in said
    assert not [c for c in server.commands if c.startswith("MAIL")]


def test_a_password_changed_between_two_messages_stops_the_run(certificates):
    with (
        mail_server(users={"ada": SECRET}, starttls=certificates.server_context()) as server,
        closing(SmtpTransport(settings_for(server.port, certificates))) as transport,
    ):
        assert isinstance(transport.send(MESSAGE), Accepted)
        server.users["ada"] = "changed"
        server.then("MAIL", "421 4.7.0 signed out")
        with pytest.raises(MailServerDown, match="refuses to sign in user 'ada'"):
            transport.send(MESSAGE)
    assert len(server.received) == 1


def test_a_server_without_signing_in_is_named(certificates):
    with (
        mail_server(starttls=certificates.server_context()) as server,
        pytest.raises(MailServerDown, match="offers no signing in"),
    ):
        send(settings_for(server.port, certificates))


def test_a_password_beyond_ascii_is_explained(certificates):
    with (
        mail_server(users={"ada": SECRET}, starttls=certificates.server_context()) as server,
        pytest.raises(MailServerDown, match="not plain ASCII"),
    ):
        send(settings_for(server.port, certificates, password="pässword"))


def test_a_greeting_tells_of_encryption_and_user(certificates):
    with mail_server(users={"ada": SECRET}, starttls=certificates.server_context()) as server:
        line = SmtpTransport(settings_for(server.port, certificates)).greet().line
    assert "certificate verified" in line
    assert line.endswith("; signed in as ada")
