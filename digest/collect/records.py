"""Records: JSON and JSON Lines with the usual field names become reports of papers.

A record without a title is left out, as a feed's is. What cannot be read at all rejects the file:
a file cut short would otherwise look like a quiet day.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from digest.collect.fields import Found, day_in, meaning, names_in, reports_of, votes_in
from digest.collect.links import unlinked
from digest.collect.markup import shown
from digest.collect.tables import cells_of, title_of
from digest.collect.texts import MAX_TEXT_BYTES, text_of
from digest.errors import SourceError
from digest.papers import Report

LISTS = (
    "papers items data results entries articles records documents hits rows list feed response"
    " daily_papers dailyPapers works"
)
"""Under which names an object keeps its list of papers."""

DEEPEST = 6
"""How many objects may stand around the list of papers."""

_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None)
"""Numbers stay text: an id 2401.10010 keeps its last zero, and a number of any length is read."""


def read(data: bytes, name: str, arrived: dt.date, *, salvage: bool = False) -> list[Report]:
    """The papers of the records in their order; none when there is a list and it is empty.

    With ``salvage`` a file with records that cannot be read gives the others. Raises: SourceError,
    with the line of the first bad record and the number of papers to salvage.
    """
    if _is_lines(data):
        return _read_lines(data, name, arrived, salvage=salvage)
    text = text_of(data, name, salvage=salvage).strip("\n")
    try:
        records = _records(_DECODER.decode(text))
    except ValueError as error:
        line = getattr(error, "lineno", None)
        reports = reports_of(_all_found(list(_before_the_cut(text)), arrived), name)
        if salvage and reports:
            return reports
        raise SourceError(name, "it is no whole JSON", line=line, whole=len(reports)) from error
    except RecursionError as error:
        raise SourceError(name, "its JSON is nested too deeply") from error
    if records is None:
        raise SourceError(name, "its JSON holds no list of papers", line=1)
    return papers_of(records, name, arrived)


def objects(data: bytes, name: str) -> Any:
    """The value of one JSON text. Raises: SourceError."""
    try:
        return _DECODER.decode(text_of(data, name).strip())
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise SourceError(name, "it is no whole JSON", line=line) from error
    except RecursionError as error:
        raise SourceError(name, "its JSON is nested too deeply") from error


def _is_lines(data: bytes) -> bool:
    """Whether this is JSON Lines: the first two lines that are not blank each begin an object."""
    starts = [m[0] for m in _first_two(data)]
    if len(starts) < 2 or not all(
        start.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") for start in starts
    ):
        return False
    return not starts[0].rstrip().endswith((b"{", b"[", b","))


def papers_of(records: list[dict[str, Any]], name: str, arrived: dt.date) -> list[Report]:
    """The papers of ``records``. Raises: SourceError when none of them has a title."""
    return _titled(records, reports_of(_all_found(records, arrived), name), name)


def _first_two(data: bytes) -> list[re.Match[bytes]]:
    found = []
    for match in re.finditer(rb"\S[^\r\n]*", data):
        found.append(match)
        if len(found) == 2:
            break
    return found


def _read_lines(data: bytes, name: str, arrived: dt.date, *, salvage: bool) -> list[Report]:
    if len(data) > 4 * MAX_TEXT_BYTES:
        raise SourceError(name, "it is larger than a list of papers may be")
    records: list[dict[str, Any]] = []
    first_bad: tuple[int, int] | None = None
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = _DECODER.decode(line.decode("utf-8").strip())
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            records.extend(_records(value) or [value])
        elif first_bad is None:
            first_bad = number, len(records)
    reports = reports_of(_all_found(records, arrived), name)
    if first_bad and not (salvage and reports):
        why = "this line is no JSON record"
        raise SourceError(name, why, line=first_bad[0], whole=len(reports))
    return _titled(records, reports, name)


def _titled(records: list[Any], reports: list[Report], name: str) -> list[Report]:
    """``reports``. Raises: SourceError when there were records and none had a title."""
    if records and not reports:
        raise SourceError(
            name, "it is neither a digest file nor a feed: no record has a title", line=1
        )
    return reports


def _before_the_cut(text: str) -> Iterator[dict[str, Any]]:
    """The whole records of a list that cannot be read to its end."""
    place = text.find("[")
    space = re.compile(r"[\s,]*")
    while place >= 0:
        match = space.match(text, place + 1)
        place = match.end() if match else len(text)
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            yield value
        place = end - 1


def _records(value: Any, depth: int = 0) -> list[dict[str, Any]] | None:
    """The records in a JSON value, None when it is no list of them.

    A list holds them, or an object under one of the usual names, or, one list a day or one object
    a paper, under dates and ids.
    """
    if depth > DEEPEST:
        return None
    if isinstance(value, list):
        return _listed(value, depth)
    if not isinstance(value, dict):
        return None
    if _is_record(value):
        return [value]
    named = [value[key] for key in LISTS.split() if isinstance(value.get(key), (list, dict))]
    for inner in named:
        records = _records(inner, depth + 1)
        if records is not None:
            return [_dated(record, value) for record in records]
    return _keyed(value, depth)


def _listed(values: list[Any], depth: int) -> list[dict[str, Any]] | None:
    """Records that stand in a list, or in lists within it."""
    plain = [item for item in values if isinstance(item, dict)]
    nested = [_records(item, depth + 1) for item in values if isinstance(item, list)]
    if values and not plain and not any(nested):
        return None
    return plain or [record for part in nested for record in part or []]


def _keyed(value: dict[str, Any], depth: int) -> list[dict[str, Any]] | None:
    """Records under keys that are dates, ids or topics."""
    found: list[dict[str, Any]] = []
    for key, inner in value.items():
        records = _row(inner) if isinstance(inner, str) else _records(inner, depth + 1)
        for record in records or []:
            by_day = re.fullmatch(r"\d{4}-\d\d-\d\d", key, re.ASCII)
            by_id = re.fullmatch(r"\d{4}\.\d{4,5}(v\d+)?", key, re.ASCII)
            named = {"list_date": key} if by_day else {"arxiv_id": key} if by_id else {}
            found.append({**named, **record})
    return found or None


def _row(text: str) -> list[dict[str, Any]] | None:
    """The record in one row of a table: date, title, authors, paper, code."""
    row = re.match(r"\|\**(\d{4}-\d\d-\d\d)\**\|", text, re.ASCII)
    cells = cells_of(text) if row else []
    if not row or len(cells) < 4:
        return None
    links = [href for _, href in unlinked(cells[3])[1]]
    fields = {"title": title_of(cells[1]), "authors": cells[2], "link": links}
    return [{**fields, "published": row[1], "list_date": row[1]}]


def _dated(record: dict[str, Any], around: dict[str, Any]) -> dict[str, Any]:
    """``record`` with the date of the list it stands in."""
    date = around.get("date") or around.get("list_date")
    return (
        {**record, "list_date": date}
        if isinstance(date, str) and "list_date" not in record
        else record
    )


def _is_record(value: dict[str, Any]) -> bool:
    inner = value.get("paper")
    if isinstance(inner, dict) and isinstance(inner.get("title"), str):
        return True
    names = {what for key in value for _, what in meaning(key)}
    lists = any(isinstance(value.get(key), list) for key in LISTS.split())
    return (
        isinstance(value.get("title") or value.get("Title"), str) and len(names) > 1 and not lists
    )


def _all_found(records: Iterable[dict[str, Any]], arrived: dt.date) -> Iterator[Found]:
    return (_found(record, arrived) for record in records)


def _found(record: dict[str, Any], arrived: dt.date) -> Found:
    """What one record says; what stands in its ``paper`` object goes before what stands around."""
    inner = record.get("paper")
    layers = [inner, record] if isinstance(inner, dict) else [record]
    around = [layer.get(key) for layer in layers for key in ("externalIds", "external_ids")]
    values = _by_meaning(layers + [ids for ids in around if isinstance(ids, dict)])
    found = Found(
        title=shown(next((text for value in values["title"] for text in _texts(value)[:1]), "")),
        abstract=next(filter(None, (" ".join(_texts(v)) for v in values["abstract"])), ""),
        authors=next(filter(None, map(_names, values["authors"])), []),
        links=[text for value in values["link"] for text in _texts(value)],
        ids=[text for key in ("id", "doi") for value in values[key] for text in _texts(value)],
        published=_day(values["date"], arrived),
        votes=next((n for v in values["votes"] if (n := _votes(v)) is not None), None),
        categories=[text for value in values["categories"][:1] for text in _categories(value)],
    )
    own = [layer.get("submittedOnDailyAt") or layer.get("list_date") for layer in layers]
    found.reported = _day(own, arrived) or found.published
    return found


def _by_meaning(layers: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of each thing a record may say, the better names first."""
    ranked: dict[str, list[tuple[int, Any]]] = {}
    for layer in layers:
        for key, value in layer.items():
            for rank, what in meaning(key):
                ranked.setdefault(what, []).append((rank, value))
    keys = ["title", "abstract", "authors", "link", "id", "doi", "date", "votes", "categories"]
    for key in keys:
        ranked.setdefault(key, []).sort(key=lambda pair: pair[0])
    values = {key: [value for _, value in ranked[key] if value not in (None, "")] for key in keys}
    values["abstract"] = [v for v in values["abstract"] if not _is_address(v)]
    values["title"] = [v for v in values["title"] if isinstance(v, str) and v.strip()]
    return values


