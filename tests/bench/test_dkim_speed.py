"""Signing one mail of a usual size, beside dkimpy on the same mail in the same run."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dkim
import pytest

from digest.deliver.dkim import Signer, signed
from digest.deliver.settings import DkimSettings
from digest.keys import dkim_key, dkim_signers

HEAD = Path(__file__).parents[1] / "cases/lint/good/edition.eml"
ROUNDS = 40
LIMIT_S = 0.002
CANONICAL = (b"relaxed", b"simple")


@pytest.fixture(scope="module")
def mail() -> bytes:
    """62 KB, as a mail of ten papers has."""
    data = HEAD.read_bytes()
    return data + b"<p>We study how models learn, and what that costs.</p>\r\n" * 900


@pytest.fixture(scope="module")
def signers(tmp_path_factory: Any) -> dict[str, tuple[Signer, bytes]]:
    """A signer of each kind, with its key in the form that dkimpy takes."""
    folder, found = tmp_path_factory.mktemp("keys"), {}
    for kind in ("rsa", "ed25519"):
        file, _ = dkim_key(kind, "example.org", folder, kind)
        (signer,) = dkim_signers([DkimSettings(kind, file)], "example.org")
        found[kind] = (signer, file.read_bytes() if kind == "rsa" else _seed(file))
    return found


def _seed(file: Path) -> bytes:
    """The 32 octets of an Ed25519 key, the last ones of its PKCS #8 form, in base64."""
    der = base64.b64decode("".join(re.findall(r"^[^-].*$", file.read_text(), re.MULTILINE)))
    return base64.b64encode(der[-32:])


def by_dkimpy(mail: bytes, kind: str, key: bytes) -> bytes:
    algorithm = f"{kind}-sha256".encode()
    return dkim.sign(
        mail,
        kind.encode(),
        b"example.org",
        key,
        canonicalize=CANONICAL,
        signature_algorithm=algorithm,
        include_headers=[b"From", b"Subject", b"Date", b"To", b"Message-ID", b"List-Unsubscribe"],
    )


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.benchmark(group="signing a mail of 62 KB")
def test_signing(benchmark: Any, mail: bytes, signers: Any, kind: str) -> None:
    signer, _ = signers[kind]
    assert benchmark(lambda: signed(mail, [signer])).endswith(mail)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.benchmark(group="signing a mail of 62 KB")
def test_signing_by_dkimpy(benchmark: Any, mail: bytes, signers: Any, kind: str) -> None:
    _, key = signers[kind]
    assert benchmark(lambda: by_dkimpy(mail, kind, key)).startswith(b"DKIM-Signature")


@pytest.mark.parametrize(("kind", "times"), [("rsa", 5), ("ed25519", 2)])
def test_signing_takes_less_than_two_milliseconds(
    mail: bytes, signers: Any, kind: str, times: int
) -> None:
    signer, key = signers[kind]
    ours = took(lambda: signed(mail, [signer]))
    theirs = took(lambda: by_dkimpy(mail, kind, key))
    assert ours < LIMIT_S, f"{ours * 1e3:.2f} ms"
    assert ours * times < theirs, f"{ours * 1e3:.2f} ms against {theirs * 1e3:.2f} ms"


def took(action: Callable[[], object]) -> float:
    """The processor time of one go, in seconds: the median of ROUNDS."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        action()
        found.append(time.process_time() - begun)
    return sorted(found)[ROUNDS // 2]
