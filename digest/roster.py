"""Subscribers come in and go out: by hand, and as files in the form of subscribers.yaml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from digest import suppressing
from digest.answers import subscriber
from digest.app import App
from digest.config import read_subscribers
from digest.errors import ConfigError
from digest.marked import Marked, load
from digest.store.subscribers import Entry
from digest.subscribers import Subscriber

FIELDS = (
    *("id", "address", "name", "timezone", "hour", "weekdays", "size", "interests"),
    *("preferred", "muted", "abstract", "quiet"),
)

LISTS = "keywords required always dislikes categories sources".split()  # noqa: SIM905
"""What an interest is made of besides its text, as far as the command line states it."""

BACK = {
    "left": "; `digest subscribers resume` brings them back",
    "paused": "; `digest subscribers resume` brings them back",
    "suppressed": "; `digest suppress list` says why",
}
"""What to do about one who is there and gets nothing."""


def stated(
    address: str,
    id_: str | None,
    weekdays: Sequence[str],
    *,
    texts: Sequence[str],
    **more: Any,
) -> Subscriber:
    """A subscriber from what was said on the command line. Raises ConfigError.

    What stands in lists is one interest, together with the text where there is but one.
    """
    interests: list[dict[str, Any]] = [{"text": text} for text in texts]
    lists = {name: list(values) for name in LISTS if (values := more.pop(name, ()))}
    if lists and len(interests) == 1:
        interests[0].update(lists)
    elif lists:
        interests.append(lists)
    entry = {
        "id": id_ or re.sub(r"[^A-Za-z0-9._-]", "-", address.partition("@")[0]),
        "address": address,
        "interests": interests,
        **{
            name: list(value) if isinstance(value, tuple) else value for name, value in more.items()
        },
    }
    if weekdays:
        entry["weekdays"] = list(weekdays)
    return read_subscribers(Marked("the command line", {"subscribers": [entry]}))[0]


def add(app: App, readers: Sequence[Subscriber]) -> list[str]:
    """Store new subscribers, all or none; a warning for each whose address gets nothing.

    Raises ConfigError when one is there already.
    """
    for reader in readers:
        for who in (reader.id, reader.address or reader.id):
            entry = app.store.subscribers.find(who)
            if entry and entry.state != "unlisted":
                raise ConfigError(
                    f"'{who}' is a subscriber already ({entry.state})"
                    f"{BACK.get(entry.state, '; choose another --id')}"
                )
    return _stored(app, readers)


def take_in(app: App, file: Path) -> tuple[list[str], list[str]]:
    """Store the subscribers of a file, all or none; their ids, and warnings as from ``add``.

    Those there already are updated. Raises ConfigError for one whom subscribers.yaml names: that
    file would undo the change.
    """
    readers = read_subscribers(load(file))
    new = []
    for reader in readers:
        entry = app.store.subscribers.find(reader.id)
        if entry and entry.state == "active" and entry.subscriber == reader:
            continue
        new.append(reader)
        if entry and entry.origin == "file" and entry.state != "unlisted":
            raise ConfigError(
                f"{file}: '{reader.id}' stands in {app.settings.subscribers}; change them there"
            )
    return [reader.id for reader in readers], _stored(app, new)


def _stored(app: App, readers: Sequence[Subscriber]) -> list[str]:
    app.recall_erased(readers)  # first: between the two an edition could be composed
    app.store.subscribers.add(readers, app.clock())
    return suppressing.warnings(app, [reader.address for reader in readers])


def as_yaml(entries: Sequence[Entry]) -> str:
    """The active subscribers, in the form of subscribers.yaml.

    Who paused, left or is listed no more is not in it: importing it must not bring them back.
    """
    kept = [entry for entry in entries if entry.subscriber.address and entry.state == "active"]
    listed = [{name: subscriber(entry)[name] for name in FIELDS} for entry in kept]
    for one in listed:
        one["interests"] = [
            {name: _plain(value) for name, value in interest.items() if value not in ("", (), [])}
            for interest in one["interests"]
        ]
    return yaml.safe_dump({"subscribers": listed}, sort_keys=False, allow_unicode=True)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
