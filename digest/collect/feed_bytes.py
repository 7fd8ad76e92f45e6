"""A feed's bytes made ready for the parser, so that it loses no text that was meant as text."""

from __future__ import annotations

import html
import re

_CONTROLS = bytes({*range(9), 11, 12, *range(16, 27), 28, 29, 30, 31})  # not those of ISO-2022
_ENCODING = re.compile(rb"""(<\?xml[^>]{0,100}?)\s+encoding\s*=\s*["']([\w.:-]{1,40})["']""", re.I)
_TOKEN = re.compile(
    rb"<!\[CDATA\[|<(?P<end>/?)(?P<name>title|description|summary)(?P<attributes>\s[^<>]{0,500})?>"
)
_XHTML = re.compile(rb"""type\s*=\s*["'](?:application/)?xh""", re.I)
_AMPERSAND = re.compile(rb"&(?P<name>[A-Za-z]\w{1,31};|#\d{1,7};|#x[0-9a-fA-F]{1,6};)?")
_OF_XML = {b"amp;", b"lt;", b"gt;", b"quot;", b"apos;"}


def mended(data: bytes) -> bytes:
    """``data`` with what feeds commonly get wrong put right; otherwise byte for byte the same.

    Control characters go: one makes the parser give up on XML and guess. UTF-8 is UTF-8, whatever
    is declared, and a few broken bytes in it do not turn the rest into Windows-1252. Titles and
    descriptions with bare "<" and "&" are escaped, for ``<SEG>`` and "x < y" are text, and HTML
    in them is told from text later.
    """
    if b"\0" in data[:4_096]:  # UTF-16 or UTF-32: left to the parser
        return data
    return _escaped(_in_utf8(data.translate(None, _CONTROLS)))


def _in_utf8(data: bytes) -> bytes:
    if data.isascii():
        return data
    declared = _ENCODING.search(data[:400])
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if declared and declared[2].lower() not in (b"utf-8", b"utf8"):
            return data
        text = data.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        whole = len(re.findall(r"[^\x00-\x7f\ufffd]", text))
        return text.encode() if broken <= whole else data
    return _ENCODING.sub(rb"\1", data, count=1) if declared else data


def _escaped(data: bytes) -> bytes:
    """``data`` with the text of titles and descriptions escaped where it is not in CDATA."""
    parts: list[bytes] = []
    done, start, name = 0, 0, b""  # what is copied; where the text of the open element begins
    position = 0
    while token := _TOKEN.search(data, position):
        position = token.end()
        if token["name"] is None:  # CDATA: nothing within is ours to read
            position = data.find(b"]]>", position) + 3
            if position < 3:
                break
            name = b""
        elif token["end"]:
            text = data[start : token.start()] if name == token["name"] else b""
            if b"<" in text or b"&" in text:
                parts += [data[done:start], _as_text(text)]
                done = token.start()
            name = b""
        elif _XHTML.search(token["attributes"] or b"") or token[0].endswith(b"/>"):
            name = b""
        else:  # an element that was not closed before the next one is left as it is
            start, name = token.end(), token["name"]
    return b"".join([*parts, data[done:]]) if parts else data


def _as_text(text: bytes) -> bytes:
    return _AMPERSAND.sub(_ampersand, text).replace(b"<", b"&lt;")


def _ampersand(found: re.Match[bytes]) -> bytes:
    """An entity that XML knows: HTML's by their numbers, and a bare ampersand escaped."""
    name = found["name"]
    if name is None:
        return b"&amp;"
    if name in _OF_XML or name.startswith(b"#"):
        return found[0]
    shown = html.unescape(found[0].decode("ascii", "replace"))
    if shown.startswith("&"):
        return b"&amp;" + name
    return "".join(f"&#{ord(char)};" for char in shown).encode()
