"""digest.yaml, the environment and subscribers.yaml, checked once."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

from digest.collect.settings import CollectSettings, FetchSettings
from digest.compose.editor import ComposeSettings
from digest.compose.profiles import ProfileSettings
from digest.compose.trending import TrendSettings
from digest.deliver.pacing import PaceSettings
from digest.deliver.settings import (
    DeliverSettings,
    DkimSettings,
    RetrySettings,
    SmtpSettings,
)
from digest.encode.models import SemanticSettings
from digest.errors import ConfigError
from digest.logs import Form
from digest.marked import Keys, Marked, load, nearest, scalar
from digest.render.settings import MailSettings
from digest.returns.settings import ReturnsSettings, rooted
from digest.sources import Source
from digest.store.retention import RetentionSettings
from digest.subscribers import (
    PUBLIC,
    WEEKDAYS,
    Interest,
    OwnAbstract,
    Quiet,
    Schedule,
    Subscriber,
    alternatives,
    zone,
)
from digest.typed import Wrong, typed
from digest.web.settings import WebSettings
from digest.wishes import check_address, check_entries, check_interest

PREFIX = "DIGEST_"
NAMING = ("keywords", "always", "examples", "authors", "categories", "sources")
"""What an interest without a name is named after: the first entry of the first of these."""

T = TypeVar("T")


@dataclass(frozen=True)
class PublicSettings(TrendSettings):
    """The public edition: ``size`` in papers, and the ``hour`` and ``timezone`` of its day."""

    size: int = 30
    timezone: str = "UTC"
    hour: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_reader(self.timezone, self.hour, WEEKDAYS, self.size)


@dataclass(frozen=True)
class DeliverySettings(SmtpSettings):
    """``transport``: mails become files in ``folder``, or go to the mail server by SMTP."""

    transport: Literal["folder", "smtp"] = "folder"
    folder: Path | None = None
    password_file: Path | None = None
    dkim: tuple[DkimSettings, ...] = ()
    connections: int = 1
    uncertain: Literal["hold", "resend"] = "hold"
    pace: PaceSettings = field(default_factory=PaceSettings)
    retry: RetrySettings = field(default_factory=RetrySettings)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sending  # noqa: B018 - what is wrong with it is said now

    @property
    def sending(self) -> DeliverSettings:
        """What a run of delivery is told."""
        return DeliverSettings(self.retry, self.pace, self.connections, self.uncertain)


@dataclass(frozen=True)
class ScheduleSettings:
    """``tick_s``: how often the scheduler looks for work, in seconds.

    ``hold_h``: how long after its hour an edition waits for sources that are late, in hours.
    ``alert``: a command that is given one sentence when somebody should look. ``summary``: whether
    the owner is told of trouble by mail. ``work``: whether `digest run` takes work from the queue.
    ``stalled_s``: a worker of which nothing was heard for so long is dead, in seconds.
    """

    tick_s: int = 60
    hold_h: float = 2
    alert: str = ""
    summary: bool = True
    work: bool = True
    stalled_s: float = 30

    def __post_init__(self) -> None:
        if not 1 <= self.stalled_s <= 3600:
            raise ValueError("stalled_s has to be between 1 and 3600")
        if not 0 <= self.hold_h <= 23:
            raise ValueError("hold_h has to be between 0 and 23")
        if not 1 <= self.tick_s <= 3600:
            raise ValueError("tick_s has to be between 1 and 3600")


@dataclass(frozen=True)
class Settings:
    """Everything an owner can choose. Paths are absolute; ``file`` is where it was read."""

    file: Path = Path()
    database: str = "sqlite:///digest.db"
    inbox: Path | None = None
    subscribers: Path | None = None
    templates: Path | None = None
    logs: Form = "human"
    sources: tuple[Source, ...] = ()
    fetch: FetchSettings = field(default_factory=FetchSettings)
    collect: CollectSettings = field(default_factory=CollectSettings)
    compose: ComposeSettings = field(default_factory=ComposeSettings)
    profile: ProfileSettings = field(default_factory=ProfileSettings)
    semantic: SemanticSettings = field(default_factory=SemanticSettings)
    public: PublicSettings = field(default_factory=PublicSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    bounces: ReturnsSettings = field(default_factory=ReturnsSettings)
    web: WebSettings = field(default_factory=WebSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)

    @property
    def public_subscriber(self) -> Subscriber:
        """The reader without address or interests whose edition is the trending list."""
        schedule = Schedule(self.public.timezone, self.public.hour)
        return Subscriber(PUBLIC, None, "everyone", schedule, self.public.size)


@dataclass(frozen=True)
class _Entry:
    """One subscriber as the file writes them."""

    id: str
    address: str
    interests: tuple[Interest, ...]
    name: str = ""
    timezone: str = "UTC"
    hour: int = 7
    weekdays: tuple[str, ...] = WEEKDAYS
    size: int = 10
    muted: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    abstract: OwnAbstract = ""
    quiet: Quiet = "mail"

    def __post_init__(self) -> None:
        check_address(self.address)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.id):
            raise ValueError(f"the id '{self.id}' may only hold letters, digits, '.', '_' and '-'")
        if self.id == PUBLIC:
            raise ValueError(f"the id '{PUBLIC}' is the public edition's; choose another")
        _check_reader(self.timezone, self.hour, self.weekdays, self.size)
        if not self.interests:
            raise ValueError("at least one interest is needed")
        for one in self.interests:
            check_interest(one)
        check_entries("muted", self.muted)
        check_entries("preferred", self.preferred)

    def subscriber(self) -> Subscriber:
        schedule = Schedule(self.timezone, self.hour, self.weekdays)
        return Subscriber(
            id=self.id,
            address=self.address,
            name=self.name,
            schedule=schedule,
            size=self.size,
            interests=self.interests,
            muted=self.muted,
            preferred=self.preferred,
            abstract=self.abstract,
            quiet=self.quiet,
        )


def load_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """The settings in the file at ``path``, with those of the environment laid over them.

    Relative paths count from the file's folder. Raises ConfigError, naming file, line, setting
    and the nearest right one.
    """
    marked = load(path)
    marked.tree = {} if marked.tree is None else marked.tree
    for name in ("delivery", "bounces"):
        section = marked.tree.get(name) if isinstance(marked.tree, dict) else None
        if isinstance(section, dict) and "password" in section:
            raise ConfigError(
                f"{marked.place((name, 'password'))}: {name}: a password does not belong in this "
                f"file; name a file with 'password_file', or set DIGEST_{name.upper()}__PASSWORD"
            )
    _overlay(marked, environment)
    settings = _read(Settings, marked, marked.tree, (), hidden={"file"})
    names = [one.name for one in settings.sources]
    for n, name in enumerate(names):
        if name in names[:n]:
            raise ConfigError(f"{marked.place(('sources', n))}: two sources are named '{name}'")
    if short := settings.retention.too_short(settings.compose.window_days):
        name, why = short
        raise ConfigError(f"{marked.place(('retention', name))}: retention.{name} {why}")
    return _absolute(settings, path.resolve())


def load_subscribers(path: Path) -> list[Subscriber]:
    """The subscribers in the file at ``path``; none when there is no such file.

    Raises ConfigError as ``load_settings`` does, also for an id or address that stands twice.
    """
    if not path.exists():
        return []
    marked = load(path)
    return [] if marked.tree is None else read_subscribers(marked)


def read_subscribers(marked: Marked) -> list[Subscriber]:
    """The same from what was already loaded."""
    tree = marked.tree
    if not isinstance(tree, dict) or set(tree) != {"subscribers"}:
        raise ConfigError(f"{marked.name}: a list under the one key 'subscribers:' belongs here")
    listed = tree["subscribers"] or []
    if not isinstance(listed, list):
        raise ConfigError(f"{marked.place(('subscribers',))}: 'subscribers' has to be a list")
    found: list[Subscriber] = []
    taken: dict[str, str] = {}
    for n, item in enumerate(listed):
        path: Keys = ("subscribers", n)
        _name_interests(item)
        reader = _read(_Entry, marked, item, path).subscriber()
        for what in (reader.id, (reader.address or "").lower()):
            if what in taken:
                raise ConfigError(
                    f"{marked.place(path)}: '{what}' stands already at {taken[what]}; keep one"
                )
            taken[what] = marked.place(path)
        found.append(reader)
    return found


def password(section: DeliverySettings | ReturnsSettings) -> str:
    """The mail server's password, from the environment or the file that the settings name."""
    if section.password or section.password_file is None:
        return section.password
    try:
        return section.password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        name = "delivery" if isinstance(section, DeliverySettings) else "bounces"
        raise ConfigError(
            f"the password file {section.password_file} cannot be read ({error}); "
            f"check {name}.password_file"
        ) from error


