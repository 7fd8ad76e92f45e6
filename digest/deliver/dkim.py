"""DKIM signatures on finished mails, by RSA and Ed25519 keys that are parsed once.

Mails are signed when they are composed, so that every retry sends the same bytes. The signature
has no time of its own (``t=``) for the same reason, and both kinds of key sign deterministically.

Header fields are signed ``relaxed``, for relays fold them anew; the body is signed ``simple``. Our
bodies are canonical as they are written (RFC 6376 §3.4.3): no line ends in white space, which is
all that ``relaxed`` would forgive beside changed spaces, and passing over every line to find
nothing takes longer than hashing it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.deliver.settings import check_names

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

SIGNED = (
    *("From", "Subject", "Date", "To", "Message-ID", "Reply-To", "Cc", "Sender"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Help", "List-Owner"),
    *("List-Archive", "List-Post", "Feedback-ID", "MIME-Version", "Content-Type"),
)
"""What a signature covers (RFC 6376 §5.4.1, RFC 8058 §4).

Each is named once more than it stands in the mail, so that nobody can add a second From, Subject
or link to leave to a mail that was signed (RFC 6376 §5.4.2, §8.15).
"""

BITS = 2048
"""The shortest RSA key that should sign (RFC 8301 §3.2)."""

_SPACES = re.compile(rb"[ \t\r\n]+")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*(?:\r\n[ \t].*)*)\r\n")


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs for ``selector._domainkey.domain``; ``sign`` takes what is signed."""

    selector: str
    domain: str
    algorithm: str
    sign: Callable[[bytes], bytes]


def signed(data: bytes, signers: Sequence[Signer]) -> bytes:
    """``data``, a whole mail, with a signature of each of ``signers`` in front, in their order.

    Equal bytes are signed equally. Raises ValueError for data with bare CR or LF: the transport
    would mend it, and break the signature.
    """
    if not signers:
        return data
    if data.count(b"\n") != data.count(b"\r\n") or data.count(b"\r") != data.count(b"\r\n"):
        raise ValueError("a mail with a bare CR or LF cannot be signed")
    head, _, body = data.partition(b"\r\n\r\n")
    names, covered = _covered(head + b"\r\n")
    body_hash = base64.b64encode(hashlib.sha256(_simple(body)).digest()).decode()
    fields = (_signature(signer, names, covered, body_hash) for signer in signers)
    return b"".join([*fields, data])


def _simple(body: bytes) -> bytes:
    """The canonical form of a body: one CRLF at its end (RFC 6376 §3.4.3)."""
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n"


def _covered(head: bytes) -> tuple[str, bytes]:
    """The tag h= and the canonical fields that it names, in its order, the lowest first."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in _FIELD.findall(head):
        lower = name.lower()
        canonical = lower + b":" + _SPACES.sub(b" ", value).strip(b" ") + b"\r\n"
        found.setdefault(lower, []).insert(0, canonical)
    stand = [(name, found.get(name.lower().encode(), [])) for name in SIGNED]
    names = ":".join(name for name, fields in stand for _ in range(len(fields) + 1))
    return names, b"".join(field for _, fields in stand for field in fields)


def _signature(signer: Signer, names: str, covered: bytes, body_hash: str) -> bytes:
    """The field DKIM-Signature, folded (RFC 6376 §3.5)."""
    tags = [
        f"DKIM-Signature: v=1; a={signer.algorithm}; c=relaxed/simple;",
        f"d={signer.domain}; s={signer.selector};",
        *_folded(f"h={names};"),
        f"bh={body_hash};",
    ]
    unsigned = "\r\n ".join([*tags, "b="])
    _, _, value = unsigned.encode().partition(b":")
    itself = b"dkim-signature:" + _SPACES.sub(b" ", value).strip(b" ")
    signature = base64.b64encode(signer.sign(covered + itself)).decode()
    lines = [signature[n : n + 72] for n in range(0, len(signature), 72)]
    return (unsigned + "\r\n ".join(lines) + "\r\n").encode()


def _folded(names: str) -> Iterator[str]:
    """``names`` in lines of at most 72 characters, broken after colons (RFC 6376 §3.5)."""
    line = ""
    for name in re.findall(r"[^:]+:?", names):
        if line and len(line) + len(name) > 72:
            yield line
            line = ""
        line += name
    yield line


def signer(pem: bytes, selector: str, domain: str) -> Signer:
    """The signer whose private key is in ``pem``; parse it once, for it takes milliseconds.

    Raises ValueError for names or a key that cannot be used, and ImportError without the library.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # late: an extra, and few sign
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    check_names(selector, domain)
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("it is no private key in PEM without a password") from error
    algorithm, sign = _signing(key)
    return Signer(selector, domain, algorithm, sign)


def _signing(key: PrivateKeyTypes) -> tuple[str, Callable[[bytes], bytes]]:
    """The algorithm's name, and the function that signs. Raises ValueError for other keys."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < BITS:
            raise ValueError(f"it has {key.key_size} bits, and receivers want {BITS}")
        scheme, kind = padding.PKCS1v15(), SHA256()
        return "rsa-sha256", lambda data: key.sign(data, scheme, kind)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        # RFC 8463 §3: what is signed is the hash, not the data.
        return "ed25519-sha256", lambda data: key.sign(hashlib.sha256(data).digest())
    raise ValueError("it is neither RSA nor Ed25519")
