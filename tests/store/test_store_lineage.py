"""A SQLite file that was restored or copied sends nothing until somebody says that it may."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from digest.errors import StoreError
from digest.store.shelves import Store, open_store
from tests.support.databases import NOW, mail


def delivered(store: Store) -> int:
    """How many mails a run would claim."""
    with store.outbox.present(NOW, resend=False):
        claims = store.outbox.claim(50, NOW, NOW - NOW)
        store.outbox.release(claims)
    return len(claims)


def opened(file: Path) -> Store:
    return open_store(f"sqlite:///{file}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database that mails were sent from, with one that waits."""
    store = opened(tmp_path / "digest.db")
    mail(store, ["ada"])
    assert delivered(store) == 1
    store.close()
    return tmp_path / "digest.db"


def test_the_same_file_is_delivered_from_again_and_again(file: Path) -> None:
    for _ in range(3):
        store = opened(file)
        assert delivered(store) == 1
        store.close()


def test_a_copy_elsewhere_sends_nothing_and_says_what_to_do(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(file, other / "digest.db")
    store = opened(other / "digest.db")
    with pytest.raises(StoreError, match=r"restored or copied .* `digest outbox adopt`"):
        delivered(store)
    assert store.outbox.counts() == {"queued": 1}
    store.close()


def test_a_backup_that_was_put_back_sends_nothing_until_it_is_adopted(file: Path) -> None:
    backup = file.with_suffix(".backup")
    shutil.copy(file, backup)
    store = opened(file)
    for _ in range(2):
        delivered(store)
    store.close()
    shutil.copy(backup, file)
    for rest in ("-wal", "-shm"):
        Path(f"{file}{rest}").unlink(missing_ok=True)
    store = opened(file)
    with pytest.raises(StoreError, match="restored or copied"):
        delivered(store)
    assert store.outbox.adopt(NOW) == 1
    assert store.outbox.counts() == {"uncertain": 1}
    assert delivered(store) == 0
    assert store.outbox.retry(["uncertain"], NOW) == 1
    assert delivered(store) == 1
    store.close()


def test_a_crash_between_the_count_and_its_note_is_no_copy(file: Path) -> None:
    lock = Path(f"{file}.lock")
    before = lock.read_bytes()
    store = opened(file)
    delivered(store)
    lock.write_bytes(before)  # the database had counted the run, the file had not
    assert delivered(store) == 1
    store.close()


def test_a_copy_of_the_whole_folder_sends_nothing(file: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path, tmp_path / "other")
    store = opened(tmp_path / "other" / "digest.db")
    with pytest.raises(StoreError, match="restored or copied"):
        delivered(store)
    store.close()


def test_a_copy_of_a_database_that_has_queued_and_never_sent_sends_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path / "digest.db")
    mail(store, ["ada"])
    store.close()
    shutil.copy(tmp_path / "digest.db", tmp_path / "copy.db")
    store = opened(tmp_path / "copy.db")
    with pytest.raises(StoreError, match="restored or copied"):
        delivered(store)
    store.close()


def test_a_database_that_was_moved_is_no_copy(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for part in tmp_path.glob("digest.db*"):
        part.rename(tmp_path / "other" / part.name)
    store = opened(tmp_path / "other" / "digest.db")
    assert delivered(store) == 1
    store.close()


def test_an_empty_database_may_be_copied(tmp_path: Path) -> None:
    opened(tmp_path / "a.db").close()
    shutil.copy(tmp_path / "a.db", tmp_path / "b.db")
    for name in ("a.db", "b.db"):
        store = opened(tmp_path / name)
        mail(store, ["ada"])
        assert delivered(store) == 1
        store.close()
