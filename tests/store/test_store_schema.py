"""Opening a database: made, migrated, refused, waited for; the same on both kinds."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from digest.errors import StoreError
from digest.store.schema import VERSION, metadata
from digest.store.shelves import open_store
from tests.support.databases import NOW, collect, engine_of, mail, opened, scripts

OPENS = r"""
import os, sys
import alembic.command, alembic.config
from digest.store.shelves import open_store
gate, opens = os.pipe()
for _ in range(3):
    if os.fork():
        continue
    os.close(opens)
    os.read(gate, 1)  # ends for all at once, when the last hand lets go
    os.write(1, f"{open_store(sys.argv[1]).papers.count()}\n".encode())
    os._exit(0)
os.close(opens)
for _ in range(3):
    assert os.wait()[1] == 0
"""
NOBODY = 65534


def test_migrating_from_nothing_makes_exactly_the_tables_of_the_schema(empty_url):
    with opened(empty_url) as store, engine_of(store).connect() as connection:
        # The search index is of a kind that SQLAlchemy does not know.
        opts = {"compare_type": True, "include_name": lambda name, *_: "_search" not in str(name)}
        found = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(found, metadata) == []


def test_every_foreign_key_and_unique_constraint_of_the_schema_is_in_the_database(store):
    inspected = sa.inspect(engine_of(store))
    for table in metadata.sorted_tables:
        keys = {
            (tuple(key["constrained_columns"]), key["referred_table"])
            for key in inspected.get_foreign_keys(table.name)
        }
        assert keys == {
            (tuple(key.column_keys), key.referred_table.name)
            for key in table.foreign_key_constraints
        }
    unique = inspected.get_unique_constraints("picks")
    assert [constraint["column_names"] for constraint in unique] == [["subscriber", "paper"]]


def test_a_database_that_was_opened_before_keeps_what_it_holds(url):
    with opened(url) as store:
        collect(store, "Paths")
    with opened(url) as store:
        assert store.papers.count() == 1


def test_a_database_of_a_newer_version_is_refused_with_both_numbers(empty_url):
    with opened(empty_url) as store, engine_of(store).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
        connection.execute(sa.text("UPDATE compatibility SET oldest = '0998'"))
    with pytest.raises(StoreError, match=f"version 0999 .* up to {VERSION}; upgrade the program"):
        open_store(empty_url)


def test_processes_that_open_an_empty_database_at_once_make_it_once(empty_url):
    with scripts(OPENS, empty_url) as (opening,):
        assert opening.rest().split() == ["0", "0", "0"]


def test_a_missing_folder_is_told_and_not_made(tmp_path):
    with pytest.raises(StoreError, match=r"cannot be opened: unable to open database file"):
        open_store(f"sqlite:///{tmp_path}/new/folder/digest.db")
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path):
    file = tmp_path / "digest.db"
    file.write_text("Dear diary, today I read a paper. " * 100)
    with pytest.raises(
        StoreError, match=r"^the database .*digest\.db cannot be opened: file is not"
    ):
        open_store(f"sqlite:///{file}")
    assert file.read_text().startswith("Dear diary")


def test_a_folder_as_database_is_told_in_one_sentence(tmp_path):
    with pytest.raises(
        StoreError, match=r"cannot be opened: .*rights on its folder and the space on its disk$"
    ):
        open_store(f"sqlite:///{tmp_path}")


def test_a_read_only_folder_is_told_in_one_sentence():
    with (
        _read_only_folder() as folder,
        pytest.raises(
            StoreError,
            match=r"digest\.db cannot be opened: .*rights on its folder and the space on its disk$",
        ),
    ):
        open_store(f"sqlite:///{folder}/digest.db")


@pytest.mark.parametrize("address", ["digest.db", "mysql://localhost/digest", "nonsense://x"])
def test_what_is_no_address_of_a_database_we_know_is_refused_by_name(address):
    with pytest.raises(StoreError, match="is no database address; give one like sqlite:///"):
        open_store(address)


def test_a_server_that_is_not_there_is_told_in_one_sentence_without_the_password():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be opened") as refused:
        open_store("postgresql://ada:secret@127.0.0.1:1/digest")
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_write_waits_for_another_program_that_is_writing(tmp_path):
    with opened(f"sqlite:///{tmp_path}/digest.db") as store:
        other = sqlite3.connect(tmp_path / "digest.db", check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.5, other.commit).start()
        started = time.monotonic()
        assert collect(store, "Paths").new == 1
        assert time.monotonic() - started > 0.4
        other.close()


def test_a_read_does_not_wait_for_another_program_that_is_writing(tmp_path):
    with opened(f"sqlite:///{tmp_path}/digest.db") as store:
        other = sqlite3.connect(tmp_path / "digest.db")
        other.execute("BEGIN IMMEDIATE")
        assert store.papers.count() == 0
        other.close()


def test_a_database_that_vanishes_in_part_is_told_in_one_sentence(tmp_path):
    with opened(f"sqlite:///{tmp_path}/digest.db") as store:
        with engine_of(store).begin() as connection:
            connection.execute(sa.text("DROP TABLE outbox"))
        with pytest.raises(StoreError, match="could not be read: no such table"):
            store.outbox.counts()
        with pytest.raises(StoreError, match=r"could not be written: .*nothing of this step"):
            mail(store, ["ada"])
        assert store.editions.last("ada") is None


def test_an_instant_comes_back_as_it_was_whatever_its_zone(store):
    east = NOW.astimezone(_zone("Asia/Kolkata")).replace(microsecond=123)
    collect(store, "Paths", at=east)
    assert store.papers.latest_new_at(east) == east


def test_an_instant_without_zone_is_refused(store):
    with pytest.raises(sa.exc.StatementError, match="an instant needs a time zone"):
        collect(store, "Paths", at=NOW.replace(tzinfo=None))


def _zone(name: str):
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


@contextmanager
def _read_only_folder() -> Iterator[Path]:
    """A folder this process may not write to, for which root lays its rights down."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(stat.S_IRWXU)
