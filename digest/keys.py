"""Secret keys in files: made on first use, read once; those of links and those of DKIM."""

from __future__ import annotations

import base64
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from digest.deliver.dkim import Signer, signer
from digest.deliver.settings import DkimSettings, check_names
from digest.errors import ConfigError
from digest.links import SECRET, Key

LINK_KEYS = "links.key"
"""The file beside digest.yaml whose keys sign the links in mails."""

Kind = Literal["rsa", "ed25519"]

RSA_BITS = 2048
"""Longer keys sign slower, and their records are refused by some DNS providers (RFC 8301 §3.2)."""

STRING = 255
"""The most octets of one string in a TXT record (RFC 1035 §3.3)."""

_HEAD = """\
# The keys that sign the links in mails. Keep this file secret, and keep it: with it go all links
# in mails that were sent. To sign with a new key, put a line with another number in front; the
# lines below it stay good.
"""
_LINE = re.compile(rf"([1-9][0-9]{{0,2}}) ([0-9a-f]{{{2 * SECRET}}})")
_MISSING = "DKIM needs a library that is not installed; run `pip install 'digest[dkim]'`"


def link_keys(file: Path) -> tuple[Key, ...]:
    """The keys in ``file``, the one that signs first; made, for its owner alone, when missing.

    Machines that share a database have to share this file. Raises ConfigError.
    """
    try:
        if not file.exists():
            _write_once(file, f"{_HEAD}1 {secrets.token_hex(SECRET)}\n".encode())
        text = file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"the keys of links in {file} cannot be read or made ({error.strerror}); "
            "check the folder's owner and permissions"
        ) from error
    return _parsed(file, text)


def _parsed(file: Path, text: str) -> tuple[Key, ...]:
    keys: list[Key] = []
    for n, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        number = int(found[1]) if found else 0
        if not found or number > 255 or number in [key.number for key in keys]:
            raise ConfigError(
                f"{file}, line {n}: no key; write a number from 1 to 255 that no other line has, "
                f"a space and {2 * SECRET} hex digits, or restore the file"
            )
        keys.append(Key(number, bytes.fromhex(found[2])))
    if not keys:
        raise ConfigError(f"{file} holds no key; restore it, or delete it to get a new one")
    return tuple(keys)


def _write_once(file: Path, data: bytes) -> bool:
    """Make ``file`` with ``data``, whole and for its owner alone; False if it is there already.

    Of two processes that start at once, both find the file of the first.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(name, file)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink()
    return True


def dkim_signers(settings: Sequence[DkimSettings], domain: str) -> tuple[Signer, ...]:
    """The keys that ``settings`` name, read and parsed; they sign for ``domain`` by default.

    Raises ConfigError, which says which key and why.
    """
    return tuple(_signer(one, one.domain or domain) for one in settings)


def _signer(one: DkimSettings, domain: str) -> Signer:
    try:
        return signer(one.key_file.read_bytes(), one.selector, domain)
    except OSError as error:
        raise ConfigError(
            f"the DKIM key {one.key_file} cannot be read ({error.strerror}); check key_file"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"the DKIM key {one.key_file} cannot sign: {error}; make one with `digest dkim-key`"
        ) from error
    except ImportError as error:
        raise ConfigError(_MISSING) from error


def dkim_key(selector: str, domain: str, folder: Path, kind: Kind = "rsa") -> tuple[Path, str]:
    """A new private key's file in ``folder``, and the DNS record of its public half.

    The record is a line of a zone file, its text in strings of at most STRING characters; a
    provider's form takes them joined. Raises ConfigError, also when the file is there already:
    a record in DNS may belong to it.
    """
    try:
        check_names(selector, domain)
        private, public = _made(kind)
    except ValueError as error:
        raise ConfigError(f"{error}; give another one") from error
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    file = folder / f"{selector}._domainkey.{domain}.pem"
    try:
        made = _write_once(file, private)
    except OSError as error:
        raise ConfigError(
            f"the key {file} cannot be written ({error.strerror}); choose another folder"
        ) from error
    if not made:
        raise ConfigError(f"the key {file} is there already; choose another selector")
    return file, _record(f"{selector}._domainkey.{domain}.", f"v=DKIM1; k={kind}; p={public}")


def _made(kind: Kind) -> tuple[bytes, str]:
    """A new key in PEM, and its public half as DNS has it (RFC 6376 §3.6.1, RFC 8463 §4)."""
    from cryptography.hazmat.primitives import serialization as form  # late: an extra
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    if kind == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        encoding, shape = form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        encoding, shape = form.Encoding.Raw, form.PublicFormat.Raw
    public = key.public_key().public_bytes(encoding, shape)
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return private, base64.b64encode(public).decode()


def _record(name: str, text: str) -> str:
    strings = [f'"{text[n : n + STRING]}"' for n in range(0, len(text), STRING)]
    if len(strings) == 1:
        return f"{name} IN TXT {strings[0]}"
    return f"{name} IN TXT (\n  " + "\n  ".join(strings) + "\n)"