def _check_reader(timezone: str, hour: int, weekdays: tuple[str, ...], size: int) -> None:
    try:
        zone(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"there is no time zone '{timezone}'; write one like Europe/Berlin"
        ) from error
    if not 0 <= hour <= 23:
        raise ValueError("hour has to be between 0 and 23")
    wrong = [day for day in weekdays if day not in WEEKDAYS]
    if wrong or not weekdays:
        raise ValueError(f"weekdays are any of {', '.join(WEEKDAYS)}")
    if not 1 <= size <= 500:
        raise ValueError("size has to be between 1 and 500")


def _name_interests(entry: Any) -> None:
    """Give interests without a name that of the first thing they hold, or their first words."""
    interests = entry.get("interests") if isinstance(entry, dict) else None
    for interest in interests if isinstance(interests, list) else ():
        if isinstance(interest, dict) and not interest.get("name"):
            lists = [interest.get(key) for key in NAMING]
            firsts = [
                alternatives(str(values[0]))[0]
                for values in lists
                if isinstance(values, list) and values
            ]
            words = " ".join(str(interest.get("text") or "").split()[:6])
            interest["name"] = next(iter([*firsts[:1], words]), "") or words


def _overlay(marked: Marked, environment: Mapping[str, str]) -> None:
    """Lay ``DIGEST_SECTION__KEY`` and ``DIGEST_KEY`` over the tree.

    A single word that is far from every setting is somebody else's variable, and left alone.
    """
    known = [f.name for f in dataclasses.fields(Settings) if f.name != "file"]
    for variable, text in sorted(environment.items()):
        name = variable.removeprefix(PREFIX).lower()
        if name == variable.lower() or not name:
            continue
        path: Keys = tuple(name.split("__"))
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        if len(path) > 1 or near:
            _lay(marked, path, text, f"the environment variable {variable}")


