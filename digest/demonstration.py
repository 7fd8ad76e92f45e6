"""The main job on the sample: two digest files, three readers, every form of an edition."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

from digest import answers, composing
from digest.app import App, clock_of
from digest.config import load_settings
from digest.editions import Edition
from digest.errors import ConfigError
from digest.render import feed, feed_forms, markdown, wording
from digest.starter import shipped
from digest.subscribers import Subscriber

MARK = ".made-by-digest-demo"
"""Stands in a folder that a demonstration made, and so may make anew."""

TOP = 3


def run(folder: Path, now: dt.datetime | None) -> answers.Answer:
    """Run the day once, afresh, in ``folder``; what was made, and the top picks with reasons.

    Raises ConfigError when the folder holds anything else.
    """
    _clear(folder)
    sample = shipped() / "sample"
    settings = load_settings(sample / "digest.yaml", {})
    settings = dataclasses.replace(
        settings,
        database=f"sqlite:///{folder.resolve() / 'digest.db'}",
        inbox=folder / "inbox",
        delivery=dataclasses.replace(settings.delivery, folder=folder / "mails"),
        collect=dataclasses.replace(settings.collect, settle_s=0),
    )
    for file in sorted(sample.glob("*.txt")):
        shutil.copy(file, folder / "inbox")
    # Late in a day every reader's hour has come, whenever the demonstration is run.
    now = now or dt.datetime.combine(dt.datetime.now(dt.UTC), dt.time(14), dt.UTC)
    app = App(settings, clock_of(now))
    answer: answers.Answer = {
        "collect": answers.collected(list(app.collect())),
        "compose": answers.composed(composing.compose(app)),
        "deliver": answers.delivered(app, app.deliver()),
    }
    readers = [entry.subscriber for entry in app.store.subscribers.all()]
    made = [path for reader in readers for path in _write(app, reader, folder)]
    mails = sorted((folder / "mails").glob("*.eml"))
    answer["editions"] = [_top(app, reader) for reader in readers if reader.address]
    answer["made"] = [str(path) for path in (*mails, *made)]
    app.close()
    return answer


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise ConfigError(f"{folder} holds other files; name an empty one with --folder")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "inbox").mkdir(parents=True)
        (folder / MARK).touch()
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be written to ({error.strerror}); name another with --folder"
        ) from error


def _write(app: App, reader: Subscriber, folder: Path) -> list[Path]:
    """The reader's editions as Markdown, HTML and RSS files."""
    editions = app.store.editions.of(reader)
    if not editions:
        return []
    settings, env = app.settings.mail, app.env
    texts = {
        "md": markdown.markdown(editions[0], settings, env),
        "html": app.press.html(editions[0], whole=True),
        "rss": feed_forms.rss(feed.of_editions(editions, settings, env, reader=reader), env),
    }
    paths = []
    for ending, text in texts.items():
        path = folder / "editions" / f"{reader.id}.{ending}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _top(app: App, reader: Subscriber) -> answers.Answer:
    editions: list[Edition] = app.store.editions.of(reader, most=1)
    picks = editions[0].picks[:TOP] if editions else ()
    return {
        "subscriber": reader.id,
        "name": reader.name or reader.id,
        "picks": [
            {
                "title": pick.paper.title,
                "score": round(pick.score, 3),
                "why": wording.card(pick, n).why,
            }
            for n, pick in enumerate(picks, start=1)
        ],
    }
