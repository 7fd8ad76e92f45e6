"""Bodies without their Content-Encoding, never larger than allowed."""

from __future__ import annotations

import zlib

from digest.collect.stopping import LATER, Stopped

_PLAIN = {"", "identity"}
_GZIP = {"gzip", "x-gzip"}
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_MEMBERS = 64
"""Of one gzip body; each copies the rest, so many empty ones would cost their square."""


def unpacked(raw: bytes, coding: str, most: int) -> bytes:
    """``raw`` without its Content-Encoding (RFC 9110 §8.4.1), at most ``most`` bytes.

    Bytes called gzip that are not are taken as they are. Raises: Stopped.
    """
    names = [name for name in map(str.strip, coding.lower().split(",")) if name not in _PLAIN]
    if not names or not raw:
        return _within(raw, most)
    if len(names) > 1 or names[0] not in _GZIP | {"deflate"}:
        raise Stopped(f"is packed in a way that was not asked for ({coding[:40]!r}); {LATER}")
    if names[0] == "deflate":
        return _inflated(raw, zlib.MAX_WBITS if _is_zlib(raw) else -zlib.MAX_WBITS, most)
    if not raw.startswith(_GZIP_MAGIC):
        return _within(raw, most)
    return _inflated(raw, 16 + zlib.MAX_WBITS, most)


def _inflated(raw: bytes, wbits: int, most: int) -> bytes:
    parts: list[bytes] = []
    for _ in range(_MOST_MEMBERS):
        unpacker = zlib.decompressobj(wbits)
        try:
            parts.append(_within(unpacker.decompress(raw, most + 1), most))
        except zlib.error as error:
            raise Stopped(f"sends a damaged body ({error}); {LATER}") from error
        if not unpacker.eof:
            raise Stopped(f"broke off in the middle of its packed body; {LATER}")
        most -= len(parts[-1])
        raw = unpacker.unused_data
        if not raw.startswith(_GZIP_MAGIC):  # anything else at the end is padding
            return b"".join(parts)
    raise Stopped(f"is packed in more than {_MOST_MEMBERS} pieces; {LATER}")


def _within(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise Stopped("unpacks to more than max_unpacked_mb; raise that if it is meant")
    return data


def _is_zlib(raw: bytes) -> bool:
    """Whether there is a zlib header (RFC 1950 §2.2), which some servers leave out."""
    return len(raw) > 1 and raw[0] & 0x0F == 8 and (raw[0] * 256 + raw[1]) % 31 == 0
