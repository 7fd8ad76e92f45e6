"""The way to a session ready for mail: connected, encrypted and signed in as set, or not at all."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Any

from digest.deliver.replies import Reply, plain
from digest.deliver.session import Session, TlsSession
from digest.deliver.settings import SmtpSettings
from digest.errors import MailServerDown, NoRoom

NO_ROOM = {421, 451, 452, 454}
"""A server's greetings to one connection too many; those it has go on."""


def open_session(settings: SmtpSettings) -> Session:
    """A session ready for MAIL: greeted, encrypted as set, signed in when there is a user name.

    Raises:
        MailServerDown: any of that failed; nothing secret was sent over a connection that is
            not what the settings ask for.
    """
    session: Session | None = None
    try:
        context = None if settings.security == "none" else _tls_context(settings)
        session = _connect(settings, context)
        if settings.security == "starttls":
            session.starttls(context=context)
        session.ehlo_or_helo_if_needed()
        if settings.username:
            session.login(settings.username, settings.password)
    except (OSError, ValueError) as error:
        if session is not None:
            session.close()
        busy = isinstance(error, smtplib.SMTPConnectError) and error.smtp_code in NO_ROOM
        raise (NoRoom if busy else MailServerDown)(
            f"mail server {settings.server} {_trouble(settings, error)}"
        ) from error
    except BaseException:
        if session is not None:
            session.close()
        raise
    return session


def _tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise MailServerDown(
            f"certificate file {settings.ca_file} cannot be read ({error.strerror or error}); "
            "check delivery.ca_file"
        ) from error


def _connect(settings: SmtpSettings, context: ssl.SSLContext | None) -> Session:
    shared: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "local_hostname": settings.hello_name or None,
        "timeout": settings.connect_timeout_s,
        "timeout_s": settings.timeout_s,
    }
    session = (
        TlsSession(**shared, context=context) if settings.security == "tls" else Session(**shared)
    )
    if session.sock is not None:  # a body's last, short segment must not wait for an ACK
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return session


def _trouble(settings: SmtpSettings, error: OSError | ValueError) -> str:
    """What stopped a session from opening, and what now: the end of a sentence."""
    if isinstance(error, smtplib.SMTPException):
        return _smtp_trouble(settings, error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"has a certificate that cannot be trusted ({error.verify_message}); "
            "renew it, correct delivery.host, or name its authority in delivery.ca_file"
        )
    if isinstance(error, UnicodeError):
        return "cannot be used: its name, the user name or the password is not plain ASCII"
    return _network_trouble(error)


def _smtp_trouble(settings: SmtpSettings, error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return (
            "does not offer STARTTLS, so nothing was sent to it; set delivery.security to tls, "
            "or to none for a server on this machine"
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "offers no signing in; remove delivery.username or use another port"
    if not isinstance(error, smtplib.SMTPResponseException):
        return f"cannot be used ({plain(str(error))}); check delivery.port, security and its log"
    said = Reply(error.smtp_code, plain(error.smtp_error)).words
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return (
            f"refuses to sign in user {settings.username!r} ({said}); "
            "check delivery.username and the password"
        )
    return f"does not serve us now ({said}); it is tried again later"


def _network_trouble(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"cannot be spoken to in TLS ({plain(str(error))}); check delivery.security and port"
    if isinstance(error, socket.gaierror):
        return f"cannot be found ({error.strerror}); check delivery.host and the network"
    if isinstance(error, ConnectionRefusedError):
        return "refuses connections; check that it runs, and delivery.port"
    if isinstance(error, TimeoutError):
        return "does not answer in time; check delivery.host, port and any firewall"
    return f"cannot be used ({plain(str(error))}); check that it runs, and its log"