def _is_address(value: Any) -> bool:
    """Whether a field is an address: ``abs`` mostly names a page, sometimes the abstract."""
    return isinstance(value, str) and re.match(r"https?://\S*\Z", value) is not None


_PARTS_OF_NAMES = (
    "first firstName first_name given givenName given_name"  # noqa: SIM905
    " last lastName last_name family familyName family_name".split()
)


def _texts(value: Any) -> list[str]:
    """The text of a value: itself, those of a list, or what an object is called."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, list):
        return [
            text for item in value[:5_000] if not isinstance(item, list) for text in _texts(item)
        ]
    if isinstance(value, dict):
        keys = ("name", "text", "value", "href", "url", "fullname", "full_name", "term", "label")
        named = [value.get(key) for key in keys]
        parts = (value.get(key) for key in _PARTS_OF_NAMES)
        whole = " ".join(part for part in parts if isinstance(part, str))
        return [text for text in (*named, whole) if isinstance(text, str) and text.strip()][:1]
    return []


def _names(value: Any) -> list[str]:
    return names_in(value) if isinstance(value, str) else _texts(value)


def _categories(value: Any) -> list[str]:
    """Categories as a list, or as one text with commas, semicolons or, as arXiv's, blanks."""
    if not isinstance(value, str):
        return _texts(value)
    codes = value.split()
    if len(codes) > 1 and all(re.fullmatch(r"[a-z-]+(\.[A-Za-z-]+)?", code) for code in codes):
        return codes
    return re.split(r"\s*[,;]\s*", value)


def _votes(value: Any) -> int | None:
    """Votes are whole; a score of 0.87 is something else."""
    if not isinstance(value, str) or re.fullmatch(r"\d*\.\d*[1-9]\d*|.*e-?\d+", value.strip()):
        return None
    return votes_in(value)


def _day(values: Iterable[Any], arrived: dt.date) -> dt.date | None:
    days = (day_in(value, arrived) for value in values if isinstance(value, str))
    return next(filter(None, days), None)
