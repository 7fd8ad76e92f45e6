"""What no reader takes: XML that declares entities, and bytes that are plainly something else."""

from __future__ import annotations

import codecs
import re
from typing import NoReturn
from xml.parsers import expat

from digest.errors import SourceError

_FOREIGN = (
    (b"\x1f\x8b", "compressed (gzip) data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "an image"),
)
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,2000}-->\s*)?<(?:!doctype\s+)?html\b", re.I
)
_ELEMENT = re.compile(rb"<\w")
_CHUNK = 65_536
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")


class _RootReached(Exception):
    """The prolog is over: entities cannot be declared any more."""


class _EntityDeclared(Exception):
    """The document declares an entity."""


def refuse_foreign(data: bytes, name: str, wanted: str) -> None:
    """Nothing when ``data`` may be text. Raises: SourceError naming what it is instead."""
    if not data.strip():
        raise SourceError(name, "it is empty")
    for start, what in _FOREIGN:
        if data.startswith(start):
            raise SourceError(name, f"it is {what}, not {wanted}")
    if _PAGE.match(data[:_CHUNK].removeprefix(codecs.BOM_UTF8)):
        raise SourceError(name, f"it is a web page (a login or an error?), not {wanted}")


def refuse_entities(data: bytes, name: str) -> None:
    """Nothing when ``data`` declares no XML entities.

    Entities are how XML reads files ("XXE") and fills memory ("billion laughs"), and papers need
    none. They can only be declared before the first element, so the rest is not looked at. Where
    expat gives up (an encoding it does not know), the bytes before the first element decide.
    Raises: SourceError.
    """
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _entity
    parser.StartElementHandler = _root
    try:
        for start in range(0, len(data), _CHUNK):
            parser.Parse(data[start : start + _CHUNK], False)
    except _RootReached:
        return
    except _EntityDeclared as error:
        raise _refused(name) from error
    except (expat.ExpatError, LookupError, ValueError):
        pass
    narrow = data.replace(b"\0", b"")
    element = _ELEMENT.search(narrow)
    if b"<!ENTITY" in narrow[: element.start() if element else None]:
        raise _refused(name)


def mended_ampersands(data: bytes) -> bytes:
    """``data`` with ``&`` escaped wherever it begins no entity of XML itself."""
    return _BARE_AMPERSAND.sub(b"&amp;", data)


def decoded(data: bytes) -> str:
    """``data`` as text with "\\n" line ends: UTF-8 or UTF-16 by its mark, else Windows-1252.

    Bibliographies of old programs are in Windows-1252; a byte that means nothing there is "\ufffd".
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refused(name: str) -> SourceError:
    return SourceError(name, "it declares XML entities, which no feed of papers needs; refused")


def _root(*_: object) -> NoReturn:
    raise _RootReached


def _entity(*_: object) -> NoReturn:
    raise _EntityDeclared
