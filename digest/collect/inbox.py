"""The inbox: a folder whose files are collected, then put away or rejected with a reason.

Every step can be the last before the power fails, and the next run starts over without harm. A
file stays where it is until its papers are stored, and collecting it again adds nothing. A
reason is on the disk before its file is moved. Nothing here ever overwrites a file of somebody's.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from digest.collect.plain import plain
from digest.errors import SourceError

COLLECTED, REJECTED = "collected", "rejected"
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", "~")
"""How browsers, editors and copiers end the name of a file they are still writing."""

NAME_BYTES = 200
"""What is kept of a longer name, so that a suffix and ``.why`` fit in the 255 a name may have."""

NO_LINKS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""How a file system without hard links, or a rule against them, refuses one."""


def waiting(folder: Path, now: float, settle_s: float) -> list[Path]:
    """The files of ``folder`` that are ready to be collected, by name.

    Ready is a regular file, not hidden, that nobody has open for writing, and whose name and age
    (its last change at least ``settle_s`` seconds before ``now``) say that it is finished. ``now``
    is ``time.time()``, on the file system's own clock and never a replaced one. A change in the
    future says that a clock is wrong, not that somebody is writing. Links are not followed.
    Raises: SourceError when the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry) for entry in entries if _ready(entry, now, settle_s))
    except OSError as error:
        raise SourceError(str(folder), f"the folder cannot be read ({_said(error)})") from error


def settling_s(folder: Path, now: float, settle_s: float) -> float:
    """The seconds, at most ``settle_s``, until no file now in ``folder`` is too fresh; 0 for none.

    A person who drops a file and runs a command at once waits this long, instead of being told
    that there is nothing to collect.
    """
    try:
        with os.scandir(folder) as entries:
            ages = [now - entry.stat().st_mtime for entry in entries if _ready(entry, now, 0)]
    except OSError:  # what is wrong with the folder is said when it is collected
        return 0.0
    return max((settle_s - age for age in ages if 0 <= age < settle_s), default=0.0)


def load(path: Path, max_bytes: int, *, follow: bool = False) -> bytes:
    """The bytes of a regular file; through a symbolic link only with ``follow``.

    Raises: SourceError when it has more than ``max_bytes``, is no regular file, cannot be read
    or is gone.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)  # a pipe without a writer does not block here
        try:
            data = _read(descriptor, path.name, max_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SourceError(path.name, f"it cannot be read ({_said(error)})") from error
    if len(data) > max_bytes:
        raise SourceError(path.name, f"it is larger than {max_bytes / 1_000_000:g} MB")
    return data


def accept(path: Path) -> Path:
    """Move a collected file to ``collected/`` beside it; where it is now. Raises: SourceError."""
    return _move(path, COLLECTED)


def reject(path: Path, error: SourceError) -> Path:
    """Move a file to ``rejected/`` beside it, with the reason in ``<name>.why``; where it is now.

    Raises: SourceError when it cannot be moved.
    """
    return _move(path, REJECTED, error)


def why(path: Path, error: SourceError) -> str:
    """What is wrong with a rejected file, now at ``path``, and what to do about it."""
    at = f"Line {error.line}: " if error.line else ""
    papers = "1 whole paper" if error.whole == 1 else f"{error.whole} whole papers"
    if error.whole:
        now = f"take what is whole with: digest collect --salvage {shlex.quote(str(path))}"
    else:
        now = "there is nothing to salvage; copy the page again"
    return (
        f"{plain(error.source, 255)} was rejected: nothing of it was collected.\n"
        f"{at}{error.why}.\n"
        f"It held {papers} before that.\n"
        f"What now: {now}; or put a mended file into the inbox.\n"
    )


def _ready(entry: os.DirEntry[str], now: float, settle_s: float) -> bool:
    if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
        return False
    try:
        if not entry.is_file(follow_symlinks=False):
            return False
        age_s = now - entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:  # taken away since the folder was listed
        return False
    return (age_s >= settle_s or age_s < 0) and not _open_for_writing(entry.path)


def _open_for_writing(path: str) -> bool:
    """Whether some process has the file open for writing, where the system can tell.

    Linux grants a read lease only on a file that nobody can write to (fcntl(2), F_SETLEASE), and
    only to the file's owner; where it cannot tell, the file's age has to do.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:  # what is wrong with it is said when it is read
        return False
    try:
        import fcntl  # late: Windows has none

        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except (ImportError, AttributeError):
        return False
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


def _read(descriptor: int, name: str, max_bytes: int) -> bytes:
    """Up to one byte more than ``max_bytes``. Raises: SourceError for a folder, pipe or device."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise SourceError(name, "it is not a regular file")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(max_bytes + 1)


def _move(path: Path, to: str, error: SourceError | None = None) -> Path:
    """Move ``path`` into the folder ``to`` beside it under a free name; where it is now."""
    try:
        path.lstat()  # before any reason is written: the file may be gone
        (path.parent / to).mkdir(exist_ok=True)
        return next(
            target
            for target in _names(path.parent / to, path.name)
            if (error is None or _explained(target, error)) and _moved(path, target)
        )
    except OSError as problem:
        said = f"it cannot be moved to {to}/ ({_said(problem)})"
        raise SourceError(path.name, said) from problem


def _names(folder: Path, name: str) -> Iterator[Path]:
    """``name`` in ``folder``, then with -2, -3 and so on before its extension."""
    stem, extension = Path(name).stem, Path(name).suffix
    if len(os.fsencode(name)) > NAME_BYTES:
        stem, extension = os.fsdecode(os.fsencode(name)[:NAME_BYTES]), ""
    yield folder / f"{stem}{extension}"
    for number in count(2):
        yield folder / f"{stem}-{number}{extension}"


def _explained(target: Path, error: SourceError) -> bool:
    """Whether the reason now stands beside ``target``; False when that name is taken.

    The same words there already are our own, from a run that ended before the file was moved.
    """
    path = target.with_name(f"{target.name}.why")
    words = why(target, error).encode("utf-8", "backslashreplace")
    try:
        with path.open("xb") as file:
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return path.is_file() and path.read_bytes() == words
    if os.path.lexists(target):  # a file without a reason: somebody put it there
        path.unlink()
        return False
    return True


def _moved(path: Path, target: Path) -> bool:
    """Whether ``path`` is now at ``target``; False when that name is another file's.

    A link fails where a rename would replace what is there. When the power goes between link and
    unlink, one file has both names, and the next run takes the first away.
    """
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        if not os.path.samestat(path.lstat(), target.lstat()):
            return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(target):
            return False
        path.rename(target)
        return True
    path.unlink()
    return True


def _said(error: OSError) -> str:
    """The system's own words, in the middle of a sentence."""
    return (error.strerror or str(error)).lower()