def _lay(marked: Marked, path: Keys, text: str, place: str) -> None:
    """Put a value from the environment into the tree; text stays text, as ``no`` or ``0815``."""
    hint: Any = Settings
    branch = marked.tree
    for n, key in enumerate(path):
        hint = get_type_hints(hint).get(str(key)) if dataclasses.is_dataclass(hint) else None
        if not isinstance(branch, dict):
            return
        above = path[: n + 1]
        if above not in marked.places:
            marked.places[above] = place
        if n < len(path) - 1:
            branch[key] = branch.get(key) or {}
            branch = branch[key]
    branch[path[-1]] = text if hint is str else scalar(text)
    marked.places[path] = place


def _read(
    kind: type[T],
    marked: Marked,
    tree: Any,
    path: Keys,
    *,
    hidden: frozenset[str] | set[str] = frozenset(),
) -> T:
    _known_keys(kind, marked, tree, path, hidden)
    try:
        return typed(kind, tree, path)
    except Wrong as wrong:
        dotted = ".".join(str(part) for part in wrong.path) or "the whole file"
        if path[:1] == ("subscribers",) and isinstance(tree, dict) and "id" in tree:
            inner = wrong.path[len(path) :]
            dotted = ".".join(map(str, (f"subscriber '{tree['id']}'", *inner)))
        raise ConfigError(f"{marked.place(wrong.path)}: {dotted} {wrong}") from wrong


def _known_keys(
    kind: Any, marked: Marked, tree: Any, path: Keys, hidden: frozenset[str] | set[str]
) -> None:
    """Refuse a key that ``kind`` has no field for, at any depth."""
    if not isinstance(tree, dict):
        return
    hints = get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind) if f.name not in hidden]
    for key, value in list(tree.items()):
        at = (*path, key)
        if key not in known:
            above = ".".join(str(part) for part in path)
            raise ConfigError(
                f"{marked.place(at)}: {above or 'settings'}: no setting '{key}'"
                f"{nearest(str(key), known)}"
            )
        inner = _dataclass_in(hints[key])
        if inner and value is None:
            del tree[key]  # a heading with nothing under it means all defaults
        elif inner and isinstance(value, list):
            for n, item in enumerate(value):
                _known_keys(inner, marked, item, (*at, n), hidden)
        elif inner:
            _known_keys(inner, marked, value, at, hidden)


def _dataclass_in(hint: Any) -> Any:
    parts = [hint, *getattr(hint, "__args__", ())]
    return next((part for part in parts if dataclasses.is_dataclass(part)), None)


def _absolute(settings: Settings, file: Path) -> Settings:
    """Relative paths from the file's folder; what is not set, in the project's folder.

    That is the folder above ``config/``, or the file's own when it stands elsewhere.
    """
    here = file.parent
    project = here.parent if here.name == "config" else here

    def at(path: Path | None) -> Path | None:
        return Path(os.path.normpath(here / path)) if path else None

    delivery = dataclasses.replace(
        settings.delivery,
        folder=at(settings.delivery.folder) or project / "outgoing",
        password_file=at(settings.delivery.password_file),
        ca_file=at(settings.delivery.ca_file),
        dkim=tuple(
            dataclasses.replace(one, key_file=here / one.key_file) for one in settings.delivery.dkim
        ),
    )
    semantic = dataclasses.replace(
        settings.semantic,
        model=_model(settings.semantic.model, here),
        folder=at(settings.semantic.folder) or project / "models",
    )
    return dataclasses.replace(
        settings,
        file=file,
        database=_database(settings.database, here),
        inbox=at(settings.inbox) or project / "inbox",
        subscribers=at(settings.subscribers) or here / "subscribers.yaml",
        templates=_folder(at(settings.templates)),
        sources=tuple(
            dataclasses.replace(one, path=at(one.path), password_file=at(one.password_file))
            for one in settings.sources
        ),
        delivery=delivery,
        bounces=rooted(settings.bounces, here),
        semantic=semantic,
    )


def _model(name: str, here: Path) -> str:
    """A folder's path from the file's folder; what is no path is a word or a hub's name."""
    folder = Path(os.path.normpath(here / Path(name).expanduser()))
    is_path = name.startswith((".", "/", "~")) or folder.is_dir()
    return str(folder) if is_path and name not in ("auto", "none") else name


def _folder(path: Path | None) -> Path | None:
    if path and not path.is_dir():
        raise ConfigError(f"the folder {path} of the setting 'templates' does not exist; make it")
    return path


def _database(url: str, here: Path) -> str:
    name = url.removeprefix("sqlite:///")
    return url if name == url else f"sqlite:///{os.path.normpath(here / Path(name).expanduser())}"
